package main

import (
	"strings"
	"testing"
)

// TestOutranked: a configured setpoint that does not count is told.
func TestOutranked(t *testing.T) {
	cfg, _ := ReadConfig("test", []byte(strings.Replace(replayConfig, "    timing: {min_on: 1m", "    default_setpoint: {mode: heat, desired: 20}\n    timing: {min_on: 1m", 1)))
	mem := testMemory(t)
	cfg.StateDir = mem.dir
	if lines := outranked(cfg); len(lines) != 0 {
		t.Errorf("%q", lines)
	}
	kept, _ := mem.load("hall")
	kept.Cur = []byte(`{"desired":23}`)
	if err := mem.save("hall", kept); err != nil {
		t.Fatal(err)
	}
	if lines := outranked(cfg); len(lines) != 1 || !strings.Contains(lines[0], "zone hall: default_setpoint is outranked by the last control: mode heat, desired 23 °C") {
		t.Errorf("%q", lines)
	}
}
