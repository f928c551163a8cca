package client

import (
	"errors"
	"testing"

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
