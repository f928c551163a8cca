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

// zoneSession is one zone as the session sees it.
type zoneSession struct {
	opts   *Options
	topics wire.Topics
	out    *outbox
	zone   setpoint.Zone
	truth  *setpoint.Arbiter

	post func(func())         // runs something in the session's goroutine, later
	ask  func(*zoneSession)   // asks for the control topic at the end of this event
	hold func(z *zoneSession) // comes back when the relays' messages have had their head start

	telemetry telemetry
	serial    uint64    // of the last setpoint handed to the zone
	waiting   []waiting // for the zone to obey, oldest first
	saving    bool
	unsaved   bool
	held      bool
	answers   []pending         // to be given once the memory is saved
	ready     []setpoint.Answer // to be published as soon as there is room in flight
	says      bool              // a control of ours is to be published as soon as there is
	say       []byte            // that control

	modeAsked   controlloop.Mode // while nobody knew a temperature; until its use, or a newer word
	modeAskedAt time.Time

	lines  broker.LogLimit        // of what others make us log of this zone
	looked []controlloop.Snapshot // room for the next fresh ones

	mu    sync.Mutex             // guards what follows: the zone's goroutine fills it
	fresh []controlloop.Snapshot // not looked at yet
	dirty bool                   // and the session knows
}

// modeFirst is how long a mode waits for its temperature in a zone that has
// none yet: Home Assistant says the mode first, in a message of its own.
const modeFirst = 5 * time.Second

// waiting is what follows once the zone shows a setpoint's serial.
type waiting struct {
	serial   uint64
	actions  setpoint.Actions
	reply    func(setpoint.Answer)
	activeAt time.Time // when the zone began to; zero: not known, or a later word came first
}

type pending struct {
	answer setpoint.Answer
	reply  func(setpoint.Answer)
}

// maxAnswers bounds the answers that wait for a zone, a slow disk or a busy
// broker, for each of these, per zone. The oldest are given up.
const maxAnswers = 1000

func (z *zoneSession) name() string { return z.zone.Name }

// observe takes a snapshot from the zone's goroutine. It reports whether the
// session does not know yet that there is one.
func (z *zoneSession) observe(snap controlloop.Snapshot) (news bool) {
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
func (z *zoneSession) connected(now time.Time) {
	z.telemetry.reset()
	z.do(z.truth.Connected(now), nil)
}

func (z *zoneSession) disconnected() {
	z.truth.Disconnected()
	z.ready, z.says = nil, false
}

// receive takes a message on one of the zone's topics.
func (z *zoneSession) receive(topic, rest string, payload []byte, retained bool) {
	switch {
	case rest == "control":
		z.do(z.truth.Message(time.Now(), payload, retained), nil)
	case strings.HasPrefix(rest, "set/") && retained:
		z.lines.Log(z.opts.Log, slog.LevelWarn, ignoredRetained, "topic", topic)
	case rest == "set/desired":
		z.setDesired(string(payload))
	case rest == "set/mode":
		z.setMode(string(payload))
	case rest == "set/clear":
		z.do(z.truth.Clear(string(payload)), nil)
	}
}

func (z *zoneSession) setDesired(text string) {
	desired, err := wire.ParseNumber(text)
	if err != nil {
		err = fmt.Errorf("desired: %w", err)
	}
	sp := z.truth.Desire(desired)
	if z.modeAsked != controlloop.ModeNone && time.Since(z.modeAskedAt) < modeFirst {
		sp.Mode = z.modeAsked
	}
	sp.Source = "home_assistant"
	z.do(z.truth.Local(time.Now(), sp, "", err), nil)
}

func (z *zoneSession) setMode(text string) {
	sp := z.truth.Active()
	var err error
	sp.Mode, err = controlloop.ParseMode(strings.TrimSpace(text))
	sp.Source = "home_assistant"
	z.do(z.truth.Local(time.Now(), sp, "", err), nil)
	if err == nil && math.IsNaN(sp.Desired) {
		z.modeAsked, z.modeAskedAt = sp.Mode, time.Now()
	}
}

// do carries out what the rules ask for. What must wait until the zone obeys
// is kept until a snapshot shows it.
func (z *zoneSession) do(d setpoint.Actions, reply func(setpoint.Answer)) {
	if d.Log != "" {
		z.lines.Log(z.opts.Log, slog.LevelInfo, d.Log, "zone", z.name())
	}
	if d.Subscribe && z.out.connected() {
		z.ask(z)
	}
	if d.Answer != nil {
		z.modeAsked = controlloop.ModeNone // it was used, or this word is newer
	}
	if d.Obey != nil {
		z.serial++
		sp := *d.Obey
		sp.Serial = z.serial
		z.await(waiting{serial: z.serial, actions: d, reply: reply})
		z.zone.Setpoints.Put(sp)
	} else {
		z.finish(d, reply)
	}
	switch {
	case d.Publish:
		z.says, z.say = z.out.connected(), d.Payload
	case d.Obey != nil:
		z.says = false // somebody else's word is newer than one that still waits
	}
	z.sayControl(time.Now())
}

// sayControl publishes our newest control as soon as there is room.
func (z *zoneSession) sayControl(now time.Time) {
	if z.says && z.out.room(now) {
		z.says = false
		z.out.publish(outgoing{z.topics.Control(z.name()), z.say, 1, true})
	}
}

// await keeps what is to follow once the zone obeys.
func (z *zoneSession) await(w waiting) {
	z.waiting = append(z.waiting, w)
	if len(z.waiting) > maxAnswers {
		z.unsaved = z.unsaved || z.waiting[0].actions.Save
		z.waiting = z.waiting[1:]
	}
}

// finish saves and then answers.
func (z *zoneSession) finish(d setpoint.Actions, reply func(setpoint.Answer)) {
	if d.Answer != nil {
		if z.opts.Answered != nil {
			z.opts.Answered(z.name(), d.Answer.Applied)
		}
		z.answers = newest(append(z.answers, pending{*d.Answer, reply}))
	}
	z.unsaved = z.unsaved || d.Save
	z.settle()
}

// settle writes the memory if it changed; when that is done, what waited is answered.
func (z *zoneSession) settle() {
	if z.saving {
		return
	}
	if !z.unsaved || z.opts.Save == nil {
		z.answer(z.answers, nil)
		z.answers = nil
		return
	}
	z.saving, z.unsaved = true, false
	answers, memory := z.answers, z.truth.Memory()
	z.answers = nil
	go func() {
		err := errors.New("saving failed")
		z.opts.Contain("the memory", func() { err = z.opts.Save(z.name(), memory) })
		z.post(func() {
			z.saving = false
			z.answer(answers, err)
			if z.unsaved || len(z.answers) > 0 {
				z.settle()
			}
		})
	}()
}

func (z *zoneSession) answer(answers []pending, notSaved error) {
	for _, p := range answers {
		if notSaved != nil && p.answer.Applied {
			p.answer.Reason = "not saved"
		}
		z.ready = append(z.ready, p.answer)
		if p.reply != nil {
			p.reply(p.answer)
		}
	}
	z.ready = newest(z.ready)
	z.tellAnswers(time.Now())
}

// tellAnswers publishes the answers for which there is room, once the state that
// they follow is told. Without a broker nobody waits for them.
func (z *zoneSession) tellAnswers(now time.Time) {
	t := &z.telemetry
	if !z.out.connected() {
		z.ready = nil
	}
	for len(z.ready) > 0 && t.told.Setpoint.Serial == t.latest.Setpoint.Serial && z.out.room(now) {
		z.out.publish(outgoing{z.topics.Ack(z.name()), wire.JSON(z.ready[0]), 1, false})
		z.ready = z.ready[1:]
	}
}

// newest gives up the oldest of too many answers.
func newest[T any](answers []T) []T {
	return answers[max(0, len(answers)-maxAnswers):]
}

// look takes the snapshots that came, publishes them, and goes on with what
// waited for a setpoint to be obeyed.
func (z *zoneSession) look(now time.Time) {
	z.mu.Lock()
	z.fresh, z.looked = z.looked[:0], z.fresh
	z.dirty = false
	z.mu.Unlock()
	for _, snap := range z.looked {
		z.telemetry.latest, z.telemetry.has = snap, true
		z.noteObeyed(snap.Setpoint)
		z.tell(now)
	}
}

// noteObeyed keeps when a setpoint that somebody waits for was obeyed.
func (z *zoneSession) noteObeyed(sp controlloop.Setpoint) {
	for i := range z.waiting {
		if w := &z.waiting[i]; w.serial == sp.Serial {
			w.activeAt = sp.At
		}
	}
}

// tick does what is due by time.
func (z *zoneSession) tick(now time.Time) {
	z.do(z.truth.Tick(now), nil)
	z.tell(now)
}

// tellAgain publishes the state again, changed or not.
func (z *zoneSession) tellAgain(now time.Time) {
	z.telemetry.toldAt = time.Time{}
	z.tell(now)
}

// tell publishes what is due, relays first, and goes on with what waited for that.
func (z *zoneSession) tell(now time.Time) {
	t := &z.telemetry
	if !t.has {
		return
	}
	shown := t.latest.Setpoint.Serial
	if z.out.connected() {
		z.telemetry.publish(now, z.topics, z.opts, z.out)
		if z.out.room(now) {
			shown = t.told.Setpoint.Serial // else what is obeyed is saved, and its answer alone waits for the state
		}
		if now.Before(t.heldUntil) {
			z.hold(z)
		}
	}
	for len(z.waiting) > 0 && z.waiting[0].serial <= shown {
		w := z.waiting[0]
		z.waiting = z.waiting[1:]
		w.tellWhen()
		z.finish(w.actions, w.reply)
	}
	z.tellAnswers(now)
}

// tellLast publishes what the relays did, and the state, which gives way to it.
func (z *zoneSession) tellLast() {
	for range 2 {
		z.telemetry.heldUntil = time.Time{}
		z.tell(time.Now())
	}
}

// servesBoth reports whether mode heat_cool is accepted with the deltas in force.
func (z *zoneSession) servesBoth() bool {
	sp := z.truth.Active()
	return z.zone.Params.ServesBoth(sp.UpDelta, sp.DownDelta)
}

// tellWhen puts into the answer since when it is so.
func (w waiting) tellWhen() {
	if w.actions.Answer != nil && w.actions.Answer.Applied && !w.activeAt.IsZero() {
		at := w.activeAt.UTC()
		w.actions.Answer.Time = &at
	}
}
