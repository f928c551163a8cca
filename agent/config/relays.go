package config

import (
	"thermostat/drivers"
	"thermostat/mqtt/device"
)

// Relays gives every GPIO relay that a configuration names, in its order.
func (c Config) Relays() []drivers.GPIO {
	var all []drivers.GPIO
	for _, z := range c.Zones {
		for _, r := range []*drivers.RelaySpec{z.Devices.Heater, z.Devices.Cooler, z.Devices.Safety} {
			if r != nil && r.Driver == "gpio" && r.GPIO.Line != "" {
				all = append(all, r.GPIO)
			}
		}
	}
	return all
}

// RemoteRelays gives every relay on the broker that a configuration names.
func (c Config) RemoteRelays() []device.RelaySpec {
	var all []device.RelaySpec
	for _, z := range c.Zones {
		for _, r := range []*drivers.RelaySpec{z.Devices.Heater, z.Devices.Cooler, z.Devices.Safety} {
			if r != nil && r.IsRemote() && r.Remote.Topic != "" {
				all = append(all, device.RelaySpec(r.Remote))
			}
		}
	}
	return all
}
