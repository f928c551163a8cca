package config

import (
	"thermostat/agent/devices"
	"thermostat/drivers"
	"thermostat/mqtt/device"
)

// Relays gives every relay of this machine that a configuration names and that outlives
// the agent, in the order in which they go off.
func (c Config) Relays() []drivers.Held {
	var all []drivers.Held
	for _, r := range c.relays() {
		if held, ok := r.Held(); ok {
			all = append(all, held)
		}
	}
	return all
}

// relays are all of them in the order in which they go off: sources, pumps, valves.
func (c Config) relays() (all []*devices.Relay) {
	for _, s := range c.Sources {
		all = append(all, s.Relays()...)
	}
	for _, z := range c.Zones {
		all = append(all, z.Devices.Relays()...)
	}
	return all
}

// RemoteRelays gives every relay on the broker that a configuration names.
func (c Config) RemoteRelays() []device.RelaySpec {
	var all []device.RelaySpec
	for _, r := range c.relays() {
		if r.IsRemote() && r.Broker.Topic != "" {
			all = append(all, r.Broker)
		}
	}
	return all
}
