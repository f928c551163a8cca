package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"thermostat/agent/boiler"
	"thermostat/agent/cli"
	"thermostat/agent/clitest"
	"thermostat/agent/config"
	"thermostat/agent/config/sources"
	"thermostat/agent/devices"
	"thermostat/controlloop"
	"thermostat/mqtt/homeassistant"
)

// TestRestartEndsInOrder: relays off, no crash noted, and an exit code that
// every manager takes as a reason to start the agent again.
func TestRestartEndsInOrder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg, complaints := config.Read("test", []byte("device: cabin\nstate_dir: "+dir+"\nzones:\n  - name: room\n"+
		"    sensor: {driver: simulated}\n    heater: {driver: simulated}\n"))
	for _, c := range complaints {
		t.Fatal(c)
	}
	a, err := newAgent(cfg, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- a.run(t.Context()) }()
	clitest.Eventually(t, func() error { _, err := os.Stat(filepath.Join(dir, "zones", "room.past")); return err })
	a.askRestart()
	select {
	case err = <-ended:
	case <-time.After(clitest.Patience):
		t.Fatal("does not end")
	}
	if code := cli.Report(os.Stderr, cli.Failed(err)); code != cli.ExitFailed || !strings.Contains(err.Error(), "asked for it") {
		t.Errorf("exit %d: %v", code, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "starts")); err == nil {
		t.Error("it counts as a crash")
	}
}

// TestSessionKnowsWhatToAnnounce: the prefix, which zone measures humidity, and which source has a pump.
func TestSessionKnowsWhatToAnnounce(t *testing.T) {
	cfg := cleanConfig(t, "device: cabin\nstate_dir: "+t.TempDir()+"\nmqtt: {discovery_prefix: my/home}\nzones:\n"+
		"  - {name: a, sensor: {driver: simulated}, heater: {driver: simulated}}\n"+
		"  - {name: b, sensor: {driver: simulated}, heater: {driver: simulated}}\n")
	a, err := newAgent(cfg, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	a.zones[1].Devices.Sensor.Driver = "bme280"
	o := a.sessionOptions()
	if o.Discovery != "my/home" || o.Zones[0].Humidity || !o.Zones[1].Humidity {
		t.Errorf("discovery %q, humidity %v and %v", o.Discovery, o.Zones[0].Humidity, o.Zones[1].Humidity)
	}
	a.sources = boiler.All{{Source: sources.Source{Name: "boiler"}, Pump: struct{ controlloop.Relay }{}}, {Source: sources.Source{Name: "stove"}}}
	if want := []homeassistant.Source{{Name: "boiler", Pump: true}, {Name: "stove"}}; !slices.Equal(a.sessionOptions().Boilers, want) {
		t.Errorf("sources %+v, want %+v", a.sessionOptions().Boilers, want)
	}
	a.zones[0].Devices.Fallbacks = []devices.Sensor{devices.DefaultSensor("ds18b20"), devices.DefaultSensor("bme280")}
	if !a.sessionOptions().Zones[0].Humidity {
		t.Error("a fallback sensor that measures humidity is forgotten")
	}
}
