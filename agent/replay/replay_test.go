package replay

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"thermostat/agent/clitest"
	"thermostat/agent/config"
	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/roomtest"
)

func testReplay(t testing.TB) *Operator {
	t.Helper()
	cfg, complaints := config.Read("test", []byte(clitest.ReplayConfig))
	for _, c := range complaints {
		t.Fatal(c)
	}
	return New(cfg)
}

// TestReplayDecidesAtTheRecordsOwnTimes: the law and its timers at the records' own times.
func TestReplayDecidesAtTheRecordsOwnTimes(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"nothing said", at(0, `"temperature":15`), `"heater":"off","cooler":"off","action":"off","reason":"no_setpoint","changed":false`},
		{"a setpoint without a reading", at(0, `"desired":20,"mode":"heat"`), `"action":"idle","reason":"no_reading","changed":false`},
		{"the start serves min_off", at(0, `"desired":20`) + at(0, `"temperature":15`), `"heater":"off","cooler":"off","action":"idle","reason":"starting","changed":false`},
		{"the start of two outputs serves the changeover", at(0, `"desired":20`) + at(299, `"temperature":15`), `"heater":"off","cooler":"off","action":"idle","reason":"starting","changed":false`},
		{"then it heats", at(0, `"desired":20`) + at(300, `"temperature":15`), `"heater":"on","cooler":"off","action":"heating","reason":"too_cold","changed":true`},
		{"a tick between the records switched", at(0, `"desired":20`) + at(260, `"temperature":15`) + at(305, `"temperature":15`), `"heater":"on","cooler":"off","action":"heating","reason":"too_cold","changed":true`},
		{"what a tick switched off is told", at(0, `"desired":20`) + at(300, `"temperature":15`) + at(680, `"desired":21`), `"heater":"off","cooler":"off","action":"idle","reason":"stale_reading","changed":true`},
		{"a gap of centuries costs nothing", at(0, `"desired":20`) + at(300, `"temperature":15`) + `{"time":"2999-01-01T00:00:00Z","sensor_id":7,"temperature":15}` + "\n", `"heater":"on","cooler":"off","action":"heating","reason":"too_cold","changed":false`},
		{"nor does one before the first reading", `{"time":"0002-01-01T00:00:00Z","sensor_id":7,"desired":20}` + "\n" + at(0, `"temperature":15`), `"heater":"on","cooler":"off","action":"heating","reason":"too_cold","changed":true`},
		{"1e308 only cuts out", at(0, `"desired":20`) + at(300, `"temperature":15`) + at(301, `"temperature":1e308`), `"heater":"off","cooler":"off","action":"idle","reason":"heat_cutout","changed":true`},
		{"keyed by sensor", at(0, `"desired":20`) + `{"time":"2026-01-01T00:00:00Z","sensor_id":8,"temperature":15}` + "\n", `"sensor_id":8,"heater":"off","cooler":"off","action":"off","reason":"no_setpoint","changed":false`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			if err := testReplay(t).Run(strings.NewReader(c.in), &out); err != nil {
				t.Fatalf("%v\n%s", err, out.String())
			}
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			if want := strings.Count(c.in, "\n"); len(lines) != want {
				t.Fatalf("%d answers for %d lines", len(lines), want)
			}
			if last := lines[len(lines)-1]; !strings.Contains(last, c.want) {
				t.Errorf("%s\nwant %s", last, c.want)
			}
		})
	}
}

// TestALogWithoutItsStartDecidesAsOneWithIt: the first record of a log is a
// start; a zone with two outputs serves its changeover from there.
func TestALogWithoutItsStartDecidesAsOneWithIt(t *testing.T) {
	log := ""
	for s := 0; s <= 900; s += 5 {
		log += at(s, `"temperature":15`)
	}
	for _, outputs := range []string{"heater", "cooler", "heater and cooler"} {
		text := clitest.ReplayConfig
		if outputs != "heater and cooler" {
			gone := map[string]string{"heater": "    cooler: {driver: simulated}\n", "cooler": "    heater: {driver: simulated}\n"}[outputs]
			text = strings.Replace(text, gone, "", 1)
		}
		desired := map[bool]string{true: `"desired":10,"mode":"cool"`, false: `"desired":20,"mode":"heat"`}[outputs == "cooler"]
		var with, without bytes.Buffer
		for out, in := range map[*bytes.Buffer]string{&with: at(0, `"verdict":"no_reading"`) + at(0, desired) + log, &without: at(0, desired) + log} {
			cfg, complaints := config.Read("test", []byte(text))
			if len(complaints) > 0 {
				t.Fatal(complaints)
			}
			if err := New(cfg).Run(strings.NewReader(in), out); err != nil {
				t.Fatal(err)
			}
		}
		_, behind, _ := strings.Cut(with.String(), "\n")
		if behind != without.String() {
			t.Errorf("%s: with its start\n%.300s\nwithout\n%.300s", outputs, behind, without.String())
		}
		rest := map[bool]string{true: "00:05:00Z", false: "00:02:00Z"}[outputs == "heater and cooler"]
		for line := range strings.Lines(without.String()) {
			if strings.Contains(line, `"changed":true`) {
				if !strings.Contains(line, rest) {
					t.Errorf("%s: on at %s, want %s", outputs, line, rest)
				}
				break
			}
		}
	}
}

// at is a line for sensor 7, so many seconds after the new year.
func at(seconds int, what string) string {
	when := time.Date(2026, 1, 1, 0, 0, seconds, 0, time.UTC).Format(time.RFC3339)
	return fmt.Sprintf(`{"time":%q,"sensor_id":7,%s}`, when, what) + "\n"
}

// TestReplayAnswersABadLineAndGoesOn: a bad line is answered and counted, and the rest goes on.
func TestReplayAnswersABadLineAndGoesOn(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{`garbage`, "not a record"},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7}`, "want either temperature or a setpoint"},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7,"temperature":20,"desired":20}`, "want either temperature or a setpoint"},
		{`{"sensor_id":7,"temperature":20}`, "time is missing"},
		{`{"time":"2026-01-01T00:00:00Z","temperature":20}`, "sensor_id is missing"},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":9,"temperature":20}`, "sensor_id 9 is in no zone"},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7,"temperature":NaN}`, "not a record"},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7,"temperature":1e999}`, "not a record: temperature cannot be number 1e999"},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7.5,"temperature":20}`, "not a record: sensor_id cannot be number 7.5"},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7,"temperature":"20"}`, "not a record: temperature cannot be string"},
		{`{"time":"2026-01-01 00:00","sensor_id":7,"temperature":20}`, `not a record: a time cannot be \"2026-01-01 00:00\": write such as 2026-01-31T12:00:00Z`},
		{`[]`, "not a record: array is no object"},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7,"temperature":-300}`, "below -273.15"},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7,"desired":99}`, "desired: 99 is outside 5..28"},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7,"mode":"warm"}`, "is unknown"},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7,"temp":20}`, "unknown field"},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7,"temperature":20} {}`, "something follows"},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7,"target":"program","temperature":20}`, "want either temperature or a setpoint"},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7,"program":"","desired":20}`, "want either temperature or a setpoint"},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7,"temperature":20,"bar":true}`, "bar belongs beside a target"},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7,"temperature":20,"ahead":true}`, "ahead belongs beside a target"},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7,"target":"program","mode":"heat","desired":20,"up_delta":1,"down_delta":1,"ahead":true}`, "ahead: next is missing"},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7,"temperature":20,"learned":"AAAA"}`, "learned belongs beside the verdict no_reading"},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7,"verdict":"no_reading","learned":"AAAA"}`, "learned: no kept model of a room"},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7,"target":"program","desired":20}`, "target: mode is missing"},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7,"target":"program","mode":"auto"}`, "target: mode auto is none of the law's"},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7,"target":"program","mode":"warm"}`, "is unknown"},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7,"target":"program","mode":"heat","up_delta":1,"down_delta":1}`, "target: desired is missing"},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7,"target":"program","mode":"heat","desired":20,"up_delta":1}`, "target: down_delta is missing"},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7,"target":"program","mode":"heat","desired":20,"up_delta":0,"down_delta":1}`, "target: up_delta: 0 is not above 0 K"},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7,"program":"6:30 20"}`, "program: "},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7,"program":"06:30 cosy"}`, "program: preset"},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7,"program":"06:30 99"}`, "desired: 99 is outside 5..28"},
		{`{"time":"2025-12-31T23:59:59Z","sensor_id":7,"temperature":20}`, "is before the last record's"},
	} {
		in := at(0, `"desired":20`) + c.line + "\n" + at(200, `"temperature":15`)
		var out bytes.Buffer
		err := testReplay(t).Run(strings.NewReader(in), &out)
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if err == nil || len(lines) != 3 {
			t.Fatalf("%s: %v\n%s", c.line, err, out.String())
		}
		if !strings.HasPrefix(lines[1], `{"error":"line 2: `) || !strings.Contains(lines[1], c.want) {
			t.Errorf("%s: answered %s, want %q", c.line, lines[1], c.want)
		}
		if !strings.Contains(lines[2], `"reason":"too_cold"`) && !strings.Contains(lines[2], `"reason":"starting"`) {
			t.Errorf("%s: the next line is answered %s", c.line, lines[2])
		}
	}
}

// TestReplayAnswersEachLineBeforeTheNext: another program waits for each answer before it goes on.
func TestReplayAnswersEachLineBeforeTheNext(t *testing.T) {
	in, to := io.Pipe()
	from, out := io.Pipe()
	ended := make(chan error)
	go func() { ended <- testReplay(t).Run(in, out) }()
	answers := bufio.NewScanner(from)
	room, heater := 18.0, false
	fmt.Fprint(to, at(0, `"desired":20,"up_delta":0.5,"down_delta":0.5`))
	answers.Scan()
	for i := 1; i < 500; i++ {
		if room += -0.02; heater {
			room += 0.07
		}
		fmt.Fprint(to, at(i*30, fmt.Sprintf(`"temperature":%.3f`, room)))
		answers.Scan()
		var d Decision
		if err := json.Unmarshal(answers.Bytes(), &d); err != nil {
			t.Fatalf("%v: %s", err, answers.Text())
		}
		heater = d.Heater == "on"
		if i > 100 && (room < 19.3 || room > 20.8) {
			t.Fatalf("step %d: the room is at %.2f °C", i, room)
		}
	}
	to.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestATargetIsExactlyWhatTheLawAimsAtFromThenOn: whatever setpoints say before and
// after it, outside the configured limits too, and at the ticks between records; with
// --plan it moves nothing.
func TestATargetIsExactlyWhatTheLawAimsAtFromThenOn(t *testing.T) {
	const aims = `"target":"frost","mode":"heat","desired":4,"up_delta":0.01,"down_delta":0.01`
	for _, c := range []struct {
		name, in, want string
		plan           string // with --plan
	}{
		{"over what was said", at(0, `"desired":20`) + at(0, aims) + at(300, `"temperature":15`), "too_warm", "too_cold"},
		{"exactly", at(0, aims) + at(300, `"temperature":3.989`), "too_cold", "no_setpoint"},
		{"over what is said later", at(0, aims) + at(1, `"desired":20`) + at(300, `"temperature":15`), "too_warm", "too_cold"},
		{"the last of several", at(0, aims) + at(1, `"target":"manual","mode":"off"`) + at(300, `"temperature":3.5`), "mode_off", "no_setpoint"},
		{"nothing", at(0, `"desired":20`) + at(1, `"target":""`) + at(300, `"temperature":3`), "no_setpoint", "too_cold"},
		{"at the tick of its own time", at(0, `"desired":20`) + at(0, `"target":"hold","mode":"heat","desired":20,"up_delta":1,"down_delta":1`) +
			at(300, `"temperature":15`) + at(301, `"target":"program","mode":"off"`) + at(302, `"desired":21`), "mode_off", "too_cold"},
		{"of frost protection, which heats in mode off", at(0, `"target":"frost","mode":"off","desired":5.5,"up_delta":0.5,"down_delta":0.5`) + at(300, `"temperature":4`), "too_cold", "no_setpoint"},
		{"barred", at(0, `"desired":20`) + at(0, `"target":"window_open","mode":"heat","desired":20,"up_delta":1,"down_delta":1,"bar":true`) + at(300, `"temperature":15`), "window_open", "too_cold"},
		{"of another zone", `{"time":"2026-01-01T00:00:00Z","sensor_id":8,` + aims + "}\n" + at(0, `"desired":20`) + at(300, `"temperature":15`), "too_cold", "too_cold"},
	} {
		for plan, want := range map[bool]string{false: c.want, true: c.plan} {
			r := testReplay(t)
			r.Plan = plan
			if d := lastDecision(t, r, c.in); string(d.Reason) != want {
				t.Errorf("%s, with plan %v: %+v, want %s", c.name, plan, d, want)
			}
		}
	}
}

// lastDecision is the answer to the last line of a log.
func lastDecision(t *testing.T, r *Operator, in string) (d Decision) {
	t.Helper()
	var out bytes.Buffer
	if err := r.Run(strings.NewReader(in), &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestWhatRecordsOfOneMomentSayIsOneDecision: a target and the reading, the setpoint or
// the start of the same step, in either order; the switch that the first alone would
// have made is none.
func TestWhatRecordsOfOneMomentSayIsOneDecision(t *testing.T) {
	const (
		cold = `"target":"program","mode":"heat","desired":10,"up_delta":0.5,"down_delta":0.5`
		warm = `"target":"program","mode":"heat","desired":20,"up_delta":0.5,"down_delta":0.5`
	)
	for _, c := range []struct {
		name, before, one, other string
		reason, behind           controlloop.Reason // behind: of 15 °C a second later
	}{
		{"the room has warmed up when it becomes warmer", at(0, cold) + at(300, `"temperature":15`), at(310, warm), at(310, `"temperature":20`), "in_band", "too_cold"},
		{"it has cooled down when it becomes colder", at(0, warm) + at(300, `"temperature":20`), at(310, cold), at(310, `"temperature":15`), "too_warm", "too_warm"},
		{"it has cooled down when it becomes warmer", at(0, cold) + at(300, `"temperature":20`), at(310, warm), at(310, `"temperature":15`), "too_cold", "too_cold"},
		{"with a setpoint", at(0, cold) + at(300, `"temperature":15`), at(310, warm), at(310, `"desired":20`), "too_cold", "too_cold"},
		{"with the start of a life, before which it would have begun to heat", at(0, cold) + at(300, `"temperature":15`), at(310, warm), at(310, `"verdict":"no_reading"`), "no_reading", "too_cold"},
		{"with the start of the log", "", at(0, warm), at(0, `"verdict":"no_reading"`), "no_reading", "starting"},
	} {
		for _, in := range []string{c.before + c.one + c.other, c.before + c.other + c.one} {
			if d := lastDecision(t, testReplay(t), in); d.Reason != c.reason {
				t.Errorf("%s: %+v, want %s, after\n%s", c.name, d, c.reason, in)
			}
			after := 311
			if c.before == "" {
				after = 1
			}
			if d := lastDecision(t, testReplay(t), in+at(after, `"temperature":15`)); d.Reason != c.behind {
				t.Errorf("%s: behind it %+v, want %s, after\n%s", c.name, d, c.behind, in)
			}
		}
	}
}

// TestAProgramRecordIsTheWeekThatCounts: in a zone that has had no target; in mode auto,
// over the configured week, until the next record; with --plan also where there are targets.
func TestAProgramRecordIsTheWeekThatCounts(t *testing.T) {
	text := strings.Replace(clitest.ReplayConfig, "zones:\n", "timezone: UTC\npresets: {cosy: 22}\nzones:\n", 1)
	text = strings.Replace(text, "    sensor_id: 7\n", "    sensor_id: 7\n    default_setpoint: {mode: auto, desired: 12}\n    program: 00:00 10\n", 1)
	const cold = `"target":"program","mode":"heat","desired":6,"up_delta":0.5,"down_delta":0.5`
	begin := at(0, `"temperature":15`)
	for _, c := range []struct {
		name, in string
		want     controlloop.Reason
		plan     bool
	}{
		{"the configured week", begin + at(300, `"temperature":9`), "too_cold", false},
		{"it is warm enough for that", begin + at(300, `"temperature":15`), "too_warm", false},
		{"another week", begin + at(1, `"program":"00:00 cosy"`) + at(300, `"temperature":15`), "too_cold", false},
		{"a transition of it, at a tick", begin + at(1, `"program":"00:00 10, 00:05 cosy"`) + at(299, `"temperature":15`) + at(301, `"verdict":"error"`), "too_cold", false},
		{"none: the default's temperature", begin + at(1, `"program":""`) + at(300, `"temperature":11`), "too_cold", false},
		{"a setpoint outranks it", begin + at(1, `"program":"00:00 cosy"`) + at(2, `"mode":"heat","desired":9`) + at(300, `"temperature":15`), "too_warm", false},
		{"a target outranks it", begin + at(1, `"program":"00:00 cosy"`) + at(2, cold) + at(300, `"temperature":15`), "too_warm", false},
		{"and before it", begin + at(1, cold) + at(2, `"program":"00:00 cosy"`) + at(300, `"temperature":15`), "too_warm", false},
		{"not with --plan", begin + at(1, cold) + at(2, `"program":"00:00 cosy"`) + at(300, `"temperature":15`), "too_cold", true},
		{"at the moment of a target, with --plan", begin + at(2, `"program":"00:00 cosy"`) + at(2, cold) + at(300, `"temperature":15`), "too_cold", true},
	} {
		cfg, complaints := config.Read("test", []byte(text))
		if len(complaints) > 0 {
			t.Fatal(complaints)
		}
		r := New(cfg)
		r.Plan = c.plan
		if d := lastDecision(t, r, c.in); d.Reason != c.want {
			t.Errorf("%s: %+v, want %s", c.name, d, c.want)
		}
	}
}

// TestTheLawLooksAheadToTheProgramThatIsGiven: by a record or by the configuration, with what was known of the room at the start of
// the log. Another program makes other decisions of the same readings.
func TestTheLawLooksAheadToTheProgramThatIsGiven(t *testing.T) {
	known := roomtest.Known(4, 0.2, 6, 10)
	learned, err := known.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(clitest.ReplayConfig, "zones:\n", "timezone: UTC\nzones:\n", 1)
	text = strings.Replace(text, "    cooler: {driver: simulated}\n", "", 1)
	text = strings.Replace(text, "changeover: 5m}\n", "changeover: 5m}\n    default_setpoint: {mode: auto, desired: 12}\n    program: 00:00 17, %s 21\n", 1)
	// decisions are those of four hours of a room that stands still, by a configured program and one of a record.
	decisions := func(configured, recorded string) (all []string, preheats int) {
		cfg, complaints := config.Read("test", fmt.Appendf(nil, text, configured))
		if len(complaints) > 0 {
			t.Fatal(complaints)
		}
		in := at(0, fmt.Sprintf(`"verdict":"no_reading","learned":%q`, base64.StdEncoding.EncodeToString(learned)))
		if recorded != "" {
			in += at(0, fmt.Sprintf(`"program":"00:00 17, %s 21"`, recorded))
		}
		for i := range 4 * 60 {
			in += at(60*i+1, `"temperature":17`)
		}
		var out bytes.Buffer
		if err := New(cfg).Run(strings.NewReader(in), &out); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			var d Decision
			if err := json.Unmarshal([]byte(line), &d); err != nil {
				t.Fatal(err)
			}
			if d.Reason == controlloop.ReasonPreheat {
				preheats++
			}
			all = append(all, line)
		}
		return all[len(all)-4*60:], preheats
	}
	early, n := decisions("04:00", "")
	if n < 10 {
		t.Errorf("%d decisions preheat for 04:00", n)
	}
	late, m := decisions("18:00", "")
	if m > 0 {
		t.Errorf("%d decisions preheat for 18:00", m)
	}
	if given, _ := decisions("18:00", "04:00"); !slices.Equal(given, early) {
		t.Error("the program of a record is not looked ahead to as the configured one is")
	}
	if given, _ := decisions("04:00", "18:00"); !slices.Equal(given, late) {
		t.Error("the configured program is looked ahead to over that of a record")
	}
}

// FuzzReplay: no line may panic, and each is answered by one line of JSON.
func FuzzReplay(f *testing.F) {
	for _, seed := range []string{
		at(0, `"desired":20`) + at(120, `"temperature":15`), "{}",
		at(0, `"target":"program","mode":"heat","desired":20,"up_delta":0.5,"down_delta":0.5`) + at(0, `"verdict":"no_reading"`) + at(300, `"target":""`) + at(300, `"temperature":15`),
		at(0, `"mode":"auto"`) + at(0, `"program":"mon-fri 06:00 21, 22:00 off; sat 08:00 20.5"`) + at(0, `"target":"hold","mode":"off"`) + at(1e6, `"program":""`),
		`{"time":"9999-12-31T23:59:59Z","sensor_id":7,"temperature":1e308}`, "\n\n["} {
		f.Add([]byte(seed))
	}
	r := testReplay(f)
	cfg, _ := config.Read("test", []byte(clitest.ReplayConfig))
	f.Fuzz(func(t *testing.T, in []byte) {
		plan := len(in)%2 == 1
		*r = *New(cfg)
		r.Plan = plan
		var out bytes.Buffer
		_ = r.Run(bytes.NewReader(in), &out) // bad lines are errors, as they should be
		for s := bufio.NewScanner(&out); s.Scan(); {
			if !json.Valid(s.Bytes()) {
				t.Errorf("answered %q", s.Text())
			}
		}
	})
}

// BenchmarkReplayWeek is a week of readings every 30 s for one zone.
func BenchmarkReplayWeek(b *testing.B) {
	var in bytes.Buffer
	in.WriteString(at(0, `"desired":20`))
	for i := range 7 * 24 * 120 {
		in.WriteString(at(i*30, fmt.Sprintf(`"temperature":%.2f`, 18+float64(i%400)/100)))
	}
	for b.Loop() {
		if err := testReplay(b).Run(bytes.NewReader(in.Bytes()), io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

// TestFrostProtectionIsPlannedAnew: by the readings of the log, with the memory of its band.
func TestFrostProtectionIsPlannedAnew(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"below its band", at(0, `"desired":20,"mode":"off"`) + at(300, `"temperature":4.9`), "too_cold"},
		{"from there on", at(0, `"desired":20,"mode":"off"`) + at(300, `"temperature":4.9`) + at(310, `"temperature":5.9`), "in_band"},
		{"above it", at(0, `"desired":20,"mode":"off"`) + at(300, `"temperature":5.9`), "mode_off"},
	} {
		r := testReplay(t)
		for _, z := range r.Zones {
			z.judge.Comfort.Frost = comfort.Frost{Below: 5, Rise: 1, InOff: true}
		}
		if d := lastDecision(t, r, c.in); string(d.Reason) != c.want {
			t.Errorf("%s: %+v, want %s", c.name, d, c.want)
		}
	}
}
