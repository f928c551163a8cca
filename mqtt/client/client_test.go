package client

import (
	"errors"
	"strings"
	"testing"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/report"
	"thermostat/mqtt/broker"
	"thermostat/mqtt/setpoint"
	"thermostat/mqtt/wire"
)

// TestAZonesScheduleIsWhatIsRetainedOfIt: without a state or an info nobody knows it, and version
// 1.0, which tells nothing of its clock, has none.
func TestAZonesScheduleIsWhatIsRetainedOfIt(t *testing.T) {
	state := &report.State{Zone: "hall", Mode: "auto"}
	info := &wire.Info{Clock: "synced", Timezone: "Europe/Berlin", Zones: map[string]wire.ZoneInfo{"hall": {Program: &wire.Program{Week: "06:00 20"}}, "attic": {}}}
	if s, err := (retainedZone{state: state, info: info}).schedule("hall"); err != nil || s.Program.Week != "06:00 20" || s.Timezone != "Europe/Berlin" || s.State.Mode != "auto" {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err := (retainedZone{state: state, info: info}).schedule("attic"); err != nil || s.Program.Week != "" {
		t.Errorf("without a program: %+v, %v", s, err)
	}
	for name, c := range map[string]struct {
		zone retainedZone
		want error
	}{
		"no state": {retainedZone{info: info}, broker.ErrNoAnswer}, "no info": {retainedZone{state: state}, broker.ErrNoAnswer}, "1.0": {retainedZone{state: state, info: &wire.Info{Version: "1.0.0"}}, ErrNoPrograms},
	} {
		if s, err := c.zone.schedule("hall"); !errors.Is(err, c.want) {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}

// TestAnAnswerAboutTheOtherTopicIsNotTheAnswer: a program's is none to a boost, nor a control's
// one to a program; version 1.0 names no topic, and has controls alone.
func TestAnAnswerAboutTheOtherTopicIsNotTheAnswer(t *testing.T) {
	for _, row := range []struct {
		topic, what string
		is          bool
	}{
		{"program", "set/program", true}, {"control", "set/program", false}, {"", "set/program", false},
		{"program", "set/boost", false}, {"control", "set/boost", true}, {"", "set/clear", true}, {"control", "control", true}, {"program", "control", false},
	} {
		if is := isAbout(setpoint.Answer{Topic: row.topic}, row.what); is != row.is {
			t.Errorf("%q to %s: %v", row.topic, row.what, is)
		}
	}
}

// TestForEverFromAutoIsTheModeOfTheProgram: a zone that cools by its program does not begin to heat.
// Where that is not known, a zone that can do both is not guessed about.
func TestForEverFromAutoIsTheModeOfTheProgram(t *testing.T) {
	off, desired, delta := "off", 24.0, 0.3
	state := &report.State{Zone: "hall", Mode: "auto", Desired: &desired, UpDelta: &delta, DownDelta: &delta, Reason: "in_band", Heater: &off, Cooler: &off, Control: &report.Control{Mode: "auto"}}
	for _, mode := range []controlloop.Mode{controlloop.ModeHeat, controlloop.ModeCool, controlloop.ModeHeatCool} {
		info := &wire.Info{Zones: map[string]wire.ZoneInfo{"hall": {Program: &wire.Program{Week: "06:00 24", Mode: mode.String()}}}}
		c, err := retainedZone{state: state, info: info}.control(Request{Zone: "hall", Hold: Hold{Permanent: true}}, time.Now())
		if err != nil || controlloop.Mode(c.GetMode()) != mode || c.GetDesired() != 24 || c.HoldUntil != nil || c.Then != nil {
			t.Errorf("%v: %v, %v", mode, c, err)
		}
	}
	if c, err := (retainedZone{state: state}).control(Request{Zone: "hall", Hold: Hold{Permanent: true}}, time.Now()); err == nil || !strings.Contains(err.Error(), "--mode") {
		t.Errorf("not known: %v, %v", c, err)
	}
	programOff := *state
	programOff.Desired, programOff.Reason = nil, controlloop.ReasonModeOff
	if c, err := (retainedZone{state: &programOff}).control(Request{Zone: "hall", Hold: Hold{Permanent: true}}, time.Now()); err != nil || controlloop.Mode(c.GetMode()) != controlloop.ModeOff {
		t.Errorf("while the program is off: %v, %v", c, err)
	}
	named := controlloop.ModeCool
	if c, err := (retainedZone{state: state}).control(Request{Zone: "hall", Mode: &named, Hold: Hold{Permanent: true}}, time.Now()); err != nil || controlloop.Mode(c.GetMode()) != named {
		t.Errorf("named: %v, %v", c, err)
	}
}

// TestAHoldUntilTheNextTransitionIsNoLongerThanTheLongest: by what the agent's info tells, or who
// reaches it by its page. Where that is not known it ends with the transition.
func TestAHoldUntilTheNextTransitionIsNoLongerThanTheLongest(t *testing.T) {
	now, desired, delta := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC), 20.5, 0.3
	for name, row := range map[string]struct {
		next, most time.Duration
		want       time.Duration
	}{
		"near": {2 * time.Hour, 12 * time.Hour, 2 * time.Hour}, "of a week with one": {160 * time.Hour, 12 * time.Hour, 12 * time.Hour}, "not known": {160 * time.Hour, 0, 160 * time.Hour},
	} {
		state := &report.State{Zone: "hall", Mode: "auto", Desired: &desired, UpDelta: &delta, DownDelta: &delta, Reason: "in_band", Next: &report.Next{At: now.Add(row.next)}, Control: &report.Control{Mode: "auto"}}
		info := &wire.Info{Zones: map[string]wire.ZoneInfo{"hall": {Program: &wire.Program{Mode: "heat"}, HoldMaxS: row.most.Seconds()}}}
		q := Request{Zone: "hall", Hold: Hold{Next: true}}
		for _, zone := range []retainedZone{{state: state, info: info}, {state: state, plan: Plan{HoldMax: row.most}}} {
			c, err := zone.control(q, now)
			if err != nil || !c.GetHoldUntil().AsTime().Equal(now.Add(row.want)) {
				t.Errorf("%s: %v, %v", name, c, err)
			}
		}
	}
}
