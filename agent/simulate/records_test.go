package simulate

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"thermostat/agent/cli"
	"thermostat/agent/clitest"
	"thermostat/agent/simulate/times"
	"thermostat/controlloop"
	"thermostat/controlloop/report"
	"thermostat/drivers/simulated"
)

// moment is what is to be recorded at one time.
type moment struct {
	at       time.Duration
	setpoint controlloop.Setpoint
	state    controlloop.State
	outdoor  float64
}

// liveThrough lets the zone of a room, held at 21 and 17 °C by day and night,
// live for some days of dull weather.
func liveThrough(t *testing.T, room string, days int, each func(m moment)) {
	t.Helper()
	cfg, err := roomConfig(room)
	if err != nil {
		t.Fatal(err)
	}
	sim := simulated.SpecOf(room)
	sim.Sun = 0
	times, _ := times.Parse("06:00-22:00")
	desired := cfg.Zones[0].Default.Desired
	s := &Simulation{Zone: cfg.Zones[0], Room: sim, Total: time.Duration(days) * 24 * time.Hour, Start: Monday(), times: times, away: desired - 4, Centre: desired}
	v := s.Begin()
	for at := time.Duration(0); at <= s.Total; at += 5 * time.Second {
		v.Now = v.Base.Add(at)
		v.Step(at, 5*time.Second)
		if v.Stepper.State().Reading.At.IsZero() {
			continue // the first reading waits for a second
		}
		each(moment{at, v.setpoint(), *v.Stepper.State(), v.room.Look().Outdoor})
	}
}

// watchLines is what watch --json shows of a zone: a state each minute, at each
// tenth of a kelvin and at each switch, and lines that are no states.
func watchLines(t *testing.T, room string, days int) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(`{"device":"cabin","online":true,"presence":"online"}` + "\n")
	var last moment
	liveThrough(t, room, days, func(m moment) {
		told := m.at%time.Minute == 0 || math.Abs(m.state.Reading.Celsius-last.state.Reading.Celsius) >= 0.1 ||
			m.state.Heater.On != last.state.Heater.On || m.state.Cooler.On != last.state.Cooler.On || !m.setpoint.SameTarget(last.setpoint)
		if !told {
			return
		}
		last = m
		heater, cooler := cli.OnOff(m.state.Heater.On), cli.OnOff(m.state.Cooler.On)
		sp, r := m.setpoint, m.state.Reading.Celsius
		text, err := json.Marshal(struct {
			report.State
			Device string `json:"device"`
		}{report.State{
			Time: Monday().Add(m.at), Zone: "hall", SensorID: 7, Temperature: &r, Desired: &sp.Desired, UpDelta: &sp.UpDelta, DownDelta: &sp.DownDelta,
			Mode: sp.Mode.String(), Action: m.state.Action.String(), Heater: &heater, Cooler: &cooler, Reason: m.state.Reason, Sensor: "ok",
		}, "cabin"})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s\n", text)
	})
	b.WriteString(`{"device":"cabin","gone":true,"zone":"attic"}` + "\n")
	return b.String()
}

// rows is the same room as a CSV file, a row a minute.
func rows(t *testing.T, room, head, form string, days int) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(head + "\n")
	liveThrough(t, room, days, func(m moment) {
		if m.at%time.Minute == 0 {
			fmt.Fprintf(&b, form+"\n", Monday().Add(m.at).Format("2006-01-02 15:04"), m.state.Reading.Celsius, cli.OnOff(m.state.Heater.On), m.outdoor, m.setpoint.Desired)
		}
	})
	return b.String()
}

func recorded(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "recording")
	clitest.WriteFile(t, file, text)
	return file
}

// TestEveryFormOfARecordingShowsItsRoom: what watch --json wrote, without the
// outdoors, and CSV files of either separator show the room to a tenth, and the
// estimate says so; the setpoints are those that were recorded.
func TestEveryFormOfARecordingShowsItsRoom(t *testing.T) {
	for form, text := range map[string]string{
		"watch":     watchLines(t, "radiator", 7),
		"comma":     rows(t, "radiator", "time,temperature,heater,outdoor,desired", "%s,%v,%s,%.2f,%v", 7),
		"semicolon": rows(t, "radiator", "\ufeffTime; Celsius; Heater; Outdoor; Desired", "%s;%v; %s;%.2f;%v", 7),
	} {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			r := simulateRuns(t, "--trace", recorded(t, text))[0]
			e := r.Estimate
			if !e.Told || e.HeaterFrom != "record" || r.Desired != 17 {
				t.Errorf("%+v %+v", r, e)
			}
			for i, got := range []float64{e.RiseK, e.FirstHourK, e.TimeConstantH} {
				if want := []float64{34.1, 2.36, 28.2}[i]; !(math.Abs(got-want) < 0.1*want) {
					t.Errorf("figure %d is %v, want %v", i, got, want)
				}
			}
		})
	}
}

// TestACoolerBesideAHeaterHasItsOwnBody: a fermenter that is heated and cooled is
// told from a reading every 10 s.
func TestACoolerBesideAHeaterHasItsOwnBody(t *testing.T) {
	config := clitest.Written(t, `device: a
zones:
  - name: beer
    sensor_id: 7
    plant: fermenter
    sensor: {driver: simulated, model: fermenter}
    heater: {driver: simulated}
    cooler: {driver: simulated}
    default_setpoint: {mode: heat_cool, desired: 19}
`)
	var b strings.Builder
	liveThrough(t, "fermenter", 7, func(m moment) {
		if m.at%(10*time.Second) != 0 {
			return
		}
		fmt.Fprintf(&b, `{"time":%q,"sensor_id":7,"temperature":%v,"heater":%q,"cooler":%q,"outdoor":%.2f}`+"\n",
			Monday().Add(m.at).Format(time.RFC3339), m.state.Reading.Celsius, cli.OnOff(m.state.Heater.On), cli.OnOff(m.state.Cooler.On), m.outdoor)
	})
	if e := simulateRuns(t, "--config", config, "--trace", recorded(t, b.String()))[0].Estimate; !e.Told || math.Abs(e.RiseK/131-1) > 0.1 || math.Abs(e.TimeConstantH/39.5-1) > 0.1 {
		t.Errorf("%+v", e)
	}
}

// TestTraceShowsTheBandThatItUsed: the recorded setpoint, or --desired instead of it.
func TestTraceShowsTheBandThatItUsed(t *testing.T) {
	line := func(seconds int, what string) string {
		return fmt.Sprintf(`{"time":%q,"sensor_id":7,%s}`+"\n", Monday().Add(time.Duration(seconds)*time.Second).Format(time.RFC3339), what)
	}
	text := line(0, `"verdict":"no_reading"`) + line(0, `"desired":16,"up_delta":0.7,"down_delta":0.4`)
	for s := 0; s <= 3600; s += 30 {
		text += line(s, `"temperature":18`)
	}
	file := recorded(t, text)
	for _, c := range []struct {
		args    []string
		head    string
		comfort string
		heats   bool
	}{
		{nil, "heat 16 °C +0.7 K -0.4 K", "above 16 ± 0.5 °C", false},
		{[]string{"--desired", "20"}, "heat 20 °C +0.3 K -0.3 K", "above 20 ± 0.5 °C", true},
	} {
		out, _, err := runSimulate(append(c.args, "--trace", file)...)
		if err != nil || !strings.Contains(out, c.head) || !strings.Contains(out, c.comfort) {
			t.Errorf("%v: %v %s", c.args, err, out)
		}
		r := simulateRuns(t, append(c.args, "--trace", file)...)[0]
		if (r.HeatingShare > 0.9) != c.heats || !strings.Contains(c.head, fmt.Sprintf("heat %v °C +%v K -%v K", r.Desired, r.UpDelta, r.DownDelta)) {
			t.Errorf("%v: %+v", c.args, r)
		}
	}
}

// TestTraceShowsEverySetpointThatItUsed: of several the range, and JSON the last.
func TestTraceShowsEverySetpointThatItUsed(t *testing.T) {
	text := "time,temperature,desired,mode\n"
	for m := range 120 {
		text += fmt.Sprintf("2026-01-01 %02d:%02d,18.5,%v,heat\n", m/60, m%60, 17+m/60*2)
	}
	file := recorded(t, text)
	out, _, err := runSimulate("--trace", file)
	if err != nil || !strings.Contains(out, "heat 17..19 °C +") || !strings.Contains(out, "above 17..19 ± 0.5 °C") {
		t.Errorf("%v %s", err, out)
	}
	if r := simulateRuns(t, "--trace", file)[0]; r.Desired != 19 || r.DiscomfortBelow != 0 || math.Abs(r.DiscomfortAbove-1) > 0.05 {
		t.Errorf("%+v", r)
	}
}

// TestBadRowsAreNamed: a CSV recording is refused with line, column and value.
func TestBadRowsAreNamed(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"time,heater\n", "line 1: the columns time and temperature are needed"},
		{"time,temperature,humidty\n", `line 1: column "humidty" is none of time, temperature, sensor_id`},
		{"time,temperature,celsius\n", `line 1: column "temperature" is there twice`},
		{"time,temperature\nnoon,20\n", `line 2: time "noon" is none like 2026-01-31T12:00:00Z`},
		{"time,temperature\n2026-01-01 00:00,2_1\n", `line 2: temperature: "2_1" is not a decimal number`},
		{"time;temperature\n2026-01-01 00:00;20,5\n", `line 2: temperature: "20,5" is not a decimal number`},
		{"time,temperature\n2026-01-01 00:00,-300\n", "line 2: temperature: -300 is below"},
		{"time,temperature,heater\n2026-01-01 00:00,20,warm\n", `line 2: heater: "warm" is none of on, off, 1, 0, true, false`},
		{"time,temperature,sensor_id\n2026-01-01 00:00,20,-1\n", `line 2: sensor_id: "-1" is not a whole number`},
		{"time,temperature\n2026-01-01 00:00,20,1\n", "wrong number of fields"},
		{"time,temperature,desired\n2026-01-01 00:00,20,90\n2026-01-01 00:01,20,90\n", "line 2: desired: 90 is outside 5..28"},
	} {
		if _, _, err := runSimulate("--trace", recorded(t, c.text)); clitest.CodeOf(err) != 2 || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %s", c.text, err, c.want)
		}
	}
}

// TestTheShippedRecordingGivesWhatIsDocumented: docs/simulate.md's command on it says what stands there.
func TestTheShippedRecordingGivesWhatIsDocumented(t *testing.T) {
	out, _, err := runSimulate("--trace", "../../examples/recording.csv")
	if err != nil || strings.Contains(out, "CANNOT TELL") {
		t.Errorf("%v %s", err, out)
	}
	page, err := os.ReadFile("../../docs/simulate.md")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out) {
		if !strings.Contains(string(page), "    "+line) {
			t.Errorf("not in docs/simulate.md: %s", line)
		}
	}
}

// TestATraceWithTargetsHoldsThese: whatever its setpoints say later; a program is read past.
func TestATraceWithTargetsHoldsThese(t *testing.T) {
	line := func(minute int, what string) string {
		return fmt.Sprintf(`{"time":"2026-01-01T%02d:%02d:00Z","sensor_id":7,%s}`, minute/60, minute%60, what) + "\n"
	}
	text := line(0, `"desired":25,"mode":"heat"`)
	for m := range 120 {
		text += line(m, `"temperature":18.5`)
		switch m {
		case 0:
			text += line(m, `"target":"program","mode":"heat","desired":17,"up_delta":0.3,"down_delta":0.3`)
		case 1:
			text += line(m, `"desired":24,"mode":"heat"`) + line(m, `"program":"06:00 22"`)
		case 60:
			text += line(m, `"target":"program","mode":"heat","desired":19,"up_delta":0.3,"down_delta":0.3`)
		}
	}
	out, _, err := runSimulate("--trace", recorded(t, text))
	if err != nil || !strings.Contains(out, "heat 17..19 °C +") {
		t.Errorf("%v %s", err, out)
	}
}
