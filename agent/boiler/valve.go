package boiler

import (
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/source"
)

// Caller is a zone that calls the source.
type Caller struct {
	boiler *Boiler
	name   string
	params controlloop.Params
	valve  bool
	alarms *controlloop.Alarms

	// What follows is under the boiler's lock.
	open   bool      // its valve was last told to be open, and obeyed
	opened time.Time // since when a step has found it open; zero: it is not
	last   controlloop.Snapshot
}

// Add has a zone call the source: it gives the zone its supply and, where it has a
// valve, stands before it. Call it before the zone begins.
func (b *Boiler) Add(z *controlloop.Zone, normallyOpen bool) *Caller {
	c := &Caller{boiler: b, name: z.Name, params: z.Params, valve: z.Heater != nil, alarms: z.Alarms}
	b.zones = append(b.zones, c)
	z.Supply = c.supply
	if c.valve {
		z.Heater = &valve{c, z.Heater, normallyOpen}
	}
	return c
}

// supply is what the zone must know of the source at its next decision. What a source
// that hangs has asked for counts no more: the valve shuts then, and with the last one all.
func (c *Caller) supply() controlloop.Supply {
	c.boiler.mu.Lock()
	defer c.boiler.mu.Unlock()
	h := source.Hold{}
	for i, z := range c.boiler.zones {
		if z == c && i < len(c.boiler.state.Holds) && c.last.Time.Sub(c.boiler.lastStep) <= source.Samples*source.Step {
			h = c.boiler.state.Holds[i]
		}
	}
	return controlloop.Supply{On: c.boiler.relay.Is == controlloop.RelayOn, Hold: controlloop.ValveHold{Keep: h.Keep, Move: h.Move}}
}

// Saw takes a snapshot of the zone, and never blocks for long.
func (c *Caller) Saw(s controlloop.Snapshot) {
	b := c.boiler
	b.mu.Lock()
	c.last = s
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// valve is the relay of a zone's valve. Before it shuts the last one, source and pump go off.
type valve struct {
	caller       *Caller
	relay        controlloop.Relay
	normallyOpen bool
}

// Set opens or shuts the valve. It has not the boiler's lock meanwhile: a valve whose bus hangs holds its own zone alone.
func (v *valve) Set(open bool) error {
	c := v.caller
	if !open {
		c.boiler.shuts(c)
	}
	err := v.relay.Set(open != v.normallyOpen)
	c.boiler.mu.Lock()
	defer c.boiler.mu.Unlock()
	c.open = open && err == nil
	return err
}

// shuts notes that the valve does, and ends source and pump where the water has no other way.
func (b *Boiler) shuts(c *Caller) {
	b.mu.Lock()
	defer b.mu.Unlock()
	was := c.open
	c.open = false
	if !was || b.flows() {
		return
	}
	b.shut = true
	_ = b.relay.Set(false) // one that does not obey is told at the next step
	if !b.Law.Bypass {
		_ = b.pump.Set(false)
	}
}

// flows reports whether the water has a way as far as the zones have told lately.
func (b *Boiler) flows() bool {
	for _, z := range b.zones {
		heard := !z.last.Time.IsZero() && b.lastStep.Sub(z.last.Time) <= source.Samples*z.params.Sample
		if heard && (z.valve && z.open || !z.valve && !z.last.State.HeatCut) {
			return true
		}
	}
	return false
}

// demand is what the zone's newest snapshot tells, but for a valve that has been shut since.
func (c *Caller) demand(b *Boiler, now time.Time) source.Demand {
	s, p := &c.last, &c.params
	d := source.Demand{At: s.Time, Sample: p.Sample, StaleAfter: p.StaleAfter, Valve: c.valve, Reading: s.State.Reading.At}
	if s.Time.IsZero() {
		return d
	}
	d.Open = c.valve && c.open && s.State.Heater.On && s.HeaterRelay == controlloop.RelayOn
	d.Calls = s.State.Call.On && (!c.valve || d.Open)
	switch { // a relay may obey long after its order
	case !d.Open:
		c.opened = time.Time{}
	case c.opened.IsZero():
		c.opened = now
	}
	if d.Since = c.opened; !c.valve {
		d.Since = s.State.Call.Since
	}
	d.Kept = s.Held.Keep
	d.Frost = s.Target.Frost
	d.Cutout = s.State.HeatCut
	d.Calm = s.MayMove(p)
	d.Stood = c.valve && b.stood(c.name, d.Open, now)
	return d
}

// thePump is the pump's name among what is exercised: no zone has it.
const thePump = ""

// stood notes what moves, and reports whether it stood still for so long that it is
// due for exercise, by a clock that may be followed. What is seen first is taken to have just moved.
func (b *Boiler) stood(name string, moves bool, now time.Time) bool {
	if !b.follows {
		return false
	}
	wall := now.UTC().Round(0)
	last, known := b.known.Moved[name]
	if !known || moves && wall.Sub(last) >= movedAgain || last.After(wall) {
		if b.known.Moved == nil {
			b.known.Moved = map[string]time.Time{}
		}
		b.known.Moved[name] = wall
		b.keep()
		return false
	}
	return !moves && wall.Sub(last) >= b.Exercise.Every
}

// movedAgain is how often a movement is worth a write: cards wear.
const movedAgain = time.Hour
