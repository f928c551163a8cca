// Package boiler runs a source of heat that zones share: it steps
// [source.Source], switches relay and pump, and stands between each zone and its
// valve, so that the last valve never shuts before the source is off.
package boiler

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"thermostat/agent/config/sources"
	"thermostat/agent/state"
	"thermostat/controlloop"
	"thermostat/controlloop/report"
	"thermostat/controlloop/source"
)

// Boiler is one source that runs. Fill the exported fields, add its zones by
// [Boiler.Add], then call [Boiler.Run] once, or [Boiler.Step] again and again.
type Boiler struct {
	sources.Source
	Switch controlloop.Relay // of the source
	Pump   controlloop.Relay // nil where there is none
	Log    *slog.Logger

	Past    state.KeptSource            // what is known of the time before the start
	Boot    state.BootClock             // on which that counts
	Keep    func(state.KeptSource)      // is given what is to be kept; it must not block; nil: nothing is
	Trusted func(now time.Time) bool    // whether the wall clock may be followed; nil: never
	Slept   func() time.Duration        // as in [controlloop.Zone]
	Observe func(report.SourceSnapshot) // is given each step at its end; it must not block

	wake  chan struct{}
	saver *state.Writer[state.KeptSource] // nil without a state folder

	mu          sync.Mutex
	zones       []*Caller
	state       source.State
	relay       controlloop.KnownRelay
	pump        controlloop.KnownRelay
	known       state.KeptSource // to be kept
	slept       time.Duration
	counted     time.Time // until when the running hours are counted
	follows     bool      // the wall clock may be followed, and something is exercised
	kept        bool      // what is known has been handed over since the start
	memory      error     // why the last switches cannot be kept
	unkeptSince time.Time // since when
	obeys       error     // of the last step; nil: both relays do
	failed      time.Time // since when they do not
	lastStep    time.Time
	shut        bool // the last valve has shut since
}

// Begin makes the source ready at now: everything off, and what is left of its rest.
func (b *Boiler) Begin(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wake = make(chan struct{}, 1)
	b.counted, b.lastStep, b.slept = now, now, b.sleptInAll()
	b.relay, b.pump = controlloop.KnownRelay{Relay: b.Switch}, controlloop.KnownRelay{Relay: b.Pump}
	b.known = b.Past
	b.known.Boot = b.Boot.ID
	b.state = source.State{Since: now, Rest: b.Law.MinOff, Why: source.ReasonStarting}
	if o := b.Past.Past(b.Boot); o.Known && !o.On {
		b.state.Since, b.state.Why = now.Add(-o.Off), source.ReasonMinOff
		if o.Why == controlloop.ReasonStarting {
			b.state.Why = source.ReasonStarting
		}
	}
	b.obeys = errors.Join(b.relay.Set(false), b.pump.Set(false))
}

// Run steps the source at each snapshot of its zones, and every few seconds,
// until the context ends; then it switches off: the source first.
func (b *Boiler) Run(ctx context.Context) error {
	defer b.off() // also on a panic
	tick := time.NewTicker(source.Step)
	defer tick.Stop()
	for {
		b.Step(time.Now())
		select {
		case <-ctx.Done():
			return b.stop(time.Now())
		case <-b.wake:
		case <-tick.C:
		}
	}
}

// off switches both off, whatever comes of it.
func (b *Boiler) off() {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, _ = b.relay.Set(false), b.pump.Set(false)
}

// stop is the orderly end.
func (b *Boiler) stop(now time.Time) error {
	told, err := b.end(now)
	b.tell(told)
	if err != nil {
		return errors.New("source " + b.Name + ": " + controlloop.OneLine(err))
	}
	return nil
}

func (b *Boiler) end(now time.Time) (report.SourceSnapshot, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count(now)
	b.goesOff(now)
	b.state.Pump, b.state.Reason, b.state.Wait = false, source.ReasonStopped, 0
	b.state.Holds, b.state.Calling = nil, nil
	err := errors.Join(b.relay.Set(false), b.pump.Set(false))
	b.note(now, err)
	return b.snapshot(now), err
}

// Step decides once and switches.
func (b *Boiler) Step(now time.Time) { b.tell(b.step(now)) }

// step lets go of the lock on a panic, too: the end needs it to switch off.
func (b *Boiler) step(now time.Time) report.SourceSnapshot {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wakeUp(now)
	b.count(now)
	if b.shut { // it is off, whatever has opened meanwhile
		b.goesOff(now)
	}
	b.lastStep, b.shut = now, false
	b.follows = b.Exercise.Every > 0 && b.Trusted != nil && b.Trusted(now)
	demands := make([]source.Demand, len(b.zones))
	for i, z := range b.zones {
		demands[i] = z.demand(b, now)
	}
	b.state.Stuck = !b.state.On && b.relay.Is == controlloop.RelayUnknown
	b.state.Stood = b.Pump != nil && b.stood(thePump, b.state.Pump, now)
	was := b.state
	b.state = source.Source(b.Law, was, demands, now)
	silent := !b.relay.Off.IsZero() // since then it may be off
	err := b.assert(was)
	b.rest(now, silent)
	b.note(now, err)
	return b.snapshot(now)
}

// assert brings both relays where they shall be, whether or not they are there
// already: the pump goes on before the source, and off after it.
func (b *Boiler) assert(was source.State) error {
	if b.state.On {
		if err := b.pump.Set(true); err != nil { // no fire without the pump, and a rest after what there was
			b.goesOff(b.lastStep)
			return errors.Join(err, b.relay.Set(false))
		}
		if !was.On {
			b.known.Cycles++
		}
		return b.relay.Set(true)
	}
	err := b.relay.Set(false)
	if err != nil && was.Pump && b.flows() {
		b.state.Pump = true // the source may burn on
	}
	return errors.Join(err, b.pump.Set(b.state.Pump))
}

// rest lets the rest of the source begin only once its relay has gone off, as far as that can be known.
func (b *Boiler) rest(now time.Time, silent bool) {
	switch {
	case b.state.On || !b.state.Stuck && b.relay.Is != controlloop.RelayUnknown:
	case b.relay.Is == controlloop.RelayOff && silent:
	case b.relay.Off.IsZero(): // it has obeyed just now at the earliest
		b.state.Since = now
	case b.relay.Off.After(b.state.Since):
		b.state.Since = b.relay.Off
	}
}

// wakeUp makes up for a suspend as a zone does: what was on goes off and rests.
func (b *Boiler) wakeUp(now time.Time) {
	slept := b.sleptInAll() - b.slept
	if slept <= 0 {
		return
	}
	b.slept += slept
	b.goesOff(now)
}

// goesOff ends a stretch that no decision ends, and lets the rest begin.
func (b *Boiler) goesOff(now time.Time) {
	if b.state.On {
		b.state.On, b.state.Since, b.state.Rest, b.state.Why = false, now, b.Law.MinOff, source.ReasonMinOff
	}
}

func (b *Boiler) sleptInAll() time.Duration {
	if b.Slept == nil {
		return 0
	}
	return b.Slept()
}

// note tells every zone that calls whether the relays obey, and keeps a switch.
func (b *Boiler) note(now time.Time, err error) {
	if err != nil && b.obeys == nil {
		b.failed = now
	}
	if (err == nil) != (b.obeys == nil) || err != nil && err.Error() != b.obeys.Error() {
		text := ""
		if err != nil {
			text = "the source " + b.Name + " does not obey: " + controlloop.OneLine(err) + ". Pump and open valves stay as they are"
			if b.relay.Is != controlloop.RelayUnknown {
				text = "the pump of the source " + b.Name + " does not obey: " + controlloop.OneLine(err) + ". The source goes on only with its pump"
			}
			b.Log.Error("source", "source", b.Name, "error", err)
		}
		for _, z := range b.zones {
			z.alarms.Set(controlloop.FaultRelay, err != nil, text)
		}
	}
	b.obeys = err
	if b.Keep == nil {
		return
	}
	on := b.state.On || b.relay.Is != controlloop.RelayOff
	switch was := b.known.Relay; {
	case was != nil && was.On == on && b.kept:
		return
	case on:
		b.known.Relay = &state.KeptOutput{On: true}
	default:
		b.known.Relay = &state.KeptOutput{Since: b.Boot.At(b.state.Since), Why: controlloop.Reason(b.state.Why)}
	}
	b.kept = true
	b.keep()
}

func (b *Boiler) keep() {
	if b.Keep != nil {
		b.Keep(b.known.Copy())
	}
}

// count takes in what went by since the last step.
func (b *Boiler) count(now time.Time) {
	if b.relay.Is == controlloop.RelayOn {
		b.known.On += now.Sub(b.counted)
	}
	b.counted = now
}

// snapshot is the source as the rest of the program may see it.
func (b *Boiler) snapshot(now time.Time) report.SourceSnapshot {
	s := report.SourceSnapshot{
		Name: b.Name, Time: now, Relay: b.relay.Is, Pump: b.pump.Is, Reason: string(b.state.Reason), Wait: b.state.Wait,
		Cycles: b.known.Cycles, On: b.known.On,
	}
	for i, calls := range b.state.Calling {
		if calls {
			s.Calling = append(s.Calling, b.zones[i].name)
		}
	}
	if b.obeys != nil {
		s.Faults = []controlloop.Fault{{Name: controlloop.FaultRelay, Since: b.failed, Text: controlloop.OneLine(b.obeys)}}
	}
	if b.memory != nil {
		s.Faults = append(s.Faults, controlloop.Fault{Name: controlloop.FaultMemory, Since: b.unkeptSince, Text: "the last switches cannot be kept over a restart: " + controlloop.OneLine(b.memory)})
	}
	return s
}

func (b *Boiler) tell(s report.SourceSnapshot) {
	if b.Observe != nil {
		b.Observe(s)
	}
}
