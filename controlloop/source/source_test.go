package source

import (
	"testing"
	"time"
)

// plain is a boiler with a pump as docs/boiler.md wires it.
func plain() Params {
	return Params{Pump: true, ValveOpen: 210 * time.Second, PumpOverrun: 5 * minute, MinOn: 5 * minute, MinOff: 5 * minute, Call: 1, Move: 5 * minute}
}

// script is a source and rows of zones that a test writes by hand; each has a sample of 5 s.
type script struct {
	p     Params
	now   time.Time
	rows  []Demand
	state State
}

func scripted(p Params, zones ...Demand) *script {
	s := &script{p: p, now: morning, rows: zones}
	s.pass(0)
	return s
}

// pass lets time pass, with a step and fresh snapshots at its end and every 5 s before.
func (s *script) pass(d time.Duration) *script {
	for end := s.now.Add(d); ; s.now = s.now.Add(5 * time.Second) {
		for i := range s.rows {
			z := &s.rows[i]
			z.At, z.Reading, z.Sample, z.StaleAfter = s.now, s.now, 5*time.Second, minute
			if i < len(s.state.Holds) {
				z.Kept = s.state.Holds[i].Keep
			}
		}
		s.state = Source(s.p, s.state, s.rows, s.now)
		if !s.now.Before(end) {
			return s
		}
	}
}

// opens makes a zone call and open its valve; shuts ends its call, and the valve's being open unless it is held.
func (s *script) opens(i int) *script {
	s.rows[i].Calls, s.rows[i].Open, s.rows[i].Since = true, s.rows[i].Valve, s.now
	return s
}

func (s *script) shuts(i int) *script {
	s.rows[i].Calls, s.rows[i].Open = false, s.rows[i].Valve && s.state.Holds[i].Keep
	return s
}

func (s *script) is(t *testing.T, what string, on, pump bool, why Reason) {
	t.Helper()
	if s.state.On != on || s.state.Pump != pump || s.state.Reason != why {
		t.Errorf("%s: source %v, pump %v, %s; want %v, %v, %s", what, s.state.On, s.state.Pump, s.state.Reason, on, pump, why)
	}
}

var valve, open = Demand{Valve: true, Calm: true}, Demand{}

// TestABoilerServesItsTimesThroughTheLastValve: from the first call to the last valve.
func TestABoilerServesItsTimesThroughTheLastValve(t *testing.T) {
	s := scripted(plain(), valve, valve)
	s.pass(time.Hour).is(t, "nobody calls", false, false, ReasonNone)
	s.opens(0).pass(205*time.Second).is(t, "the valve opens", false, false, ReasonOpening)
	s.pass(10*time.Second).is(t, "it is open", true, true, ReasonDemand)
	s.shuts(0).pass(minute).is(t, "its min_on", true, true, ReasonMinOn)
	if !s.state.Holds[0].Keep || s.state.Holds[1].Keep {
		t.Errorf("holds %v", s.state.Holds)
	}
	s.pass(4*minute).is(t, "its overrun", false, true, ReasonOverrun)
	s.opens(1).pass(4*minute).is(t, "called for within its min_off", false, true, ReasonMinOff)
	s.pass(minute).is(t, "and after", true, true, ReasonDemand)
	s.shuts(1).pass(10*minute).is(t, "over", false, false, ReasonNone)
	if s.state.Holds[0].Keep || s.state.Holds[1].Keep {
		t.Errorf("holds %v", s.state.Holds)
	}
}

// TestASourceWaitsForAsManyValvesAsItNeeds, and for no other: its wait is told.
func TestASourceWaitsForAsManyValvesAsItNeeds(t *testing.T) {
	for call, want := range map[int]time.Duration{1: 30 * time.Second, 2: 150 * time.Second, 3: 210 * time.Second} {
		p := plain()
		p.Call = call
		s := scripted(p, valve, valve, valve).pass(time.Hour)
		s.opens(2).pass(2 * minute).opens(0).pass(minute).opens(1).pass(0)
		if s.state.Reason != ReasonOpening || s.state.Wait != want {
			t.Errorf("of three valves %d must be open: %s, %v, want %v", call, s.state.Reason, s.state.Wait, want)
		}
	}
}

// TestOneZoneThatIsFreezingIsEnough, where two must call.
func TestOneZoneThatIsFreezingIsEnough(t *testing.T) {
	p := plain()
	p.Call = 2
	s := scripted(p, valve, valve)
	s.pass(time.Hour).opens(0).pass(10*minute).is(t, "one of two", false, false, ReasonNone)
	s.rows[0].Frost = true
	s.pass(10*time.Second).is(t, "it is freezing", true, true, ReasonDemand)
}

// TestABypassServesTheOverrunWhenAGuardShutsTheLastValve, and nothing else does.
func TestABypassServesTheOverrunWhenAGuardShutsTheLastValve(t *testing.T) {
	for _, bypass := range []bool{true, false} {
		p := plain()
		p.Bypass = bypass
		s := scripted(p, valve).pass(time.Hour).opens(0).pass(4 * minute)
		s.is(t, "called for", true, true, ReasonDemand)
		s.rows[0].Calls, s.rows[0].Open = false, false
		s.pass(0)
		s.is(t, "shut", false, bypass, map[bool]Reason{true: ReasonOverrun, false: ReasonNone}[bypass])
		s.pass(5*minute).is(t, "later", false, false, ReasonNone)
	}
}

// TestTheCutOutOfAZoneWithoutAValveBarsTheSource: what else is open serves the overrun.
func TestTheCutOutOfAZoneWithoutAValveBarsTheSource(t *testing.T) {
	s := scripted(plain(), valve, open).pass(time.Hour).opens(0).pass(4 * minute)
	s.is(t, "called for", true, true, ReasonDemand)
	s.rows[1].Cutout = true
	s.pass(0).is(t, "a cut-out", false, true, ReasonCutout)
	s.shuts(0).pass(5*minute).is(t, "its overrun is over", false, false, ReasonCutout)
	s.rows[1].Cutout = false
	s.opens(1).pass(0).is(t, "it calls itself, and has no valve to wait for", true, true, ReasonDemand)
}

// TestNoTwoSwitchesAtOneInstant, without any min_off.
func TestNoTwoSwitchesAtOneInstant(t *testing.T) {
	p := plain()
	p.MinOff, p.MinOn = 0, 0
	s := scripted(p, open)
	s.opens(0).pass(0).is(t, "the first instant", false, false, ReasonStarting)
	s.pass(5*time.Second).is(t, "the next", true, true, ReasonDemand)
	s.shuts(0).pass(0)
	s.is(t, "at one instant with going on", true, true, ReasonMinOn)
	s.pass(5*time.Second).is(t, "after it", false, true, ReasonOverrun)
	s.opens(0).pass(0).is(t, "at one instant with going off", false, true, ReasonMinOff)
}

// TestASourceThatDoesNotObeyKeepsPumpAndValves as they are, until it does; then its overrun begins.
func TestASourceThatDoesNotObeyKeepsPumpAndValves(t *testing.T) {
	s := scripted(plain(), valve, valve).pass(time.Hour).opens(0).opens(1).pass(10 * minute)
	s.shuts(0).rows[1].Calls = false
	s.pass(0)
	s.state.Stuck = true
	s.pass(time.Hour)
	if !s.state.Pump || !s.state.Holds[1].Keep {
		t.Errorf("pump %v, holds %v", s.state.Pump, s.state.Holds)
	}
	s.opens(0).pass(10 * minute)
	if s.state.On {
		t.Error("a source that did not go off is told to go on")
	}
}

// TestAPumpIsMovedThroughAValve: never against a shut one, and both have moved then.
func TestAPumpIsMovedThroughAValve(t *testing.T) {
	s := scripted(plain(), valve).pass(time.Hour)
	s.state.Stood = true
	s.pass(10 * time.Second)
	if s.state.Reason != ReasonExercise || !s.state.Holds[0].Move || s.state.Pump {
		t.Fatalf("%+v", s.state)
	}
	s.rows[0].Open, s.rows[0].Since = true, s.now
	s.state.Stood = false // who counts sees the pump's only move begin
	s.pass(205*time.Second).is(t, "the valve opens", false, false, ReasonExercise)
	s.pass(10*time.Second).is(t, "it is open", false, true, ReasonExercise)
	s.pass(4*minute).is(t, "it runs", false, true, ReasonExercise)
	s.pass(minute).is(t, "over", false, false, ReasonNone)
	s.rows[0].Open, s.state.Stood = false, true
	s.pass(10*time.Second).is(t, "another", false, false, ReasonExercise)
	s.opens(0).pass(0)
	s.is(t, "a call ends it", false, false, ReasonOpening)
}

// TestTheSourceWaitsUntilItsValveHasHeardThatItStaysOpen: what a zone had heard before it was asked is no answer.
func TestTheSourceWaitsUntilItsValveHasHeardThatItStaysOpen(t *testing.T) {
	p := plain()
	p.ValveOpen, p.MinOff = 0, 0
	s := Source(p, State{}, []Demand{{}}, morning)
	d := []Demand{{At: morning.Add(5 * time.Second), Sample: 5 * time.Second, StaleAfter: minute, Valve: true, Calls: true, Open: true, Since: morning, Kept: true}}
	s = Source(p, s, d, d[0].At)
	s = Source(p, s, d, d[0].At.Add(time.Second))
	if s.On || s.Reason != ReasonOpening {
		t.Errorf("on %v, %s", s.On, s.Reason)
	}
	d[0].At = d[0].At.Add(2 * time.Second)
	if s = Source(p, s, d, d[0].At); !s.On {
		t.Errorf("off, %s, though its valve has heard", s.Reason)
	}
}
