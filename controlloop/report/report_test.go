package report

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"thermostat/controlloop"
)

// knownSnapshot is one in which most is known.
func knownSnapshot() controlloop.Snapshot {
	now := time.Date(2026, 1, 5, 7, 30, 0, 123456789, time.FixedZone("CET", 3600))
	sp := controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: 20.5, UpDelta: 0.5, DownDelta: 0.5, Source: "broker"}
	return controlloop.Snapshot{
		Zone: "attic", SensorID: 7, Time: now, Setpoint: sp,
		State: controlloop.State{
			Action: controlloop.ActionIdle, Reason: controlloop.ReasonMinOff, Wait: 61*time.Second + 1,
			Reading: controlloop.Reading{Celsius: 19.06254, Humidity: 41.237, Pascal: math.NaN(), At: now.Add(-2340 * time.Millisecond)},
		},
		Fresh: true, Sensor: controlloop.VerdictOK, HasHeater: true, HeaterRelay: controlloop.RelayOff,
		Faults: []controlloop.Fault{{Name: "memory", Since: now.Add(-time.Minute), Text: "the disk is full"}},
		Wear:   &controlloop.Wear{Heater: controlloop.OutputCounters{Cycles: 3, On: 90 * time.Minute}},
	}
}

func TestAReportIsWrittenAndReadBackToTheByte(t *testing.T) {
	const want = `{"time":"2026-01-05T06:30:00.123Z","zone":"attic","sensor_id":7,"temperature":19.0625,"humidity":41.24,` +
		`"desired":20.5,"up_delta":0.5,"down_delta":0.5,"mode":"heat","action":"idle","heater":"off","cooler":null,` +
		`"reason":"min_off","wait_s":62,"sensor":"ok","reading_age_s":2.3,` +
		`"faults":[{"name":"memory","since":"2026-01-05T06:29:00.123Z","text":"the disk is full"}],"source":"broker",` +
		`"problem":"on","problem_text":"the disk is full","heater_cycles":3,"heater_runtime_h":1.5,"cooler_cycles":null,"cooler_runtime_h":null}`
	got, err := json.Marshal(Of(knownSnapshot()))
	if err != nil || string(got) != want {
		t.Errorf("%v\n got %s\nwant %s", err, got, want)
	}
	var back State
	if err := json.Unmarshal(got, &back); err != nil || !reflect.DeepEqual(back, Of(knownSnapshot())) {
		t.Errorf("%v: %+v", err, back)
	}
}

func TestUnknownIsNullAndNeverAMadeUpNumber(t *testing.T) {
	got, err := json.Marshal(Of(controlloop.Snapshot{Zone: "attic", SensorID: 7, Time: time.Date(2026, 1, 5, 6, 0, 0, 0, time.UTC), Sensor: controlloop.VerdictNoReading, State: controlloop.State{Reason: controlloop.ReasonNoSetpoint}}))
	const want = `{"time":"2026-01-05T06:00:00Z","zone":"attic","sensor_id":7,"temperature":null,"humidity":null,` +
		`"desired":null,"up_delta":null,"down_delta":null,"mode":"off","action":"off","heater":null,"cooler":null,` +
		`"reason":"no_setpoint","wait_s":null,"sensor":"no_reading","reading_age_s":null,"faults":[],"source":"",` +
		`"problem":"off","problem_text":"ok","heater_cycles":null,"heater_runtime_h":null,"cooler_cycles":null,"cooler_runtime_h":null}`
	if err != nil || string(got) != want {
		t.Errorf("%v\n got %s\nwant %s", err, got, want)
	}

	stale := knownSnapshot()
	stale.Fresh, stale.Setpoint, stale.HeaterRelay, stale.CoolerRelay = false, controlloop.Setpoint{Mode: controlloop.ModeOff, Desired: math.NaN(), UpDelta: 0.5, DownDelta: 0.5}, controlloop.RelayOn, controlloop.RelayUnknown
	r := Of(stale)
	if r.Temperature != nil || r.Humidity != nil || r.Desired != nil || r.UpDelta == nil || *r.Heater != "on" || r.Cooler != nil || *r.ReadingAgeS != 2.3 {
		t.Errorf("%+v", r)
	}
	dry := knownSnapshot()
	dry.State.Reading = controlloop.Temperature(19, dry.Time)
	if r := Of(dry); r.Humidity != nil || *r.Temperature != 19 || *r.ReadingAgeS != 0 {
		t.Errorf("%+v", r)
	}
}

// TestAProblemIsOneLineOfBoundedLength: as long as others show, and no longer.
func TestAProblemIsOneLineOfBoundedLength(t *testing.T) {
	if word, text := Problem([]string{"a", "b"}); word != "on" || text != "a; b" {
		t.Errorf("%s %q", word, text)
	}
	for _, n := range []int{255, 256} {
		_, text := Problem([]string{strings.Repeat("é", n)})
		if got := len([]rune(text)); got != 255 || strings.HasSuffix(text, "…") != (n > 255) {
			t.Errorf("%d characters became %d: %q", n, got, text)
		}
	}
}
