// Package drivers opens the sensors and relays that a configuration names, one
// file a device. A driver judges one answer of its chip; whether a sequence of
// readings makes sense is judged by package controlloop.
package drivers

import (
	"errors"
	"fmt"

	"thermostat/controlloop"
)

// Spec is what a configuration says about the devices of one zone.
type Spec struct {
	Sensor         SensorSpec
	Heater, Cooler *RelaySpec // nil where there is none
}

// SensorSpec names a sensor. Driver says which of the other fields count.
type SensorSpec struct {
	Driver    string  // simulated
	Offset    float64 // K, added to every reading
	Simulated Simulated
}

// RelaySpec names a relay.
type RelaySpec struct {
	Driver string // simulated
}

// Devices are the opened devices of one zone.
type Devices struct {
	Sensor         controlloop.Sensor
	Heater, Cooler controlloop.Relay // nil where there is none
	Room           *Room             // the simulated room; nil where all is real
}

// Open opens the devices of a zone. A zone's simulated sensor and relays
// belong to the same simulated room. After an error nothing is left open.
func Open(spec Spec) (Devices, error) {
	var d Devices
	if err := d.open(spec); err != nil {
		return Devices{}, errors.Join(err, d.Close())
	}
	return d, nil
}

// Close drives both relays off, whatever either says; repeating it is harmless.
func (d Devices) Close() error {
	return errors.Join(switchOff("heater", d.Heater), switchOff("cooler", d.Cooler))
}

func switchOff(name string, r controlloop.Relay) error {
	if r == nil {
		return nil
	}
	if err := r.Set(false); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (d *Devices) open(spec Spec) error {
	if err := d.openSensor(spec.Sensor); err != nil {
		return fmt.Errorf("sensor: %w", err)
	}
	var err error
	if d.Heater, err = openRelay(spec.Heater, d.Room, (*Room).Heater); err != nil {
		return fmt.Errorf("heater: %w", err)
	}
	if d.Cooler, err = openRelay(spec.Cooler, d.Room, (*Room).Cooler); err != nil {
		return fmt.Errorf("cooler: %w", err)
	}
	return nil
}

func (d *Devices) openSensor(spec SensorSpec) error {
	switch spec.Driver {
	case "simulated":
		if vs := spec.Simulated.Validate(); len(vs) > 0 {
			return vs[0]
		}
		d.Room = NewRoom(spec.Simulated)
		d.Sensor = offset{d.Room.Sensor(), spec.Offset}
		return nil
	}
	return fmt.Errorf("driver %.40q is not in this version: simulated", spec.Driver)
}

// openRelay opens a relay; a simulated one is the room's, had by simulated.
func openRelay(spec *RelaySpec, room *Room, simulated func(*Room) controlloop.Relay) (controlloop.Relay, error) {
	switch {
	case spec == nil:
		return nil, nil
	case spec.Driver != "simulated":
		return nil, fmt.Errorf("driver %.40q is not in this version: simulated", spec.Driver)
	case room == nil:
		return nil, errors.New("a simulated relay needs a simulated sensor: it heats or cools that sensor's room")
	}
	return simulated(room), nil
}
