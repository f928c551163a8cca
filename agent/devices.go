package main

import (
	"thermostat/controlloop"
	"thermostat/drivers"
	"thermostat/mqtt"
)

// remoteDevices opens sensors and relays on the broker: drivers and mqtt do not
// know each other.
type remoteDevices struct{ all *mqtt.Devices }

// OpenSensor opens a sensor; it need not be there yet.
func (r remoteDevices) OpenSensor(s drivers.RemoteSensor) (controlloop.Sensor, error) {
	return r.all.Sensor(mqtt.SensorSpec(s)), nil
}

// OpenRelay opens a relay; it need not be there yet.
func (r remoteDevices) OpenRelay(s drivers.RemoteRelay) (controlloop.Relay, error) {
	return r.all.Relay(mqtt.RelaySpec(s)), nil
}
