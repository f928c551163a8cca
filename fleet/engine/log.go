package engine

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
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
	case len(r.Value) > 0 && r.Value[0] == '{': // no protobuf message begins so
		return reading, "", errors.New("JSON, and SensorData is taken as protobuf alone")
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

// verdicts are all that there are.
var verdicts = []controlloop.Verdict{
	controlloop.VerdictOK, controlloop.VerdictNoReading, controlloop.VerdictStale, controlloop.VerdictNoAnswer, controlloop.VerdictAbsent, controlloop.VerdictError,
	controlloop.VerdictPowerOn, controlloop.VerdictImplausible, controlloop.VerdictTooFast, controlloop.VerdictUnconfirmed, controlloop.VerdictFrozen,
	controlloop.VerdictDisagree, controlloop.VerdictRetained, controlloop.VerdictCRC, controlloop.VerdictShorted, controlloop.VerdictAllOnes,
	controlloop.VerdictNotConverted, controlloop.VerdictBadConfig, controlloop.VerdictOutOfRange, controlloop.VerdictWrongChip, controlloop.VerdictNoHumidity,
	controlloop.VerdictResetData, controlloop.VerdictBadCalibration, controlloop.VerdictBusy, controlloop.VerdictBusError, controlloop.VerdictUnchecked,
	controlloop.VerdictNoPermission,
}

// verdictOf is the verdict that a word names. A word that is none is an error, as it is to an agent: who counts
// faults counts no stranger's words.
func verdictOf(said string) controlloop.Verdict {
	if v := controlloop.Verdict(said); slices.Contains(verdicts, v) {
		return v
	}
	return controlloop.VerdictError
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

// maxDeadKey is how much of a key goes to deadletter, in bytes. A sensorID has ten; a key of a megabyte and the reason
// beside it would be more than Kafka takes.
const maxDeadKey = 1 << 10

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
		Topic: TopicDeadletter, Key: r.Key[:min(len(r.Key), maxDeadKey)], Value: value, Timestamp: r.Timestamp,
		Headers: []kgo.RecordHeader{
			{Key: "reason", Value: []byte(reason)},
			{Key: "from", Value: fmt.Appendf(nil, "%s/%d/%d", r.Topic, r.Partition, r.Offset)},
		},
	}
}
