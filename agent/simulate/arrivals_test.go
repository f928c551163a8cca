package simulate

import (
	"math"
	"strings"
	"testing"

	"thermostat/agent/clitest"
)

// linearNight is a room that cools by 1 K an hour and warms by 1 K in ten minutes: from
// 20 °C at midnight it is at 14 °C at six.
const linearNight = `device: den
zones:
  - name: hall
    sensor: {driver: simulated, model: linear, start: 20, up: 10m, down: 1h}
    heater: {driver: simulated}
    preheat: off
`

// TestTheRoomIsAsLateAsItTakesToWarm: from 14 °C to 19.5 °C it is 55 minutes; out of off
// it is as well, and the way down does not count.
func TestTheRoomIsAsLateAsItTakesToWarm(t *testing.T) {
	for _, week := range []string{"00:00 10, 06:00 20, 22:00 17", "00:00 off, 06:00 20, 22:00 off"} {
		file := clitest.Written(t, linearNight+"    program: \""+week+"\"\n")
		r := simulateRuns(t, "--config", file, "--days", "1")[0]
		if r.Transitions == nil || *r.Transitions != 1 || math.Abs(*r.LateMeanS-55*60) > 15 || *r.LateWorstS != *r.LateMeanS || *r.EarlyMeanS != 0 || *r.EarlyWorstS != 0 {
			t.Errorf("%s: %+v", week, r.arrivalsJSON)
		}
		out, _, err := runSimulate("--config", file, "--days", "1")
		if err != nil || !strings.Contains(out, "transitions 1 to a warmer temperature: on average 55.") {
			t.Errorf("%v %s", err, out)
		}
	}
}

// TestAPreheatedRoomIsNotLate: of the same night, once it has learned.
func TestAPreheatedRoomIsNotLate(t *testing.T) {
	night := strings.Replace(linearNight, "    preheat: off\n", "    law: hysteresis\n", 1) + "    program: 00:00 10, 06:00 20\n"
	r := simulateRuns(t, "--config", clitest.Written(t, night), "--days", "12")[0]
	if *r.Transitions != 12 || *r.LateMeanS > 60 || *r.EarlyMeanS > 25*60 {
		t.Errorf("%d, late %v, early %v", *r.Transitions, *r.LateMeanS, *r.EarlyMeanS)
	}
}

// TestWithoutATransitionThatCountsNothingIsLate: in a week that only cools down, and in a
// zone without a program.
func TestWithoutATransitionThatCountsNothingIsLate(t *testing.T) {
	file := clitest.Written(t, linearNight+"    program: 12:00 15\n")
	if r := simulateRuns(t, "--config", file, "--days", "2")[0]; *r.Transitions != 0 || r.LateMeanS != nil || r.EarlyWorstS != nil {
		t.Errorf("%+v", r.arrivalsJSON)
	}
	if r := simulateRuns(t, "--room", "linear", "--days", "2")[0]; r.arrivalsJSON != (arrivalsJSON{}) {
		t.Errorf("%+v", r.arrivalsJSON)
	}
}

// TestVaryTellsWhichSettingIsLeastLate: in a zone that follows its program every row has
// the figure, and settings that do not fit the program are refused.
func TestVaryTellsWhichSettingIsLeastLate(t *testing.T) {
	file := clitest.Written(t, linearNight+"    program: 00:00 10, 06:00 20\n")
	runs := simulateRuns(t, "--config", file, "--days", "1", "--vary", "down_delta=0.5,2.5")
	if len(runs) != 2 || math.Abs(*runs[0].LateMeanS-*runs[1].LateMeanS-20*60) > 15 {
		t.Errorf("%+v", runs)
	}
	out, _, err := runSimulate("--config", file, "--days", "1", "--vary", "down_delta=0.5,2.5")
	if err != nil || !strings.Contains(out, "LATE min  WORST  EARLY min  WORST") || !strings.Contains(out, "55.") || !strings.Contains(out, "35.") {
		t.Errorf("%v %s", err, out)
	}
	for vary, says := range map[string]string{"desired=20,21": "follows its program", "up_delta=0.1,20": "up_delta", "heat_cutout=25": "heat_cutout"} {
		if _, _, err := runSimulate("--config", file, "--vary", vary); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", vary, err)
		}
	}
}

// TestAColderTransitionCountsInAZoneThatCools: the mirror of it.
func TestAColderTransitionCountsInAZoneThatCools(t *testing.T) {
	const fridge = `device: den
zones:
  - name: fridge
    plant: fridge
    sensor: {driver: simulated, model: refrigerator}
    cooler: {driver: simulated}
    program: 06:00 8, 20:00 3
`
	out, _, err := runSimulate("--config", clitest.Written(t, fridge), "--days", "3")
	if err != nil || !strings.Contains(out, "transitions 3 to a colder temperature: ") {
		t.Errorf("%v %s", err, out)
	}
}
