package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"thermostat/agent/clitest"
)

// runCheck is `thermostat check --config FILE`.
func runCheck(file string) (out, errs string, err error) {
	var o, e bytes.Buffer
	cmd := checkCommand()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetOut(&o)
	cmd.SetErr(&e)
	cmd.SetArgs([]string{"--config", file})
	err = cmd.Execute()
	return o.String(), e.String(), err
}

func TestCheckPassesTheExamples(t *testing.T) {
	files, _ := filepath.Glob("../examples/*.yaml")
	if len(files) < 3 {
		t.Fatalf("examples: %v", files)
	}
	for _, file := range files {
		out, errs, err := runCheck(file)
		if err != nil || errs != "" || out == "" {
			t.Errorf("%s: %q %q %v", file, out, errs, err)
		}
	}
}

func TestCheckPrintsTheEffectiveZones(t *testing.T) {
	out, _, err := runCheck(clitest.Written(t, "device: cabin\n"+clitest.Room+`    default_setpoint: {desired: 20, up_delta: 0.3}
    timing: {max_on: 1h}
  - name: b
    sensor: {driver: simulated, model: linear, offset: -1.5}
    heater: {driver: simulated}
    cooler: {driver: simulated}
  - {name: c, sensor: {driver: simulated}, cooler: {driver: simulated}, default_setpoint: {mode: off}}
`))
	want := `a
  sensor id  716136466
  plant      boiler
  sensor     simulated, model room
  heater     simulated
  cooler     none
  setpoint   heat 20 °C, +0.3 K, -0.5 K
  law        hysteresis; foresee while the zone follows a program, once it knows the room, at most about 16 starts a day
  limits     desired 5..28 °C, never heated from 35 °C, plausible -30..70 °C, at most 5 K a minute
  timers     sample 5s, stale after 1m0s, on for at least 4m0s, off for at least 4m0s, on for at most 1h0m0s, frozen after 3h0m0s of heating or cooling
  no sensor  everything off

b
  sensor id  699358847
  plant      boiler
  sensor     simulated, model linear, offset -1.5 K
  heater     simulated
  cooler     simulated
  setpoint   none: off until a control comes
  law        hysteresis
  limits     desired 5..28 °C, never heated from 35 °C, never cooled from 3 °C, plausible -30..70 °C, at most 5 K a minute
  timers     sample 5s, stale after 1m0s, on for at least 4m0s, off for at least 4m0s, frozen after 3h0m0s of heating or cooling, changeover 10m0s
  no sensor  everything off

c
  sensor id  682581228
  plant      boiler
  sensor     simulated, model room
  heater     none
  cooler     simulated
  setpoint   off
  law        hysteresis; foresee while the zone follows a program, once it knows the room, at most about 16 starts a day
  limits     desired 5..28 °C, never cooled from 3 °C, plausible -30..70 °C, at most 5 K a minute
  timers     sample 5s, stale after 1m0s, on for at least 4m0s, off for at least 4m0s, frozen after 3h0m0s of heating or cooling
  no sensor  everything off
`
	if err != nil || out != want {
		t.Errorf("%v\n%s", err, out)
	}
}

// Exit code 2 for an error, 0 if there are none but warnings.
func TestCheckExitsWith2ForErrorsAlone(t *testing.T) {
	for _, row := range []struct {
		name, text string
		out, errs  string
		code       int
	}{
		{"clean", "device: a\n", "no zones\n", "", 0},
		{"warning", "device: a\nhttp: {listen: ':1'}\n", "no zones\n", "warning: FILE:2:1: http: other machines can look, but nobody can change anything over HTTP: that needs http.password_file\n", 0},
		{"proxy", "device: a\nhttp: {proxies: [127.0.0.1]}\n", "no zones\n", "warning: FILE:2:8: http.proxies: through a proxy people can look, but change nothing: that needs http.password_file\n", 0},
		{"error", "device: a\nunits: K\n", "", "FILE:2:1: units: \"K\" is none of C, F\n", 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			file := clitest.Written(t, row.text)
			out, errs, err := runCheck(file)
			if out != row.out || errs != strings.ReplaceAll(row.errs, "FILE", file) || clitest.CodeOf(err) != row.code {
				t.Errorf("%q %q %v", out, errs, err)
			}
		})
	}
}

func TestCheckOfAMissingFileIsWrongUse(t *testing.T) {
	_, errs, err := runCheck(filepath.Join(t.TempDir(), "none.yaml"))
	if errs != "" || clitest.CodeOf(err) != 2 || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("%q %v", errs, err)
	}
}
