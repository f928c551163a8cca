package main

import (
	"errors"
	"fmt"
	"slices"
	"thermostat/controlloop"
	"thermostat/drivers"
	"thermostat/drivers/survey"
	"thermostat/mqtt/device"
)

// remoteDevices opens sensors and relays on the broker: drivers and mqtt do not
// know each other.
type remoteDevices struct{ all *device.Group }

// OpenSensor opens a sensor; it need not be there yet.
func (r remoteDevices) OpenSensor(s drivers.RemoteSensor) (controlloop.Sensor, error) {
	return r.all.Sensor(device.SensorSpec(s)), nil
}

// OpenRelay opens a relay; it need not be there yet.
func (r remoteDevices) OpenRelay(s drivers.RemoteRelay) (controlloop.Relay, error) {
	return r.all.Relay(device.RelaySpec(s)), nil
}

// failsafe reports whether the kernel lets go of the relays when the agent
// dies; nil where that is not known of each, or nothing hangs on it.
func (a *agent) failsafe(h *drivers.Hardware) *bool {
	relays := a.cfg.Relays()
	if len(relays) == 0 {
		return nil
	}
	keeps, known := survey.KeepsOutputs(h.Files)
	if !known || !keeps && slices.ContainsFunc(relays, func(g drivers.GPIO) bool { return !drivers.OnHeader(h.Files, g) }) {
		a.log.Warn("whether a relay stays on after the agent was killed is not known of this kernel and chip, so only thermostat off ends that: run the agent as a service, which runs it after every end")
		return nil
	}
	if keeps {
		a.log.Warn("the kernel keeps GPIO outputs when a program dies, so a killed agent leaves a relay on until thermostat off runs: add dtparam=strict_gpiod to config.txt")
	}
	letsGo := !keeps
	return &letsGo
}

// openZones opens the devices of every zone, each relay off.
func (a *agent) openZones() error {
	hardware := drivers.NewHardware("/")
	hardware.Tell = func(text string) { a.log.Warn(text) }
	hardware.Remote = remoteDevices{a.remote}
	for _, cfg := range a.cfg.Zones {
		d, err := hardware.Open(cfg.Devices)
		if err != nil {
			return fmt.Errorf("zone %s: %w", cfg.Name, err)
		}
		z := a.newZone(cfg, d)
		a.zones, a.byName[z.Name] = append(a.zones, z), z
	}
	a.letsGo = a.failsafe(hardware)
	a.contain = containment{a.log, a.loops()}
	return nil
}

// close gives the devices back, each relay off.
func (a *agent) close() error {
	var err error
	for _, z := range a.zones {
		err = errors.Join(err, z.devices.Close())
	}
	return err
}
