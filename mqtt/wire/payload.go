package wire

import (
	"encoding/json"
	"math"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"thermostat/controlloop"
	pb "thermostat/proto"
)

// Info is what an agent says of itself, retained on <base>/info.
type Info struct {
	Version      string              `json:"version"`
	Instance     string              `json:"instance"`
	Zones        map[string]ZoneInfo `json:"zones"`
	ConfigSHA256 string              `json:"config_sha256"`
	StartedAt    time.Time           `json:"started_at"`
	ClockSynced  *bool               `json:"clock_synced"` // null where the system does not tell
	Failsafe     *bool               `json:"failsafe"`     // whether the kernel lets go of relays after a crash; null: not known
	Problem      string              `json:"problem"`      // on while a zone has a fault, else off
	ProblemText  string              `json:"problem_text"` // all zones' faults in one line, or ok
	Process      string              `json:"process"`      // a random word of this process, filled in by the session, as what follows
	Time         time.Time           `json:"time"`         // when this was said
	EveryS       float64             `json:"every_s"`      // how often it is said, in seconds
}

// maxEvery is the longest interval that is believed; a configuration allows no longer one.
const maxEvery = 24 * time.Hour

// Every is how often an info is said; 0: it does not say so in earnest.
func (i Info) Every() time.Duration {
	if i.EveryS < 0 || i.EveryS > maxEvery.Seconds() {
		return 0
	}
	return time.Duration(i.EveryS * float64(time.Second))
}

// ZoneInfo is what does not change about a zone while the agent runs.
type ZoneInfo struct {
	SensorID int32    `json:"sensor_id"`
	Plant    string   `json:"plant"`
	Default  *Default `json:"default_setpoint"` // null where none is configured
}

// Default is a configured setpoint.
type Default struct {
	Mode      string   `json:"mode"`
	Desired   *float64 `json:"desired"` // °C
	UpDelta   float64  `json:"up_delta"`
	DownDelta float64  `json:"down_delta"`
}

// DefaultOf gives the published form of a configured setpoint.
func DefaultOf(sp controlloop.Setpoint) *Default {
	if sp.Mode == controlloop.ModeNone {
		return nil
	}
	d := &Default{Mode: sp.Mode.String(), UpDelta: sp.UpDelta, DownDelta: sp.DownDelta}
	if !math.IsNaN(sp.Desired) {
		d.Desired = &sp.Desired
	}
	return d
}

// HeaterPayload mirrors one relay. One that does not obey is told as off: who
// follows the mirror must not heat on a guess.
func HeaterPayload(s controlloop.Snapshot, o controlloop.Output, known controlloop.RelayState) []byte {
	command := pb.HeaterCommand_Off
	if known == controlloop.RelayOn {
		command = pb.HeaterCommand_On
	}
	return Marshal(&pb.HeaterControl{
		SensorID: &s.SensorID, Command: &command,
		SwitchedAt: timestamppb.New(o.Since), Reason: proto.String(string(s.State.Reason)),
	})
}

// SensorPayload is the last answer of the sensor whose readings count: a
// temperature only if it was good.
func SensorPayload(s controlloop.Snapshot) []byte {
	d := &pb.SensorData{SensorID: &s.SensorID, Verdict: proto.String(string(s.Heard)), ReadAt: timestamppb.New(s.Answered)}
	if s.Heard == controlloop.VerdictOK {
		r := s.State.Reading
		d.Temperature, d.ReadAt = &r.Celsius, timestamppb.New(r.At)
		d.Humidity, d.Pressure = measured(r.Humidity), measured(r.Pascal)
	}
	return Marshal(d)
}

// StartPayload tells that a zone began, when it did.
func StartPayload(s controlloop.Snapshot) []byte {
	return Marshal(&pb.SensorData{
		SensorID: &s.SensorID, Verdict: proto.String(string(controlloop.VerdictNoReading)), ReadAt: timestamppb.New(s.Began),
	})
}

func measured(x float64) *float64 {
	if math.IsNaN(x) {
		return nil
	}
	return &x
}

// Marshal is a message of ours as protobuf.
func Marshal(m proto.Message) []byte {
	payload, err := proto.Marshal(m)
	if err != nil {
		panic(err) // only text that is not UTF-8 can do this, and ours is fixed words
	}
	return payload
}

// JSON is a value of ours as JSON.
func JSON(v any) []byte {
	payload, err := json.Marshal(v)
	if err != nil {
		panic(err) // our own types; numbers that JSON cannot say are null before
	}
	return payload
}
