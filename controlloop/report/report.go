package report

import (
	"math"
	"strings"
	"time"

	"thermostat/controlloop"
)

// State is a snapshot as it is published: what is unknown is null, never a
// made-up number. Temperatures in °C, deltas in K.
type State struct {
	Time        time.Time           `json:"time"`
	Zone        string              `json:"zone"`
	SensorID    int32               `json:"sensor_id"`
	Temperature *float64            `json:"temperature"` // the last good value while it is fresh
	Humidity    *float64            `json:"humidity"`    // %
	Desired     *float64            `json:"desired"`
	UpDelta     *float64            `json:"up_delta"`
	DownDelta   *float64            `json:"down_delta"`
	Mode        string              `json:"mode"`
	Action      string              `json:"action"`
	Heater      *string             `json:"heater"` // on, off
	Cooler      *string             `json:"cooler"` // on, off
	Reason      controlloop.Reason  `json:"reason"`
	WaitS       *float64            `json:"wait_s"` // seconds until a held switch may happen
	Sensor      controlloop.Verdict `json:"sensor"`
	ReadingAgeS *float64            `json:"reading_age_s"`
	Faults      []Fault             `json:"faults"`
	Source      string              `json:"source"`

	Problem        string   `json:"problem"`      // on while there is a fault, else off
	ProblemText    string   `json:"problem_text"` // the faults in one line, or ok
	HeaterCycles   *uint64  `json:"heater_cycles"`
	HeaterRuntimeH *float64 `json:"heater_runtime_h"` // hours
	CoolerCycles   *uint64  `json:"cooler_cycles"`
	CoolerRuntimeH *float64 `json:"cooler_runtime_h"` // hours
}

// Fault is a fault as it is published.
type Fault struct {
	Name  controlloop.FaultName `json:"name"`
	Since time.Time             `json:"since"`
	Text  string                `json:"text"`
}

// Of gives the published form of a snapshot.
func Of(s controlloop.Snapshot) State {
	r := State{
		Time: wall(s.Time), Zone: s.Zone, SensorID: s.SensorID,
		Temperature: known(s.Temperature(), 1e4), Humidity: known(s.Humidity(), 1e2),
		Mode: s.Setpoint.Mode.String(), Action: s.State.Action.String(),
		Heater: word(s.HeaterRelay), Cooler: word(s.CoolerRelay),
		Reason: s.State.Reason, Sensor: s.Sensor, Source: s.Setpoint.Source,
		Faults: []Fault{},
	}
	if sp := s.Setpoint; sp.Mode != controlloop.ModeNone {
		r.Desired, r.UpDelta, r.DownDelta = known(sp.Desired, 1e6), known(sp.UpDelta, 1e6), known(sp.DownDelta, 1e6)
	}
	if s.State.Wait > 0 {
		r.WaitS = known(math.Ceil(s.State.Wait.Seconds()), 1)
	}
	if age, ok := s.Age(); ok {
		r.ReadingAgeS = known(age.Seconds(), 10)
	}
	var texts []string
	for _, f := range s.Faults {
		texts = append(texts, f.Text)
		r.Faults = append(r.Faults, Fault{Name: f.Name, Since: wall(f.Since), Text: f.Text})
	}
	r.Problem, r.ProblemText = Problem(texts)
	if s.Wear != nil && s.HasHeater {
		r.HeaterCycles, r.HeaterRuntimeH = worn(s.Wear.Heater)
	}
	if s.Wear != nil && s.HasCooler {
		r.CoolerCycles, r.CoolerRuntimeH = worn(s.Wear.Cooler)
	}
	return r
}

// Problem says in one word whether anything is wrong, on or off, and in one
// line what, or ok. The line has 255 characters at most, as many as Home
// Assistant takes for a state.
func Problem(texts []string) (word, text string) {
	if len(texts) == 0 {
		return "off", "ok"
	}
	line := []rune(strings.Join(texts, "; "))
	if len(line) > 255 {
		line = append(line[:254], '…')
	}
	return "on", string(line)
}

func worn(o controlloop.OutputCounters) (cycles *uint64, hours *float64) {
	return &o.Cycles, known(o.On.Hours(), 1e3)
}

// known rounds to 1/scale; what is not a number is not known.
func known(x, scale float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	x = math.Round(x*scale) / scale
	return &x
}

// wall is a time as people and other programs read it.
func wall(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func word(r controlloop.RelayState) *string {
	word := "off"
	switch r {
	case controlloop.RelayOn:
		word = "on"
	case controlloop.RelayUnknown:
		return nil
	}
	return &word
}
