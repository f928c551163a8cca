package main

import (
	"log/slog"
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
func failsafe(h *drivers.Hardware, relays []drivers.GPIO, log *slog.Logger) *bool {
	if len(relays) == 0 {
		return nil
	}
	keeps, known := survey.KeepsOutputs(h.Files)
	if !known || !keeps && slices.ContainsFunc(relays, func(g drivers.GPIO) bool { return !drivers.OnHeader(h.Files, g) }) {
		log.Warn("whether a relay stays on after the agent was killed is not known of this kernel and chip, so only thermostat off ends that: run the agent as a service, which runs it after every end")
		return nil
	}
	if keeps {
		log.Warn("the kernel keeps GPIO outputs when a program dies, so a killed agent leaves a relay on until thermostat off runs: add dtparam=strict_gpiod to config.txt")
	}
	letsGo := !keeps
	return &letsGo
}
