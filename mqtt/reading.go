package mqtt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
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

// field is where the temperature is in JSON.
func (s SensorSpec) field() string {
	if s.Field == "" {
		return UsualField
	}
	return s.Field
}

// report is what one message of a sensor says.
type report struct {
	controlloop.Reading
	own   time.Time // when it was measured, by the sensor's clock; zero where it does not say
	names string    // the sensor that a document names; empty where it names none
}

// decodeReading reads one message of a sensor. The time of the reading is that
// of its receipt, which the caller knows: no clock but ours is believed.
func decodeReading(s SensorSpec, payload []byte) (report, error) {
	if len(payload) == 0 || len(payload) > maxControl {
		return report{}, fmt.Errorf("a message of %d bytes, want 1..%d", len(payload), maxControl)
	}
	var r report
	var err error
	switch s.formatOf(payload) {
	case "json":
		r, err = decodeJSONReading(s, payload)
	case "number":
		r, err = decodeNumber(s, payload)
	default:
		r, err = decodeSensorData(s, payload)
	}
	if err == nil && !(r.Celsius >= absoluteZero && r.Celsius <= math.MaxFloat32) { // NaN is neither
		err = fmt.Errorf("%v is no temperature in °C", r.Celsius)
	}
	if err != nil {
		return report{}, err
	}
	return r, nil
}

func decodeNumber(s SensorSpec, payload []byte) (report, error) {
	x, err := parseNumber(string(payload))
	if err != nil {
		return report{}, err
	}
	unit, err := s.unitOfTopic()
	return report{Reading: controlloop.Temperature(toCelsius(x, unit), time.Time{})}, err
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

// quoted shows the beginning of a foreign text, readable whatever it holds.
func quoted(text string) string {
	if len(text) > 40 {
		text = text[:40] + "…"
	}
	return strconv.Quote(strings.ToValidUTF8(text, "?"))
}

// decodeSensorData reads a message that is in °C whatever the unit of others is.
func decodeSensorData(s SensorSpec, payload []byte) (report, error) {
	d := &pb.SensorData{}
	switch err := proto.Unmarshal(payload, d); {
	case err != nil:
		return report{}, errors.New("neither a protobuf SensorData nor a number nor JSON")
	case d.SensorID != nil && *d.SensorID != s.SensorID:
		return report{}, errOther
	case d.GetVerdict() != "" && d.GetVerdict() != string(controlloop.VerdictOK):
		return report{}, fmt.Errorf("the sensor itself says %s", quoted(d.GetVerdict()))
	case d.Temperature == nil:
		return report{}, errors.New("a SensorData without temperature")
	}
	r := report{Reading: controlloop.Temperature(*d.Temperature, time.Time{})}
	if at := d.GetReadAt(); at.IsValid() && at.AsTime().After(earliestTime) {
		r.own = at.AsTime()
	}
	if d.Humidity != nil && inPercent(*d.Humidity) {
		r.Humidity = *d.Humidity
	}
	if d.Pressure != nil && *d.Pressure > 0 {
		r.Pascal = *d.Pressure
	}
	return r, nil
}

func inPercent(x float64) bool { return 0 <= x && x <= 100 }

func decodeJSONReading(s SensorSpec, payload []byte) (report, error) {
	document, err := parseDocument(payload)
	if err != nil {
		return report{}, err
	}
	at, err := s.pick(document, s.field())
	if err != nil {
		return report{}, err
	}
	x, err := jsonNumber(at.value)
	if err != nil {
		return report{}, fmt.Errorf("field %s: %w", s.field(), err)
	}
	unit, err := s.unitOf(at)
	if err != nil {
		return report{}, err
	}
	r := report{Reading: controlloop.Temperature(toCelsius(x, unit), time.Time{}), own: ownTime(at), names: identity(at)}
	if s.HumidityField == "" {
		return r, nil
	}
	if at, err := s.pick(document, s.HumidityField); err == nil {
		if h, err := jsonNumber(at.value); err == nil && inPercent(h) {
			r.Humidity = h
		}
	}
	return r, nil
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
			return false, fmt.Errorf("%w: it has no field %s", errOther, s.stateField())
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
