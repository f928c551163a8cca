package controlloop

import (
	"context"
	"testing"
	"time"
)

// supplied is a zone of a source, in the test's own time.
type supplied struct {
	*Stepper
	zone   *Zone
	now    time.Time
	gives  Supply
	open   bool // a window
	look   Look
	last   Snapshot
	sensor thermometer
	valve  plug
}

// thermometer says what a test puts into it.
type thermometer struct {
	celsius float64
	at      time.Time
}

func (m *thermometer) Read(context.Context) (Reading, error) {
	return Temperature(m.celsius, m.at), nil
}

// plug is a relay that obeys.
type plug struct{ on bool }

func (p *plug) Set(on bool) error { p.on = on; return nil }

func newSupplied(valve bool) *supplied {
	s := &supplied{now: morning}
	s.sensor.celsius = 18
	p := room()
	p.Cooler, p.MaxRate = false, 1e5
	s.zone = &Zone{
		Name: "hall", Params: p, Sensor: &s.sensor, Supply: func() Supply { return s.gives },
		Plan: func(said Setpoint, look Look) Target {
			s.look = look
			return Target{Setpoint: said, Bar: s.open}
		},
		Observe: func(n Snapshot) { s.last = n },
	}
	if valve {
		s.zone.Heater = &s.valve
	}
	s.Stepper = NewStepper(s.zone, heat(20), s.now)
	s.tick(20) // the first reading is confirmed by the second
	s.tick(20)
	return s
}

// tick lets a sample pass.
func (s *supplied) tick(celsius float64) {
	s.now = s.now.Add(s.zone.Params.Sample)
	s.sensor.celsius, s.sensor.at = celsius, s.now
	s.Tick(s.now)
}

// is holds the zone against what it must be.
func (s *supplied) is(t *testing.T, what string, open bool, action Action, reason Reason) {
	t.Helper()
	if s.valve.on != open || s.last.State.Action != action || s.last.State.Reason != reason {
		t.Errorf("%s: valve open %v, %v by %s; want %v, %v by %s", what, s.valve.on, s.last.State.Action, s.last.State.Reason, open, action, reason)
	}
}

// TestAWindowShutsAValveOnlyOnceItsSourceHasServedItsTimes: the call ends at once; what is not held shuts at once.
func TestAWindowShutsAValveOnlyOnceItsSourceHasServedItsTimes(t *testing.T) {
	s := newSupplied(true)
	s.zone.Params.MinOn = minute
	s.tick(18)
	s.is(t, "calls", true, ActionHeating, ReasonTooCold)
	s.open, s.gives = true, Supply{On: true, Hold: ValveHold{Keep: true}}
	s.tick(18)
	s.is(t, "a window, held", true, ActionIdle, ReasonWindowOpen)
	s.gives = Supply{}
	s.tick(18)
	s.is(t, "a window, let go", false, ActionIdle, ReasonWindowOpen)
	s.open = false
	s.tick(18)
	s.is(t, "shut again", true, ActionHeating, ReasonTooCold)
	s.gives.Hold.Keep = true
	s.tick(36)
	s.is(t, "a cut-out", false, ActionIdle, ReasonHeatCutout)
}

// TestWithItsSourceOffAnOrderIsLostForWatchersAndOffForTheLearner, with a valve and without one.
func TestWithItsSourceOffAnOrderIsLostForWatchersAndOffForTheLearner(t *testing.T) {
	for _, valve := range []bool{true, false} {
		s := newSupplied(valve)
		for range 13 * 360 { // longer than any room needs to follow
			s.tick(18)
		}
		if s.look.Heating || s.last.State.Action != ActionHeating || s.last.Guard.Heat.Idle {
			t.Errorf("valve %v, source off: heating %v, %v, not_warming %v", valve, s.look.Heating, s.last.State.Action, s.last.Guard.Heat.Idle)
		}
		s.gives.On = true
		for range 13 * 360 {
			s.tick(18)
		}
		if !s.look.Heating || !s.last.Guard.Heat.Idle {
			t.Errorf("valve %v, source on: heating %v, not_warming %v", valve, s.look.Heating, s.last.Guard.Heat.Idle)
		}
	}
}

// TestASuspendShutsAValveAndItsRestBegins: nobody knows what the source has done meanwhile.
func TestASuspendShutsAValveAndItsRestBegins(t *testing.T) {
	s := newSupplied(true)
	var slept time.Duration
	s.zone.Slept = func() time.Duration { return slept }
	s.tick(18)
	s.gives.Hold.Keep = true
	s.tick(21)
	s.is(t, "held", true, ActionIdle, ReasonOverrun)
	slept = time.Hour
	s.tick(21)
	s.is(t, "after a suspend", false, ActionIdle, ReasonStale)
}

// TestTheSafetyRelayIsClosedWhileAValveIsExercised: in mode off, too, since the valve moves by its
// current; and by nothing but that.
func TestTheSafetyRelayIsClosedWhileAValveIsExercised(t *testing.T) {
	s, safety := newSupplied(true), &plug{}
	s.zone.safety = KnownRelay{Relay: safety}
	s.Set(Setpoint{Mode: ModeOff}, s.now)
	for range 30 {
		s.tick(20)
	}
	s.is(t, "mode off", false, ActionOff, ReasonModeOff)
	if safety.on {
		t.Error("closed in mode off")
	}
	s.gives.Hold.Move = true
	s.tick(20)
	if s.is(t, "exercised", true, ActionOff, ReasonExercise); !safety.on {
		t.Error("open, and so the valve does not move")
	}
	s.gives.Hold.Move = false
	s.tick(20)
	if s.is(t, "over", false, ActionOff, ReasonModeOff); safety.on {
		t.Error("closed after it")
	}
}
