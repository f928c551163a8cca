package setpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"thermostat/controlloop"
	pb "thermostat/proto"
)

// MaxControl is the largest control that is looked at, in bytes.
const MaxControl = 64 << 10

// maxID bounds the names that go back into the answer, in bytes.
const maxID = 128

// DecodeControl reads a control: JSON if it begins with a brace, else protobuf.
// No protobuf message can begin so: the byte would open a group, which proto3 has not.
func DecodeControl(payload []byte) (*pb.TemperatureControl, error) {
	c := &pb.TemperatureControl{}
	if len(payload) > MaxControl {
		return c, fmt.Errorf("%d bytes are more than the %d allowed", len(payload), MaxControl)
	}
	var err error
	if len(payload) > 0 && payload[0] == '{' {
		err = decodeJSON(payload, c)
	} else if proto.Unmarshal(payload, c) != nil { // its own words differ from build to build
		err = errors.New("neither a protobuf TemperatureControl nor JSON")
	}
	if err != nil {
		return &pb.TemperatureControl{}, err
	}
	if len(c.GetId()) > maxID || len(c.GetSource()) > maxID {
		return &pb.TemperatureControl{}, fmt.Errorf("id and source may have %d bytes at most", maxID)
	}
	return c, nil
}

// decodeJSON reads the JSON form strictly: an unknown or doubled key is an
// error, and so is anything behind the closing brace.
func decodeJSON(payload []byte, c *pb.TemperatureControl) error {
	d := json.NewDecoder(bytes.NewReader(payload))
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	seen := map[string]bool{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return fmt.Errorf("not JSON: %w", err)
		}
		var value any
		if err := d.Decode(&value); err != nil {
			return fmt.Errorf("not JSON: %w", err)
		}
		name := canonical(key.(string)) // a key inside an object is always a string
		if seen[name] {
			return fmt.Errorf("key %.40q is given twice", key)
		}
		seen[name] = true
		if err := setField(c, name, value); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something follows the JSON object")
	}
	return nil
}

// canonical folds protojson's names to those of snake_case.
func canonical(key string) string {
	switch key {
	case "sensorID":
		return "sensor_id"
	case "upDelta":
		return "up_delta"
	case "downDelta":
		return "down_delta"
	case "issuedAt":
		return "issued_at"
	case "expiresAt":
		return "expires_at"
	}
	return key
}

func setField(c *pb.TemperatureControl, name string, value any) (err error) {
	switch name {
	case "sensor_id":
		c.SensorID, err = jsonInt32(name, value)
	case "desired":
		c.Desired, err = jsonAs[float64](name, value, "number")
	case "up_delta":
		c.UpDelta, err = jsonAs[float64](name, value, "number")
	case "down_delta":
		c.DownDelta, err = jsonAs[float64](name, value, "number")
	case "mode":
		c.Mode, err = jsonMode(value)
	case "id":
		c.Id, err = jsonAs[string](name, value, "text")
	case "source":
		c.Source, err = jsonAs[string](name, value, "text")
	case "issued_at":
		c.IssuedAt, err = jsonTime(name, value)
	case "expires_at":
		c.ExpiresAt, err = jsonTime(name, value)
	default:
		err = fmt.Errorf("key %.40q is unknown", name)
	}
	return err
}

func jsonAs[T any](name string, value any, kind string) (*T, error) {
	v, ok := value.(T)
	if !ok {
		text, _ := json.Marshal(value) // it came from JSON
		return nil, fmt.Errorf("%s: %.40s is not a %s", name, text, kind)
	}
	return &v, nil
}

func jsonInt32(name string, value any) (*int32, error) {
	f, err := jsonAs[float64](name, value, "number")
	if err != nil {
		return nil, err
	}
	if *f != math.Trunc(*f) || math.Abs(*f) > math.MaxInt32 {
		return nil, fmt.Errorf("%s: %v is not a 32-bit whole number", name, *f)
	}
	i := int32(*f)
	return &i, nil
}

func jsonMode(value any) (*pb.Mode, error) {
	word, err := jsonAs[string]("mode", value, "word")
	if err != nil {
		return nil, err
	}
	m, err := controlloop.ParseMode(strings.ToLower(*word))
	if err != nil {
		return nil, err
	}
	return WireMode(m), nil
}

func jsonTime(name string, value any) (*timestamppb.Timestamp, error) {
	text, err := jsonAs[string](name, value, "text")
	if err != nil {
		return nil, err
	}
	t, err := time.Parse(time.RFC3339Nano, *text)
	if err != nil {
		return nil, fmt.Errorf("%s: %.40q is not a time like 2026-01-31T12:00:00Z", name, *text)
	}
	return timestamppb.New(t), nil
}

// WireMode: the numbers of the wire are those of controlloop.
func WireMode(m controlloop.Mode) *pb.Mode { return pb.Mode(m).Enum() }

// Zone is what the session must know of a zone.
type Zone struct {
	Name     string
	SensorID int32
	Params   controlloop.Params
	Humidity bool                 // one of its sensors measures that, too
	Default  controlloop.Setpoint // the configured one; Mode ModeNone where there is none

	Setpoints *controlloop.Latest[controlloop.Setpoint] // where the zone hears of a new one
	Clears    *controlloop.Latest[struct{}]             // where the zone hears that its latched faults are cleared; may be nil
	Alarms    *controlloop.Alarms                       // where the zone hears of faults found here
	Memory    Memory                                    // as it was found on disk
}

// Setpoint decides what a control means for this zone: a setpoint, or why it is
// refused. What the control leaves out takes the configured default, so that
// the same bytes always mean the same.
func (z Zone) Setpoint(c *pb.TemperatureControl) (controlloop.Setpoint, error) {
	sp := z.Default
	sp.ID, sp.Source = c.GetId(), sourceOf(c)
	if c.SensorID != nil && *c.SensorID != z.SensorID {
		return sp, fmt.Errorf("sensor_id %d is not this zone's %d", *c.SensorID, z.SensorID)
	}
	named := c.Mode != nil && *c.Mode != pb.Mode_MODE_UNSPECIFIED
	if c.Desired == nil && !named {
		return sp, errors.New("neither desired nor mode is given")
	}
	if named {
		if _, known := pb.Mode_name[int32(*c.Mode)]; !known {
			return sp, fmt.Errorf("mode %d is unknown: 1 off, 2 heat, 3 cool, 4 heat_cool", int32(*c.Mode))
		}
		sp.Mode = controlloop.Mode(*c.Mode)
	} else {
		sp.Mode = z.usualMode()
	}
	for _, f := range []struct {
		to   *float64
		from *float64
	}{{&sp.Desired, c.Desired}, {&sp.UpDelta, c.UpDelta}, {&sp.DownDelta, c.DownDelta}} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	if c.Desired != nil && math.IsNaN(*c.Desired) { // NaN inside means "none", from outside it is nonsense
		return sp, errors.New("desired: NaN is not a number")
	}
	return sp, z.Params.RefuseSetpoint(sp)
}

// usualMode is what a control without a mode means: the configured mode, or
// the one that the zone is there for if that is off.
func (z Zone) usualMode() controlloop.Mode {
	if z.Default.Mode > controlloop.ModeOff {
		return z.Default.Mode
	}
	return z.Params.UsualMode()
}

// sourceOf says who spoke: the name the control gives, if it is a plain word.
func sourceOf(c *pb.TemperatureControl) string {
	source := c.GetSource()
	odd := func(r rune) bool {
		return !(r == '_' || r == '-' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9')
	}
	if source == "" || len(source) > 32 || strings.ContainsFunc(source, odd) {
		return "broker"
	}
	return source
}

// encodeControl makes the complete control that means a setpoint.
func encodeControl(z Zone, sp controlloop.Setpoint) []byte {
	c := &pb.TemperatureControl{
		SensorID: proto.Int32(z.SensorID), Mode: WireMode(sp.Mode),
		UpDelta: proto.Float64(sp.UpDelta), DownDelta: proto.Float64(sp.DownDelta),
		Id: proto.String(sp.ID), Source: proto.String(sp.Source),
	}
	if !math.IsNaN(sp.Desired) {
		c.Desired = proto.Float64(sp.Desired)
	}
	payload, err := proto.MarshalOptions{Deterministic: true}.Marshal(c)
	if err != nil {
		panic(err) // only text that is not UTF-8 can do this, and ours is
	}
	return payload
}

// Remembered gives the setpoint that the zone's memory holds, if there is one
// and the configuration still allows it.
func (z Zone) Remembered() (controlloop.Setpoint, bool) {
	if len(z.Memory.Cur) == 0 {
		return controlloop.Setpoint{}, false
	}
	c, err := DecodeControl(z.Memory.Cur)
	if err != nil {
		return controlloop.Setpoint{}, false
	}
	sp, err := z.Setpoint(c)
	sp.Source = "memory"
	return sp, err == nil
}
