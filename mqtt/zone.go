package mqtt

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"time"

	"thermostat/controlloop"
	"thermostat/mqtt/broker"
	"thermostat/mqtt/setpoint"
	"thermostat/mqtt/wire"
)

// zone is one zone as the session sees it.
type zone struct {
	opts    *Options
	topics  wire.Topics
	out     *outbox
	spec    setpoint.Zone
	arbiter *setpoint.Arbiter

	post      func(func())  // runs something in the session's goroutine, later
	subscribe func(*zone)   // asks for the control topic at the end of this event
	postpone  func(z *zone) // comes back when the relays' messages have had their head start

	telemetry      telemetry
	serial         uint64    // of the last setpoint handed to the zone
	awaiting       []awaited // for the zone to obey, oldest first
	saving         bool
	unsaved        bool
	postponed      bool
	unsavedAnswers []pendingAnswer   // to be given once the memory is saved
	answers        []setpoint.Answer // to be published as soon as there is room
	controlDue     bool              // an own control is to be published as soon as there is room
	control        []byte            // that control

	modeAsked   controlloop.Mode // while nobody knew a temperature; until its use, or a newer control
	modeAskedAt time.Time

	lines broker.LogLimit        // of what others make us log of this zone
	taken []controlloop.Snapshot // room for the next fresh ones

	mu    sync.Mutex             // guards what follows: the zone's goroutine fills it
	fresh []controlloop.Snapshot // not looked at yet
	dirty bool                   // and the session knows
}

// modeFirst is how long a mode waits for its temperature in a zone that has
// none yet: Home Assistant sends the mode first, in a message of its own.
const modeFirst = 5 * time.Second

// awaited is what follows once the zone shows a setpoint's serial.
type awaited struct {
	serial   uint64
	actions  setpoint.Actions
	reply    func(setpoint.Answer)
	activeAt time.Time // when the zone began to obey; zero: not known, or a later control came first
}

type pendingAnswer struct {
	answer setpoint.Answer
	reply  func(setpoint.Answer)
}

// maxAnswers bounds the answers that wait for a zone, a slow disk or a busy
// broker, for each of these, per zone. The oldest are given up.
const maxAnswers = 1000

func (z *zone) name() string { return z.spec.Name }

// observe takes a snapshot from the zone's goroutine. It reports whether the
// session does not know yet that there is one.
func (z *zone) observe(snap controlloop.Snapshot) (news bool) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.fresh = queue(z.fresh, snap)
	news = !z.dirty
	z.dirty = true
	return news
}

// maxFresh bounds the snapshots of one zone that wait for the session.
const maxFresh = 16

// queue adds a snapshot. It takes the place of the one before it if that told
// nothing of its own, or if there are too many.
func queue(all []controlloop.Snapshot, snap controlloop.Snapshot) []controlloop.Snapshot {
	if n := len(all); n > 0 {
		last := &all[n-1]
		same := last.Answers == snap.Answers && last.Heard == snap.Heard && last.Setpoint.Serial == snap.Setpoint.Serial &&
			last.HeaterRelay == snap.HeaterRelay && last.CoolerRelay == snap.CoolerRelay
		if same || n == maxFresh {
			*last = snap
			return all
		}
	}
	return append(all, snap)
}

// connected begins a connection.
func (z *zone) connected(now time.Time) {
	z.telemetry.reset()
	z.act(z.arbiter.Connected(now), nil)
}

func (z *zone) disconnected() {
	z.arbiter.Disconnected()
	z.answers, z.controlDue = nil, false
}

// receive takes a message on one of the zone's topics.
func (z *zone) receive(topic, rest string, payload []byte, retained bool) {
	switch {
	case rest == "control":
		z.act(z.arbiter.Message(time.Now(), payload, retained), nil)
	case strings.HasPrefix(rest, "set/") && retained:
		z.lines.Log(z.opts.Log, slog.LevelWarn, ignoredRetained, "topic", topic)
	case rest == "set/desired":
		z.setDesired(string(payload))
	case rest == "set/mode":
		z.setMode(string(payload))
	case rest == "set/clear":
		z.act(z.arbiter.Clear(string(payload)), nil)
	}
}

func (z *zone) setDesired(text string) {
	desired, err := wire.ParseNumber(text)
	if err != nil {
		err = fmt.Errorf("desired: %w", err)
	}
	sp := z.arbiter.Desire(desired)
	if z.modeAsked != controlloop.ModeNone && time.Since(z.modeAskedAt) < modeFirst {
		sp.Mode = z.modeAsked
	}
	sp.Source = "home_assistant"
	z.act(z.arbiter.Local(time.Now(), sp, "", err), nil)
}

func (z *zone) setMode(text string) {
	sp := z.arbiter.Active()
	var err error
	sp.Mode, err = controlloop.ParseMode(strings.TrimSpace(text))
	sp.Source = "home_assistant"
	z.act(z.arbiter.Local(time.Now(), sp, "", err), nil)
	if err == nil && math.IsNaN(sp.Desired) {
		z.modeAsked, z.modeAskedAt = sp.Mode, time.Now()
	}
}

// act carries out what the arbiter asks for. What must wait until the zone obeys
// is kept until a snapshot shows it.
func (z *zone) act(d setpoint.Actions, reply func(setpoint.Answer)) {
	if d.Log != "" {
		z.lines.Log(z.opts.Log, slog.LevelInfo, d.Log, "zone", z.name())
	}
	if d.Subscribe && z.out.connected() {
		z.subscribe(z)
	}
	if d.Answer != nil {
		z.modeAsked = controlloop.ModeNone // it was used, or this control is newer
	}
	if d.Obey != nil {
		z.serial++
		sp := *d.Obey
		sp.Serial = z.serial
		z.await(awaited{serial: z.serial, actions: d, reply: reply})
		z.spec.Setpoints.Put(sp)
	} else {
		z.finish(d, reply)
	}
	switch {
	case d.Publish:
		z.controlDue, z.control = z.out.connected(), d.Payload
	case d.Obey != nil:
		z.controlDue = false // somebody else's control is newer than one that still waits
	}
	z.publishControl(time.Now())
}

// publishControl publishes the newest own control as soon as there is room.
func (z *zone) publishControl(now time.Time) {
	if z.controlDue && z.out.room(now) {
		z.controlDue = false
		z.out.publish(outgoing{z.topics.Control(z.name()), z.control, 1, true})
	}
}

// await keeps what is to follow once the zone obeys.
func (z *zone) await(w awaited) {
	z.awaiting = append(z.awaiting, w)
	if len(z.awaiting) > maxAnswers {
		z.unsaved = z.unsaved || z.awaiting[0].actions.Save
		z.awaiting = z.awaiting[1:]
	}
}

// finish saves and then answers.
func (z *zone) finish(d setpoint.Actions, reply func(setpoint.Answer)) {
	if d.Answer != nil {
		if z.opts.Answered != nil {
			z.opts.Answered(z.name(), d.Answer.Applied)
		}
		z.unsavedAnswers = newest(append(z.unsavedAnswers, pendingAnswer{*d.Answer, reply}))
	}
	z.unsaved = z.unsaved || d.Save
	z.settle()
}

// settle writes the memory if it changed; when that is done, what waited is answered.
func (z *zone) settle() {
	if z.saving {
		return
	}
	if !z.unsaved || z.opts.Save == nil {
		z.answer(z.unsavedAnswers, nil)
		z.unsavedAnswers = nil
		return
	}
	z.saving, z.unsaved = true, false
	answers, memory := z.unsavedAnswers, z.arbiter.Memory()
	z.unsavedAnswers = nil
	go func() {
		err := errors.New("saving failed")
		z.opts.Contain("the memory", func() { err = z.opts.Save(z.name(), memory) })
		z.post(func() {
			z.saving = false
			z.answer(answers, err)
			if z.unsaved || len(z.unsavedAnswers) > 0 {
				z.settle()
			}
		})
	}()
}

func (z *zone) answer(answers []pendingAnswer, notSaved error) {
	for _, p := range answers {
		if notSaved != nil && p.answer.Applied {
			p.answer.Reason = "not saved"
		}
		z.answers = append(z.answers, p.answer)
		if p.reply != nil {
			p.reply(p.answer)
		}
	}
	z.answers = newest(z.answers)
	z.publishAnswers(time.Now())
}

// publishAnswers publishes the answers for which there is room, once the state that
// they follow is published. Without a broker nobody waits for them.
func (z *zone) publishAnswers(now time.Time) {
	t := &z.telemetry
	if !z.out.connected() {
		z.answers = nil
	}
	for len(z.answers) > 0 && t.published.Setpoint.Serial == t.latest.Setpoint.Serial && z.out.room(now) {
		z.out.publish(outgoing{z.topics.Ack(z.name()), wire.JSON(z.answers[0]), 1, false})
		z.answers = z.answers[1:]
	}
}

// newest gives up the oldest of too many answers.
func newest[T any](answers []T) []T {
	return answers[max(0, len(answers)-maxAnswers):]
}

// takeSnapshots takes the snapshots that came, publishes them, and goes on with what
// waited for the zone to obey a setpoint.
func (z *zone) takeSnapshots(now time.Time) {
	z.mu.Lock()
	z.fresh, z.taken = z.taken[:0], z.fresh
	z.dirty = false
	z.mu.Unlock()
	for _, snap := range z.taken {
		z.telemetry.latest, z.telemetry.known = snap, true
		z.noteActive(snap.Setpoint)
		z.publish(now)
	}
}

// noteActive keeps when the zone began to obey a setpoint that somebody waits for.
func (z *zone) noteActive(sp controlloop.Setpoint) {
	for i := range z.awaiting {
		if w := &z.awaiting[i]; w.serial == sp.Serial {
			w.activeAt = sp.At
		}
	}
}

// tick does what is due by time.
func (z *zone) tick(now time.Time) {
	z.act(z.arbiter.Tick(now), nil)
	z.publish(now)
}

// publishAgain publishes the state again, changed or not.
func (z *zone) publishAgain(now time.Time) {
	z.telemetry.publishedAt = time.Time{}
	z.publish(now)
}

// publish publishes what is due, relays first, and goes on with what waited for that.
func (z *zone) publish(now time.Time) {
	t := &z.telemetry
	if !t.known {
		return
	}
	shown := t.latest.Setpoint.Serial
	if z.out.connected() {
		z.telemetry.publish(now, z.topics, z.opts, z.out)
		if z.out.room(now) {
			shown = t.published.Setpoint.Serial // else the active setpoint is saved, and its answer alone waits for the state
		}
		if now.Before(t.postponedUntil) {
			z.postpone(z)
		}
	}
	for len(z.awaiting) > 0 && z.awaiting[0].serial <= shown {
		w := z.awaiting[0]
		z.awaiting = z.awaiting[1:]
		w.setTime()
		z.finish(w.actions, w.reply)
	}
	z.publishAnswers(now)
}

// publishLast publishes what the relays did, and the state, which gives way to it.
func (z *zone) publishLast() {
	for range 2 {
		z.telemetry.postponedUntil = time.Time{}
		z.publish(time.Now())
	}
}

// servesBoth reports whether mode heat_cool is accepted with the deltas in force.
func (z *zone) servesBoth() bool {
	sp := z.arbiter.Active()
	return z.spec.Params.ServesBoth(sp.UpDelta, sp.DownDelta)
}

// setTime puts into the answer since when it is so.
func (w awaited) setTime() {
	if w.actions.Answer != nil && w.actions.Answer.Applied && !w.activeAt.IsZero() {
		at := w.activeAt.UTC()
		w.actions.Answer.Time = &at
	}
}
