package simulate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"thermostat/agent/cli"
	"thermostat/agent/clitest"
	"thermostat/agent/config"
	"thermostat/agent/simulate/times"
	"thermostat/drivers/simulated"
)

// runSimulate is `thermostat simulate ARGS`, where no configuration is installed.
func runSimulate(args ...string) (out, errs string, err error) {
	var o, e bytes.Buffer
	cmd := Command()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetOut(&o)
	cmd.SetErr(&e)
	cmd.SetArgs(args)
	err = cmd.Execute()
	return o.String(), e.String(), err
}

// simulateRuns gives the runs of a --json.
func simulateRuns(t *testing.T, args ...string) []runJSON {
	t.Helper()
	out, errs, err := runSimulate(append(args, "--json")...)
	var got struct{ Runs []runJSON }
	if err == nil {
		err = json.Unmarshal([]byte(out), &got)
	}
	if err != nil {
		t.Fatalf("%v: %v %s %s", args, err, out, errs)
	}
	return got.Runs
}

func TestSimulateHoldsEveryRoom(t *testing.T) {
	for room, desired := range map[string]float64{
		"timber": 21, "massive": 21, "panel": 21, "radiator": 21, "room": 21, "linear": 21, "refrigerator": 4, "fermenter": 19,
	} {
		r := simulateRuns(t, "--room", room, "--days", "4")[0]
		if r.Room != room || r.Desired != desired || r.Days < 3.99 || r.Days > 4.01 || len(r.Faults) > 0 {
			t.Errorf("%+v", r)
		}
		if r.RMSDeviationK == nil || *r.RMSDeviationK > 1.6 || r.SwitchesPerDay < 1 || r.HeatingShare+r.CoolingShare <= 0 {
			t.Errorf("%s is not held: %+v", room, r)
		}
		if (r.EnergyKWh == nil) != (room == "linear") {
			t.Errorf("%s: energy %v", room, r.EnergyKWh)
		}
	}
}

// The figures of a run are those of its switches: a day by hand, from its own trace.
func TestSimulateFiguresAgreeWithTheRun(t *testing.T) {
	r := simulateRuns(t, "--room", "panel", "--days", "2")[0]
	again := simulateRuns(t, "--room", "panel", "--days", "2")[0]
	if fmt.Sprint(r.SwitchesPerDay, *r.EnergyKWh, r.DiscomfortKh) != fmt.Sprint(again.SwitchesPerDay, *again.EnergyKWh, again.DiscomfortKh) {
		t.Error("the same seed gives other figures")
	}
	if want := r.HeatingShare * 48 * 1.5; math.Abs(*r.EnergyKWh-want) > 0.02 {
		t.Errorf("%v kWh, want %v", *r.EnergyKWh, want)
	}
	if *r.ShortestOnS < 30 || *r.ShortestOffS < 30 {
		t.Errorf("min_on and min_off of plant electric are 30 s: %+v", r)
	}
	if other := simulateRuns(t, "--room", "panel", "--days", "2", "--seed", "99")[0]; other.DiscomfortKh == r.DiscomfortKh {
		t.Error("another seed gives the same run")
	}
}

func TestWithoutAConfigurationAnExampleZoneIsSimulated(t *testing.T) {
	if readable(cli.DefaultConfig) {
		t.Skip("a configuration is installed here")
	}
	out, errs, err := runSimulate("--days", "1")
	if err != nil || !strings.Contains(errs, "no configuration at /etc/thermostat/config.yaml: an example zone stands in") || !strings.HasPrefix(out, "living-room: panel, 1 day, heat 21 °C") {
		t.Errorf("%q %q %v", out, errs, err)
	}
	if cfg, complaints := config.Read("example", []byte(ExampleConfig)); len(complaints) > 0 || len(cfg.Zones) != 1 {
		t.Error(complaints)
	}
}

// A configuration for real hardware gets the room that fits its plant, and its
// own law, timers and limits.
func TestRealHardwareIsSimulatedInARoomOfItsPlant(t *testing.T) {
	runs := simulateRuns(t, "--config", "../../examples/ds18b20.yaml", "--days", "1")
	if len(runs) == 0 || runs[0].Room == "" {
		t.Fatalf("%+v", runs)
	}
	file := clitest.Written(t, `device: a
zones:
  - name: cellar
    plant: fridge
    sensor: {driver: ds18b20, id: 28-0316a2795bff}
    cooler: {driver: gpio, line: GPIO17}
    default_setpoint: {desired: 4}
  - name: hall
    plant: floor
    sensor: {driver: bme280}
    heater: {driver: gpio, line: GPIO27}
    default_setpoint: {mode: off}
`)
	if r := simulateRuns(t, "--config", file, "--zone", "cellar", "--days", "1"); len(r) != 1 || r[0].Room != "refrigerator" || r[0].Mode != "cool" {
		t.Errorf("%+v", r)
	}
	_, _, err := runSimulate("--config", file)
	if clitest.CodeOf(err) != 2 || !strings.Contains(err.Error(), "zone hall: holds nothing") {
		t.Error(err)
	}
	if r := simulateRuns(t, "--config", file, "--zone", "hall", "--desired", "20", "--days", "1"); r[0].Room != "massive" || r[0].Desired != 20 {
		t.Errorf("%+v", r)
	}
}

// A setback costs comfort only while somebody is there, and saves energy.
func TestASetbackSavesEnergyAndDiscomfortCountsWhileOccupied(t *testing.T) {
	const when = "mon-fri 06:30-08:30,17:00-22:30; sat,sun 08:00-23:00"
	always := simulateRuns(t, "--room", "panel", "--days", "7")[0]
	there := simulateRuns(t, "--room", "panel", "--days", "7", "--occupied", when)[0]
	setback := simulateRuns(t, "--room", "panel", "--days", "7", "--occupied", when, "--away", "16")[0]
	if !(there.DiscomfortKh < always.DiscomfortKh && *there.EnergyKWh == *always.EnergyKWh) {
		t.Errorf("always %+v, while there %+v", always, there)
	}
	if !(*setback.EnergyKWh < 0.95**always.EnergyKWh && setback.DiscomfortBelow > there.DiscomfortBelow) {
		t.Errorf("a setback: %+v", setback)
	}
}

// A sensor in the draught of a window makes the room too warm, one beside the
// heater too cold.
func TestASensorInADraughtMakesTheRoomTooWarm(t *testing.T) {
	warmest := map[string]float64{}
	for _, place := range []string{"air", "window", "heater"} {
		r := simulateRuns(t, "--room", "radiator", "--days", "3", "--place", place)[0]
		warmest[place] = r.WarmestCelsius
	}
	if !(warmest["window"] > warmest["air"]+1 && warmest["heater"] < warmest["air"]-0.5) {
		t.Errorf("%v", warmest)
	}
}

func TestVaryRunsEveryCombination(t *testing.T) {
	runs := simulateRuns(t, "--room", "radiator", "--days", "3", "--vary", "up_delta=0.1,0.3,0.5", "--vary", "min_off=4m,30m")
	if len(runs) != 6 {
		t.Fatalf("%d runs", len(runs))
	}
	best := 0
	for i, r := range runs {
		if r.Settings["up_delta"] != []string{"0.1", "0.3", "0.5"}[i/2] || r.Settings["min_off"] != []string{"4m", "30m"}[i%2] || r.Undominated == nil {
			t.Errorf("run %d: %+v", i, r)
		}
		if *r.Undominated {
			best++
		}
		if i%2 == 1 && r.ShortestOffS != nil && *r.ShortestOffS < 1800 {
			t.Errorf("min_off of 30 minutes is not kept: %+v", r)
		}
	}
	if best == 0 || best == 6 && runs[0].SwitchesPerDay <= runs[4].SwitchesPerDay {
		t.Errorf("%d of 6 are undominated", best)
	}
	out, _, err := runSimulate("--room", "radiator", "--days", "1", "--vary", "up_delta=0.1,0.5")
	if err != nil || !strings.Contains(out, "UP_DELTA") || !strings.Contains(out, "*") || strings.Count(out, "radiator") != 2 {
		t.Errorf("%s %v", out, err)
	}
}

// What one run costs more another must cost less, or it is dominated.
func TestADominatedRunIsBetterInNothing(t *testing.T) {
	at := func(zone string, below float64, switches int, heated time.Duration) *Simulation {
		s := &Simulation{Zone: config.Zone{Name: zone}}
		s.outcome.heater = 1000
		s.outcome.figures.Time, s.outcome.figures.Below = 24*time.Hour, below
		s.outcome.figures.Switches, s.outcome.figures.Heated = float64(switches), heated
		return s
	}
	grid := []*Simulation{
		at("a", 1, 10, time.Hour), at("a", 2, 5, time.Hour), at("a", 2, 10, time.Hour), // the third is beaten by both
		at("a", 1, 10, time.Hour), // as good as the first: neither beats the other
		at("b", 9, 99, 9*time.Hour),
	}
	markBest(grid)
	for i, want := range []bool{true, true, false, true, true} {
		if grid[i].best != want {
			t.Errorf("%d: %v", i, grid[i].best)
		}
	}
}

func TestPlotDrawsOnePictureForEachZone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "week.svg")
	if _, _, err := runSimulate("--room", "panel", "--days", "2", "--plot", file, "--fault", "sensor-gone@10h", "--fault", "mended@20h"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil || !bytes.Contains(text, []byte("panel, 2 days")) || !bytes.Contains(text, []byte(">sensor</text>")) || len(text) > 60000 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	two := filepath.Join(t.TempDir(), "two.svg")
	if _, _, err := runSimulate("--config", "../../examples/simulated.yaml", "--days", "0.1", "--plot", two); err != nil {
		t.Fatal(err)
	}
	for _, zone := range []string{"living-room", "workshop"} {
		if _, err := os.Stat(strings.TrimSuffix(two, ".svg") + "-" + zone + ".svg"); err != nil {
			t.Error(err)
		}
	}
}

// Faults reach the zone: a sensor that is gone ends the heat, and is told.
func TestASimulatedFaultReachesTheZoneAndIsTold(t *testing.T) {
	r := simulateRuns(t, "--room", "panel", "--days", "2", "--fault", "mended@20h", "--fault", "sensor-gone@10h")[0]
	if len(r.Faults) != 1 || r.Faults[0].Name != "sensor" || r.Faults[0].Times != 1 || math.Abs(r.Faults[0].Hours-10) > 0.1 || r.ColdestCelsius > 18 {
		t.Errorf("%+v", r)
	}
	r = simulateRuns(t, "--room", "panel", "--days", "3", "--fault", "relay-dead@10h")[0]
	if len(r.Faults) != 1 || r.Faults[0].Name != "not_warming" {
		t.Errorf("a dead relay: %+v", r.Faults)
	}
}

func TestSimulateRefusesWithOneClearError(t *testing.T) {
	weather := filepath.Join(t.TempDir(), "w.csv")
	if err := os.WriteFile(weather, []byte("time,celsius\n2026-01-01 00:00,3\n2026-01-01 01:00,4\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want string
		args []string
	}{
		{"days: 0 is outside 0.01..3660", []string{"--days", "0"}},
		{"days: 4000 is outside 0.01..3660", []string{"--days", "4000"}},
		{"comfort: -1 is outside 0..5", []string{"--comfort", "-1"}},
		{`room: "castle" is none of room, linear, timber`, []string{"--room", "castle"}},
		{"room: trace needs --trace FILE", []string{"--room", "trace"}},
		{`vary: "up_dleta" is unknown: did you mean up_delta?`, []string{"--vary", "up_dleta=1"}},
		{`vary: "colour" is none of desired, up_delta`, []string{"--vary", "colour=1"}},
		{"vary: up_delta needs values, like up_delta=A,B", []string{"--vary", "up_delta"}},
		{"vary: up_delta is given twice", []string{"--vary", "up_delta=1", "--vary", "up_delta=2"}},
		{`vary: up_delta: "wide" is not a decimal number`, []string{"--vary", "up_delta=0.3,wide"}},
		{"vary: up_delta=11: up_delta: 11 is outside 0.05..10 K", []string{"--vary", "up_delta=0.3,11"}},
		{"vary: min_off: 10 has no unit: write 10s or 10m", []string{"--vary", "min_off=10"}},
		{"vary: min_off=3h: timing.min_off: 3h0m0s is outside 0s..2h0m0s", []string{"--vary", "min_off=3h"}},
		{"vary: desired=40: desired: 40 is outside 5..28 °C", []string{"--vary", "desired=40"}},
		{"vary: sample=31s: timing.stale_after: 1m0s must be at least 2 samples", []string{"--vary", "sample=31s"}},
		{"plot: draws one run", []string{"--vary", "desired=20,21", "--plot", "x.svg"}},
		{"away: belongs to --occupied", []string{"--away", "16"}},
		{"away: desired: 2 is outside 5..28 °C", []string{"--occupied", "06:00-22:00", "--away", "2"}},
		{`occupied: "monday 06:00-07:00": "monday" is none of mon`, []string{"--occupied", "monday 06:00-07:00"}},
		{`occupied: "6-7": "6-7" is not two times like 06:30-08:30`, []string{"--occupied", "6-7"}},
		{`fault: "fire" is none of sensor-gone`, []string{"--fault", "fire@1h"}},
		{`fault: "sensor-gone@soon" needs a time like sensor-gone@30h`, []string{"--fault", "sensor-gone@soon"}},
		{"weather: open nothing.csv: no such file", []string{"--weather", "nothing.csv"}},
		{"ends after 0.04 days, but 7 are asked (--days)", []string{"--weather", weather}},
		{"weather: the linear room has none", []string{"--weather", weather, "--days", "0.03", "--room", "linear"}},
		{"weather: random has a sun of its own", []string{"--weather", "random", "--sun", "300"}},
		{"weather: random is a winter around a house, and refrigerator stands in none", []string{"--weather", "random", "--room", "refrigerator"}},
		{`law: "guess" is none of auto, hysteresis, foresee`, []string{"--law", "guess"}},
		{"zone fermenter: law: foresee learns a heater or a cooler, and the zone has both: write hysteresis", []string{"--law", "foresee", "--room", "fermenter"}},
		{"vary: law=foresee: law: foresee learns a heater or a cooler", []string{"--vary", "law=foresee", "--room", "fermenter"}},
		{"seeds: 0 is outside 1..1000", []string{"--seeds", "0"}},
		{"seeds: more than 10000 runs", []string{"--seeds", "1000", "--vary", "desired=15,16,17,18,19,20,21,22,23,24,25"}},
		{"plot: draws one run, and --seeds makes several", []string{"--seeds", "2", "--plot", "x.svg"}},
		{"settle: 7 is outside 0 to less than the 7 days of the run", []string{"--settle", "7"}},
		{"weather: is recorded, so --outdoor", []string{"--weather", weather, "--outdoor", "3"}},
		{`zone: "attic" is none of living-room`, []string{"--zone", "attic"}},
		{`room: place: "roof" is none of air, wall, window, heater`, []string{"--place", "roof"}},
		{"power: belongs to --trace", []string{"--power", "3000"}},
		{"configuration: open none.yaml: no such file", []string{"--config", "none.yaml"}},
	} {
		_, _, err := runSimulate(c.args...)
		if clitest.CodeOf(err) != 2 || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: %v, want %s", c.args, err, c.want)
		}
	}
}

// recording writes what an agent with a sensor, a relay and an outdoor sensor
// would have recorded, with a setback at night.
func recording(t *testing.T, room string, days int, every time.Duration, beside bool) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "trace.jsonl")
	out, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cfg, err := roomConfig(room)
	if err != nil {
		t.Fatal(err)
	}
	sim := simulated.SpecOf(room)
	sim.Sun = 0
	times, _ := times.Parse("06:00-22:00")
	s := &Simulation{Zone: cfg.Zones[0], Room: sim, Total: time.Duration(days) * 24 * time.Hour, Start: Monday(), times: times, away: 17, Centre: 21}
	v := s.Begin()
	there := v.there
	line := func(at time.Duration, format string, args ...any) {
		fmt.Fprintf(out, `{"time":%q,"sensor_id":7,%s}`+"\n", Monday().Add(at).Format(time.RFC3339), fmt.Sprintf(format, args...))
	}
	setpoint := func(at time.Duration) {
		sp := v.setpoint()
		line(at, `"desired":%v,"up_delta":%v,"down_delta":%v,"mode":"heat"`, sp.Desired, sp.UpDelta, sp.DownDelta)
	}
	setpoint(0)
	for at := time.Duration(0); at <= s.Total; at += 5 * time.Second {
		v.Now = v.Base.Add(at)
		v.Step(at, 5*time.Second)
		if v.there != there {
			there = v.there
			setpoint(at)
		}
		if at%every != 0 {
			continue
		}
		state, look := v.Stepper.State(), v.room.Look()
		celsius := state.Reading.Celsius
		if state.Reading.At.IsZero() { // not confirmed yet, and so nothing that was shown
			celsius = v.room.True()
		}
		text := fmt.Sprintf(`"temperature":%v`, celsius)
		if beside {
			text += fmt.Sprintf(`,"heater":%q,"outdoor":%.2f`, cli.OnOff(state.Heater.On), look.Outdoor)
		}
		line(at, "%s", text)
	}
	return file
}

// A week recorded from a known room shows that room to a tenth; so does one
// whose records do not say what ran, since the law decides the same again.
func TestTraceRecoversAKnownRoom(t *testing.T) {
	file := recording(t, "radiator", 7, time.Minute, true)
	r := simulateRuns(t, "--trace", file)[0]
	e := r.Estimate
	if r.Room != "recorded" || e == nil || !e.Told || e.HeaterFrom != "record" {
		t.Fatalf("%+v %+v", r, e)
	}
	// By hand: 1500 W on 388, 15 and 30 W/K (DefaultRoom), a third of it into the mass.
	rise := 1500 * (0.65*(388+30) + 0.35*388) / (388*15 + 388*30 + 15*30)
	if math.Abs(e.RiseK-rise) > 0.1*rise || e.TimeConstantH < 0.9*28.2 || e.TimeConstantH > 1.1*28.2 {
		t.Errorf("%+v, want %.1f K and 28.2 h", e, rise)
	}
	config := clitest.Written(t, `device: a
zones:
  - name: hall
    sensor_id: 7
    sensor: {driver: simulated, model: radiator, sun: 0, seed: 5}
    heater: {driver: simulated}
    default_setpoint: {desired: 21}
`)
	args := []string{"--config", config, "--occupied", "06:00-22:00", "--away", "17"}
	own := simulateRuns(t, append(args, "--room", "trace", "--trace", file)...)[0]
	truth := simulateRuns(t, args...)[0]
	if own.Room != "the recorded room" || own.Estimate == nil {
		t.Errorf("%+v", own)
	}
	if math.Abs(*own.EnergyKWh / *truth.EnergyKWh - 1) > 0.1 || math.Abs(own.SwitchesPerDay/truth.SwitchesPerDay-1) > 0.25 {
		t.Errorf("the learned room: %+v, the true one %+v", own, truth)
	}
}

// Nothing said of outdoors: the estimate says that it cannot tell, and the
// decisions stand in for what ran.
func TestTraceWithoutOutdoorsCannotTell(t *testing.T) {
	file := recording(t, "radiator", 2, time.Minute, false)
	out, _, err := runSimulate("--trace", file)
	if err != nil || !strings.Contains(out, "THE DATA CANNOT TELL") || !strings.Contains(out, "as the law decides") {
		t.Errorf("%s %v", out, err)
	}
	_, errs, err := runSimulate("--trace", file, "--room", "trace", "--days", "1")
	if err != nil || !strings.Contains(errs, "what follows is a guess") {
		t.Errorf("%s %v", errs, err)
	}
}

// Driven by its own recording, the law takes the recorded decisions again.
func TestTraceDecidesAsRecorded(t *testing.T) {
	file := recording(t, "panel", 2, 5*time.Second, true)
	r := simulateRuns(t, "--trace", file)[0]
	live := simulateRuns(t, "--room", "panel", "--sun", "0", "--days", "2", "--occupied", "06:00-22:00", "--away", "17")[0]
	if r.HeatingShare != live.HeatingShare || r.SwitchesPerDay != live.SwitchesPerDay || math.Abs(r.ColdestCelsius-live.ColdestCelsius) > 0.3 || len(r.Faults) > 0 {
		t.Errorf("recorded %+v, live %+v", r, live)
	}
}

func TestBadTracesAreNamed(t *testing.T) {
	line := func(minute int, celsius float64) string {
		return fmt.Sprintf(`{"time":%q,"sensor_id":7,"temperature":%v}`+"\n", Monday().Add(time.Duration(minute)*time.Minute).Format(time.RFC3339), celsius)
	}
	hot := ""
	for m := range 30 {
		hot += line(m, 68)
	}
	for _, c := range []struct{ text, want string }{
		{"", "has no reading of sensor_id"},
		{"nonsense\n", "line 1: not a record"},
		{line(0, 20) + `{"time":"2026-01-05T00:01:00Z","sensor_id":7,"temperature":20,"heater":"hot"}` + "\n", `line 2: heater: "hot" is none of on, off`},
		{line(0, 20) + `{"time":"2026-01-05T00:01:00Z","sensor_id":7,"temperature":20,"outdoor":68}` + "\n", "line 2: outdoor: 68 is outside -90..60 °C"},
		{line(0, 20) + `{"time":"2026-01-05T00:01:00Z","sensor_id":7,"mode":"heat","heater":"on"}` + "\n", "line 2: heater, cooler and outdoor belong beside a temperature"},
		{line(5, 20) + line(4, 20), "line 2: time 2026-01-05T00:04:00Z is before the one before it"},
		{line(0, 20) + line(90, 20), "line 2: 1h30m0s without a reading before 2026-01-05T01:30:00Z: at most 1h0m0s may be missing"},
		{hot, "line 1: 68, and half of the temperatures are above 45 °C: this looks like Fahrenheit"},
		{line(0, 20), "has only 1 readings"},
	} {
		file := filepath.Join(t.TempDir(), "t.jsonl")
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, _, err := runSimulate("--trace", file)
		if clitest.CodeOf(err) != 2 || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "t.jsonl") {
			t.Errorf("%.80q: %v, want %s", c.text, err, c.want)
		}
	}
	for _, c := range []struct {
		want string
		args []string
	}{
		{"no such file", []string{"--trace", "nothing.jsonl"}},
		{"vary: a recording does not answer to other settings: add --room trace", []string{"--trace", "x", "--vary", "desired=20"}},
		{"days: means nothing to a recording: add --room trace", []string{"--trace", "x", "--days", "3"}},
		{"room: with --trace it can only be trace", []string{"--trace", "x", "--room", "panel"}},
	} {
		if _, _, err := runSimulate(c.args...); clitest.CodeOf(err) != 2 || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v", c.args, err)
		}
	}
}

// A recorded setpoint is judged as everywhere.
func TestTraceSetpointsAreJudged(t *testing.T) {
	file := filepath.Join(t.TempDir(), "t.jsonl")
	text := `{"time":"2026-01-05T00:00:00Z","sensor_id":7,"temperature":20}
{"time":"2026-01-05T00:00:30Z","sensor_id":7,"desired":50}
{"time":"2026-01-05T00:01:00Z","sensor_id":7,"temperature":20}
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := runSimulate("--trace", file); clitest.CodeOf(err) != 2 || !strings.Contains(err.Error(), "line 2: ") || !strings.Contains(err.Error(), "50") {
		t.Error(err)
	}
}

// The grid runs on all processors and gives what each run gives alone.
func TestGridRunsDoNotTouchEachOther(t *testing.T) {
	grid := simulateRuns(t, "--room", "panel", "--days", "1", "--vary", "desired=18,19,20,21,22")
	for _, r := range grid {
		alone := simulateRuns(t, "--room", "panel", "--days", "1", "--vary", "desired="+r.Settings["desired"])[0]
		if alone.SwitchesPerDay != r.SwitchesPerDay || *alone.EnergyKWh != *r.EnergyKWh || alone.DiscomfortKh != r.DiscomfortKh {
			t.Errorf("in the grid %+v, alone %+v", r, alone)
		}
	}
	if !(*grid[4].EnergyKWh > *grid[0].EnergyKWh) {
		t.Error("22 °C cost no more than 18 °C")
	}
	if !(grid[0].DiscomfortKh > grid[3].DiscomfortKh) {
		t.Error("comfort is judged by the configured 21 °C, whatever is tried")
	}
}

// The memory of a run does not grow with its length.
func TestSimulateMemoryIsBounded(t *testing.T) {
	cfg, _ := config.Read("example", []byte(ExampleConfig))
	allocs := func(days float64) float64 {
		return testing.AllocsPerRun(1, func() {
			s := &Simulation{Zone: cfg.Zones[0], Room: simulated.SpecOf("panel"), Total: time.Duration(days * 24 * float64(time.Hour)), Start: Monday(), away: math.NaN(), Centre: 21, comfort: 0.5, plot: true}
			if err := s.run(t.Context(), newProgress(nil, nil)); err != nil {
				t.Fatal(err)
			}
		})
	}
	if short, long := allocs(0.5), allocs(10); long > short+5 {
		t.Errorf("%v allocations for half a day, %v for ten", short, long)
	}
}

// The picture and the figures in docs/simulate.md are what its command makes,
// and docs/commands.md lists every flag.
func TestDocsShowWhatSimulateMakes(t *testing.T) {
	read := func(page string) string {
		text, err := os.ReadFile("../../docs/" + page)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	commands, simulate := read("commands.md"), read("simulate.md")
	flags := regexp.MustCompile(`(?m)^ +(--[a-z]+)`).FindAllStringSubmatch(Command().Flags().FlagUsages(), -1)
	if len(flags) < 15 {
		t.Errorf("flags: %v", flags)
	}
	for _, f := range flags {
		if !strings.Contains(commands, f[1]) {
			t.Errorf("%s is not in docs/commands.md", f[1])
		}
	}
	if runtime.GOARCH != "amd64" || readable(cli.DefaultConfig) {
		t.Skip("another processor may round otherwise, another configuration be simulated")
	}
	file := filepath.Join(t.TempDir(), "week.svg")
	out, _, err := runSimulate("--room", "radiator", "--occupied", "mon-fri 06:00-08:30,16:00-22:30; sat,sun 07:30-23:00", "--away", "17", "--plot", file)
	if err != nil {
		t.Fatal(err)
	}
	made, err := os.ReadFile(file)
	kept, keptErr := os.ReadFile("../../docs/week.svg")
	if err != nil || keptErr != nil || !bytes.Equal(made, kept) {
		t.Errorf("docs/week.svg is another picture: make it anew with docs/simulate.md's command (%v %v)", err, keptErr)
	}
	for line := range strings.Lines(out) {
		if !strings.Contains(simulate, "    "+line) {
			t.Errorf("not in docs/simulate.md: %s", line)
		}
	}
}
