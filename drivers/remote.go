package drivers

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"thermostat/controlloop"
)

// RemoteSensor is what a configuration says about a sensor behind a broker.
type RemoteSensor struct {
	SensorID      int32             // messages that name another one are not for this zone
	StaleAfter    time.Duration     // of its zone: how long a reading counts
	Topic         string            // of its readings
	Format        string            // auto, protobuf, json or number
	Field         string            // json: path of the temperature, like DS18B20.Temperature
	HumidityField string            // json: path of the humidity; empty: none is read
	Unit          string            // of numbers and json: C or F; empty: what the message says, else C
	Where         map[string]string // json: words by path that a reading must have beside it; nil: messages of a second sensor are refused
}

// RemoteRelay is what a configuration says about a relay behind a broker.
type RemoteRelay struct {
	SensorID   int32         // of its zone
	Sample     time.Duration // of its zone, which demands as often; a zone that is stuck does not
	MinOff     time.Duration // of its zone: how long it rests that went off
	Safety     bool          // in series with the zone's others
	Topic      string        // of its commands
	On, Off    string        // the commands; both empty: HeaterControl
	StateTopic string        // where it tells its position; empty: it does not
	StateField string        // path of the position in a JSON state
	Lease      time.Duration // it lets go by itself after so long without an On, which is said again three times as often
	Retain     bool          // the broker keeps the commands
}

// same reports whether both are one value of one topic.
func (s RemoteSensor) same(o RemoteSensor) bool {
	return s.Topic != "" && s.Topic == o.Topic && s.Field == o.Field && maps.Equal(s.Where, o.Where)
}

func (s RemoteSensor) text() string {
	text := fmt.Sprintf(" %s, format %s", s.Topic, s.Format)
	if s.Field != "" {
		text += ", field " + s.Field
	}
	for _, path := range slices.Sorted(maps.Keys(s.Where)) {
		text += fmt.Sprintf(", where %s is %s", path, s.Where[path])
	}
	if s.Unit != "" {
		text += ", in °" + s.Unit
	}
	return text
}

func (r RemoteRelay) text() string {
	text := fmt.Sprintf(" %s, lease %v", r.Topic, r.Lease)
	if r.StateTopic != "" {
		text += ", confirmed by " + r.StateTopic
	}
	return text
}

// Remote opens sensors and relays that are reached through a broker.
type Remote interface {
	OpenSensor(RemoteSensor) (controlloop.Sensor, error) // gives a sensor that is somewhere else
	OpenRelay(RemoteRelay) (controlloop.Relay, error)    // gives a relay that is somewhere else
}

// Identify gives what is the zone's to those devices that need it: its sensor_id
// tells them from others, its timing when it is stuck, how long a relay rests and a reading counts.
func (s *Spec) Identify(sensorID int32, p controlloop.Params) {
	s.Sensor.identify(sensorID, p)
	for i := range s.Fallbacks {
		s.Fallbacks[i].identify(sensorID, p)
	}
	for _, r := range []*RelaySpec{s.Heater, s.Cooler, s.Safety} {
		if r != nil && r.IsRemote() {
			r.Remote.SensorID, r.Remote.Sample, r.Remote.MinOff, r.Remote.Safety = sensorID, p.Sample, p.MinOff, r == s.Safety
		}
	}
}

func (s *SensorSpec) identify(sensorID int32, p controlloop.Params) {
	if s.IsRemote() {
		s.Remote.SensorID, s.Remote.StaleAfter = sensorID, p.StaleAfter
	}
}
