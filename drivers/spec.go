package drivers

import (
	"thermostat/drivers/kernel"
	"thermostat/drivers/modbus"
	"thermostat/drivers/simulated"
)

// SensorSpec names a sensor of this machine. Driver says which of the other fields count.
type SensorSpec struct {
	Driver    string         // one of [SensorDrivers]
	DS18B20   DS18B20        // of that driver alone
	BME280    I2CPlace       // of that driver alone
	BMP280    I2CPlace       // of that driver alone
	SHT3x     I2CPlace       // of that driver alone
	Kernel    *kernel.Spec   // of that driver alone; else nil
	Simulated simulated.Spec // of that driver alone
}

// DefaultSensor is a sensor of whose driver nothing else is said.
func DefaultSensor(driver string) SensorSpec {
	s := SensorSpec{Driver: driver}
	if fill := s.row().defaults; fill != nil {
		fill(&s)
	}
	return s
}

func (s SensorSpec) row() *SensorDriver { return SensorDriverOf(s.Driver) }

// IsSimulated reports whether the sensor measures a simulated room.
func (s SensorSpec) IsSimulated() bool { return s.row().Simulated }

// ChipKey is the key that tells the sensor from the other chips of this board;
// empty where it is none of them.
func (s SensorSpec) ChipKey() string { return s.row().ChipKey }

// Measures is what the sensor measures beside the temperature.
func (s SensorSpec) Measures() Quantities {
	if measures := s.row().measures; measures != nil {
		return measures(s)
	}
	return Quantities{}
}

// Bus is the bus of this board that the sensor is on.
func (s SensorSpec) Bus() Bus {
	if bus := s.row().bus; bus != nil {
		return bus(s)
	}
	return Bus{}
}

// Same reports whether two sensors are one and the same thing to read.
func (s SensorSpec) Same(o SensorSpec) bool {
	same := s.row().same
	return same != nil && s.Driver == o.Driver && same(s, o)
}

// String says which sensor it is, for people.
func (s SensorSpec) String() string {
	if say := s.row().text; say != nil {
		return s.Driver + say(s)
	}
	return s.Driver
}

// RelaySpec names a relay of this machine. Driver says which of the other fields count.
type RelaySpec struct {
	Driver    string              // one of [RelayDrivers]
	GPIO      GPIO                // of that driver alone
	Modbus    *modbus.Spec        // of that driver alone; else nil
	Simulated simulated.RelaySpec // of that driver alone
}

// DefaultRelay is a relay of whose driver nothing else is said.
func DefaultRelay(driver string) RelaySpec {
	r := RelaySpec{Driver: driver}
	if fill := r.row().defaults; fill != nil {
		fill(&r)
	}
	return r
}

// Held is the relay as [Held] has it; ok is false where nothing outlives the agent.
func (r RelaySpec) Held() (h Held, ok bool) {
	if held := r.row().held; held != nil {
		h = held(r)
	}
	return h, h != Held{}
}

func (r RelaySpec) row() *RelayDriver { return RelayDriverOf(r.Driver) }

// IsSimulated reports whether the relay is one of a simulated room.
func (r RelaySpec) IsSimulated() bool { return r.row().Simulated }

// String says which relay it is, for people.
func (r RelaySpec) String() string {
	if say := r.row().text; say != nil {
		return r.Driver + say(r)
	}
	return r.Driver
}
