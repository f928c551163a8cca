package mqtt

import (
	"log/slog"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/limits"
	"thermostat/mqtt/broker"
	"thermostat/mqtt/hand"
	"thermostat/mqtt/homeassistant"
	"thermostat/mqtt/setpoint"
	"thermostat/mqtt/wire"
)

// zone is one zone as the session sees it.
type zone struct {
	opts    *Options
	topics  wire.Topics
	out     *outbox
	spec    setpoint.Zone
	arbiter *setpoint.ControlArbiter
	program *setpoint.ProgramArbiter

	controls stream // of its control topic
	programs stream // of its program topic

	post      func(func())  // runs something in the session's goroutine, later
	subscribe func(*stream) // asks for its topic at the end of this event
	postpone  func(z *zone) // comes back when the relays' messages have had their head start

	// What Home Assistant must hear before the next state; or that this has to wait.
	beforeState func(z *zone) (documents []outgoing, wait bool)

	telemetry telemetry
	serial    uint64    // of the last setpoint handed to the zone
	awaiting  []awaited // for the zone to obey, oldest first
	postponed bool
	replanned bool              // the info does not know yet
	presets   string            // their names, parted by blanks
	answers   []setpoint.Answer // to be published as soon as there is room

	modeAsked   controlloop.Mode // while nobody knew a temperature; until its use, or a newer control
	modeAskedAt time.Time

	lines broker.LogLimit        // of what others make us log of this zone
	taken []controlloop.Snapshot // room for the next fresh ones

	mu      sync.Mutex             // guards what follows: the zone's goroutine fills it
	fresh   []controlloop.Snapshot // not looked at yet
	targets targets                // that they show first
	dirty   bool                   // and the session knows
}

// modeFirst is how long a mode waits for its temperature in a zone that has
// none yet: Home Assistant sends the mode first, in a message of its own.
const modeFirst = 5 * time.Second

// awaited is what follows once the zone shows a setpoint's serial.
type awaited struct {
	stream   *stream
	serial   uint64
	actions  setpoint.Actions
	reply    func(setpoint.Answer)
	activeAt time.Time // when the zone began to obey; zero: not known, or a later control came first
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
	z.targets.saw(snap)
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
	z.act(&z.programs, z.program.Connected(now), nil) // first: a control may name its presets
	z.act(&z.controls, z.arbiter.Connected(now), nil)
}

func (z *zone) disconnected() {
	z.arbiter.Disconnected()
	z.program.Disconnected()
	z.answers, z.controls.due, z.programs.due = nil, false, false
}

// receive takes a message on one of the zone's topics.
func (z *zone) receive(topic, rest string, payload []byte, retained bool) {
	now := time.Now()
	what, set := strings.CutPrefix(rest, "set/")
	switch {
	case rest == "control":
		z.act(&z.controls, z.arbiter.Message(now, payload, retained), nil)
	case rest == "program":
		z.act(&z.programs, z.program.Message(now, payload, retained), nil)
	case set && retained:
		z.lines.Log(z.opts.Log, slog.LevelWarn, ignoredRetained, "topic", topic)
	case set:
		z.set(now, "home_assistant", what, string(payload), nil)
		if what == "mode" {
			z.askMode(string(payload))
		}
	}
}

// set does what a plain text on one of the set topics says; source names the way by
// which it came.
func (z *zone) set(now time.Time, source, what, text string, reply func(setpoint.Answer)) {
	switch does := hand.Of(what, text, now, z.spec, z.asked(now)); {
	case what == "clear":
		z.act(&z.controls, z.arbiter.Clear(now, text), reply)
	case what == "program":
		z.act(&z.programs, z.program.Week(now, source, text), reply)
	case does != nil:
		z.act(&z.controls, z.arbiter.Hand(now, source, does), reply)
	}
}

// asked is the mode that waits for its temperature now.
func (z *zone) asked(now time.Time) controlloop.Mode {
	if now.Sub(z.modeAskedAt) < modeFirst {
		return z.modeAsked
	}
	return controlloop.ModeNone
}

// askMode remembers a mode for which no temperature is known yet.
func (z *zone) askMode(text string) {
	mode, err := controlloop.ParseMode(strings.TrimSpace(text))
	if err == nil && mode != controlloop.ModeAuto && math.IsNaN(z.arbiter.Active().Desired) {
		z.modeAsked, z.modeAskedAt = mode, time.Now()
	}
}

// act carries out what the arbiter of a topic asks for. What must wait until the zone
// obeys is kept until a snapshot shows it.
func (z *zone) act(s *stream, d setpoint.Actions, reply func(setpoint.Answer)) {
	if d.Log != "" {
		z.lines.Log(z.opts.Log, slog.LevelInfo, d.Log, "zone", z.name())
	}
	if d.Subscribe && z.out.connected() {
		z.subscribe(s)
	}
	if d.Answer != nil {
		z.modeAsked = controlloop.ModeNone // it was used, or this control is newer
	}
	if d.Plan != nil {
		z.follow(*d.Plan)
	}
	if d.Obey != nil {
		z.serial++
		sp := *d.Obey
		sp.Serial = z.serial
		z.await(awaited{stream: s, serial: z.serial, actions: d, reply: reply})
		z.spec.Setpoints.Put(sp)
	} else {
		s.finish(d, reply)
	}
	switch {
	case d.Publish:
		s.due, s.payload = z.out.connected(), d.Payload
	case d.Obey != nil && d.Answer != nil:
		s.due = false // somebody else's message is newer than one that still waits
	}
	s.publish(time.Now())
}

// follow goes by another program from now on.
func (z *zone) follow(plan comfort.Plan) {
	z.goBy(plan)
	z.replanned = true
	z.controls.unsaved = true // the presets that its control names may have other temperatures
}

// goBy makes a plan the zone's.
func (z *zone) goBy(plan comfort.Plan) {
	z.spec.Comfort, z.presets = plan, strings.Join(slices.Sorted(maps.Keys(plan.Presets)), " ")
	if z.spec.Follow != nil {
		z.spec.Follow(plan)
	}
}

// awaits reports whether something that is to be kept of a topic waits for the zone.
func (z *zone) awaits(s *stream) bool {
	return slices.ContainsFunc(z.awaiting, func(w awaited) bool { return w.stream == s && w.actions.Save })
}

// await keeps what is to follow once the zone obeys.
func (z *zone) await(w awaited) {
	z.awaiting = append(z.awaiting, w)
	if len(z.awaiting) > maxAnswers {
		first := z.awaiting[0]
		first.stream.unsaved = first.stream.unsaved || first.actions.Save
		z.awaiting = z.awaiting[1:]
	}
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

// takeSnapshots takes the snapshots that came, publishes them, and goes on with what
// waited for the zone to obey a setpoint.
func (z *zone) takeSnapshots(now time.Time) {
	z.mu.Lock()
	z.fresh, z.taken = z.taken[:0], z.fresh
	z.telemetry.toSay(z.targets.take())
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
	z.act(&z.programs, z.program.Tick(now), nil)
	z.act(&z.controls, z.arbiter.Reconsider(now), nil)
	z.act(&z.controls, z.arbiter.Tick(now), nil)
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
		z.announceAgain()
		t.publish(now, z.topics, z.opts, z.out)
		if z.out.room(now) && !t.waits {
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
		w.stream.finish(w.actions, w.reply)
		w.stream.publish(now)
	}
	z.publishAnswers(now)
}

// announceAgain tells Home Assistant what it must know before the next state, which then
// follows at once: to a thermostat that is announced anew the preset is not known.
func (z *zone) announceAgain() {
	documents, wait := z.beforeState(z)
	z.out.publishAll(documents)
	if z.telemetry.waits = wait; len(documents) > 0 {
		z.telemetry.publishedAt = time.Time{}
	}
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
	return limits.ServesBoth(z.spec.Params, sp.UpDelta, sp.DownDelta)
}

// offer is what the zone offers at Home Assistant: what it accepts, and what its state
// still shows meanwhile.
func (z *zone) offer() homeassistant.Offer {
	program := z.spec.Comfort.HasProgram()
	return homeassistant.Offer{
		Both: z.servesBoth() || z.telemetry.showsBoth(), Auto: program || z.telemetry.latest.Target.Auto,
		Program: program, Presets: z.presets,
	}
}

// goesAway reports whether people can go away from the zone.
func (z *zone) goesAway() bool {
	_, has := z.spec.Comfort.Presets[comfort.Away]
	return has && !z.spec.Goods
}

// setTime puts into the answer since when it is so.
func (w awaited) setTime() {
	if w.actions.Answer != nil && w.actions.Answer.Applied && !w.activeAt.IsZero() {
		at := w.activeAt.UTC()
		w.actions.Answer.Time = &at
	}
}
