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
// error at every depth, and so is anything behind the closing brace.
func decodeJSON(payload []byte, c *pb.TemperatureControl) error {
	d := json.NewDecoder(bytes.NewReader(payload))
	if _, err := d.Token(); err != nil {
		return notJSON(err)
	}
	if err := decodeObject(d, c, 0); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something follows the JSON object")
	}
	return nil
}

func notJSON(err error) error { return fmt.Errorf("not JSON: %w", err) }

// decodeObject reads the keys of an object behind its opening brace; depth counts
// the objects around it.
func decodeObject(d *json.Decoder, c *pb.TemperatureControl, depth int) error {
	seen := map[string]bool{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return notJSON(err)
		}
		name := canonical(key.(string)) // a key inside an object is always a string
		if seen[name] {
			return fmt.Errorf("key %.40q is given twice", key)
		}
		seen[name] = true
		if name == "then" {
			err = decodeThen(d, c, depth+1)
		} else {
			err = decodeField(d, c, name)
		}
		if err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return notJSON(err)
	}
	return nil
}

func decodeThen(d *json.Decoder, c *pb.TemperatureControl, depth int) error {
	if depth > maxThen {
		return errThenDeep
	}
	if open, err := d.Token(); err != nil {
		return notJSON(err)
	} else if open != json.Delim('{') {
		return fmt.Errorf("then: %v is not an object", open)
	}
	c.Then = &pb.TemperatureControl{}
	if err := decodeObject(d, c.Then, depth); err != nil {
		return fmt.Errorf("then: %w", err)
	}
	return nil
}

func decodeField(d *json.Decoder, c *pb.TemperatureControl, name string) error {
	var value any
	if err := d.Decode(&value); err != nil {
		return notJSON(err)
	}
	return setField(c, name, value)
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
	case "holdUntil":
		return "hold_until"
	case "holdS":
		return "hold_s"
	}
	return key
}

func setField(c *pb.TemperatureControl, name string, value any) (err error) {
	switch name {
	case "sensor_id":
		c.SensorID, err = jsonInt32(name, value)
	case "desired":
		c.Desired, err = jsonAs[float64](name, value, "a number")
	case "up_delta":
		c.UpDelta, err = jsonAs[float64](name, value, "a number")
	case "down_delta":
		c.DownDelta, err = jsonAs[float64](name, value, "a number")
	case "mode":
		c.Mode, err = jsonMode(value)
	case "preset":
		c.Preset, err = jsonAs[string](name, value, "a text")
	case "program":
		c.Program, err = jsonAs[bool](name, value, "true or false")
	case "hold_until":
		c.HoldUntil, err = jsonTime(name, value)
	case "hold_s":
		c.HoldS, err = jsonAs[float64](name, value, "a number")
	case "id":
		c.Id, err = jsonAs[string](name, value, "a text")
	case "source":
		c.Source, err = jsonAs[string](name, value, "a text")
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
		return nil, fmt.Errorf("%s: %.40s is not %s", name, text, kind)
	}
	return &v, nil
}

func jsonInt32(name string, value any) (*int32, error) {
	f, err := jsonAs[float64](name, value, "a number")
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
	word, err := jsonAs[string]("mode", value, "a word")
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
	text, err := jsonAs[string](name, value, "a text")
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
