package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"thermostat/agent/clitest"
	"thermostat/agent/config"
	"thermostat/agent/config/machine"
	"thermostat/agent/config/plant"
	"thermostat/drivers"
	"thermostat/mqtt/device"
)

// scribe writes configurations that people could write: mostly sound ones, and
// such whose parts do not go together.
type scribe struct {
	*rand.Rand
	bytes.Buffer
}

// one gives one of the texts.
func (s *scribe) one(texts ...string) string { return texts[s.IntN(len(texts))] }

// sometimes writes a line in one of n cases.
func (s *scribe) sometimes(n int, line string, values ...string) {
	if s.IntN(n) == 0 {
		fmt.Fprintf(s, line+"\n", s.one(values...))
	}
}

var (
	anySensor = []string{
		"{driver: simulated}", "{driver: simulated}", "{driver: simulated, model: linear, up: 1s, down: 24h, offset: 10}",
		"{driver: simulated, model: refrigerator, place: heater, speed: 100000, noise: 5, start: 40}", "{driver: simulated, model: fermenter, heater_power: 0}",
		"{driver: mqtt, topic: t/a}", "{driver: mqtt, topic: t/b, format: json, field: a.b, humidity_field: h}", "{driver: mqtt, topic: t/c, format: number, offset: -1K}",
		"{driver: ds18b20, id: 28-0316a2795bff}", "{driver: ds18b20, id: 28-0000000000aa, bus: ds2482, i2c_bus: 255, resolution: 9}", "{driver: ds18b20, id: 28-0000000000ab, bus: netlink}",
		"{driver: bme280}", "{driver: bme280, bus: 7, address: 0x77}", "{driver: simulated, seed: 7}", "{driver: simulated, sun: 1500}",
		"{driver: magic}",
	}
	anySwitch = []string{
		"{driver: simulated}", "{driver: simulated}", "{driver: simulated}", "{driver: mqtt, topic: r/%d}", "{driver: mqtt, topic: r/%d, on: ON, off: OFF, state_topic: s, lease: 3s}",
		"{driver: mqtt, topic: r/%d, on: 1, off: 0, state_topic: s, state_field: a, retain: true}", "{driver: gpio}", "{driver: mqtt, topic: 'r/#'}",
	}
	durations = []string{"0s", "1s", "2s", "30s", "1m", "10m", "20m", "2h", "24h"}
	degrees   = []string{"-40", "-30", "-5", "0", "3", "5", "12", "19.5", "28", "35", "60", "70", "125"}
)

// relay gives one that mostly goes together with its zone's sensor.
func (s *scribe) relay(hasRoom bool) string {
	text := s.one(anySwitch...)
	switch {
	case s.IntN(12) == 0:
	case hasRoom:
		text = anySwitch[0]
	default:
		text = anySwitch[4]
	}
	if strings.Contains(text, "%d") {
		return fmt.Sprintf(text, s.IntN(1000))
	}
	return text
}

func (s *scribe) zone(i int) {
	sensor := s.one(anySensor...)
	fmt.Fprintf(s, "  - name: zone-%d\n    sensor: %s\n", i, sensor)
	s.sometimes(3, "    plant: %s", plant.Names()...)
	for _, key := range []string{"heater", "cooler", "safety_relay"} {
		if s.IntN(3) > 0 {
			fmt.Fprintf(s, "    %s: %s\n", key, s.relay(strings.Contains(sensor, "simulated")))
		}
	}
	s.sometimes(12, "    fallback_sensors: [%s]", anySensor...)
	s.sometimes(10, "    max_disagreement: %s", "0K", "1.5K", "50K")
	s.sometimes(6, "    sensor_id: %s", "2147483647", fmt.Sprint(i+1), fmt.Sprint(i+1))
	s.sometimes(10, "    on_sensor_loss: {action: duty, percent: %s}", "1", "30", "12.5")
	s.sometimes(2, "    default_setpoint: {%s}", "mode: off", "desired: 20", "mode: heat, desired: 21", "mode: cool, desired: 4", "mode: heat_cool, desired: 19, up_delta: 1, down_delta: 1")
	s.WriteString("    timing:\n")
	fmt.Fprintf(s, "      stale_after: %s\n", s.one("1m", "90s", "2h"))
	for _, key := range []string{"sample", "min_on", "min_off", "max_on", "changeover", "frozen_after"} {
		s.sometimes(15, "      "+key+": %s", durations...)
	}
	if s.IntN(8) == 0 {
		s.WriteString("    limits:\n      max_rate: 5\n")
		for _, key := range []string{"desired_min", "desired_max", "heat_cutout", "cool_cutout", "plausible_min", "plausible_max"} {
			s.sometimes(6, "      "+key+": %s", degrees...)
		}
	}
}

func (s *scribe) file(state string) string {
	s.Reset()
	fmt.Fprintf(s, "device: cabin\nstate_dir: %s\nhttp: {listen: \"\"}\n", state)
	if s.IntN(5) > 0 {
		fmt.Fprintf(s, "mqtt: {brokers: [\"%s\"]%s}\n", s.one("mqtt://127.0.0.1:9", "wss://127.0.0.1:9/x"),
			s.one("", "", ", birth_topic: hass/there", ", discovery_prefix: \"\"", ", prefix: a/b", ", username: u, password_file: /nothing", ", tls: {ca_file: /nothing}"))
	}
	s.sometimes(5, "units: %s", "C", "F")
	s.WriteString("zones:\n")
	for i := range 1 + s.IntN(3) {
		s.zone(i)
	}
	return s.String()
}

// TestWhatCheckPassesRuns: of thousands of generated configurations, each that
// check has no error for opens, begins with every relay off, and ends in order;
// each of whose zones one does not open is complained of at that zone. Relays on
// lines of a real board are in none of them.
func TestWhatCheckPassesRuns(t *testing.T) {
	passed, refused, unopened := 0, 0, 0
	for seed := range uint64(clitest.InCI(6000, 800)) {
		state := filepath.Join(t.TempDir(), "state")
		text := (&scribe{Rand: rand.New(rand.NewPCG(seed, 19))}).file(state)
		cfg, complaints := config.ReadOn("f", []byte(text), machine.Machine{Hostname: "cabin.lan", Getenv: func(string) string { return "" }})
		bad := map[string]bool{}
		for _, c := range complaints {
			if !c.Warning {
				bad[strings.SplitAfter(c.Path, "]")[0]] = true
			}
		}
		for i, z := range cfg.Zones {
			if err := opens(z); err != nil {
				if unopened++; !bad[fmt.Sprintf("zones[%d]", i)] {
					t.Errorf("seed %d: zone %d: %v, of which check says nothing\n%s", seed, i, err, text)
				}
			}
		}
		if len(bad) > 0 {
			refused++
			continue
		}
		passed++
		a, err := newAgent(cfg, slog.New(slog.DiscardHandler), nil)
		if err != nil {
			t.Fatalf("seed %d: check passes, run says %v\n%s", seed, err, text)
		}
		ctx, end := context.WithTimeout(t.Context(), time.Millisecond)
		if err := a.run(ctx); err != nil {
			t.Fatalf("seed %d: check passes, run ends with %v\n%s", seed, err, text)
		}
		end()
		os.RemoveAll(state)
	}
	t.Logf("%d passed, %d refused, %d zones do not open", passed, refused, unopened)
	if passed < 100 || refused < 100 || unopened < 100 {
		t.Error("that shows nothing")
	}
}

// opens opens the devices of one zone, sound or not.
func opens(z config.Zone) error {
	d, err := z.Devices.Open(drivers.NewHardware("/"), device.NewGroup(slog.New(slog.DiscardHandler)))
	if err != nil {
		return err
	}
	return d.Close()
}
