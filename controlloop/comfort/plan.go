package comfort

import (
	"math"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/program"
)

// What chose a target, as [controlloop.Target] names it.
const (
	Frosty     = "frost"       // protection against frost, whatever was said
	WindowOpen = "window_open" // an open window bars both outputs, whatever was said
	Manual     = "manual"      // somebody said it, in a mode of the law and without an end
	Held       = "hold"        // somebody said it for a time
	Boost      = "boost"       // a hold of the preset of this name
	Away       = "away"        // a hold of the preset of this name
	Preheating = "preheat"     // the next transition of the week, so that the room is warm in time
	Program    = "program"     // a transition of the week
	Default    = "default"     // the configured setpoint
)

// Targets lists what may have chosen a target.
func Targets() []string {
	return []string{Frosty, WindowOpen, Manual, Boost, Away, Held, Preheating, Program, Default}
}

// Unsynced says what counts in mode auto while the clock is not trusted.
type Unsynced string

// What may count then.
const (
	Last   Unsynced = "last"    // the transition that was in force when it was
	Stated Unsynced = "default" // the configured setpoint
	Follow Unsynced = "follow"  // the clock, all the same
)

// Plan is what a zone's comfort is made of. It does not change: another program is another plan.
type Plan struct {
	program.Calendar

	Presets  map[string]float64   // °C, by name
	Mode     controlloop.Mode     // what the program lets the zone do: heat, cool or heat_cool
	HoldMax  time.Duration        // bounds a hold until the next transition
	Unsynced Unsynced             // what counts while the clock is not trusted
	Default  controlloop.Setpoint // the configured setpoint; Mode ModeNone: there is none
	Frost    Frost                // its protection against frost
	Warming  Warming              // of its room before anything is known of it; zero: it does not preheat
	Window   Window               // what it does about its windows
}

// Clock is what is known of the time beside what it is.
type Clock struct {
	Trusted bool            // the wall clock may be followed
	Last    *program.Target // of the transition that was in force when it last could be; nil: not known
}

// Begin is what a configured setpoint says before anybody has spoken: in auto the program
// chooses, and the temperature beside it only stands in for one.
func Begin(configured controlloop.Setpoint) controlloop.Setpoint {
	if configured.Mode == controlloop.ModeAuto {
		configured.Desired, configured.Preset = math.NaN(), ""
	}
	return configured
}

// HasProgram reports whether the zone has one.
func (p *Plan) HasProgram() bool { return !p.Calendar.Empty() }

// Target is what a zone aims at now, by what was said last and by the program.
func (p *Plan) Target(said controlloop.Setpoint, now time.Time, clock Clock) controlloop.Target {
	said, until := p.inForce(said, now, clock)
	t := controlloop.Target{Setpoint: said, Control: said, Auto: said.Mode == controlloop.ModeAuto, Why: why(said, until), Until: until, Next: p.next(now, clock)}
	switch {
	case t.Auto && !chosen(said):
		t.Setpoint, t.Why = p.programmed(said, now, clock)
	case t.Auto:
		t.Setpoint.Mode, t.Setpoint.Desired = p.Mode, p.Temperature(said)
	case said.Mode != controlloop.ModeNone:
		t.Setpoint.Desired = p.Temperature(said)
	}
	t.Setpoint.Hold = controlloop.Hold{}
	return t
}

// chosen reports whether somebody named what to hold.
func chosen(sp controlloop.Setpoint) bool { return sp.Preset != "" || !math.IsNaN(sp.Desired) }

// Temperature is what a setpoint asks for, in °C: its own, else that of its preset; NaN without either.
func (p *Plan) Temperature(sp controlloop.Setpoint) float64 {
	if !math.IsNaN(sp.Desired) {
		return sp.Desired
	}
	if celsius, known := p.Presets[sp.Preset]; known {
		return celsius
	}
	return math.NaN()
}

// inForce leaves out the holds that are over. It gives the end of the one that is not.
func (p *Plan) inForce(said controlloop.Setpoint, now time.Time, clock Clock) (controlloop.Setpoint, time.Time) {
	left, _ := p.Over(said, now, clock)
	end, _ := p.End(left, now, clock)
	return left, end
}

// Over leaves out the holds that are over, and tells how many. [Plan.Without] leaves out
// as many, so that what is over stays over whatever becomes of the clock.
func (p *Plan) Over(said controlloop.Setpoint, now time.Time, clock Clock) (left controlloop.Setpoint, holds int) {
	for left = said; ; holds++ {
		end, ends := p.End(left, now, clock)
		if !ends || now.Before(end) {
			return left, holds
		}
		left = p.after(left, now.Add(-now.Sub(end))) // from then on the clock that nobody sets counts
	}
}

// Without leaves out so many holds.
func (p *Plan) Without(said controlloop.Setpoint, holds int) controlloop.Setpoint {
	for range holds {
		over, ends := p.End(said, said.Accepted, Clock{Trusted: true})
		if !ends {
			over = said.Accepted
		}
		said = p.after(said, over)
	}
	return said
}

// End is when a setpoint is over, by the earliest of its ends; ends is false where it
// has none. Durations count from its acceptance, on the clock that nobody sets. While
// the wall clock is not trusted its moments are not known: 4 h count instead.
func (p *Plan) End(sp controlloop.Setpoint, now time.Time, clock Clock) (end time.Time, ends bool) {
	begin := sp.Accepted
	if begin.IsZero() {
		begin = sp.At
	}
	begin = now.Add(-now.Sub(begin)) // the clock may have been set since
	sooner := func(t time.Time) {
		if !ends || t.Before(end) {
			end, ends = t, true
		}
	}
	if sp.For > 0 {
		sooner(begin.Add(sp.For))
	}
	switch untilNext := !ends && sp.Until.IsZero() && sp.Mode == controlloop.ModeAuto && chosen(sp); {
	case !sp.Until.IsZero() && clock.Trusted:
		sooner(sp.Until.Round(0)) // by the wall clock alone, as everybody who reads the word judges it
	case !sp.Until.IsZero() && !ends:
		sooner(begin.Add(guessMax))
	case untilNext && clock.Trusted:
		sooner(begin.Add(p.HoldMax))
		if next, ok := p.Next(begin); ok {
			sooner(next)
		}
	case untilNext:
		sooner(begin.Add(min(p.HoldMax, guessMax)))
	}
	return end, ends
}

// AfterBoot is what counts of a setpoint that was accepted before the machine started.
// Without a trusted clock, now or then, nobody knows how long ago that was: a hold that asks
// for more than what follows it is over, any other one counts anew, and so does one whose
// moment a clock can judge. Holds tells how many are over.
func (p *Plan) AfterBoot(said controlloop.Setpoint, now time.Time, clock Clock) (left controlloop.Setpoint, holds int) {
	for left = said; ; holds++ {
		if _, ends := p.End(left, now, clock); !ends || clock.Trusted && mayBeOf(left.Accepted, now) {
			return left, holds
		}
		anew, follows := left, p.after(left, now)
		anew.Accepted = now
		if clock.Trusted && !left.Until.IsZero() {
			return anew, holds
		}
		if !asksMore(p.Target(anew, now, clock).Setpoint, p.Target(follows, now, clock).Setpoint) {
			return anew, holds
		}
		left = follows
	}
}

// mayBeOf reports whether a hold that is not over may have been accepted at a time; else no
// clock vouched for that.
func mayBeOf(accepted, now time.Time) bool {
	const longest = 366 * 24 * time.Hour // of a hold by duration
	return !accepted.After(now) && now.Sub(accepted) <= longest
}

// asksMore reports whether a setpoint may heat further, or cool further, than another.
func asksMore(is, will controlloop.Setpoint) bool {
	heats := is.Mode.Heats() && (!will.Mode.Heats() || is.Desired > will.Desired)
	cools := is.Mode.Cools() && (!will.Mode.Cools() || is.Desired < will.Desired)
	return heats || cools
}

// after is what follows a hold: what it says itself, else the program, else the configured setpoint.
func (p *Plan) after(said controlloop.Setpoint, end time.Time) controlloop.Setpoint {
	next := controlloop.Setpoint{Mode: controlloop.ModeAuto, Desired: math.NaN(), UpDelta: said.UpDelta, DownDelta: said.DownDelta, Source: said.Source}
	switch {
	case said.Then != nil:
		next = *said.Then
		next.Source = said.Source
	case !p.HasProgram():
		next = Begin(p.Default)
	}
	next.ID, next.Serial, next.At, next.Accepted = said.ID, said.Serial, said.At, end
	return next
}

// why names what chose a setpoint that the program did not.
func why(sp controlloop.Setpoint, until time.Time) string {
	switch {
	case sp.Mode == controlloop.ModeNone:
		return ""
	case sp.Preset == Boost || sp.Preset == Away:
		return sp.Preset
	case sp.Mode == controlloop.ModeAuto || !until.IsZero():
		return Held
	case sp.Source == "config":
		return Default
	}
	return Manual
}

// programmed is what mode auto means now, with the deltas that were said. In a zone
// without a program it is the configured temperature.
func (p *Plan) programmed(said controlloop.Setpoint, now time.Time, clock Clock) (controlloop.Setpoint, string) {
	sp := said
	target, why := p.target(now, clock)
	if why == "" {
		sp.Preset, sp.Desired, sp.Mode = p.Default.Preset, p.Temperature(p.Default), p.Default.Mode
		switch {
		case math.IsNaN(sp.Desired) && sp.Mode != controlloop.ModeOff:
			sp.Mode = controlloop.ModeNone
		case sp.Mode == controlloop.ModeAuto:
			sp.Mode = p.Mode
		}
		return sp, Default
	}
	sp.Mode, sp.Preset = p.Mode, target.Preset
	if sp.Desired = p.celsius(target); target.Off {
		sp.Mode = controlloop.ModeOff
	}
	return sp, why
}

// target is what the program says now, and its name; empty where it says nothing that
// counts.
func (p *Plan) target(now time.Time, clock Clock) (program.Target, string) {
	if clock.Trusted || p.Unsynced == Follow {
		switch target, away, ok := p.InForce(now); {
		case away:
			return target, Away
		case ok:
			return target, Program
		}
		return program.Target{}, ""
	}
	if p.HasProgram() && p.Unsynced == Last && clock.Last != nil && (clock.Last.Off || !math.IsNaN(p.celsius(*clock.Last))) {
		return *clock.Last, Program
	}
	return program.Target{}, ""
}

// next is the next transition; none where the clock is not followed.
func (p *Plan) next(now time.Time, clock Clock) controlloop.Change {
	if !clock.Trusted && p.Unsynced != Follow {
		return controlloop.Change{}
	}
	at, ok := p.Next(now)
	if !ok {
		return controlloop.Change{}
	}
	sp, _ := p.programmed(controlloop.Setpoint{}, at, Clock{Trusted: true})
	if sp.Mode <= controlloop.ModeOff {
		sp.Desired = math.NaN()
	}
	return controlloop.Change{At: at, Desired: sp.Desired, Preset: sp.Preset}
}

// celsius is a target's temperature; NaN where it is off.
func (p *Plan) celsius(t program.Target) float64 {
	switch {
	case t.Off:
		return math.NaN()
	case t.Preset != "":
		return p.Temperature(controlloop.Setpoint{Preset: t.Preset, Desired: math.NaN()})
	}
	return t.Celsius
}
