package controlloop

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// held is what the days with a source have shown.
type held struct{ kept, moved, lagged, idle int }

// TestAHeldValveIsOnlyHeldWhereItsShadowMayHeat is the golden rule of the valves. A shadow gets
// the same readings, times and setpoints without Hold. What is on without Hold is on in the
// shadow; what is held was on before and is where the shadow may heat; the call for heat is
// the shadow's own at every step.
func TestAHeldValveIsOnlyHeldWhereItsShadowMayHeat(t *testing.T) {
	days := 300
	if testing.Short() {
		days = 120
	}
	var total held
	for seed := range uint64(days) {
		d := newDay(seed)
		d.p.Cooler = false
		d.p.Heater = true
		if complaint := liveHeldDay(d, &total); complaint != "" {
			t.Fatalf("day %d: %s", seed, complaint)
		}
	}
	t.Logf("%+v", total)
	if total.kept < 5*days || total.moved < 50*days || total.lagged < days || total.idle < days/6 {
		t.Errorf("the days show little: %+v", total)
	}
}

// liveHeldDay lives one day with a source that asks for anything at any time.
func liveHeldDay(d *day, total *held) (complaint string) {
	b := newBooks(d.p, d.now)
	holds := rand.New(rand.NewPCG(d.rng.Uint64(), 25))
	var zone, shadow State
	var hold ValveHold
	valve := stretch{since: d.now, rest: d.p.MinOff}
	in := d.input()
	for end := d.now.Add(24 * 60 * minute); d.now.Before(end); in = d.next(zone) {
		switch holds.IntN(30) {
		case 0:
			hold = ValveHold{Keep: holds.IntN(2) == 0}
		case 1:
			hold = ValveHold{Move: holds.IntN(4) == 0}
		}
		if idle := in.Bar && hold.Keep && zone.Heater.On; idle {
			in.Bar, in.Idle = false, true
		}
		b.enter(in)
		alone := in
		alone.Hold, alone.Bar, alone.Idle = ValveHold{}, in.Bar || in.Idle, false
		in.Hold = hold
		was := zone
		zone, shadow = Decide(d.p, zone, in), Decide(d.p, shadow, alone)
		if complaint := b.holds(in, was, zone, shadow, &valve, total); complaint != "" {
			return fmt.Sprintf("after %v: %s\nparams %+v\nwas %+v\nin %+v\nis %+v\nshadow %+v", in.Now.Sub(morning), complaint, d.p, was, in, zone, shadow)
		}
	}
	return ""
}

// holds holds a decision against its shadow, and keeps books of the valve.
func (b *books) holds(in Input, was, zone, shadow State, valve *stretch, total *held) string {
	on, now := zone.Heater.On, in.Now
	safe := b.fresh(now) && !b.hot && !b.tripped[0] && !in.Bar && b.p.Heater
	age := now.Sub(valve.since)
	switch {
	case zone.Call != shadow.Heater:
		return "the call is not the shadow's"
	case on && !shadow.Heater.On && in.Hold == ValveHold{}:
		return "on without Hold where the shadow is off"
	case on && !shadow.Heater.On && !safe:
		return "held against a guard"
	case on && !shadow.Heater.On && in.Hold.Keep && (!was.Heater.On || !b.heats()):
		return "Keep has opened a valve, or keeps one in mode off"
	case on && !shadow.Heater.On && in.Hold.Move && (b.icy || in.Idle || b.taken.Celsius >= b.p.HeatCutout-2):
		return "exercise where it may not be"
	case !on && was.Heater.On && shadow.Heater.On && age < b.p.MinOn:
		return "off while called, before its min_on"
	case on && !was.Heater.On && age < valve.rest:
		return fmt.Sprintf("on %v after going off, rest %v", age, valve.rest)
	case on && b.p.MaxOn > 0 && was.Heater.On && age >= b.p.MaxOn:
		return "on past max_on"
	case (zone.Action == ActionHeating) != (on && shadow.Heater.On):
		return fmt.Sprintf("action %v", zone.Action)
	case on && !shadow.Heater.On && in.Hold.Move && zone.Reason != ReasonExercise:
		return fmt.Sprintf("exercise with reason %v", zone.Reason)
	case zone.Reason == ReasonPreheat && (!in.Preheat && !(in.Model.Trusted && in.Next.Known) || zone.Action != ActionHeating):
		return "preheat where nothing heats for a transition"
	case zone.Reason == ReasonOverrun && (!on || shadow.Heater.On || !in.Hold.Keep):
		return "overrun where nothing is held"
	case !on && was.Heater.On && in.Hold.Keep && safe && b.heats() && (b.p.MaxOn == 0 || age < b.p.MaxOn):
		return "closed though it is held and allowed"
	}
	if valve.on != on {
		*valve = stretch{on: on, since: now, ever: true, rest: b.p.MinOff}
	}
	if on && !shadow.Heater.On {
		total.kept += btoi(in.Hold.Keep)
		total.moved += btoi(in.Hold.Move)
		total.idle += btoi(in.Idle)
	}
	total.lagged += btoi(!on && shadow.Heater.On)
	return ""
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
