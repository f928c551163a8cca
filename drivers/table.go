package drivers

import (
	"time"

	"thermostat/controlloop"
	"thermostat/drivers/simulated"
)

// SensorDriver is what the program knows of a kind of sensors. Adding one takes
// a row of the table, a field of [SensorSpec], a file of its own, and the table of
// its keys in the configuration (agent/config/kinds.go).
type SensorDriver struct {
	Name      string // in the configuration
	ChipKey   string // the key that tells one chip of this board from another; empty: it is none
	Example   string // what a mapping needs beside its driver, and a word on it; empty: nothing
	Simulated bool   // it measures a simulated room
	Remote    bool   // it is reached through a broker

	defaults func(*SensorSpec)           // nil: all zero
	measures func(SensorSpec) Quantities // nil: temperature alone
	same     func(a, b SensorSpec) bool  // whether two are one thing to read; nil: never
	bus      func(SensorSpec) Bus        // nil: none of this board
	text     func(SensorSpec) string     // which it is, after its name
	open     func(*Hardware, SensorSpec, roomSensor) (controlloop.Sensor, error)
}

// Quantities are what a sensor measures beside the temperature.
type Quantities struct {
	Humidity, Pressure bool // whether it does
}

// Bus is a bus on the header of a Raspberry Pi. The zero value is none.
type Bus struct {
	OneWire bool // the kernel's, on one line
	I2C     bool // on two lines
	Number  int  // of the I2C bus: N of /dev/i2c-N
}

// roomSensor gives a sensor of the zone's simulated room.
type roomSensor func(simulated.Spec) (controlloop.Sensor, error)

var sensorDrivers = [...]SensorDriver{
	{
		Name: "ds18b20", ChipKey: "id",
		Example:  "id: 28-0316a2795bff} with its own id, which thermostat probe lists",
		defaults: func(s *SensorSpec) { s.DS18B20 = DefaultDS18B20() },
		same:     func(a, b SensorSpec) bool { return a.DS18B20.ID != "" && a.DS18B20.ID == b.DS18B20.ID },
		bus:      func(s SensorSpec) Bus { return s.DS18B20.wires() },
		text:     func(s SensorSpec) string { return s.DS18B20.text() },
		open: func(h *Hardware, s SensorSpec, _ roomSensor) (controlloop.Sensor, error) {
			h.oneWireQueue(s.DS18B20).join()
			return openDS18B20(h, s.DS18B20)
		},
	},
	{
		Name: "bme280", ChipKey: "address",
		defaults: func(s *SensorSpec) { s.BME280 = DefaultBME280() },
		measures: func(SensorSpec) Quantities { return Quantities{Humidity: true, Pressure: true} },
		same:     func(a, b SensorSpec) bool { return a.BME280 == b.BME280 },
		bus:      func(s SensorSpec) Bus { return Bus{I2C: true, Number: s.BME280.Bus} },
		text:     func(s SensorSpec) string { return s.BME280.text() },
		open: func(h *Hardware, s SensorSpec, _ roomSensor) (controlloop.Sensor, error) {
			return openBME280(h, s.BME280), nil
		},
	},
	{
		Name: "simulated", Simulated: true,
		defaults: func(s *SensorSpec) { s.Simulated = simulated.Default() },
		text:     func(s SensorSpec) string { return ", model " + s.Simulated.Model },
		open: func(_ *Hardware, s SensorSpec, room roomSensor) (controlloop.Sensor, error) {
			return room(s.Simulated)
		},
	},
	{
		Name: "mqtt", Remote: true,
		Example:  "topic: home/room} with its own topic",
		defaults: func(s *SensorSpec) { s.Remote.Format = "auto" },
		measures: func(s SensorSpec) Quantities { return Quantities{Humidity: s.Remote.HumidityField != ""} },
		same:     func(a, b SensorSpec) bool { return a.Remote.same(b.Remote) },
		text:     func(s SensorSpec) string { return s.Remote.text() },
		open: func(h *Hardware, s SensorSpec, _ roomSensor) (controlloop.Sensor, error) {
			return h.remoteSensor(s.Remote)
		},
	},
}

// SensorDriverOf gives a row of the table; an empty one where there is no such driver.
func SensorDriverOf(name string) *SensorDriver {
	for i := range sensorDrivers {
		if sensorDrivers[i].Name == name {
			return &sensorDrivers[i]
		}
	}
	return &SensorDriver{}
}

// SensorDrivers are the words that [SensorSpec.Driver] may be.
func SensorDrivers() (names []string) {
	for i := range sensorDrivers {
		names = append(names, sensorDrivers[i].Name)
	}
	return names
}

// RelayDriver is what the program knows of a kind of relays. Adding one takes a
// row of the table, a field of [RelaySpec], a file of its own, and the table of its
// keys in the configuration (agent/config/kinds.go).
type RelayDriver struct {
	Name      string // in the configuration
	Example   string // what a mapping needs beside its driver, and a word on it; empty: nothing
	Simulated bool   // it is one of a simulated room
	Remote    bool   // it is reached through a broker

	defaults func(*RelaySpec)       // nil: all zero
	text     func(RelaySpec) string // which it is, after its name; nil: the name says all
	open     func(*Hardware, RelaySpec, roomRelay) (controlloop.Relay, error)
}

// roomRelay gives a relay of the zone's simulated room.
type roomRelay func() (controlloop.Relay, error)

var relayDrivers = [...]RelayDriver{
	{
		Name:    "gpio",
		Example: "line: GPIO17} with its own line",
		text:    func(r RelaySpec) string { return r.GPIO.text() },
		open: func(_ *Hardware, r RelaySpec, _ roomRelay) (controlloop.Relay, error) {
			relay, err := OpenRelay(r.GPIO)
			if err != nil {
				return nil, err // not relay: a nil *GPIORelay is no nil Relay
			}
			return relay, nil
		},
	},
	{
		Name: "simulated", Simulated: true,
		open: func(_ *Hardware, _ RelaySpec, room roomRelay) (controlloop.Relay, error) { return room() },
	},
	{
		Name: "mqtt", Remote: true,
		Example:  "topic: home/room} with its own topic",
		defaults: func(r *RelaySpec) { r.Remote.Lease = 30 * time.Second },
		text:     func(r RelaySpec) string { return r.Remote.text() },
		open:     func(h *Hardware, r RelaySpec, _ roomRelay) (controlloop.Relay, error) { return h.remoteRelay(r.Remote) },
	},
}

// RelayDriverOf gives a row of the table; an empty one where there is no such driver.
func RelayDriverOf(name string) *RelayDriver {
	for i := range relayDrivers {
		if relayDrivers[i].Name == name {
			return &relayDrivers[i]
		}
	}
	return &RelayDriver{}
}

// RelayDrivers are the words that [RelaySpec.Driver] may be.
func RelayDrivers() (names []string) {
	for i := range relayDrivers {
		names = append(names, relayDrivers[i].Name)
	}
	return names
}
