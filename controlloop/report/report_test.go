package report

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/foresee"
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
		`"faults":[{"name":"memory","since":"2026-01-05T06:29:00.123Z","text":"the disk is full"}],"source":"broker","preset":null,"target":null,"hold_until":null,"next":null,"window":null,"law":"hysteresis","foresight":null,"control":null,` +
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
		`"reason":"no_setpoint","wait_s":null,"sensor":"no_reading","reading_age_s":null,"faults":[],"source":"","preset":null,"target":null,"hold_until":null,"next":null,"window":null,"law":"hysteresis","foresight":null,"control":null,` +
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

// TestWhatTheLawHasLearnedIsToldAndWhatItSeesOnlyWhileItLooks: a cooler's temperatures are turned back.
func TestWhatTheLawHasLearnedIsToldAndWhatItSeesOnlyWhileItLooks(t *testing.T) {
	s := knownSnapshot()
	s.Law = controlloop.LawAuto
	s.Foresight = controlloop.Foreseen{
		Segments: 9, Looks: true, Starts: 12.34, Budget: 16,
		Model: foresee.Model{Trusted: true, Lag: 0.55, Gain: 2.413, Loss: 0.1, Shadow: 20, Drift: 0.5, Band: 0.3, Late: 1, Least: 0.2},
		Ask:   foresee.Ask{Celsius: 20.4, For: 1, Desired: 20.5, Up: 0.5, Down: 0.5},
	}
	r := Of(s)
	f := r.Foresight
	if r.Law != "auto" || f == nil || !f.Trusted || *f.LagMin != 33 || *f.WarmsKPerH != 2.41 || *f.LosesKPerH != 0.54 || *f.StartsPerDay != 12.3 || *f.BudgetPerDay != 16 || f.BudgetUnmet {
		t.Fatalf("%s %+v", r.Law, f)
	}
	if f.NextSwitchS == nil || *f.NextSwitchS < 60 || *f.NextSwitchS > 3600 || f.TurnsAt == nil || *f.TurnsAt != 20.4 {
		t.Errorf("%+v", f)
	}
	slow := *f.NextSwitchS
	s.Foresight.Speed = 60
	if f := Of(s).Foresight; math.Abs(*f.NextSwitchS-slow/60) > 0.6 {
		t.Errorf("by the clock %v s, in room time %v s", *f.NextSwitchS, slow)
	}
	s.Foresight.Looks = false
	if f := Of(s).Foresight; f.NextSwitchS != nil || f.TurnsAt != nil {
		t.Errorf("%+v", f)
	}
	s.Foresight.Looks, s.HasHeater, s.HasCooler, s.Foresight.Ask.Celsius, s.Foresight.Model.Shadow = true, false, true, -4, -4
	if f := Of(s).Foresight; *f.TurnsAt != 4 {
		t.Errorf("%+v", f)
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

// TestATargetIsExactAndWhatIsNotKnownIsNull: no rounding of time and numbers, in which the
// law could decide otherwise.
func TestATargetIsExactAndWhatIsNotKnownIsNull(t *testing.T) {
	at := time.Date(2026, 1, 5, 7, 0, 0, 123456789, time.FixedZone("there", 3600))
	s := controlloop.Snapshot{Zone: "attic", SensorID: 7, Time: at}
	for _, c := range []struct {
		target controlloop.Target
		want   string
	}{
		{controlloop.Target{}, `"mode":null,"desired":null,"up_delta":null,"down_delta":null,"bar":false,"target":null,"auto":false,"next":null,"ahead":false}`},
		{controlloop.Target{Setpoint: controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: 1.0 / 3, UpDelta: 0.1234567891, DownDelta: 0.3}, Auto: true, Why: "program",
			Next: controlloop.Change{At: at, Desired: math.NaN()}},
			`"mode":"heat","desired":0.3333333333333333,"up_delta":0.1234567891,"down_delta":0.3,"bar":false,"target":"program","auto":true,"next":{"at":"2026-01-05T06:00:00.123Z","desired":null,"preset":null,"lead_s":null},"ahead":false}`},
		{controlloop.Target{Setpoint: controlloop.Setpoint{Mode: controlloop.ModeOff, Desired: math.NaN(), UpDelta: 1, DownDelta: 1}, Why: "manual"},
			`"mode":"off","desired":null,"up_delta":1,"down_delta":1,"bar":false,"target":"manual","auto":false,"next":null,"ahead":false}`},
	} {
		s.Target = c.target
		got, err := json.Marshal(TargetOf(s))
		if want := `{"time":"2026-01-05T06:00:00.123456789Z","sensor_id":7,` + c.want; err != nil || string(got) != want {
			t.Errorf("%v\n got %s\nwant %s", err, got, want)
		}
	}
}

// TestANewTargetIsAnotherBandAnotherReasonOrAnotherWord, or something else to look ahead to; and nothing else.
func TestANewTargetIsAnotherBandAnotherReasonOrAnotherWord(t *testing.T) {
	was := controlloop.Target{Setpoint: controlloop.Setpoint{Mode: controlloop.ModeOff, Desired: math.NaN(), UpDelta: 1, DownDelta: 1}, Why: "program"}
	was.Next = controlloop.Change{At: time.Now(), Desired: 20}
	for _, c := range []struct {
		name   string
		change func(*controlloop.Target)
		want   bool
	}{
		{"nothing", func(*controlloop.Target) {}, false},
		{"next", func(t *controlloop.Target) { t.Next.At = t.Next.At.Add(1) }, false},
		{"no next", func(t *controlloop.Target) { t.Next = controlloop.Change{} }, true},
		{"auto", func(t *controlloop.Target) { t.Auto = true }, true},
		{"ahead", func(t *controlloop.Target) { t.Ahead = true }, true},
		{"source", func(t *controlloop.Target) { t.Setpoint.Source = "page" }, false},
		{"mode", func(t *controlloop.Target) { t.Setpoint.Mode = controlloop.ModeHeat }, true},
		{"desired", func(t *controlloop.Target) { t.Setpoint.Desired = 20 }, true},
		{"up_delta", func(t *controlloop.Target) { t.Setpoint.UpDelta = 2 }, true},
		{"down_delta", func(t *controlloop.Target) { t.Setpoint.DownDelta = 2 }, true},
		{"why", func(t *controlloop.Target) { t.Why = "hold" }, true},
		{"a window", func(t *controlloop.Target) { t.Bar = true }, true},
		{"a word", func(t *controlloop.Target) { t.Setpoint.Serial = 3 }, true},
	} {
		is := was
		c.change(&is)
		if got := NewTarget(was, is); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestAnUncheckedSensorIsToldAsSuch(t *testing.T) {
	for _, unchecked := range []bool{true, false} {
		var s controlloop.Snapshot
		s.State.Reading.Unchecked = unchecked
		text, err := json.Marshal(Of(s))
		if err != nil || strings.Contains(string(text), `"unchecked":true`) != unchecked || !unchecked && strings.Contains(string(text), "unchecked") {
			t.Errorf("%v: %s, %v", unchecked, text, err)
		}
	}
}
