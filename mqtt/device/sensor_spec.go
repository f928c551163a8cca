package device

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// SensorFormats are the formats that a sensor's messages may have.
var SensorFormats = []string{"auto", "protobuf", "json", "number"}

// UsualField is where the temperature is in JSON if nobody says so.
const UsualField = "temperature"

// SensorSpec is what a configuration says about a sensor on the broker.
type SensorSpec struct {
	SensorID      int32             // messages that name another one are not for this zone
	StaleAfter    time.Duration     // of its zone: how long a reading counts
	Topic         string            // of its readings
	Format        string            // auto, protobuf, json or number
	Field         string            // json: path of the temperature, like DS18B20.Temperature
	HumidityField string            // json: path of the humidity; empty: none is read
	Unit          string            // of numbers and json: C or F; empty: what the message says, else C
	Where         map[string]string // json: texts by path that a reading must have beside it; nil: messages of a second sensor are refused
}

// DefaultSensor is a sensor of which nothing is said.
func DefaultSensor() SensorSpec { return SensorSpec{Format: "auto"} }

// Same reports whether two sensors are one value of one topic.
func (s SensorSpec) Same(o SensorSpec) bool {
	return s.Topic != "" && s.Topic == o.Topic && s.field() == o.field() && maps.Equal(s.Where, o.Where)
}

// String says which sensor it is, for people.
func (s SensorSpec) String() string {
	text := fmt.Sprintf("%s, format %s", s.Topic, s.Format)
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

// field is where the temperature is in JSON.
func (s SensorSpec) field() string { return cmp.Or(s.Field, UsualField) }

// formatOf tells a message's format by its first byte, where nobody has said
// it: no SensorData begins like a number or like JSON.
func (s SensorSpec) formatOf(payload []byte) string {
	if s.Format != "auto" && s.Format != "" {
		return s.Format
	}
	switch first := bytes.TrimLeft(payload, " \t\r\n"); {
	case len(first) == 0 || first[0] == '{' || first[0] == '[':
		return "json"
	case strings.IndexByte("+-.0123456789NnIi", first[0]) >= 0: // also NaN and Inf, which it refuses
		return "number"
	}
	return "protobuf"
}
