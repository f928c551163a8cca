package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"thermostat/agent/clitest"
	"thermostat/agent/config"
)

// simulatedBoiler is four cool rooms on one simulated boiler, 600 times faster than the clock:
// the bath heats, the den's valve stays shut, the cellar's stands open by itself until its relay shuts
// it, and the hall has none.
const simulatedBoiler = `device: cabin
http: {listen: ""}
sources:
  - {name: boiler, relay: {driver: simulated}, valve_open: 1s, min_on: 1s, min_off: 1s}
zones:
  - {name: bath, calls: boiler, sensor: {driver: simulated, ROOM}, heater: {driver: simulated}, default_setpoint: {mode: heat, desired: 24}, LAW}
  - {name: den, calls: boiler, sensor: {driver: simulated, ROOM}, heater: {driver: simulated}, default_setpoint: {mode: off}, LAW}
  - {name: cellar, calls: boiler, sensor: {driver: simulated, ROOM}, heater: {driver: simulated}, normally_open: true, default_setpoint: {mode: off}, LAW}
  - {name: hall, calls: boiler, sensor: {driver: simulated, ROOM}, default_setpoint: {mode: off}, LAW}
`

// TestASimulatedBoilerWarmsTheRoomsWhoseWaysAreOpen: the agent of such a configuration runs, and those
// are the one that calls and the one without a valve.
func TestASimulatedBoilerWarmsTheRoomsWhoseWaysAreOpen(t *testing.T) {
	text := strings.NewReplacer(
		"ROOM", "model: radiator, speed: 600, start: 15, outdoor: 10, outdoor_swing: 0, sun: 0, noise: 0",
		"LAW", "limits: {max_rate: 100000}, timing: {sample: 1s, stale_after: 10s, min_on: 0s, min_off: 0s}",
	).Replace(simulatedBoiler)
	cfg, complaints := config.Read("test", []byte(text))
	for _, c := range complaints {
		if !c.Warning {
			t.Fatal(c)
		}
	}
	a, err := newAgent(cfg, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	air := map[string]func() float64{}
	for _, z := range a.zones {
		air[z.Name] = z.devices.Room.True
	}
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.run(ctx) }()
	clitest.Eventually(t, func() error {
		if bath, hall := air["bath"](), air["hall"](); bath < 17 || hall < 17 {
			return fmt.Errorf("the bath has %.1f °C and the hall %.1f", bath, hall)
		}
		return nil
	})
	if den, cellar := air["den"](), air["cellar"](); den > 15 || cellar > 15 {
		t.Errorf("the den has %.1f °C and the cellar %.1f, behind shut valves", den, cellar)
	}
	end()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if a.zones[0].devices.Room.Look().Heating {
		t.Error("the bath's valve is open after the end")
	}
}
