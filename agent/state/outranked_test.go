package state

import (
	"strings"
	"testing"

	"thermostat/agent/clitest"
	"thermostat/agent/config"
	"thermostat/mqtt/setpoint"
)

// TestAnOutrankedDefaultSetpointIsTold: a configured setpoint that does not count is told.
func TestAnOutrankedDefaultSetpointIsTold(t *testing.T) {
	cfg, _ := config.Read("test", []byte(strings.Replace(clitest.ReplayConfig, "    timing: {min_on: 1m", "    default_setpoint: {mode: heat, desired: 20}\n    timing: {min_on: 1m", 1)))
	mem := testFolder(t)
	cfg.StateDir = mem.Dir
	if lines := Outranked(cfg); len(lines) != 0 {
		t.Errorf("%q", lines)
	}
	kept, _ := mem.Load("hall")
	kept.Cur = []byte(`{"desired":23}`)
	if err := mem.Save("hall", kept); err != nil {
		t.Fatal(err)
	}
	if lines := Outranked(cfg); len(lines) != 1 || !strings.Contains(lines[0], "zone hall: default_setpoint is outranked by the last control: mode heat, desired 23 °C") {
		t.Errorf("%q", lines)
	}
}

// TestAnOutrankedProgramIsTold: by whom the week comes that counts, and how the configured one does
// again. A message with the same week, or with presets alone, outranks nothing.
func TestAnOutrankedProgramIsTold(t *testing.T) {
	cfg, complaints := config.Read("test", []byte("device: den\n"+clitest.Room+"    program: 06:00 21\n"))
	mem := testFolder(t)
	if cfg.StateDir = mem.Dir; len(cfg.Zones) != 1 {
		t.Fatal(complaints)
	}
	for program, want := range map[string]string{
		``:                                    "",
		`{"week":"07:00 19","source":"page"}`: `zone a: the configured program is outranked by what page gave: 07:00 19; thermostat program a --default follows the configured one`,
		`{"week":"07:00 19"}`:                 `zone a: the configured program is outranked by what broker gave: 07:00 19; thermostat program a --default follows the configured one`,
		`{"week":"","source":"cli"}`:          `zone a: the configured program is outranked by what cli gave: no program; thermostat program a --default follows the configured one`,
		`{"week":"06:00 21"}`:                 "",
		`{"week":"mon-sun 06:00 21.0"}`:       "",
		`{"presets":{"eco":18}}`:              "",
		`{"week":"06:00 warm"}`:               "", // no longer allowed, so not followed
	} {
		if err := mem.SaveProgram("a", setpoint.Memory{Cur: []byte(program)}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(Outranked(cfg), "\n"); got != want {
			t.Errorf("%s: %q, want %q", program, got, want)
		}
	}
}

// TestAProgramThatWaitsForAHandIsTold: until the hand's hold is over, or mode auto is said.
func TestAProgramThatWaitsForAHandIsTold(t *testing.T) {
	cfg, complaints := config.Read("test", []byte("device: den\n"+clitest.Room+"    program: 06:00 21\n"))
	mem := testFolder(t)
	if cfg.StateDir = mem.Dir; len(cfg.Zones) != 1 {
		t.Fatal(complaints)
	}
	for control, want := range map[string]string{
		`{"mode":"heat","desired":23}`:               "zone a: program waits: set by hand to 23 °C; thermostat resume a follows it",
		`{"mode":"heat","desired":23,"hold_s":3600}`: "",
		`{"mode":"auto"}`:                            "",
	} {
		kept, _ := mem.Load("a")
		kept.Cur = []byte(control)
		if err := mem.Save("a", kept); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(Waiting(cfg), "\n"); got != want || len(Outranked(cfg)) > 0 {
			t.Errorf("%s: %q", control, got)
		}
	}
}
