package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"thermostat/agent/clitest"
	"thermostat/agent/devices"
	"thermostat/controlloop/limits"
	"thermostat/drivers"
)

// FuzzConfig holds for any input: no panic; a complaint says where and what;
// and what is accepted is sound.
func FuzzConfig(f *testing.F) {
	for _, text := range []string{clitest.Room, both, "device: a\n---\nb: 1", "a: &x [*x]", "<<: {a: !!str b}", "? a\n: b", "\ufeff{a, b: |\n x\n}", "- - ? {"} {
		f.Add([]byte(text))
	}
	files, _ := filepath.Glob("../../examples/*.yaml")
	wrong, _ := filepath.Glob("testdata/wrong/*.yaml")
	for _, file := range append(files, wrong...) {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add(manyZones(2))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, complaints := ReadOn("f", text, cabin())
		errors := 0
		for _, x := range complaints {
			if x.Line < 1 || x.Column < 1 || x.Path == "" && x.Text == "" || strings.ContainsAny(x.Path, "\n\x00\x1b") {
				t.Errorf("%+v", x)
			}
			if !x.Warning {
				errors++
			}
		}
		if errors == 0 {
			mustBeSound(t, c)
		}
	})
}

func mustBeSound(t *testing.T, c Config) {
	t.Helper()
	for _, z := range c.Zones {
		if vs := limits.Validate(z.Params); len(vs) > 0 {
			t.Errorf("%s: %v", z.Name, vs)
		}
		mustOpen(t, z.Devices)
		if err := limits.RefuseSetpoint(z.Params, z.Default); z.Configured && err != nil {
			t.Errorf("%s: %v", z.Name, err)
		}
		if z.Name == "" || z.SensorID < 1 {
			t.Errorf("%+v", z)
		}
	}
}

// mustOpen demands all that a driver needs.
func mustOpen(t *testing.T, d devices.Zone) {
	t.Helper()
	switch s := d.Sensor; s.Driver {
	case "simulated":
		if vs := s.Simulated.Validate(); len(vs) > 0 {
			t.Error(vs)
		}
	case "ds18b20", "bme280":
		if _, err := drivers.NewHardware("/").Sensor(s.SensorSpec); err != nil {
			t.Error(err)
		}
	case "mqtt":
		if s.Broker.Topic == "" || s.Broker.SensorID < 1 {
			t.Errorf("%+v", s.Broker)
		}
	default:
		t.Errorf("sensor %q", s.Driver)
	}
	for _, r := range []*devices.Relay{d.Heater, d.Cooler} {
		if r != nil && r.Driver == "modbus" {
			if key, _ := r.Modbus.Wrong(); key != "" || r.Modbus.Port == "" || r.Modbus.Sample <= 0 {
				t.Errorf("%+v", r.Modbus)
			}
			continue
		}
		sound := r == nil || r.Driver == "simulated" || r.Driver == "gpio" && r.GPIO.Line != "" ||
			r.Driver == "mqtt" && r.Broker.Topic != "" && r.Broker.Lease > 0
		if !sound {
			t.Errorf("%+v", r)
		}
	}
}
