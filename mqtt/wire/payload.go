package wire

import (
	"encoding/json"
	"maps"
	"math"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/program"
	pb "thermostat/proto"
)

// Info is what an agent says of itself, retained on <base>/info.
type Info struct {
	Version      string              `json:"version"`
	Instance     string              `json:"instance"`
	Zones        map[string]ZoneInfo `json:"zones"`
	Sources      []string            `json:"sources"` // of heat that zones share, by name
	ConfigSHA256 string              `json:"config_sha256"`
	StartedAt    time.Time           `json:"started_at"`
	ClockSynced  *bool               `json:"clock_synced"` // null where the system does not tell
	Clock        string              `json:"clock"`        // why programs may follow the clock: synced, rtc or trust; guess: they may not
	Timezone     string              `json:"timezone"`     // on whose clocks they run, IANA's name; empty: it has none
	Failsafe     *bool               `json:"failsafe"`     // whether relays are let go of after a crash; null: not known
	Problem      string              `json:"problem"`      // on while a zone has a fault, else off
	ProblemText  string              `json:"problem_text"` // all zones' faults in one line, or ok
	Away         bool                `json:"away"`         // a zone holds preset away; filled in by the session, as what follows
	AwayUntil    *time.Time          `json:"away_until"`   // the latest end of these holds; null: there is none, or somebody is to come back
	Process      string              `json:"process"`      // a random word of this process
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
	Program  *Program `json:"program"`          // in force; null where there is none
	HoldMaxS float64  `json:"hold_max_s"`       // s, the longest hold until the next transition
}

// Program is a zone's program as it is in force.
type Program struct {
	Week       string             `json:"week"`       // empty: none
	Presets    map[string]float64 `json:"presets"`    // °C
	Away       []program.Interval `json:"away"`       // each of a preset, instead of the week
	Mode       string             `json:"mode"`       // what the program may do: heat, cool or heat_cool
	Configured string             `json:"configured"` // the week of the configuration; empty: none

	ConfiguredPresets map[string]float64 `json:"configured_presets"` // °C
}

// ProgramOf gives the published form of the program in a plan; configured is the one that
// the configuration has.
func ProgramOf(p, configured *comfort.Plan) Program {
	away := p.Away
	if away == nil {
		away = []program.Interval{}
	}
	return Program{
		Week: p.Week.String(), Presets: presetsOf(p), Away: away, Mode: p.Mode.String(),
		Configured: configured.Week.String(), ConfiguredPresets: presetsOf(configured),
	}
}

// presetsOf gives a plan's presets; none is an empty object.
func presetsOf(p *comfort.Plan) map[string]float64 {
	if p.Presets == nil {
		return map[string]float64{}
	}
	return p.Presets
}

// OwnPresets are those that are not as they are configured (°C): what another program of
// the zone says again. The others go on being as configured.
func (p Program) OwnPresets() map[string]float64 {
	own := maps.Clone(p.Presets)
	maps.DeleteFunc(own, func(name string, celsius float64) bool {
		configured, is := p.ConfiguredPresets[name]
		return is && configured == celsius
	})
	return own
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

// StartPayload tells that a zone began, when it did, and what it knew of its room.
func StartPayload(s controlloop.Snapshot) []byte {
	d := &pb.SensorData{
		SensorID: &s.SensorID, Verdict: proto.String(string(controlloop.VerdictNoReading)), ReadAt: timestamppb.New(s.Began),
	}
	if s.Recalled != nil {
		recalled := controlloop.Recall(*s.Recalled)
		d.Learned = recalled.Kept()
	}
	return Marshal(d)
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
