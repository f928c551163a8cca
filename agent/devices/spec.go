// Package devices is the sensors and relays that a configuration names, and how
// they are opened: on this machine by package drivers, on the broker by package
// device. Those two do not know each other.
package devices

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"time"

	"thermostat/controlloop"
	"thermostat/drivers"
	"thermostat/drivers/correction"
	"thermostat/drivers/simulated"
	"thermostat/mqtt/device"
)

// OnBroker is the driver of sensors and relays on the broker. All others are of
// this machine: [drivers.SensorDrivers], [drivers.RelayDrivers].
const OnBroker = "mqtt"

// Zone is what a configuration says about the devices of one zone.
type Zone struct {
	Sensor         Sensor   // the first choice
	Fallbacks      []Sensor // in order; a simulated one measures the first one's room
	Heater, Cooler *Relay   // nil where there is none
	Safety         *Relay   // in series with both; nil where there is none
	Contact        *Contact // of its windows; nil where there is none
	NormallyOpen   bool     // the heater is a valve that is shut while its relay is on
	Water          string   // the source whose water heats the zone; empty: its heater does
}

// Valve is the zone's way to a simulated water.
func (z Zone) Valve() simulated.Valve {
	switch {
	case z.Heater == nil:
		return simulated.NoValve
	case z.NormallyOpen:
		return simulated.OpenByItself
	}
	return simulated.ClosedByItself
}

// sensors are all of them, the first choice first.
func (z *Zone) sensors() []*Sensor {
	all := []*Sensor{&z.Sensor}
	for i := range z.Fallbacks {
		all = append(all, &z.Fallbacks[i])
	}
	return all
}

// Relays are those that there are.
func (z Zone) Relays() []*Relay {
	return slices.DeleteFunc([]*Relay{z.Heater, z.Cooler, z.Safety}, func(r *Relay) bool { return r == nil })
}

// MeasuresHumidity reports whether one of the zone's sensors measures that, too.
func (z Zone) MeasuresHumidity() bool {
	return slices.ContainsFunc(z.sensors(), func(s *Sensor) bool { return s.Measures().Humidity })
}

// ListensToBroker reports whether one of the zone's sensors is on the broker.
func (z Zone) ListensToBroker() bool { return slices.ContainsFunc(z.sensors(), (*Sensor).IsRemote) }

// Identify gives what is the zone's to its devices on the broker: its sensor_id
// tells them from others, its timing when it is stuck, how long a relay rests and a reading counts.
func (z *Zone) Identify(sensorID int32, p controlloop.Params) {
	for _, s := range z.sensors() {
		if s.IsRemote() {
			s.Broker.SensorID, s.Broker.StaleAfter = sensorID, p.StaleAfter
		}
	}
	for _, r := range z.Relays() {
		r.Identify(sensorID, p.Sample, p.MinOff)
		r.Broker.Safety = r.IsRemote() && r == z.Safety
	}
}

// Fingerprint tells the zone's sensor, plant and what heats and cools it from any others.
func (z Zone) Fingerprint(plant string) string {
	h := fnv.New64a()
	fmt.Fprint(h, plant, "\n", z.Sensor, "\n")
	for _, r := range []*Relay{z.Heater, z.Cooler} {
		if r != nil {
			fmt.Fprint(h, r)
		}
		fmt.Fprintln(h)
	}
	fmt.Fprint(h, z.Water) // nothing without a source: what such zones have learned stays theirs
	return strconv.FormatUint(h.Sum64(), 16)
}

// Sensor names a sensor. Its driver says which of the other fields count.
type Sensor struct {
	drivers.SensorSpec                   // the driver, and which it is of this machine
	Broker             device.SensorSpec // of [OnBroker] alone
	Offset             float64           // K, added to every reading; beside it there is no Calibrate
	Calibrate          correction.Points // where it was held beside the truth; none: nowhere
}

// DefaultSensor is a sensor of whose driver nothing else is said.
func DefaultSensor(driver string) Sensor {
	s := Sensor{SensorSpec: drivers.DefaultSensor(driver)}
	if s.IsRemote() {
		s.Broker = device.DefaultSensor()
	}
	return s
}

// IsRemote reports whether the sensor is on the broker.
func (s Sensor) IsRemote() bool { return s.Driver == OnBroker }

// Measures is what the sensor measures beside the temperature.
func (s Sensor) Measures() drivers.Quantities {
	if s.IsRemote() {
		return drivers.Quantities{Humidity: s.Broker.HumidityField != ""}
	}
	return s.SensorSpec.Measures()
}

// Same reports whether two sensors are one and the same thing to read.
func (s Sensor) Same(o Sensor) bool {
	if s.IsRemote() {
		return s.Broker.Same(o.Broker)
	}
	return s.SensorSpec.Same(o.SensorSpec)
}

// Correction is what mends the sensor's readings.
func (s Sensor) Correction() correction.Points {
	if len(s.Calibrate) > 0 {
		return s.Calibrate
	}
	return correction.Offset(s.Offset)
}

// String says which sensor it is, for people.
func (s Sensor) String() string {
	text := s.SensorSpec.String()
	if s.IsRemote() {
		text = s.Driver + " " + s.Broker.String()
	}
	switch {
	case s.Offset != 0:
		text += fmt.Sprintf(", offset %v K", s.Offset)
	case len(s.Calibrate) > 0:
		text += fmt.Sprintf(", calibrate %v", s.Calibrate)
	}
	return text
}

// Relay names a relay. Its driver says which of the other fields count.
type Relay struct {
	drivers.RelaySpec                  // the driver, and which it is of this machine
	Broker            device.RelaySpec // of [OnBroker] alone
}

// DefaultRelay is a relay of whose driver nothing else is said.
func DefaultRelay(driver string) Relay {
	r := Relay{RelaySpec: drivers.DefaultRelay(driver)}
	if r.IsRemote() {
		r.Broker = device.DefaultRelay()
	}
	return r
}

// Identify gives a relay what is its zone's or source's: how often that demands, and how
// long a relay rests that went off by itself.
func (r *Relay) Identify(sensorID int32, sample, minOff time.Duration) {
	switch {
	case r.IsRemote():
		r.Broker.SensorID, r.Broker.Sample, r.Broker.MinOff = sensorID, sample, minOff
	case r.Modbus != nil:
		r.Modbus.Sample, r.Modbus.MinOff = sample, minOff
	}
}

// IsRemote reports whether the relay is on the broker.
func (r Relay) IsRemote() bool { return r.Driver == OnBroker }

// String says which relay it is, for people.
func (r Relay) String() string {
	if r.IsRemote() {
		return r.Driver + " " + r.Broker.String()
	}
	return r.RelaySpec.String()
}

// Contact names a window's contact. Its driver says which of the other fields count.
type Contact struct {
	Driver string             // gpio, simulated or mqtt
	GPIO   drivers.Contact    // of that driver alone
	Broker device.ContactSpec // of [OnBroker] alone
}

// DefaultContact is a contact of whose driver nothing else is said.
func DefaultContact(driver string) Contact {
	return Contact{driver, drivers.DefaultContact(), device.DefaultContact()}
}

// IsSimulated reports whether it is at a window of the zone's simulated room.
func (c Contact) IsSimulated() bool { return c.Driver == "simulated" }

// String says which contact it is, for people.
func (c Contact) String() string {
	switch c.Driver {
	case OnBroker:
		return c.Driver + " " + c.Broker.String()
	case "gpio":
		return c.Driver + " " + c.GPIO.String()
	}
	return c.Driver
}
