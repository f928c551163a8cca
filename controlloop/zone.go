package controlloop

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"thermostat/controlloop/foresee"
	"thermostat/controlloop/guard"
	"thermostat/controlloop/mailbox"
	"thermostat/controlloop/steady"
)

// Zone is one room: a sensor, its relays, and the goroutine that obeys the law.
// Fill the exported fields, then call [Zone.Run] once.
type Zone struct {
	Name     string // part of topics and labels
	SensorID int32  // names the zone in messages
	Params   Params // the bounds and timers
	Sensor   Sensor // the first choice
	// Fallbacks stand in for Sensor, the first that is good, as long as it is not.
	Fallbacks []Sensor
	Heater    Relay // nil where there is none
	Cooler    Relay // nil where there is none
	Safety    Relay // in series with both, closed while on; nil where there is none
	Past      Past  // what is known of the outputs before the start; never restores a position

	// Plan makes of what was said what the zone aims at, anew at every step, by the
	// wall clock too. Nil: what was said. It is asked in the zone's own goroutine.
	Plan func(said Setpoint, look Look) Target
	// Supply tells of the source of the zone's heat. Nil: the heater is one. It is
	// asked in the zone's own goroutine, and must not block.
	Supply func() Supply
	// Setpoints delivers the control stream.
	Setpoints *mailbox.Latest[Setpoint]
	// Clears delivers requests to clear what is latched; nil is allowed.
	Clears *mailbox.Latest[struct{}]
	// Slept tells how long the machine has been suspended since the start, in all:
	// Go's clock stands still meanwhile. Any goroutine may call it. Nil: never.
	Slept func() time.Duration
	// Woken delivers word that it has been, for a decision at once; nil is allowed.
	Woken *mailbox.Latest[struct{}]
	// Alarms carries faults that others found out about this zone; nil is allowed.
	Alarms *Alarms
	// Observe is given every snapshot, in the zone's own goroutine: it must not block.
	Observe func(Snapshot)

	clock    steady.Clock
	state    State
	said     Setpoint
	target   Target
	supply   Supply // as it was at the last decision
	senses   senses
	answers  uint64
	answered time.Time // when the last of them came
	began    time.Time
	ticked   time.Time     // when the last tick of a stream's zone was due
	decided  time.Time     // of the last decision
	slept    time.Duration // of Slept, as far as it was made up for
	guard    guard.Guard
	foresees Foresight
	foreseen Foreseen
	heater   KnownRelay
	cooler   KnownRelay
	safety   KnownRelay
	faults   faultSet
}

// KnownRelay is a relay and what is known of it.
type KnownRelay struct {
	Relay Relay      // nil where there is none
	Is    RelayState // what is known of it
	Off   time.Time  // since when it may be off that is not known to be; zero: it is not off
}

// Supply is a source of heat as a zone knows it.
type Supply struct {
	On   bool      // it gives heat: what is ordered of the zone's heater can warm the room
	Hold ValveHold // what it asks of the zone's heater, a valve
}

// RelayState is what is known of a relay. The zero value is "nothing".
type RelayState uint8

// The states of a relay.
const (
	RelayUnknown RelayState = iota // there is none, or it did not obey
	RelayOff
	RelayOn
)

// Run controls the zone until the context ends. It owns the zone's state and
// relays, begins with everything off, re-asserts both relays at every tick and
// leaves them off. A sensor that never comes back from a read blocks nothing:
// its last reading grows stale and the law switches off. Run returns an error
// only if a relay could not be switched off at the end.
func (z *Zone) Run(ctx context.Context, start Setpoint) error {
	now := z.clock.Now()
	z.begin(start, now)
	defer z.assertOff() // also on a panic of an observer
	answers := make(chan answer)
	for _, s := range z.senses.all {
		go s.measure(ctx, answers, z.sleptInAll)
	}
	tick := time.NewTicker(z.Params.Sample)
	defer tick.Stop()
	late := time.NewTimer(z.Params.grace())
	defer late.Stop()

	z.step(now)
	z.senses.wake()
	for {
		select {
		case <-ctx.Done():
			return z.stop()
		case sp := <-z.Setpoints.C():
			z.obey(sp, z.moment())
		case a := <-answers:
			late.Stop()
			z.take(a)
		case <-tick.C:
			if z.senses.wake() {
				late.Reset(z.Params.grace())
			} else {
				z.catchUp(z.clock.Now())
			}
		case <-late.C:
			z.step(z.clock.Now())
		case <-z.Alarms.changed():
			z.tell(z.clock.Now())
		case <-heard(z.Clears):
			z.guard.Clear()
			z.step(z.moment())
		case <-heard(z.Woken):
			z.step(z.moment())
		}
	}
}

// moment is the time of a decision. In a zone on streams it comes after the tick
// that is due and is later than the decision before it, as [Stream] promises.
func (z *Zone) moment() time.Time {
	now := z.clock.Now()
	if z.senses.streaming {
		z.catchUp(now)
		now = z.later(now)
	}
	return now
}

// catchUp makes the newest tick that is due, at the time when it was due: a
// whole number of samples after the start, however late the ticker is.
func (z *Zone) catchUp(now time.Time) {
	due := now.Add(-(now.Sub(z.began) % z.Params.Sample)) // by the wall clock as it shows now
	if due.After(z.ticked) {
		z.ticked = due
		z.step(z.later(due))
	}
}

func (z *Zone) later(now time.Time) time.Time {
	if !now.After(z.decided) {
		return z.decided.Add(1)
	}
	return now
}

// obey takes a new setpoint, and decides.
func (z *Zone) obey(sp Setpoint, now time.Time) {
	sp.At = now
	z.said = sp
	z.step(now)
}

// take hears an answer, and decides.
func (z *Zone) take(a answer) {
	now := z.moment()
	if a.sense.stream {
		a = a.heardAt(now)
	}
	z.wakeUp(now) // before the answer: it may be of after
	z.hear(z.asleep(a))
	z.step(now)
}

// grace is how long a tick waits for the answer of a sensor that it woke: most
// answers come within it, and then one decision is made instead of two.
func (p Params) grace() time.Duration { return min(p.Sample/4, time.Second) }

func (z *Zone) begin(start Setpoint, now time.Time) {
	start.At = now
	z.said, z.began, z.ticked = start, now, now
	z.heater, z.cooler, z.safety = KnownRelay{Relay: z.Heater}, KnownRelay{Relay: z.Cooler}, KnownRelay{Relay: z.Safety}
	z.slept = z.sleptInAll()
	z.senses.all = []*sense{newSense(z.Sensor, now)}
	for _, s := range z.Fallbacks {
		z.senses.all = append(z.senses.all, newSense(s, now))
	}
	z.senses.streaming = !slices.ContainsFunc(z.senses.all, func(s *sense) bool { return !s.stream })
	z.assertOff()
	z.guard = z.Past.guard()
	z.state = z.Past.state(z.Params, now)
	z.foresees = Recall(z.Past.Room)
	z.aim(Reading{}, now)
}

// Foresight is what the zone has learned of its room. It is for the zone's own goroutine.
func (z *Zone) Foresight() *Foresight { return &z.foresees }

func (z *Zone) hear(a answer) {
	a.sense.hear(&z.Params, a, z.state.Heater.On || z.state.Cooler.On)
	if used, _, _ := z.senses.inForce(&z.Params, a.at); used == a.sense {
		z.answers++
		z.answered = a.at
	}
}

// step is one tick: decide, switch, tell.
func (z *Zone) step(now time.Time) {
	z.decided = now
	z.wakeUp(now)
	z.senses.compare(&z.Params, now)
	reading := z.senses.reading(&z.Params, now)
	seen := z.seen(reading, now)
	z.foresees.Learn(z.Params, seen, now, z.works(), z.target.Bar)
	z.aim(seen, now)
	z.watch(reading, now)
	z.supply = z.supplied()
	// A window ends the call at once, and the valve only once its source has served its times.
	served := z.target.Bar && z.supply.Hold.Keep && z.state.Heater.On
	in := Input{
		Now: now, Setpoint: z.target.Setpoint,
		Reading: reading, Unverified: z.senses.unverified(&z.Params, now),
		NoHeat: z.guard.Heat.Tripped, NoCool: z.guard.Cool.Tripped,
		Bar: z.target.Bar && !served, Idle: served, Frost: z.target.Frost, Preheat: z.target.Preheat,
		Hold: z.supply.Hold,
	}
	z.foresees.Look(z.Params, &z.target, &in)
	was := z.state
	z.state = Decide(z.Params, was, in)
	if z.foresees.Decided(z.Params, &was, &z.state, &in); z.Observe != nil {
		z.foreseen = z.foresees.saw(&z.Params, &z.state, &in)
	}
	_ = z.assert(z.state, now) // a relay that does not obey is a fault, and tried again at the next tick
	if whole := z.state.Call == z.state.Heater; z.heater.restFrom(now, &z.state.Heater) && whole {
		z.state.Call = z.state.Heater
	}
	z.cooler.restFrom(now, &z.state.Cooler)
	z.notice(now)
	z.tell(now)
}

// seen is the reading that the law goes by; zero At: none is fresh.
func (z *Zone) seen(r Reading, now time.Time) Reading {
	if r.At.IsZero() { // while two sensors disagree, say: the law goes by the last one until it is stale
		r = z.state.Reading
	}
	if !r.fresh(&z.Params, now) {
		return Reading{}
	}
	return r
}

// aim chooses the target.
func (z *Zone) aim(r Reading, now time.Time) {
	if z.Plan == nil {
		z.target = Target{Setpoint: z.said, Control: z.said}
		return
	}
	z.target = z.Plan(z.said, Look{
		Now: now, Reading: r,
		Heating: z.heats(), Cooling: z.state.Cooler.On && z.cooler.Is == RelayOn,
		Foresees: z.foresees.ready(&z.Params),
	})
}

// assert brings all relays to the demanded positions, whether or not they are
// there already: first what goes off, then the safety relay, then what goes on,
// so that the safety relay switches no load.
func (z *Zone) assert(s State, now time.Time) error {
	var err error
	if !s.Heater.On {
		err = errors.Join(err, z.heater.Set(false))
	}
	if !s.Cooler.On {
		err = errors.Join(err, z.cooler.Set(false))
	}
	closed := err == nil && z.closes(s)
	err = errors.Join(err, z.safety.Set(closed))
	// While one may still be on, the other must not go on, nor anything behind an open safety relay.
	free := err == nil && (closed || z.Safety == nil)
	if s.Heater.On {
		err = errors.Join(err, z.permit(&z.heater, free, now))
	}
	if s.Cooler.On {
		err = errors.Join(err, z.permit(&z.cooler, free, now))
	}
	z.faults.set(FaultRelay, err != nil, now, func() string { return "a relay does not obey: " + OneLine(err) })
	return err
}

// permit switches an output that is ordered on. One that has to go off all the same rests.
func (z *Zone) permit(o *KnownRelay, free bool, now time.Time) error {
	if !free && o.Is != RelayOff {
		z.rest(now)
		z.state.Action, z.state.Since, z.state.Reason, z.state.Wait = ActionIdle, now, ReasonMinOff, z.Params.MinOff
	}
	return o.Set(free)
}

// assertOff brings all relays off.
func (z *Zone) assertOff() {
	for _, o := range []*KnownRelay{&z.heater, &z.cooler, &z.safety} {
		_ = o.Set(false) // one that does not obey is told at the first tick
	}
}

// OneLine is an error's text without line breaks.
func OneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// Set brings the relay to a position, and notes what is known of it then.
func (r *KnownRelay) Set(on bool) error {
	if r.Relay == nil {
		return nil
	}
	err := r.Relay.Set(on)
	r.Is, r.Off = RelayOff, time.Time{}
	if on {
		r.Is = RelayOn
	}
	if err != nil {
		r.Is = RelayUnknown
		if silent := new(Unconfirmed); errors.As(err, &silent) {
			r.Off = silent.Since
		}
	}
	return err
}

// restFrom lets the rest of an output begin only once its relay has gone off, as
// far as that can be known.
func (r *KnownRelay) restFrom(now time.Time, memory *Output) (moved bool) {
	before := memory.Since
	switch {
	case r.Relay == nil || r.Is != RelayUnknown || memory.On:
	case r.Off.IsZero():
		memory.Since = now
	case r.Off.After(memory.Since):
		memory.Since = r.Off
	}
	return memory.Since != before
}

// supplied asks the source, if there is one.
func (z *Zone) supplied() Supply {
	if z.Supply == nil {
		return Supply{On: true}
	}
	return z.Supply()
}

// heats reports whether the call for heat reaches what heats the room.
func (z *Zone) heats() bool {
	obeys := z.heater.Is == RelayOn || z.Supply != nil && z.Heater == nil
	return z.state.Call.On && obeys && z.supply.On
}

// works reports whether what the zone switches worked on the room since the last step.
func (z *Zone) works() bool {
	switch {
	case z.Cooler != nil:
		return z.state.Cooler.On && z.cooler.Is == RelayOn
	case z.Heater == nil: // its source warms it whenever it is on
		return z.supply.On
	}
	return z.state.Heater.On && z.heater.Is == RelayOn && z.supply.On
}

// watch shows the watchers what the relays were told until now, and what the
// room does.
func (z *Zone) watch(r Reading, now time.Time) {
	celsius := math.NaN()
	if !r.At.IsZero() {
		celsius = r.Celsius
	}
	cold, warm := z.target.band()
	if next := z.target.Next.Desired; z.state.Ahead && z.target.Ahead { // what it works for is no runaway
		warm, cold = max(warm, next+z.target.Setpoint.UpDelta), min(cold, next-z.target.Setpoint.DownDelta)
	}
	z.guard = guard.Watch(z.Params.Watched(), z.guard, guard.Input{
		Now: now, Celsius: celsius, Cold: cold, Warm: warm, Rest: z.target.Bar,
		HeaterOn: z.state.Call.On, HeaterLost: !z.heats(),
		CoolerOn: z.state.Cooler.On, CoolerLost: z.cooler.Is != RelayOn,
	})
}

// closes reports whether the safety relay shall be closed. It closes when an
// output of a healthy zone is ordered on, and opens on any guard.
func (z *Zone) closes(s State) bool {
	_, relayFault := z.faults[FaultRelay]
	opens := z.target.off() && s.Reason != ReasonExercise || s.HeatCut || s.CoolCut || relayFault ||
		z.guard.Heat.Tripped || z.guard.Cool.Tripped ||
		!s.Lost.IsZero() && s.Reason != ReasonSensorLoss ||
		(z.guard.Heat.Beyond || z.guard.Cool.Beyond) && !s.Heater.On && !s.Cooler.On
	return !opens && s.Reason != ReasonStopped && (z.safety.Is == RelayOn || s.Heater.On || s.Cooler.On)
}

// heard is where the zone hears of something; nil where nobody tells.
func heard[T any](l *mailbox.Latest[T]) <-chan T {
	if l == nil {
		return nil
	}
	return l.C()
}

func clock(t time.Time) string { return t.Format("15:04:05") }

func (z *Zone) stop() error {
	now := z.clock.Now()
	z.state.Heater.On, z.state.Call.On, z.state.Cooler.On = false, false, false
	z.state.Reason, z.state.Wait = ReasonStopped, 0
	if z.state.Action > ActionIdle {
		z.state.Action, z.state.Since = ActionIdle, now
	}
	err := z.assert(z.state, now)
	z.tell(now)
	if err != nil {
		return fmt.Errorf("zone %s: %w", z.Name, err)
	}
	return nil
}

func (z *Zone) tell(now time.Time) {
	if z.Observe == nil {
		return
	}
	used, _, _ := z.senses.inForce(&z.Params, now)
	s := Snapshot{
		Zone: z.Name, SensorID: z.SensorID, Time: now,
		State: z.state, Setpoint: z.target.Setpoint, Target: z.target,
		Fresh: z.state.fresh(&z.Params, now), Sensor: z.senses.verdict(z.senses.all[0]),
		Heard: z.senses.verdict(used), Answers: z.answers, Answered: z.answered,
		Began: z.began, Streaming: z.senses.streaming,
		HeaterRelay: z.heater.Is, CoolerRelay: z.cooler.Is, SafetyRelay: z.safety.Is,
		Guard: z.guard, Held: z.supply.Hold,
		Recalled: &z.Past.Room, Foresight: z.foreseen, Law: z.Params.Law,
		HasHeater: z.Heater != nil, HasCooler: z.Cooler != nil,
		Faults: append(z.faults.list(), z.Alarms.list()...),
	}
	z.Observe(s)
}

// Snapshot is a zone as the rest of the program may see it. It shares nothing
// with the zone.
type Snapshot struct {
	Zone     string    // its name
	SensorID int32     // of the zone
	Time     time.Time // of the tick
	State    State     // what was decided
	Setpoint Setpoint  // what is aimed at, in a mode of the law
	Target   Target    // why, for how long, and what comes next

	Fresh   bool    // State.Reading may still be acted on, and shown
	Sensor  Verdict // of the first choice among the sensors: ok, or what is wrong
	Heard   Verdict // of the sensor whose readings count: the first good one, else the first choice
	Answers uint64  // how often that one answered, well or badly, since the start

	Answered  time.Time // when it last did; zero: never
	Began     time.Time // the zone's start, which was its first decision
	Streaming bool      // every sensor is a [Stream]

	Recalled  *foresee.Known // what the start knew of the room; it does not change
	Foresight Foreseen       // what the law knows of it now
	Law       Law            // as it is configured

	HasHeater, HasCooler     bool       // which relays there are
	HeaterRelay, CoolerRelay RelayState // as far as known
	SafetyRelay              RelayState // on: closed; unknown where there is none

	Held  ValveHold   // what the source of the zone's heat asked when this was decided
	Guard guard.Guard // what the watchers have seen and learned

	Wear *Wear // filled in by whoever counts, behind the zone; nil: nobody does

	Faults []Fault // those that there are now
}

// Temperature is the last good value while it is fresh, else NaN. °C.
func (s Snapshot) Temperature() float64 { return s.whileFresh(s.State.Reading.Celsius) }

// Humidity is relative, in %; NaN where it is not known.
func (s Snapshot) Humidity() float64 { return s.whileFresh(s.State.Reading.Humidity) }

func (s Snapshot) whileFresh(x float64) float64 {
	if s.Fresh {
		return x
	}
	return math.NaN()
}

// Age is how old the last good reading is; ok is false where there is none.
func (s Snapshot) Age() (age time.Duration, ok bool) {
	return s.Time.Sub(s.State.Reading.At), !s.State.Reading.At.IsZero()
}
