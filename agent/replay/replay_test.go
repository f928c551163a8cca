package replay

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"thermostat/agent/clitest"
	"thermostat/agent/config"
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
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7,"temperature":1e999}`, "not a record"},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7,"temperature":-300}`, "below -273.15"},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7,"desired":99}`, "desired: 99 is outside 5..28"},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7,"mode":"auto"}`, "is unknown"},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7,"temp":20}`, "unknown field"},
		{`{"time":"2026-01-01T00:00:00Z","sensor_id":7,"temperature":20} {}`, "something follows"},
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

// FuzzReplay: no line may panic, and each is answered by one line of JSON.
func FuzzReplay(f *testing.F) {
	for _, seed := range []string{at(0, `"desired":20`) + at(120, `"temperature":15`), "{}", `{"time":"9999-12-31T23:59:59Z","sensor_id":7,"temperature":1e308}`, "\n\n["} {
		f.Add([]byte(seed))
	}
	r := testReplay(f)
	cfg, _ := config.Read("test", []byte(clitest.ReplayConfig))
	f.Fuzz(func(t *testing.T, in []byte) {
		*r = *New(cfg)
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
