package service

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"thermostat/controlloop"
)

// statusEvery is the shortest time between two lines for people.
const statusEvery = 5 * time.Second

// Heartbeat tells the service manager how the zones are. It knows them by
// their snapshots alone: one comes at the end of each read-decide-write tick.
// All its times are of the monotonic clock, which a jump of the wall clock does
// not move, and which like the manager's watchdog stands still in a suspend.
type Heartbeat struct {
	send  func(lines ...string) error
	every time.Duration // the watchdog's time; 0: it is not fed
	log   *slog.Logger
	wake  chan struct{}
	Done  chan struct{} // closed when run has returned

	mu    sync.Mutex
	zones []*zoneBeat
	named map[string]*zoneBeat
	parts []*part // what else must tick

	// What follows belongs to run.
	ready  bool
	said   string
	saidAt time.Time
	feedAt time.Time
	stuck  bool
}

// zoneBeat is one zone: until when its last tick counts, and what it does.
type zoneBeat struct {
	name   string
	sample time.Duration
	last   controlloop.Snapshot // zero Time: no decision yet
}

// part is something beside the zones that must tick, such as a boiler.
type part struct {
	name  string
	every time.Duration
	last  time.Time // zero: not yet
}

// Watch has a part count that ticks so often, before Run.
func (h *Heartbeat) Watch(name string, every time.Duration) {
	h.parts = append(h.parts, &part{name: name, every: every})
}

// Ticked takes that a part has ticked; a nil heartbeat tells nobody.
func (h *Heartbeat) Ticked(name string, at time.Time) {
	if h == nil {
		return
	}
	h.mu.Lock()
	for _, p := range h.parts {
		if p.name == name {
			p.last = at
		}
	}
	h.mu.Unlock()
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// NewHeartbeat watches zones and feeds a watchdog of that time, 0: none, through send.
func NewHeartbeat(zones []*controlloop.Zone, every time.Duration, log *slog.Logger, send func(...string) error) *Heartbeat {
	h := &Heartbeat{send: send, every: every, log: log, wake: make(chan struct{}, 1), Done: make(chan struct{}), named: map[string]*zoneBeat{}}
	for _, z := range zones {
		beat := &zoneBeat{name: z.Name, sample: z.Params.Sample}
		h.zones, h.named[z.Name] = append(h.zones, beat), beat
	}
	return h
}

// Saw takes a snapshot and never blocks for long; a nil heartbeat tells nobody.
func (h *Heartbeat) Saw(s controlloop.Snapshot) {
	if h == nil {
		return
	}
	h.mu.Lock()
	h.named[s.Zone].last = s
	h.mu.Unlock()
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// Run tells until the context ends, and then that the agent is stopping.
func (h *Heartbeat) Run(ctx context.Context) {
	defer close(h.Done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			h.say("STOPPING=1", "STATUS=stopping: every relay goes off")
			return
		case <-h.wake:
		case <-timer.C:
		}
		timer.Reset(h.beat(time.Now()))
		if len(h.zones) > FewZones { // a look costs by the zone, and every one of them wakes us
			time.Sleep(time.Duration(len(h.zones)) * lookPause)
		}
	}
}

// FewZones are told one by one; of more, how many do what.
const FewZones = 20

// lookPause is the least pause between two looks, for each of many zones.
const lookPause = 20 * time.Microsecond

// beat says what is due and gives when to look again at the latest.
func (h *Heartbeat) beat(now time.Time) time.Duration {
	begun, stuck, status := h.look(now)
	if !begun {
		return time.Hour // a snapshot wakes us
	}
	if !h.ready {
		h.ready = true
		h.say("READY=1")
	}
	return min(h.tell(now, status), h.feed(now, stuck))
}

// look gives whether every zone has decided, one that is stuck, and a line for people.
func (h *Heartbeat) look(now time.Time) (begun bool, stuck, status string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	begun = true
	for _, z := range h.zones {
		begun = begun && !z.last.Time.IsZero()
		if now.Sub(z.last.Time) > controlloop.StuckSamples*z.sample {
			stuck = z.name
		}
	}
	for _, p := range h.parts {
		begun = begun && !p.last.IsZero()
		if now.Sub(p.last) > controlloop.StuckSamples*p.every {
			stuck = p.name
		}
	}
	return begun, stuck, zonesWord(len(h.zones)) + h.words()
}

// words say what the zones do.
func (h *Heartbeat) words() string {
	var words []string
	if len(h.zones) <= FewZones {
		for _, z := range h.zones {
			words = append(words, z.name+" "+zoneWords(z.last))
		}
		return strings.Join(words, ", ")
	}
	counts := map[string]int{}
	for _, z := range h.zones {
		counts[z.last.State.Action.String()]++
		if len(z.last.Faults) > 0 {
			counts["with a fault"]++
		}
	}
	for _, word := range []string{"heating", "cooling", "idle", "off", "with a fault"} {
		if n := counts[word]; n > 0 {
			words = append(words, fmt.Sprint(n, " ", word))
		}
	}
	return strings.Join(words, ", ")
}

func zonesWord(n int) string {
	switch n {
	case 0:
		return "no zones: run thermostat probe"
	case 1:
		return "1 zone: "
	}
	return fmt.Sprintf("%d zones: ", n)
}

// zoneWords say what a zone does, why it does nothing, and what is wrong.
func zoneWords(s controlloop.Snapshot) string {
	var why []string
	if s.State.Action <= controlloop.ActionIdle {
		why = append(why, string(s.State.Reason))
	}
	for _, f := range s.Faults {
		why = append(why, "fault "+string(f.Name))
	}
	if len(why) == 0 {
		return s.State.Action.String()
	}
	return fmt.Sprintf("%v (%s)", s.State.Action, strings.Join(why, ", "))
}

// tell says the status if it is another, not too often.
func (h *Heartbeat) tell(now time.Time, status string) (again time.Duration) {
	if status == h.said {
		return time.Hour
	}
	if wait := statusEvery - now.Sub(h.saidAt); !h.saidAt.IsZero() && wait > 0 {
		return wait
	}
	h.said, h.saidAt = status, now
	h.say("STATUS=" + status)
	return time.Hour
}

// feed feeds the watchdog twice in its time, while no zone is stuck.
func (h *Heartbeat) feed(now time.Time, stuck string) (again time.Duration) {
	if h.every == 0 {
		return time.Hour
	}
	if wait := h.feedAt.Sub(now); wait > 0 {
		return wait
	}
	if stuck != "" {
		if !h.stuck {
			h.log.Error("the watchdog is not fed: no tick was completed lately", "zone", stuck)
		}
		h.stuck = true
		return time.Hour // its next snapshot wakes us, and then it is fed at once
	}
	h.stuck = false
	h.feedAt = now.Add(h.every / 2)
	h.say("WATCHDOG=1")
	return h.every / 2
}

func (h *Heartbeat) say(lines ...string) {
	if err := h.send(lines...); err != nil {
		h.log.Warn("the service manager cannot be told", "error", err)
	}
}
