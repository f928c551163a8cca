package drivers

import (
	"thermostat/controlloop"
	"thermostat/drivers/kernel"
	"thermostat/drivers/modbus"
	"thermostat/drivers/simulated"
)

// SensorDriver is what the program knows of a kind of sensors. Adding one takes
// a row of the table, a field of [SensorSpec], a file of its own, and the table of
// its keys in the configuration (agent/config/kinds.go).
type SensorDriver struct {
	Name      string // in the configuration
	ChipKey   string // the key that tells one chip of this board from another; empty: it is none
	Simulated bool   // it measures a simulated room

	defaults func(*SensorSpec)                                       // nil: all zero
	measures func(SensorSpec) Quantities                             // nil: temperature alone
	same     func(a, b SensorSpec) bool                              // whether two are one thing to read; nil: never
	bus      func(SensorSpec) Bus                                    // nil: none of this board
	text     func(SensorSpec) string                                 // which it is, after its name
	open     func(*Hardware, SensorSpec) (controlloop.Sensor, error) // nil: the zone's simulated room gives it
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

var sensorDrivers = [...]SensorDriver{
	{
		Name: "ds18b20", ChipKey: "id",
		defaults: func(s *SensorSpec) { s.DS18B20 = DefaultDS18B20() },
		same:     func(a, b SensorSpec) bool { return a.DS18B20.ID != "" && a.DS18B20.ID == b.DS18B20.ID },
		bus:      func(s SensorSpec) Bus { return s.DS18B20.wires() },
		text:     func(s SensorSpec) string { return s.DS18B20.text() },
		open: func(h *Hardware, s SensorSpec) (controlloop.Sensor, error) {
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
		open: func(h *Hardware, s SensorSpec) (controlloop.Sensor, error) {
			return openBME280(h, s.BME280), nil
		},
	},
	{
		Name: "bmp280", ChipKey: "address",
		defaults: func(s *SensorSpec) { s.BMP280 = DefaultBMP280() },
		measures: func(SensorSpec) Quantities { return Quantities{Pressure: true} },
		same:     func(a, b SensorSpec) bool { return a.BMP280 == b.BMP280 },
		bus:      func(s SensorSpec) Bus { return Bus{I2C: true, Number: s.BMP280.Bus} },
		text:     func(s SensorSpec) string { return s.BMP280.text() },
		open: func(h *Hardware, s SensorSpec) (controlloop.Sensor, error) {
			return openBMP280(h, s.BMP280), nil
		},
	},
	{
		Name: "sht3x", ChipKey: "address",
		defaults: func(s *SensorSpec) { s.SHT3x = DefaultSHT3x() },
		measures: func(SensorSpec) Quantities { return Quantities{Humidity: true} },
		same:     func(a, b SensorSpec) bool { return a.SHT3x == b.SHT3x },
		bus:      func(s SensorSpec) Bus { return Bus{I2C: true, Number: s.SHT3x.Bus} },
		text:     func(s SensorSpec) string { return s.SHT3x.text() },
		open: func(h *Hardware, s SensorSpec) (controlloop.Sensor, error) {
			return openSHT3x(h, s.SHT3x), nil
		},
	},
	{
		Name: "kernel", ChipKey: "device",
		defaults: func(s *SensorSpec) { s.Kernel = new(kernel.Spec) },
		measures: func(s SensorSpec) Quantities { return Quantities{Humidity: s.Kernel.Humid} },
		same: func(a, b SensorSpec) bool {
			return a.Kernel.Device != "" && a.Kernel.Device == b.Kernel.Device && a.Kernel.Channel == b.Kernel.Channel
		},
		bus:  func(s SensorSpec) Bus { return busOfKernel(*s.Kernel) },
		text: func(s SensorSpec) string { return s.Kernel.Text() },
		open: func(h *Hardware, s SensorSpec) (controlloop.Sensor, error) { return openKernel(h, *s.Kernel), nil },
	},
	{
		Name: "simulated", Simulated: true,
		defaults: func(s *SensorSpec) { s.Simulated = simulated.Default() },
		text:     func(s SensorSpec) string { return ", model " + s.Simulated.Model },
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
	Simulated bool   // it is one of a simulated room

	defaults func(*RelaySpec)                                      // nil: all zero
	text     func(RelaySpec) string                                // which it is, after its name; nil: the name says all
	held     func(RelaySpec) Held                                  // what `off` must drive; nil, or zero: nothing
	open     func(*Hardware, RelaySpec) (controlloop.Relay, error) // nil: the zone's simulated room gives it
}

var relayDrivers = [...]RelayDriver{
	{
		Name: "gpio",
		text: func(r RelaySpec) string { return r.GPIO.text() },
		held: func(r RelaySpec) Held { return heldLine(r.GPIO) },
		open: func(h *Hardware, r RelaySpec) (controlloop.Relay, error) { return openLine(h, r.GPIO) },
	},
	{
		Name:     "modbus",
		defaults: func(r *RelaySpec) { r.Modbus = new(modbus.Default()) },
		text:     func(r RelaySpec) string { return " " + r.Modbus.Text() },
		held:     func(r RelaySpec) Held { return heldCoil(r.Modbus.Address) },
		open:     func(h *Hardware, r RelaySpec) (controlloop.Relay, error) { return openModbus(h, *r.Modbus) },
	},
	{Name: "simulated", Simulated: true},
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
