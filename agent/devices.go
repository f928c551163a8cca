package main

import (
	"thermostat/controlloop"
	"thermostat/drivers"
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
