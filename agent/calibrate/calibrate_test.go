package calibrate

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/agent/clitest"
	"thermostat/agent/config"
	"thermostat/agent/devices"
	"thermostat/controlloop"
	"thermostat/drivers"
	"thermostat/drivers/correction"
)

// dipped is a sensor in a bath that comes to its temperature.
type dipped struct {
	began time.Time
	bath  func(time.Duration) float64
	off   float64
	noise float64
	luck  *rand.Rand
}

func (d dipped) Read(context.Context) (controlloop.Reading, error) {
	now := time.Now()
	x := d.bath(now.Sub(d.began))
	if math.IsNaN(x) {
		return controlloop.Reading{}, &controlloop.BadReading{Verdict: controlloop.VerdictAbsent, Err: errors.New("it is gone")}
	}
	x += d.off + d.noise*d.luck.NormFloat64()
	return controlloop.Temperature(math.Round(x*16)/16, now), nil
}

// dip measures sensors of two zones in one bath.
func dip(t *testing.T, truth float64, noise float64, bath func(time.Duration) float64, offs ...float64) (said string, err error) {
	synctest.Test(t, func(t *testing.T) {
		var all []*probe
		for i, off := range offs {
			all = append(all, &probe{name: string(rune('a'+i)) + ": sensor",
				sensor: dipped{time.Now(), bath, off, noise, rand.New(rand.NewPCG(uint64(i), 3))}})
		}
		var out strings.Builder
		err = measure(t.Context(), &out, all, truth, 15*time.Minute)
		said = out.String()
		time.Sleep(time.Minute) // the last reads end
	})
	return said, err
}

func settles(d time.Duration) float64 { return 20 * math.Exp(-d.Minutes()) }

func TestABathThatHasSettledGivesEachSensorItsPoint(t *testing.T) {
	said, err := dip(t, 0, 0.03, settles, 0.5, -0.25)
	if err != nil || !strings.Contains(said, "calibrate: [[0.5") || !strings.Contains(said, "calibrate: [[-0.2") {
		t.Errorf("%v\n%s", err, said)
	}
}

func TestWithoutATruthTheMiddleSensorCounts(t *testing.T) {
	said, err := dip(t, math.NaN(), 0, func(time.Duration) float64 { return 21 }, 0.5, -0.25, 0)
	for _, want := range []string{"21.00 °C, counts as right", "[[21.5, 21]]", "[[20.75, 21]]", "[[21, 21]]"} {
		if err != nil || !strings.Contains(said, want) {
			t.Errorf("%v, %q is missing in\n%s", err, want, said)
		}
	}
}

func TestWhatCannotBeGoneByIsRefused(t *testing.T) {
	for says, bath := range map[string]func(time.Duration) float64{
		"drifts by +0.10 K":      func(d time.Duration) float64 { return 0.1 * d.Minutes() },
		"gives no temperature":   func(time.Duration) float64 { return math.NaN() },
		"scatters by":            func(d time.Duration) float64 { return 2 * float64(int(d.Seconds())%2) },
		"at most 10 K can be":    func(time.Duration) float64 { return 12 },
		"readings, 12 over 2m0s": func(time.Duration) float64 { time.Sleep(20 * time.Second); return 0 },
	} {
		said, err := dip(t, 0, 0, bath, 0, 0.1)
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(said, "calibrate: ") {
			t.Errorf("%v, want a word on %q\n%s", err, says, said)
		}
	}
}

// TestAnAnswerThatDidNotComeIsAGap: another program on the bus begins no course anew, and a damaged
// answer does.
func TestAnAnswerThatDidNotComeIsAGap(t *testing.T) {
	for verdict, says := range map[controlloop.Verdict]string{controlloop.VerdictNoAnswer: "", controlloop.VerdictCRC: "12 over 2m0s are wanted"} {
		var c course
		now := time.Now()
		for i := range 130 {
			now = now.Add(time.Second)
			var err error
			if i == 60 {
				err = controlloop.Bad(verdict, "so it was")
			}
			c.add(now, 0.5, err)
			if i == 60 && !strings.Contains(c.unready(now), "so it was") {
				t.Errorf("%s: %q", verdict, c.unready(now))
			}
		}
		if got := c.unready(now); (got == "") != (says == "") || !strings.Contains(got, says) {
			t.Errorf("%s: %q, want a word on %q", verdict, got, says)
		}
	}
}

func TestAPointJoinsThoseThatAreFarAndReplacesThoseThatAreNear(t *testing.T) {
	s := devices.Sensor{Calibrate: correction.Points{{Raw: 0.4, True: 0}, {Raw: 40, True: 41}}}
	for _, row := range []struct {
		p    correction.Point
		want string
	}{
		{correction.Point{Raw: 0.5, True: 0}, "[[0.5, 0], [40, 41]]"},
		{correction.Point{Raw: 20, True: 20.5}, "[[0.4, 0], [20, 20.5], [40, 41]]"},
	} {
		if got, err := merged(s, row.p); err != nil || got.String() != row.want {
			t.Errorf("%v, %v, want %s", got, err, row.want)
		}
	}
	s.Calibrate = append(s.Calibrate, correction.Point{Raw: 60, True: 61})
	if got, err := merged(s, correction.Point{Raw: 20, True: 20}); err == nil {
		t.Errorf("four points: %v", got)
	}
}

func TestOnlyChipsOfThisMachineAreMeasured(t *testing.T) {
	cfg := config.Config{Zones: []config.Zone{{Name: "a", Devices: devices.Zone{Sensor: devices.DefaultSensor("mqtt")}}}}
	for says, zone := range map[string]string{"is no chip of this machine": "a", "is not in the configuration": "b"} {
		if _, err := probes(cfg, []string{zone}, drivers.NewHardware("/")); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want a word on %q", err, says)
		}
	}
}

// TestACommandThatCannotCompareIsRefusedAtOnce: a mistake of the call, exit 2, before anything is measured.
func TestACommandThatCannotCompareIsRefusedAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.yaml")
	clitest.WriteFile(t, file, `zones:
  - name: kitchen
    sensor: {driver: ds18b20, id: 28-0316a2795bff}
    heater: {driver: gpio, line: GPIO17}
`)
	for says, args := range map[string][]string{
		"one sensor alone has nothing to be compared with": {"kitchen"},
		"is not in the configuration":                      {"bath", "--to", "0"},
		`temperature "icy": want a number`:                 {"kitchen", "--to", "icy"},
		"--to 126: outside -55..125 °C":                    {"kitchen", "--to", "126"},
		"requires at least 1 arg(s)":                       {},
	} {
		cmd := Command()
		cmd.SetArgs(append([]string{"--config", file}, args...))
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		var out strings.Builder
		cmd.SetOut(&out)
		cmd.SetErr(&out)
		if err := cmd.Execute(); err == nil || !strings.Contains(err.Error()+out.String(), says) || strings.Contains(out.String(), "measuring") {
			t.Errorf("%v: %v, want a word on %q\n%s", args, err, says, out.String())
		}
	}
}
