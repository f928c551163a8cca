package comfort

import (
	"errors"
	"fmt"
	"math"
	"time"

	"thermostat/controlloop"
)

// What a person's hand makes of what is obeyed. Each gives the complete setpoint that
// follows, with its end told: who reads it needs to know no program.

const (
	guessMax  = 4 * time.Hour // the longest hold until a transition that nobody knows
	boostBy   = 2.0           // K, of a boost where no preset says how warm
	usualTime = time.Hour     // of a boost
)

// The bounds of a boost.
const (
	MinBoost = 5 * time.Minute
	MaxBoost = 24 * time.Hour
)

// Obeyed is what was said, without the holds that are over.
func (p *Plan) Obeyed(said controlloop.Setpoint, now time.Time, clock Clock) controlloop.Setpoint {
	c, _ := p.inForce(said, now, clock)
	return c
}

// Desire is the temperature (°C) that somebody names alone: in a hold it is held until
// the hold's end, in auto until the next transition, in a manual mode for ever.
func (p *Plan) Desire(said controlloop.Setpoint, celsius float64, now time.Time, clock Clock) controlloop.Setpoint {
	c, until := p.inForce(said, now, clock)
	c.Desired, c.Preset = celsius, ""
	switch {
	case !until.IsZero():
		c.Until, c.For = rest(until, now, clock)
	case c.Mode == controlloop.ModeAuto && until.IsZero():
		c.Hold = p.untilNext(now, clock)
	}
	return c
}

// rest tells the end of a hold anew: as a moment, or while nobody knows the time as
// what is left until then.
func rest(until, now time.Time, clock Clock) (time.Time, time.Duration) {
	if clock.Trusted {
		return until, 0
	}
	return time.Time{}, until.Sub(now)
}

// Choose is a mode that somebody names alone. From auto a mode of the law keeps the
// temperature that is aimed at; auto ends every hold.
func (p *Plan) Choose(said controlloop.Setpoint, mode controlloop.Mode, now time.Time, clock Clock) controlloop.Setpoint {
	aimed := p.Target(said, now, clock).Setpoint
	c := p.Obeyed(said, now, clock)
	c.Mode, c.Hold, c.Preset = mode, controlloop.Hold{}, ""
	switch {
	case mode == controlloop.ModeAuto:
		c.Desired = math.NaN()
	case !math.IsNaN(aimed.Desired):
		c.Desired = aimed.Desired
	}
	return c
}

// Prefer is a preset that somebody chooses: in auto until the next transition, in a
// hold until its end, else for ever.
func (p *Plan) Prefer(said controlloop.Setpoint, preset string, now time.Time, clock Clock) (controlloop.Setpoint, error) {
	celsius, known := p.Presets[preset]
	if !known {
		return said, p.UnknownPreset(preset)
	}
	c := p.Desire(said, celsius, now, clock)
	c.Preset = preset
	if c.Mode == controlloop.ModeNone || c.Mode == controlloop.ModeOff {
		c.Mode = p.Mode
	}
	return c, nil
}

// Boost goes to the preset boost, or 2 K further than what is aimed at, for a time;
// 0: an hour.
func (p *Plan) Boost(said controlloop.Setpoint, d time.Duration, now time.Time, clock Clock, law controlloop.Params) (controlloop.Setpoint, error) {
	if d == 0 {
		d = usualTime
	}
	aimed := p.Target(said, now, clock).Setpoint
	switch {
	case d < MinBoost || d > MaxBoost:
		return said, fmt.Errorf("a boost of %v is outside %v..%v", d, MinBoost, MaxBoost)
	case aimed.Mode <= controlloop.ModeOff || math.IsNaN(aimed.Desired):
		return said, errors.New("nothing is aimed at that a boost could go beyond: set a temperature first")
	}
	by := boostBy
	if aimed.Mode == controlloop.ModeCool {
		by = -boostBy
	}
	c := p.cover(said, now.Add(d), now, Boost, clock)
	if celsius, known := p.Presets[Boost]; known {
		c.Desired = celsius
	} else {
		c.Desired = within(law, aimed.Desired+by, aimed)
	}
	c.Preset = Boost
	c.Hold.For = d
	if clock.Trusted {
		c.Hold.Until = now.Add(d)
	}
	return c, nil
}

// within brings a boosted temperature into the limits of every setpoint, but not back
// behind what was aimed at.
func within(law controlloop.Params, celsius float64, sp controlloop.Setpoint) float64 {
	low, high := reach(law, sp)
	fits := min(max(celsius, low), high)
	if celsius > sp.Desired {
		return max(sp.Desired, fits)
	}
	return min(sp.Desired, fits)
}

var errNothingFollows = errors.New("nothing follows a hold: the zone has neither a program nor a configured setpoint")

// Keep holds what is aimed at until a moment, by duration, until the next transition
// (a zero hold), or in the law's mode without an end.
func (p *Plan) Keep(said controlloop.Setpoint, end controlloop.Hold, permanent bool, now time.Time, clock Clock) (controlloop.Setpoint, error) {
	aimed := p.Target(said, now, clock).Setpoint
	if aimed.Mode == controlloop.ModeNone || math.IsNaN(aimed.Desired) && aimed.Mode != controlloop.ModeOff {
		return said, errors.New("nothing is aimed at that could be held: set a temperature first")
	}
	if permanent {
		aimed.Hold = controlloop.Hold{}
		return aimed, nil
	}
	if end == (controlloop.Hold{}) {
		if !p.HasProgram() {
			return said, errors.New("there is no next transition: the zone has no program")
		}
		end = p.untilNext(now, clock)
	}
	over := end.Until
	if over.IsZero() {
		over = now.Add(end.For)
	}
	c := p.cover(said, over, now, "", clock)
	if c.Then == nil && !p.HasProgram() && p.Default.Mode == controlloop.ModeNone {
		return said, errNothingFollows
	}
	c.Desired, c.Preset = aimed.Desired, aimed.Preset
	if c.Mode != controlloop.ModeAuto || aimed.Mode == controlloop.ModeOff {
		c.Mode = aimed.Mode // an off of the program is held in the mode of this name
	}
	c.Hold.Until, c.Hold.For = end.Until, end.For
	return c, nil
}

// Resume ends a hold, one without an end too if it says what follows, or goes from a
// manual mode back to the program.
func (p *Plan) Resume(said controlloop.Setpoint, now time.Time, clock Clock) (controlloop.Setpoint, error) {
	c, until := p.inForce(said, now, clock)
	switch {
	case !until.IsZero(), c.Then != nil:
		return p.after(c, now), nil
	case c.Mode != controlloop.ModeAuto && p.HasProgram():
		c.Mode, c.Desired, c.Preset = controlloop.ModeAuto, math.NaN(), ""
		return c, nil
	}
	return said, errors.New("nothing is held, and there is no program to go back to")
}

// ErrStays is the answer of a zone that has no part in it when people go away, or come
// back: it has no preset away, is off, or is not away.
var ErrStays = errors.New("the zone has no preset away, is off, or is not away")

// GoAway holds the preset away until a moment, for a time, or with a zero hold until
// somebody comes back. That last one is said in a mode of the law, and tells what
// follows: so it is known from a setpoint for ever.
func (p *Plan) GoAway(said controlloop.Setpoint, end controlloop.Hold, now time.Time, clock Clock) (controlloop.Setpoint, error) {
	celsius, known := p.Presets[Away]
	here, _ := p.here(said, now, clock)
	if !known || here.Mode <= controlloop.ModeOff {
		return said, ErrStays
	}
	over := end.Until
	switch {
	case end.For > 0:
		over = now.Add(end.For)
	case over.IsZero():
		over = now.AddDate(1000, 0, 0) // later than every hold that it may lie over
	}
	c := p.cover(here, over, now, Away, clock)
	if c.Then == nil && !p.HasProgram() && p.Default.Mode == controlloop.ModeNone {
		return said, errNothingFollows
	}
	if end.Until.IsZero() && end.For == 0 {
		follows := p.after(c, now)
		if c.Then = &follows; c.Mode == controlloop.ModeAuto {
			c.Mode = p.Mode
		}
	}
	c.Desired, c.Preset, c.Until, c.For = celsius, Away, end.Until, end.For
	return c, nil
}

// ComeBack ends the holds of preset away, also those that lie under another hold.
func (p *Plan) ComeBack(said controlloop.Setpoint, now time.Time, clock Clock) (controlloop.Setpoint, error) {
	here, was := p.here(said, now, clock)
	if !was {
		return said, ErrStays
	}
	return here, nil
}

// here is what counts without the holds of preset away; was tells that there was one.
func (p *Plan) here(said controlloop.Setpoint, now time.Time, clock Clock) (c controlloop.Setpoint, was bool) {
	c, until := p.inForce(said, now, clock)
	for isAway(c, until) {
		was = true
		c, until = p.inForce(p.after(c, now), now, clock)
	}
	if then, under := withoutAway(c.Then); under {
		was, c.Then = true, then
		if !until.IsZero() {
			c.Until, c.For = rest(until, now, clock) // it is accepted anew, and ends no later for that
		}
	}
	return c, was
}

// isAway reports whether a setpoint is a hold of preset away: it has an end, or says what follows.
func isAway(sp controlloop.Setpoint, until time.Time) bool {
	return sp.Preset == Away && (!until.IsZero() || sp.Then != nil)
}

// withoutAway leaves the holds of preset away out of what follows another one.
func withoutAway(sp *controlloop.Setpoint) (left *controlloop.Setpoint, was bool) {
	if sp == nil {
		return nil, false
	}
	if isAway(*sp, sp.Until) {
		left, _ = withoutAway(sp.Then)
		return left, true
	}
	c := *sp
	c.Then, was = withoutAway(sp.Then)
	return &c, was
}

// IsAway reports whether a target's control holds preset away, also under another hold,
// and until when; a zero time: until somebody comes back.
func IsAway(t controlloop.Target) (until time.Time, is bool) {
	until = t.Until
	for sp := &t.Control; sp != nil; {
		if isAway(*sp, until) {
			return until, true
		}
		if sp = sp.Then; sp != nil {
			until = sp.Until
		}
	}
	return time.Time{}, false
}

// Power switches a zone on and off. On changes nothing where a mode is on; else it is
// auto where there is a program, the configured mode, or what the zone is there for.
func (p *Plan) Power(said controlloop.Setpoint, on bool, now time.Time, clock Clock) controlloop.Setpoint {
	c, until := p.inForce(said, now, clock)
	switch {
	case !on:
		return p.Choose(said, controlloop.ModeOff, now, clock)
	case c.Mode > controlloop.ModeOff:
		if !until.IsZero() {
			c.Until, c.For = rest(until, now, clock)
		}
		return c
	case p.HasProgram():
		return p.Choose(said, controlloop.ModeAuto, now, clock)
	case p.Default.Mode > controlloop.ModeOff:
		return p.Choose(said, p.Default.Mode, now, clock)
	}
	return p.Choose(said, p.Mode, now, clock)
}

// untilNext ends with the next transition, and no later than after the longest hold.
func (p *Plan) untilNext(now time.Time, clock Clock) controlloop.Hold {
	next := p.next(now, clock)
	switch {
	case !clock.Trusted:
		return controlloop.Hold{For: min(p.HoldMax, guessMax)}
	case next.At.IsZero() || next.At.Sub(now) > p.HoldMax:
		return controlloop.Hold{For: p.HoldMax, Until: now.Add(p.HoldMax)}
	}
	return controlloop.Hold{Until: next.At}
}

// cover begins a hold over what is obeyed: what that is follows the hold, unless it ends
// before. A boost over a boost takes its place.
func (p *Plan) cover(said controlloop.Setpoint, over, now time.Time, preset string, clock Clock) controlloop.Setpoint {
	c, until := p.inForce(said, now, clock)
	covered := c
	c.Hold = controlloop.Hold{}
	switch {
	case preset != "" && covered.Preset == preset && !until.IsZero(), !until.IsZero() && !over.Before(until):
		c.Then = covered.Then
	case until.IsZero() && covered.Mode == controlloop.ModeAuto && p.HasProgram():
	case !until.IsZero() && !clock.Trusted: // a moment cannot be told of its end
		c.Then = covered.Then
	default:
		covered.Until, covered.For = until, 0
		c.Then = &covered
	}
	c.Then = shallow(c.Then, maxThen)
	return c
}

// maxThen is how deep holds lie over each other.
const maxThen = 3

// shallow brings what follows into the depth that a control can say. What has no end
// stays; what lies deepest of the holds over it is left out.
func shallow(sp *controlloop.Setpoint, depth int) *controlloop.Setpoint {
	if sp == nil {
		return nil
	}
	c := *sp
	for depth == 1 && c.Then != nil {
		c = *c.Then
	}
	c.Then = shallow(c.Then, depth-1)
	return &c
}
