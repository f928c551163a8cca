package device

import (
	"errors"
	"fmt"
	"math"
	"time"

	"google.golang.org/protobuf/proto"

	"thermostat/controlloop"
	"thermostat/mqtt/setpoint"
	"thermostat/mqtt/wire"
	pb "thermostat/proto"
)

// absoluteZero is the coldest there is, in °C.
const absoluteZero = -273.15

// reading is what one message of a sensor says.
type reading struct {
	controlloop.Reading
	measuredAt time.Time // when it was measured, by the sensor's clock; zero where it does not say
	identity   string    // the sensor that a document names; empty where it names none
}

// decodeReading reads one message of a sensor. The time of the reading is that
// of its receipt, which the caller knows: no clock but ours is believed.
func decodeReading(s SensorSpec, payload []byte) (reading, error) {
	if len(payload) == 0 || len(payload) > setpoint.MaxControl {
		return reading{}, fmt.Errorf("a message of %d bytes, want 1..%d", len(payload), setpoint.MaxControl)
	}
	var r reading
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
		return reading{}, err
	}
	return r, nil
}

func decodeNumber(s SensorSpec, payload []byte) (reading, error) {
	x, err := wire.ParseNumber(string(payload))
	if err != nil {
		return reading{}, err
	}
	unit, err := s.unitOfTopic()
	return reading{Reading: controlloop.Temperature(toCelsius(x, unit), time.Time{})}, err
}

// decodeSensorData reads a message that is in °C whatever the unit of others is.
func decodeSensorData(s SensorSpec, payload []byte) (reading, error) {
	d := &pb.SensorData{}
	switch err := proto.Unmarshal(payload, d); {
	case s.Format != "protobuf" && isText(payload): // some words are good protobuf: error, unknown
		return reading{}, fmt.Errorf("%s is neither a number nor JSON", wire.Quoted(string(payload)))
	case err != nil:
		return reading{}, errors.New("neither a protobuf SensorData nor a number nor JSON")
	case d.SensorID != nil && *d.SensorID != s.SensorID:
		return reading{}, wire.ErrOther
	case d.GetVerdict() != "" && d.GetVerdict() != string(controlloop.VerdictOK):
		return reading{}, fmt.Errorf("the sensor itself says %s", wire.Quoted(d.GetVerdict()))
	case d.Temperature == nil:
		return reading{}, errors.New("a SensorData without temperature")
	}
	r := reading{Reading: controlloop.Temperature(*d.Temperature, time.Time{})}
	if at := d.GetReadAt(); at.IsValid() && at.AsTime().After(earliestTime) {
		r.measuredAt = at.AsTime()
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

func decodeJSONReading(s SensorSpec, payload []byte) (reading, error) {
	document, err := parseDocument(payload)
	if err != nil {
		return reading{}, err
	}
	at, err := s.pick(document, s.field())
	if err != nil {
		return reading{}, err
	}
	x, err := jsonNumber(at.value)
	if err != nil {
		return reading{}, fmt.Errorf("field %s: %w", s.field(), err)
	}
	unit, err := s.unitOf(at)
	if err != nil {
		return reading{}, err
	}
	r := reading{Reading: controlloop.Temperature(toCelsius(x, unit), time.Time{}), measuredAt: ownTime(at), identity: identity(at)}
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
