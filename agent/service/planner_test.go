package service

import (
	"math"
	"strings"
	"testing"
	"time"

	"thermostat/agent/clitest"
	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/program"
)

// unsynced is a planner on a board whose clock nobody vouches for, and a plan for it.
func unsynced(t *testing.T) (*Planner, *board, comfort.Plan) {
	t.Helper()
	week, err := program.Parse("06:00 21, 22:00 17")
	if err != nil {
		t.Fatal(err)
	}
	b := &board{wall: time.Unix(0, 0), synced: &no}
	law := controlloop.Params{Heater: true, DesiredMin: 5, DesiredMax: 28, HeatCutout: 35, PlausibleMax: 70, MaxRate: 100, Sample: time.Second, StaleAfter: time.Minute}
	plan := comfort.Plan{Calendar: program.Calendar{Week: week, Place: time.UTC}, Mode: controlloop.ModeHeat, HoldMax: time.Hour, Unsynced: comfort.Last}
	return &Planner{Law: law, Trust: b.trust(), Alarms: controlloop.NewAlarms()}, b, plan
}

// TestAProgramWithoutAClockStaysAndIsToldAfterTenMinutes: on the last transition that was
// kept, and the fault ends with the clock, which the program then follows.
func TestAProgramWithoutAClockStaysAndIsToldAfterTenMinutes(t *testing.T) {
	p, b, plan := unsynced(t)
	p.Follow(plan)
	p.Recall("17", comfort.Learned{})
	var is controlloop.Snapshot
	z := &controlloop.Zone{
		Params: p.Law,
		Sensor: clitest.Steady(15), Heater: clitest.Obedient{}, Plan: p.Target, Alarms: p.Alarms,
		Observe: func(s controlloop.Snapshot) { is = s },
	}
	s := controlloop.NewStepper(z, controlloop.Setpoint{Mode: controlloop.ModeAuto, Desired: math.NaN(), UpDelta: 1, DownDelta: 1}, b.wall)
	want := func(after time.Duration, desired float64, faults int) {
		t.Helper()
		s.Tick(b.after(after))
		s.Tick(b.after(0)) // which shows what the one before has told
		n := 0
		for _, f := range is.Faults {
			if f.Name == controlloop.FaultClock {
				n++
			}
		}
		if is.Setpoint.Desired != desired || n != faults {
			t.Errorf("%v: aims at %v with %v, want %v and %d", b.wall, is.Setpoint.Desired, is.Faults, desired, faults)
		}
	}
	want(2*time.Second, 17, 0)
	want(9*time.Minute, 17, 0)
	want(time.Minute, 17, 1)
	b.wall, b.synced = today, &yes // 7 o'clock
	want(2*time.Second, 21, 0)
	if p.Last() != "21" {
		t.Errorf("keeps %q", p.Last())
	}
}

// TestTheFaultOfTheClockIsThatOfAProgram: it ends with the program and comes back with one, and
// of a program that follows the clock all the same it does not say that it stands still.
func TestTheFaultOfTheClockIsThatOfAProgram(t *testing.T) {
	p, b, with := unsynced(t)
	follows, without := with, with
	follows.Unsynced, without.Week = comfort.Follow, program.Week{}
	p.Follow(with)
	text := ""
	z := &controlloop.Zone{Params: p.Law, Sensor: clitest.Steady(15), Heater: clitest.Obedient{}, Plan: p.Target, Alarms: p.Alarms, Observe: func(s controlloop.Snapshot) {
		text = ""
		for _, f := range s.Faults {
			if f.Name == controlloop.FaultClock {
				text = f.Text
			}
		}
	}}
	s := controlloop.NewStepper(z, controlloop.Setpoint{Mode: controlloop.ModeAuto, Desired: math.NaN(), UpDelta: 1, DownDelta: 1}, b.wall)
	for i, row := range []struct {
		plan comfort.Plan
		says string
	}{{with, "does not step: "}, {without, ""}, {follows, "may step at wrong times: "}, {with, "does not step: "}} {
		p.Follow(row.plan)
		s.Tick(b.after(10 * time.Minute))
		s.Tick(b.after(0)) // which shows what the one before has told
		if !strings.Contains(text, row.says) || (text == "") != (row.says == "") {
			t.Errorf("%d: %q", i, text)
		}
	}
}

// TestWhatDoesNotFitTheLimitsIsBroughtInsideAndTold: a control with wide deltas was accepted
// once, and the program or a limit has changed since.
func TestWhatDoesNotFitTheLimitsIsBroughtInsideAndTold(t *testing.T) {
	week, err := program.Parse("06:00 27, 22:00 20")
	if err != nil {
		t.Fatal(err)
	}
	b := &board{wall: today, synced: &yes} // 7 o'clock
	p := &Planner{
		Law:   controlloop.Params{Heater: true, DesiredMin: 5, DesiredMax: 28, HeatCutout: 35, Sample: time.Second},
		Trust: b.trust(), Alarms: controlloop.NewAlarms(),
	}
	p.Follow(comfort.Plan{Calendar: program.Calendar{Week: week, Place: time.UTC}, Mode: controlloop.ModeHeat, HoldMax: time.Hour})
	told := func() (text string) {
		controlloop.NewStepper(&controlloop.Zone{Params: p.Law, Sensor: clitest.Steady(15), Alarms: p.Alarms, Observe: func(s controlloop.Snapshot) {
			for _, f := range s.Faults {
				if f.Name == controlloop.FaultProgram {
					text = f.Text
				}
			}
		}}, controlloop.Setpoint{}, b.wall)
		return text
	}
	auto := controlloop.Setpoint{Mode: controlloop.ModeAuto, Desired: math.NaN(), UpDelta: 9, DownDelta: 1}
	if sp := p.Target(auto, controlloop.Look{Now: b.wall}).Setpoint; sp.Desired != 25.9 || !strings.Contains(told(), "holds 25.9 °C") {
		t.Errorf("aims at %+v, told %q", sp, told())
	}
	auto.UpDelta = 1
	if sp := p.Target(auto, controlloop.Look{Now: b.wall}).Setpoint; sp.Desired != 27 || told() != "" {
		t.Errorf("what fits: aims at %+v, told %q", sp, told())
	}
	auto.UpDelta = 30 // no temperature fits
	if sp := p.Target(auto, controlloop.Look{Now: b.wall}).Setpoint; sp.Mode != controlloop.ModeOff || !strings.Contains(told(), "is off") {
		t.Errorf("aims at %+v, told %q", sp, told())
	}
}

// saysOpen is a contact that says open, or with a trouble nothing.
type saysOpen struct{ trouble string }

func (s *saysOpen) Position(time.Time) (controlloop.Position, string) {
	if s.trouble != "" {
		return controlloop.WindowUnknown, s.trouble
	}
	return controlloop.WindowOpen, ""
}

// TestAnOpenWindowBarsAndASilentContactIsAFault: which ends with the contact's next word.
func TestAnOpenWindowBarsAndASilentContactIsAFault(t *testing.T) {
	contact := &saysOpen{}
	p := &Planner{Trust: &ClockTrust{Always: true}, Alarms: controlloop.NewAlarms(), Contact: contact}
	p.Law = controlloop.Params{Heater: true, DesiredMin: 5, DesiredMax: 28, HeatCutout: 35, PlausibleMin: -30, PlausibleMax: 70, MaxRate: 5, Sample: time.Second, StaleAfter: time.Minute}
	p.Follow(comfort.Plan{Mode: controlloop.ModeHeat, Window: comfort.Window{Contact: true}})
	told := map[controlloop.FaultName]string{}
	zone := &controlloop.Zone{Params: p.Law, Sensor: clitest.Steady(15), Alarms: p.Alarms, Plan: p.Target, Observe: func(s controlloop.Snapshot) {
		clear(told)
		for _, f := range s.Faults {
			told[f.Name] = f.Text
		}
	}}
	now := time.Now()
	s := controlloop.NewStepper(zone, controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: 20, UpDelta: 1, DownDelta: 1}, now)
	for i, trouble := range []string{"", "silent", ""} {
		contact.trouble = trouble
		for range 3 {
			now = now.Add(time.Second)
			s.Tick(now)
		}
		if got := s.Target(); got.Bar != (trouble == "") || told[controlloop.FaultContact] != trouble || s.State().Heater.On == got.Bar {
			t.Errorf("%d: %+v, faults %v, heater %v", i, got, told, s.State().Heater.On)
		}
	}
}

// TestAPreheatFitsTheLimitsAsItsTransitionDoes: what a program asks for later is brought inside them earlier, too.
func TestAPreheatFitsTheLimitsAsItsTransitionDoes(t *testing.T) {
	for _, row := range []struct {
		week    string
		up      float64
		mode    controlloop.Mode
		desired float64
	}{
		{"07:30 27, 22:00 20", 1, controlloop.ModeHeat, 27},
		{"07:30 35, 22:00 20", 1, controlloop.ModeHeat, 28},
		{"07:30 27, 22:00 20", 9, controlloop.ModeHeat, 25.9},
		{"07:30 27, 22:00 20", 30, controlloop.ModeOff, 4.9},
	} {
		week, err := program.Parse(row.week)
		if err != nil {
			t.Fatal(err)
		}
		b := &board{wall: today, synced: &yes} // 7 o'clock
		p := &Planner{
			Law:   controlloop.Params{Heater: true, DesiredMin: 5, DesiredMax: 28, HeatCutout: 35, Sample: time.Second, StaleAfter: time.Minute},
			Trust: b.trust(), Alarms: controlloop.NewAlarms(),
		}
		p.Follow(comfort.Plan{Calendar: program.Calendar{Week: week, Place: time.UTC}, Mode: controlloop.ModeHeat, HoldMax: time.Hour, Warming: comfort.Warming{Rate: 2}})
		auto := controlloop.Setpoint{Mode: controlloop.ModeAuto, Desired: math.NaN(), UpDelta: row.up, DownDelta: 1}
		for at, why := range map[time.Duration]string{0: comfort.Preheating, time.Hour: comfort.Program} {
			now := b.wall.Add(at)
			got := p.Target(auto, controlloop.Look{Now: now, Reading: controlloop.Temperature(15, now)})
			if got.Why != why || got.Setpoint.Mode != row.mode || math.Abs(got.Setpoint.Desired-row.desired) > 1e-9 {
				t.Errorf("%+v, %v later: %s %v %v", row, at, got.Why, got.Setpoint.Mode, got.Setpoint.Desired)
			}
		}
	}
}

// TestEachPlanCounts: whoever shows a program sees by it that there is another.
func TestEachPlanCounts(t *testing.T) {
	var p Planner
	for n := range uint64(3) {
		if p.Plans() != n {
			t.Errorf("%d plans, want %d", p.Plans(), n)
		}
		p.Follow(comfort.Plan{})
	}
}
