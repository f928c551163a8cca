package config

import (
	"slices"
	"testing"

	"thermostat/agent/devices"
	"thermostat/drivers"
)

// Every driver of package drivers, and that of the broker, has the table of its keys, and the key that
// tells its chips apart is one of them.
func TestEveryDriverHasItsKeys(t *testing.T) {
	if got, want := driverNames(sensors), append(drivers.SensorDrivers(), devices.OnBroker); !slices.Equal(got, want) {
		t.Errorf("sensors %v, want %v", got, want)
	}
	if got, want := driverNames(fallbacks), append(drivers.SensorDrivers(), devices.OnBroker); !slices.Equal(got, want) {
		t.Errorf("fallbacks %v, want %v", got, want)
	}
	if got, want := driverNames(relays), append(drivers.RelayDrivers(), devices.OnBroker); !slices.Equal(got, want) {
		t.Errorf("relays %v, want %v", got, want)
	}
	for _, d := range sensors {
		if chip := drivers.SensorDriverOf(d.name).ChipKey; chip != "" && d.keys.key(chip) == nil {
			t.Errorf("%s has no key %s", d.name, chip)
		}
		if d.keys.key("driver") == nil || d.keys.key("offset") == nil {
			t.Errorf("%s: %v", d.name, d.keys.names())
		}
	}
}
