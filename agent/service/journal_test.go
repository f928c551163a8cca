package service

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
)

// TestTheLogSaysOnceThatAProgramWaits: at the start, again after it was followed, and for
// another temperature; while a hold lasts it does not wait.
func TestTheLogSaysOnceThatAProgramWaits(t *testing.T) {
	var out bytes.Buffer
	j := &Journal{Log: slog.New(slog.NewTextHandler(&out, nil))}
	next := today
	saw := func(why string, auto bool, desired float64, until time.Time) {
		sp := controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: desired, Source: "cli"}
		j.Saw(controlloop.Snapshot{Zone: "hall", Setpoint: sp, Target: controlloop.Target{
			Setpoint: sp, Control: sp, Auto: auto, Why: why, Until: until, Next: controlloop.Change{At: next, Desired: 17},
		}})
	}
	for _, step := range []struct {
		why     string
		auto    bool
		desired float64
		until   time.Time
		want    string
	}{
		{comfort.Manual, false, 21, time.Time{}, "program waits: set by hand to 21 °C; thermostat resume hall follows it"},
		{comfort.Manual, false, 21, time.Time{}, ""},
		{comfort.Manual, false, 22, time.Time{}, "program waits: set by hand to 22 °C"},
		{comfort.Held, false, 22, today, ""},
		{comfort.Program, true, 17, time.Time{}, ""},
		{comfort.Manual, false, 22, time.Time{}, "program waits: set by hand to 22 °C"},
	} {
		out.Reset()
		next = next.Add(time.Hour) // transitions come and go meanwhile
		saw(step.why, step.auto, step.desired, step.until)
		if got := out.String(); strings.Count(got, "waits") != strings.Count(step.want, "waits") || !strings.Contains(got, step.want) {
			t.Errorf("%+v: %s", step, got)
		}
	}
}
