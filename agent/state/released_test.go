package state

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/guard"
	"thermostat/controlloop/program"
	"thermostat/controlloop/slope"
)

// past100 is what version 1.0.0 keeps of a zone, as it stands in agent/state/past.go of
// the commit in lab/released.
type past100 struct {
	Boot   string     `json:"boot"`
	Heater *output100 `json:"heater"`
	Cooler *output100 `json:"cooler"`

	Counters *struct {
		Heater   counters100       `json:"heater"`
		Cooler   counters100       `json:"cooler"`
		Accepted uint64            `json:"accepted"`
		Refused  uint64            `json:"refused"`
		Faults   map[string]uint64 `json:"faults"`
	} `json:"counters"`
	Heat watcher100 `json:"heat"`
	Cool watcher100 `json:"cool"`
}

type counters100 struct {
	Cycles uint64        `json:"cycles"`
	On     time.Duration `json:"on"`
}

type output100 struct {
	On    bool          `json:"on"`
	Since time.Duration `json:"since"`
	Why   string        `json:"why"`
}

type watcher100 struct {
	Tripped bool `json:"tripped"`
	Learned struct {
		Proofs    int
		Delay     time.Duration
		Overshoot float64
	} `json:"learned"`
}

// read100 reads as version 1.0.0 does: behind a head with the right checksum it skips the
// keys that it does not know.
func read100(data []byte) (kept past100, err error) {
	head, body, _ := strings.Cut(string(data), "\n")
	if head != fmt.Sprintf("thermostat-memory-1 %08x", crc32.ChecksumIEEE([]byte(body))) {
		return kept, fmt.Errorf("damaged")
	}
	return kept, json.Unmarshal([]byte(body), &kept)
}

// aRoomOfFiveDays is what a room has shown in five days of a program: it warms by 2 K/h, and
// cools by 1 K/h.
func aRoomOfFiveDays(t *testing.T) comfort.Learned {
	week, err := program.Parse("06:00 21, 22:00 17")
	if err != nil {
		t.Fatal(err)
	}
	plan := comfort.Plan{
		Calendar: program.Calendar{Week: week, Place: time.UTC}, Mode: controlloop.ModeHeat, HoldMax: time.Hour,
		Warming: comfort.Warming{Rate: 5}, Window: comfort.Window{BySlope: true, Slope: slope.Params{Max: time.Hour}},
	}
	said := controlloop.Setpoint{Mode: controlloop.ModeAuto, Desired: math.NaN(), UpDelta: 0.5, DownDelta: 0.5}
	var m comfort.Memory
	celsius, on := 17.0, false
	now := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	for range 5*24*60 + 10 {
		now = now.Add(time.Minute)
		if celsius -= 1.0 / 60; on {
			celsius += 3.0 / 60
		}
		look := controlloop.Look{Now: now, Reading: controlloop.Temperature(celsius, now), Heating: on}
		target := plan.Target(said, now, comfort.Clock{Trusted: true})
		m, target = comfort.Windows(&plan, m, target, look, controlloop.WindowUnknown)
		m, target = comfort.Preheat(&plan, m, target, look)
		m, target = comfort.Protect(&plan, m, target, look)
		cold, warm := target.Setpoint.Band()
		on = celsius < cold || on && celsius <= warm
	}
	return m.Learned()
}

// TestVersion100ReadsTheMemoryOfARoomThatHasLearned: rests, counters and watchers; it skips
// what slope and preheat have written. And what it then writes is read here, with nothing
// learned in it.
func TestVersion100ReadsTheMemoryOfARoomThatHasLearned(t *testing.T) {
	m := testFolder(t)
	learned := aRoomOfFiveDays(t)
	if learned.Slope.Threshold() == 0 || learned.Warming == (comfort.Warmings{}) {
		t.Fatalf("the room has shown nothing: %+v", learned)
	}
	is := KeptZone{
		Boot: "b", Heater: &KeptOutput{Since: time.Hour, Why: controlloop.ReasonMinOff}, Cooler: &KeptOutput{On: true},
		Counters: &controlloop.Counters{Heater: controlloop.OutputCounters{Cycles: 3, On: 4}, Accepted: 4, Faults: map[controlloop.FaultName]uint64{"relay": 2}},
		Comfort:  Comfort{Program: "comfort", Room: "r", Learned: learned},
		Heat:     keptWatcher{Tripped: true, Learned: guard.Learned{Proofs: 3, Delay: time.Minute, Overshoot: 0.5}},
	}
	if err := m.Slots.write(m.PastFile("hall"), is); err != nil {
		t.Fatal(err)
	}
	if got, err := m.LoadPast("hall"); err != nil || !reflect.DeepEqual(got, is) {
		t.Fatalf("%+v, %v", got, err)
	}
	data, err := os.ReadFile(m.PastFile("hall"))
	if err != nil {
		t.Fatal(err)
	}
	old, err := read100(data)
	if err != nil {
		t.Fatalf("version 1.0.0 refuses %s: %v", data, err)
	}
	if err := m.Slots.write(m.PastFile("hall"), old); err != nil {
		t.Fatal(err)
	}
	back, err := m.LoadPast("hall")
	if is.Comfort = (Comfort{}); err != nil || !reflect.DeepEqual(back, is) {
		t.Errorf("there and back it is\n%+v, want\n%+v, %v", back, is, err)
	}
}
