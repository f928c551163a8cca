package controlloop

import (
	"encoding/json"
	"math"
	"time"
)

// Report is a snapshot as it is published: what is unknown is null, never a
// made-up number. Temperatures in °C, deltas in K.
type Report struct {
	Time        time.Time     `json:"time"`
	Zone        string        `json:"zone"`
	SensorID    int32         `json:"sensor_id"`
	Temperature *float64      `json:"temperature"` // the last good value while it is fresh
	Humidity    *float64      `json:"humidity"`    // %
	Desired     *float64      `json:"desired"`
	UpDelta     *float64      `json:"up_delta"`
	DownDelta   *float64      `json:"down_delta"`
	Mode        string        `json:"mode"`
	Action      string        `json:"action"`
	Heater      *string       `json:"heater"` // on, off
	Cooler      *string       `json:"cooler"` // on, off
	Reason      Reason        `json:"reason"`
	WaitS       *float64      `json:"wait_s"` // seconds until a held switch may happen
	Sensor      Verdict       `json:"sensor"`
	ReadingAgeS *float64      `json:"reading_age_s"`
	Faults      []FaultReport `json:"faults"`
	Source      string        `json:"source"`
}

// FaultReport is a fault as it is published.
type FaultReport struct {
	Name  string    `json:"name"`
	Since time.Time `json:"since"`
	Text  string    `json:"text"`
}

// Report gives the published form of a snapshot.
func (s Snapshot) Report() Report {
	r := Report{
		Time: wall(s.Time), Zone: s.Zone, SensorID: s.SensorID,
		Temperature: known(s.Temperature(), 1e4), Humidity: known(s.Humidity(), 1e2),
		Mode: s.Setpoint.Mode.String(), Action: s.State.Action.String(),
		Heater: s.HeaterRelay.word(), Cooler: s.CoolerRelay.word(),
		Reason: s.State.Reason, Sensor: s.Sensor, Source: s.Setpoint.Source,
		Faults: []FaultReport{},
	}
	if sp := s.Setpoint; sp.Mode != ModeNone {
		r.Desired, r.UpDelta, r.DownDelta = known(sp.Desired, 1e6), known(sp.UpDelta, 1e6), known(sp.DownDelta, 1e6)
	}
	if s.State.Wait > 0 {
		r.WaitS = known(math.Ceil(s.State.Wait.Seconds()), 1)
	}
	if age, ok := s.Age(); ok {
		r.ReadingAgeS = known(age.Seconds(), 10)
	}
	for _, f := range s.Faults {
		r.Faults = append(r.Faults, FaultReport{f.Name, wall(f.Since), f.Text})
	}
	return r
}

// MarshalJSON gives the published form.
func (s Snapshot) MarshalJSON() ([]byte, error) { return json.Marshal(s.Report()) }

// known rounds to 1/scale; what is not a number is not known.
func known(x, scale float64) *float64 {
	if !finite(x) {
		return nil
	}
	x = math.Round(x*scale) / scale
	return &x
}

// wall is a time as people and other programs read it.
func wall(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func (r RelayState) word() *string {
	word := "off"
	switch r {
	case RelayOn:
		word = "on"
	case RelayUnknown:
		return nil
	}
	return &word
}
