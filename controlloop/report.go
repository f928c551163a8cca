package controlloop

import (
	"encoding/json"
	"math"
	"strings"
	"time"
)

// Report is a snapshot as it is published: what is unknown is null, never a
// made-up number. Temperatures in °C, deltas in K.
type Report struct {
	Time        time.Time     `json:"time"`          // of the snapshot
	Zone        string        `json:"zone"`          // its name
	SensorID    int32         `json:"sensor_id"`     // of the zone
	Temperature *float64      `json:"temperature"`   // the last good value while it is fresh
	Humidity    *float64      `json:"humidity"`      // %
	Desired     *float64      `json:"desired"`       // °C
	UpDelta     *float64      `json:"up_delta"`      // K
	DownDelta   *float64      `json:"down_delta"`    // K
	Mode        string        `json:"mode"`          // off, heat, cool or heat_cool
	Action      string        `json:"action"`        // off, idle, heating or cooling
	Heater      *string       `json:"heater"`        // on, off
	Cooler      *string       `json:"cooler"`        // on, off
	Reason      Reason        `json:"reason"`        // why it does so
	WaitS       *float64      `json:"wait_s"`        // seconds until a held switch may happen
	Sensor      Verdict       `json:"sensor"`        // of the first choice among the sensors
	ReadingAgeS *float64      `json:"reading_age_s"` // seconds
	Faults      []FaultReport `json:"faults"`        // never null
	Source      string        `json:"source"`        // who said the setpoint

	Problem        string   `json:"problem"`          // on while there is a fault, else off
	ProblemText    string   `json:"problem_text"`     // the faults in one line, or ok
	HeaterCycles   *uint64  `json:"heater_cycles"`    // how often it went on, over restarts
	HeaterRuntimeH *float64 `json:"heater_runtime_h"` // hours
	CoolerCycles   *uint64  `json:"cooler_cycles"`    // how often it went on, over restarts
	CoolerRuntimeH *float64 `json:"cooler_runtime_h"` // hours
}

// FaultReport is a fault as it is published.
type FaultReport struct {
	Name  string    `json:"name"`  // snake_case
	Since time.Time `json:"since"` // when it was found
	Text  string    `json:"text"`  // a sentence for people
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
	r.Problem, r.ProblemText = problem(s.Faults)
	if s.Wear != nil && s.HasHeater {
		r.HeaterCycles, r.HeaterRuntimeH = s.Wear.Heater.report()
	}
	if s.Wear != nil && s.HasCooler {
		r.CoolerCycles, r.CoolerRuntimeH = s.Wear.Cooler.report()
	}
	return r
}

// problem says in one word whether there is a fault, and in one line which.
func problem(faults []Fault) (word, text string) {
	var texts []string
	for _, f := range faults {
		texts = append(texts, f.Text)
	}
	return ProblemOf(texts)
}

// ProblemOf says in one word whether anything is wrong, on or off, and in one
// line what, or ok. The line has 255 characters at most, as many as Home
// Assistant takes for a state.
func ProblemOf(texts []string) (word, text string) {
	if len(texts) == 0 {
		return "off", "ok"
	}
	line := []rune(strings.Join(texts, "; "))
	if len(line) > 255 {
		line = append(line[:254], '…')
	}
	return "on", string(line)
}

func (o OutputCounters) report() (cycles *uint64, hours *float64) {
	return &o.Cycles, known(o.On.Hours(), 1e3)
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
