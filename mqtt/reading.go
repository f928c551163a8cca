package mqtt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"thermostat/controlloop"
	pb "thermostat/proto"
)

// SensorFormats are the words for what a sensor's messages may be.
var SensorFormats = []string{"auto", "protobuf", "json", "number"}

// UsualField is where the temperature is in JSON if nobody says so.
const UsualField = "temperature"

// absoluteZero is the coldest there is, in °C.
const absoluteZero = -273.15

// errOther tells that a message is sound and not about this sensor.
var errOther = errors.New("about something else")

// decodeReading reads one message of a sensor. The time of the reading is that
// of its receipt, which the caller knows: no clock but ours is believed.
func decodeReading(s SensorSpec, payload []byte) (controlloop.Reading, error) {
	if len(payload) == 0 || len(payload) > maxControl {
		return controlloop.Reading{}, fmt.Errorf("a message of %d bytes, want 1..%d", len(payload), maxControl)
	}
	var r controlloop.Reading
	var err error
	switch s.formatOf(payload) {
	case "json":
		r, err = decodeJSONReading(s, payload)
	case "number":
		r = controlloop.Temperature(0, r.At)
		r.Celsius, err = parseNumber(string(payload))
	default:
		r, err = decodeSensorData(s, payload)
	}
	if err == nil && !(r.Celsius >= absoluteZero && r.Celsius <= math.MaxFloat32) { // NaN is neither
		err = fmt.Errorf("%v is no temperature in °C", r.Celsius)
	}
	if err != nil {
		return controlloop.Reading{}, err
	}
	return r, nil
}

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

func parseNumber(text string) (float64, error) {
	x, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil {
		return 0, fmt.Errorf("%s is not a number", quoted(text))
	}
	return x, nil
}

// quoted shows the beginning of a foreign text, readable whatever it holds.
func quoted(text string) string {
	if len(text) > 40 {
		text = text[:40] + "…"
	}
	return strconv.Quote(strings.ToValidUTF8(text, "?"))
}

func decodeSensorData(s SensorSpec, payload []byte) (controlloop.Reading, error) {
	d := &pb.SensorData{}
	switch err := proto.Unmarshal(payload, d); {
	case err != nil:
		return controlloop.Reading{}, errors.New("neither a protobuf SensorData nor a number nor JSON")
	case d.SensorID != nil && *d.SensorID != s.SensorID:
		return controlloop.Reading{}, errOther
	case d.GetVerdict() != "" && d.GetVerdict() != string(controlloop.VerdictOK):
		return controlloop.Reading{}, fmt.Errorf("the sensor itself says %s", quoted(d.GetVerdict()))
	case d.Temperature == nil:
		return controlloop.Reading{}, errors.New("a SensorData without temperature")
	}
	r := controlloop.Reading{Celsius: *d.Temperature, Humidity: math.NaN(), Pascal: math.NaN()}
	if d.Humidity != nil && inPercent(*d.Humidity) {
		r.Humidity = *d.Humidity
	}
	if d.Pressure != nil && *d.Pressure > 0 {
		r.Pascal = *d.Pressure
	}
	return r, nil
}

func inPercent(x float64) bool { return 0 <= x && x <= 100 }

func decodeJSONReading(s SensorSpec, payload []byte) (controlloop.Reading, error) {
	var message any
	if err := json.Unmarshal(payload, &message); err != nil {
		return controlloop.Reading{}, fmt.Errorf("not JSON: %w", err)
	}
	field := s.Field
	if field == "" {
		field = UsualField
	}
	value, there := lookUp(message, field)
	if !there {
		return controlloop.Reading{}, fmt.Errorf("%w: it has no field %s", errOther, field)
	}
	celsius, err := jsonNumber(value)
	if err != nil {
		return controlloop.Reading{}, fmt.Errorf("field %s: %w", field, err)
	}
	r := controlloop.Reading{Celsius: celsius, Humidity: math.NaN(), Pascal: math.NaN()}
	if value, there := lookUp(message, s.HumidityField); there && s.HumidityField != "" {
		if h, err := jsonNumber(value); err == nil && inPercent(h) {
			r.Humidity = h
		}
	}
	return r, nil
}

// lookUp follows a path of names, and of numbers in lists, parted by dots. A
// name that holds a dot itself is found where it stands.
func lookUp(message any, path string) (value any, there bool) {
	if m, ok := message.(map[string]any); ok {
		if value, there = m[path]; there {
			return value, true
		}
	}
	name, rest, more := strings.Cut(path, ".")
	switch m := message.(type) {
	case map[string]any:
		value, there = m[name]
	case []any:
		if i, err := strconv.Atoi(name); err == nil && 0 <= i && i < len(m) {
			value, there = m[i], true
		}
	}
	if there && more {
		return lookUp(value, rest)
	}
	return value, there
}

// jsonNumber takes a number; some devices write it as text.
func jsonNumber(value any) (float64, error) {
	switch v := value.(type) {
	case float64:
		return v, nil
	case string:
		return parseNumber(v)
	}
	text, _ := json.Marshal(value) // it came from JSON
	return 0, fmt.Errorf("%s is not a number", quoted(string(text)))
}

// decodeHeaterControl reads a command, or the mirror of one, for a sensor's
// heater. An absent command means On, as the published example has it, but only
// in a message that names this sensor; an unknown one is refused.
func decodeHeaterControl(sensorID int32, payload []byte) (on bool, err error) {
	c := &pb.HeaterControl{}
	switch err := proto.Unmarshal(payload, c); {
	case err != nil:
		return false, errors.New("not a protobuf HeaterControl")
	case c.SensorID == nil || *c.SensorID != sensorID:
		return false, errOther
	}
	switch c.GetCommand() {
	case pb.HeaterCommand_On:
		return true, nil
	case pb.HeaterCommand_Off:
		return false, nil
	}
	return false, fmt.Errorf("command %d is unknown: 0 on, 1 off", c.GetCommand())
}

// asText is a value of JSON as a device would write it alone.
func asText(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	text, _ := json.Marshal(value) // it came from JSON
	return string(text)
}

// positionWords are what devices call the position of a relay.
var positionWords = map[string]bool{"on": true, "true": true, "1": true, "off": false, "false": false, "0": false}

// decodePosition reads what a device says of its relay.
func decodePosition(s RelaySpec, payload []byte) (on bool, err error) {
	text := strings.TrimSpace(string(payload))
	switch {
	case len(payload) > maxControl || !s.plain() && !utf8.Valid(payload):
		return decodeHeaterControl(s.SensorID, payload)
	case s.plain() && text == s.On:
		return true, nil
	case s.plain() && text == s.Off:
		return false, nil
	case strings.HasPrefix(text, "{"):
		var message any
		if err := json.Unmarshal(payload, &message); err != nil {
			return false, fmt.Errorf("not JSON: %w", err)
		}
		value, there := lookUp(message, s.stateField())
		if !there {
			return false, errOther
		}
		text = asText(value)
	}
	if on, known := positionWords[strings.ToLower(text)]; known {
		return on, nil
	}
	if s.plain() {
		return false, fmt.Errorf("%s is neither on nor off", quoted(text))
	}
	return decodeHeaterControl(s.SensorID, payload)
}
