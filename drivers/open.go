// Package drivers opens the sensors and relays that a configuration names, one
// file a device. A driver judges one answer of its chip; whether a sequence of
// readings makes sense is judged by package controlloop.
package drivers

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"sync"

	"periph.io/x/conn/v3/i2c"

	"thermostat/controlloop"
)

// Spec is what a configuration says about the devices of one zone.
type Spec struct {
	Sensor         SensorSpec   // the first choice
	Fallbacks      []SensorSpec // in order; a simulated one measures the first one's room
	Heater, Cooler *RelaySpec   // nil where there is none
	Safety         *RelaySpec   // in series with both; nil where there is none
}

// MeasuresHumidity reports whether one of the zone's sensors measures that, too.
func (s Spec) MeasuresHumidity() bool {
	measures := func(sensor SensorSpec) bool {
		return sensor.Driver == "bme280" || sensor.Driver == "mqtt" && sensor.Remote.HumidityField != ""
	}
	return measures(s.Sensor) || slices.ContainsFunc(s.Fallbacks, measures)
}

// SensorSpec names a sensor. Driver says which of the other fields count.
type SensorSpec struct {
	Driver    string       // ds18b20, bme280, simulated or mqtt
	Offset    float64      // K, added to every reading
	DS18B20   DS18B20      // of that driver alone
	BME280    BME280       // of that driver alone
	Simulated Simulated    // of that driver alone
	Remote    RemoteSensor // of mqtt alone
}

// RelaySpec names a relay.
type RelaySpec struct {
	Driver string      // gpio, simulated or mqtt
	GPIO   GPIO        // of that driver alone
	Remote RemoteRelay // of mqtt alone
}

// Devices are the opened devices of one zone.
type Devices struct {
	Sensor         controlloop.Sensor   // the first choice
	Fallbacks      []controlloop.Sensor // in order
	Heater, Cooler controlloop.Relay    // nil where there is none
	Safety         controlloop.Relay    // in series with both; nil where there is none
	Room           *Room                // the simulated room; nil where all is real
}

// Hardware is the machine whose devices are opened. Zones that share a bus or a
// chip share one Hardware.
type Hardware struct {
	Remote Remote            // opens what is not on this machine; nil: nobody does
	Tell   func(text string) // is given what people should know once, from any goroutine; nil: nobody is told

	root string                                  // before /sys and /dev
	i2c  func(number int) (i2c.BusCloser, error) // instead of /dev/i2c-N; nil for the real one

	kernelQueue queue // of the thermometers behind the kernel's masters

	mu    sync.Mutex
	buses map[string]*oneWireBus
	chips map[BME280]*chipMemory
}

// NewHardware is the machine on which the agent runs. Root is put before every
// path in /sys; "" or "/" for the real one.
func NewHardware(root string) *Hardware {
	return &Hardware{root: root, buses: map[string]*oneWireBus{}, chips: map[BME280]*chipMemory{}}
}

func (h *Hardware) path(parts ...string) string {
	return filepath.Join(append([]string{"/", h.root}, parts...)...)
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
	if d.Heater, err = h.openRelay(spec.Heater, d.Room, (*Room).Heater); err != nil {
		return fmt.Errorf("heater: %w", err)
	}
	if d.Cooler, err = h.openRelay(spec.Cooler, d.Room, (*Room).Cooler); err != nil {
		return fmt.Errorf("cooler: %w", err)
	}
	if d.Safety, err = h.openRelay(spec.Safety, d.Room, (*Room).Safety); err != nil {
		return fmt.Errorf("safety relay: %w", err)
	}
	return nil
}

// openSensor opens a sensor; a simulated one by simulated.
func (h *Hardware) openSensor(spec SensorSpec, simulated func(Simulated) (controlloop.Sensor, error)) (controlloop.Sensor, error) {
	var sensor controlloop.Sensor
	var err error
	switch spec.Driver {
	case "ds18b20":
		h.oneWireQueue(spec.DS18B20).join()
		sensor, err = h.openDS18B20(spec.DS18B20)
	case "bme280":
		sensor = h.openBME280(spec.BME280)
	case "simulated":
		sensor, err = simulated(spec.Simulated)
	case "mqtt":
		sensor, err = h.remoteSensor(spec.Remote)
	default:
		err = fmt.Errorf("driver %.40q is none of ds18b20, bme280, simulated, mqtt", spec.Driver)
	}
	if err != nil {
		return nil, err
	}
	return Offset(sensor, spec.Offset), nil
}

// ownRoom makes the zone's simulated room, and gives its sensor.
func (d *Devices) ownRoom(s Simulated) (controlloop.Sensor, error) {
	if vs := s.Validate(); len(vs) > 0 {
		return nil, vs[0]
	}
	d.Room = NewRoom(s)
	return d.Room.Sensor(), nil
}

// spare gives a further sensor of the zone's simulated room.
func (d *Devices) spare(s Simulated) (controlloop.Sensor, error) {
	if d.Room == nil {
		return nil, errors.New("a simulated fallback needs a simulated sensor: it measures that sensor's room")
	}
	return d.Room.Spare(s.Noise, s.Seed), nil
}

// openRelay opens a relay; a simulated one is the room's, had by simulated.
func (h *Hardware) openRelay(spec *RelaySpec, room *Room, simulated func(*Room) controlloop.Relay) (controlloop.Relay, error) {
	switch {
	case spec == nil:
		return nil, nil
	case spec.Driver == "gpio":
		relay, err := h.OpenRelay(spec.GPIO)
		if err != nil {
			return nil, err // not relay: a nil *GPIORelay is no nil Relay
		}
		return relay, nil
	case spec.Driver == "mqtt":
		return h.remoteRelay(spec.Remote)
	case spec.Driver != "simulated":
		return nil, fmt.Errorf("driver %.40q is none of gpio, simulated, mqtt", spec.Driver)
	case room == nil:
		return nil, errors.New("a simulated relay needs a simulated sensor: it heats or cools that sensor's room")
	}
	return simulated(room), nil
}
