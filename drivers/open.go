// Package drivers opens the sensors and relays that a configuration names, one
// file a device. A driver judges one answer of its chip; whether a sequence of
// readings makes sense is judged by package controlloop.
package drivers

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"periph.io/x/conn/v3/i2c"

	"thermostat/controlloop"
	"thermostat/drivers/hostfs"
	"thermostat/drivers/simulated"
)

// Devices are the opened devices of one zone.
type Devices struct {
	Sensor         controlloop.Sensor   // the first choice
	Fallbacks      []controlloop.Sensor // in order
	Heater, Cooler controlloop.Relay    // nil where there is none
	Safety         controlloop.Relay    // in series with both; nil where there is none
	Room           *simulated.Room      // the simulated room; nil where all is real
}

// Hardware is the machine whose devices are opened. Zones that share a bus or a
// chip share one Hardware.
type Hardware struct {
	Remote Remote            // opens what is not on this machine; nil: nobody does
	Tell   func(text string) // is given what people should know once, from any goroutine; nil: nobody is told

	Files hostfs.Root                             // /sys and /dev
	I2C   func(number int) (i2c.BusCloser, error) // opens a made-up bus instead of /dev/i2c-N; nil for the real one

	kernelQueue queue // of the thermometers behind the kernel's masters

	mu    sync.Mutex
	buses map[string]*oneWireBus
	chips map[BME280]*chipMemory
}

// NewHardware is the machine on which the agent runs. Root is put before every
// path in /sys; "" or "/" for the real one.
func NewHardware(root string) *Hardware {
	return &Hardware{Files: hostfs.Root(root), buses: map[string]*oneWireBus{}, chips: map[BME280]*chipMemory{}}
}

// chip is the memory of a chip that more than one zone may read.
func (h *Hardware) chip(b BME280) *chipMemory {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.chips[b] == nil {
		h.chips[b] = new(chipMemory)
	}
	return h.chips[b]
}

func (h *Hardware) tell(text string) {
	if h.Tell != nil {
		h.Tell(text)
	}
}

// Open opens the devices of a zone. A sensor need not be there yet; a relay
// must. A zone's simulated sensor and relays belong to the same simulated room.
// After an error nothing is left open.
func (h *Hardware) Open(spec Spec) (Devices, error) {
	var d Devices
	if err := h.open(spec, &d); err != nil {
		return Devices{}, errors.Join(err, d.Close())
	}
	return d, nil
}

// Close drives all relays off, whatever one of them says, and gives their lines
// back; repeating it is harmless. The safety relay is the last: it switches no load.
func (d Devices) Close() error {
	return errors.Join(closeRelay("heater", d.Heater), closeRelay("cooler", d.Cooler), closeRelay("safety relay", d.Safety))
}

func closeRelay(name string, r controlloop.Relay) error {
	if r == nil {
		return nil
	}
	err := r.Set(false)
	if c, ok := r.(io.Closer); ok {
		err = errors.Join(err, c.Close())
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (h *Hardware) open(spec Spec, d *Devices) error {
	var err error
	if d.Sensor, err = h.openSensor(spec.Sensor, d.ownRoom); err != nil {
		return fmt.Errorf("sensor: %w", err)
	}
	for i, f := range spec.Fallbacks {
		s, err := h.openSensor(f, d.spare)
		if err != nil {
			return fmt.Errorf("fallback sensor %d: %w", i+1, err)
		}
		d.Fallbacks = append(d.Fallbacks, s)
	}
	if d.Heater, err = h.openRelay(spec.Heater, d.relayOf((*simulated.Room).Heater)); err != nil {
		return fmt.Errorf("heater: %w", err)
	}
	if d.Cooler, err = h.openRelay(spec.Cooler, d.relayOf((*simulated.Room).Cooler)); err != nil {
		return fmt.Errorf("cooler: %w", err)
	}
	if d.Safety, err = h.openRelay(spec.Safety, d.relayOf((*simulated.Room).Safety)); err != nil {
		return fmt.Errorf("safety relay: %w", err)
	}
	return nil
}

// openSensor opens a sensor; a simulated one is had by room.
func (h *Hardware) openSensor(spec SensorSpec, room roomSensor) (controlloop.Sensor, error) {
	open := spec.row().open
	if open == nil {
		return nil, fmt.Errorf("driver %.40q is none of %s", spec.Driver, strings.Join(SensorDrivers(), ", "))
	}
	sensor, err := open(h, spec, room)
	if err != nil {
		return nil, err
	}
	return Offset(sensor, spec.Offset), nil
}

// ownRoom makes the zone's simulated room, and gives its sensor.
func (d *Devices) ownRoom(s simulated.Spec) (controlloop.Sensor, error) {
	if vs := s.Validate(); len(vs) > 0 {
		return nil, vs[0]
	}
	d.Room = simulated.NewRoom(s)
	return d.Room.Sensor(), nil
}

// spare gives a further sensor of the zone's simulated room.
func (d *Devices) spare(s simulated.Spec) (controlloop.Sensor, error) {
	if d.Room == nil {
		return nil, errors.New("a simulated fallback needs a simulated sensor: it measures that sensor's room")
	}
	return d.Room.Spare(s.Noise, s.Seed), nil
}

// openRelay opens a relay; a simulated one is had by room.
func (h *Hardware) openRelay(spec *RelaySpec, room roomRelay) (controlloop.Relay, error) {
	if spec == nil {
		return nil, nil
	}
	open := spec.row().open
	if open == nil {
		return nil, fmt.Errorf("driver %.40q is none of %s", spec.Driver, strings.Join(RelayDrivers(), ", "))
	}
	return open(h, *spec, room)
}

// relayOf gives a relay of the zone's simulated room.
func (d *Devices) relayOf(which func(*simulated.Room) controlloop.Relay) roomRelay {
	return func() (controlloop.Relay, error) {
		if d.Room == nil {
			return nil, errors.New("a simulated relay needs a simulated sensor: it heats or cools that sensor's room")
		}
		return which(d.Room), nil
	}
}

var errNoRemote = errors.New("driver mqtt is not reached from here")

func (h *Hardware) remoteSensor(spec RemoteSensor) (controlloop.Sensor, error) {
	if h.Remote == nil {
		return nil, errNoRemote
	}
	return h.Remote.OpenSensor(spec)
}

func (h *Hardware) remoteRelay(spec RemoteRelay) (controlloop.Relay, error) {
	if h.Remote == nil {
		return nil, errNoRemote
	}
	return h.Remote.OpenRelay(spec)
}
