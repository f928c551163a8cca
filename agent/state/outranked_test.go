package state

import (
	"strings"
	"testing"

	"thermostat/agent/clitest"
	"thermostat/agent/config"
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
