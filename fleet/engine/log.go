package engine

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/twmb/franz-go/pkg/kgo"
	"google.golang.org/protobuf/proto"

	"thermostat/controlloop"
	"thermostat/mqtt/setpoint"
	pb "thermostat/proto"
)

// The topics of the log. All have the same number of partitions; the key of a record is its sensorID
// in decimal, but in tick, where a record is of a whole partition.
const (
	TopicSensor     = "sensor"        // SensorData: what was measured
	TopicTempset    = "tempset"       // TemperatureControl, compacted: what shall be held
	TopicZones      = "zones"         // YAML, compacted: what a zone is like
	TopicTick       = "tick"          // Tick: what is decided next
	TopicCommand    = "heatercontrol" // HeaterControl: what heaters are told
	TopicState      = "zonestate"     // ZoneState, compacted: what a zone remembers
	TopicDeadletter = "deadletter"    // what could not be read, with the reason in its header
)

// Inputs are the topics whose records make zones decide, in the order in which records of
// one moment count.
var Inputs = []string{TopicZones, TopicTempset, TopicSensor}

// placeKey is the key in zonestate of the last tick that the partition's zones have taken.
const placeKey = "tick"

// Key is the key of a zone's records.
func Key(sensorID int32) []byte { return strconv.AppendInt(nil, int64(sensorID), 10) }

var errKey = errors.New("the key is no sensorID from 1 on")

func sensorIDOf(key []byte) (int32, error) {
	id, err := strconv.ParseInt(string(key), 10, 32)
	if err != nil || id < 1 || strconv.FormatInt(id, 10) != string(key) {
		return 0, errKey
	}
	return int32(id), nil
}

// MaxRecord bounds what is read of a record's value, in bytes.
const MaxRecord = 256 << 10

// readSensor gives the reading of a record, or what the sensor says is wrong with it.
func readSensor(id int32, r *kgo.Record) (reading controlloop.Reading, wrong controlloop.Verdict, err error) {
	var d pb.SensorData
	switch {
	case proto.Unmarshal(r.Value, &d) != nil:
		return reading, "", errors.New("no SensorData")
	case d.SensorID != nil && *d.SensorID != id:
		return reading, "", fmt.Errorf("sensorID %d is not the key's %d", *d.SensorID, id)
	case d.GetVerdict() != "" && d.GetVerdict() != string(controlloop.VerdictOK):
		return reading, verdictOf(d.GetVerdict()), nil
	case d.Temperature == nil:
		return reading, "", errors.New("neither temperature nor verdict")
	case math.IsNaN(*d.Temperature) || math.IsInf(*d.Temperature, 0):
		return reading, "", errors.New("temperature is no number")
	}
	at := timeOf(r)
	if d.ReadAt != nil {
		if at = d.ReadAt.AsTime(); !d.ReadAt.IsValid() {
			return reading, "", errors.New("read_at is no time")
		}
	}
	return controlloop.Temperature(*d.Temperature, at), "", nil
}

// maxVerdict is longer than any verdict, in bytes: what is kept of a stranger's word is bounded.
const maxVerdict = 32

func verdictOf(said string) controlloop.Verdict {
	if len(said) > maxVerdict || strings.Trim(said, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return controlloop.VerdictError
	}
	return controlloop.Verdict(said)
}

// readTempset gives the control of a record.
func readTempset(id int32, r *kgo.Record) (*pb.TemperatureControl, error) {
	c, err := setpoint.DecodeControl(r.Value)
	if err == nil && c.SensorID != nil && *c.SensorID != id {
		err = fmt.Errorf("sensorID %d is not the key's %d", *c.SensorID, id)
	}
	return c, err
}

// timeOf is when a record was made, to the millisecond, as the log has it.
func timeOf(r *kgo.Record) time.Time { return r.Timestamp.UTC() }

// deadletter is a record that could not be taken, with the reason and where it stood.
func deadletter(r *kgo.Record, why error) *kgo.Record {
	reason := why.Error()
	if !utf8.ValidString(reason) {
		reason = strconv.QuoteToASCII(reason)
	}
	value := r.Value
	if len(value) > MaxRecord {
		value = value[:MaxRecord]
	}
	return &kgo.Record{
		Topic: TopicDeadletter, Key: r.Key, Value: value, Timestamp: r.Timestamp,
		Headers: []kgo.RecordHeader{
			{Key: "reason", Value: []byte(reason)},
			{Key: "from", Value: fmt.Appendf(nil, "%s/%d/%d", r.Topic, r.Partition, r.Offset)},
		},
	}
}
