package drivers

import (
	"fmt"
	"slices"

	"thermostat/drivers/simulated"
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
	measures := func(sensor SensorSpec) bool { return sensor.Measures().Humidity }
	return measures(s.Sensor) || slices.ContainsFunc(s.Fallbacks, measures)
}

// SensorSpec names a sensor. Driver says which of the other fields count.
type SensorSpec struct {
	Driver    string         // one of [SensorDrivers]
	Offset    float64        // K, added to every reading
	DS18B20   DS18B20        // of that driver alone
	BME280    BME280         // of that driver alone
	Simulated simulated.Spec // of that driver alone
	Remote    RemoteSensor   // of mqtt alone
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

// IsRemote reports whether the sensor is reached through a broker.
func (s SensorSpec) IsRemote() bool { return s.row().Remote }

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
	text := s.Driver
	if say := s.row().text; say != nil {
		text += say(s)
	}
	if s.Offset != 0 {
		text += fmt.Sprintf(", offset %+v K", s.Offset)
	}
	return text
}

// RelaySpec names a relay. Driver says which of the other fields count.
type RelaySpec struct {
	Driver string      // one of [RelayDrivers]
	GPIO   GPIO        // of that driver alone
	Remote RemoteRelay // of mqtt alone
}

// DefaultRelay is a relay of whose driver nothing else is said.
func DefaultRelay(driver string) RelaySpec {
	r := RelaySpec{Driver: driver}
	if fill := r.row().defaults; fill != nil {
		fill(&r)
	}
	return r
}

func (r RelaySpec) row() *RelayDriver { return RelayDriverOf(r.Driver) }

// IsRemote reports whether the relay is reached through a broker.
func (r RelaySpec) IsRemote() bool { return r.row().Remote }

// String says which relay it is, for people.
func (r RelaySpec) String() string {
	if say := r.row().text; say != nil {
		return r.Driver + say(r)
	}
	return r.Driver
}
