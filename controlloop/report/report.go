package report

import (
	"math"
	"slices"
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
	Unchecked   bool                `json:"unchecked,omitempty"` // nothing tells a damaged answer of the sensor from a true one
	ReadingAgeS *float64            `json:"reading_age_s"`
	Faults      []Fault             `json:"faults"`
	Source      string              `json:"source"`

	Preset    *string    `json:"preset"`     // the name of what is aimed at
	Target    *string    `json:"target"`     // what chose it: frost, window_open, manual, hold, boost, away, preheat, program, default
	HoldUntil *time.Time `json:"hold_until"` // the end of a hold
	Next      *Next      `json:"next"`       // the program's next transition
	Window    *string    `json:"window"`     // open, closed
	Law       string     `json:"law"`        // auto, hysteresis, foresee: what decides within the band
	Foresight *Foresight `json:"foresight"`  // what the law has learned of the room; null: nothing yet
	Control   *Control   `json:"control"`    // as it is obeyed

	Problem        string   `json:"problem"`      // on while there is a fault, else off
	ProblemText    string   `json:"problem_text"` // the faults in one line, or ok
	HeaterCycles   *uint64  `json:"heater_cycles"`
	HeaterRuntimeH *float64 `json:"heater_runtime_h"` // hours
	CoolerCycles   *uint64  `json:"cooler_cycles"`
	CoolerRuntimeH *float64 `json:"cooler_runtime_h"` // hours
}

// Next is a transition to come.
type Next struct {
	At      time.Time `json:"at"`
	Desired *float64  `json:"desired"` // °C; null: off
	Preset  *string   `json:"preset"`
	LeadS   *float64  `json:"lead_s"` // s, so long before it the zone begins to preheat; null: it does not
}

// Control is what was said, without the holds that are over.
type Control struct {
	Mode      string     `json:"mode"`
	Desired   *float64   `json:"desired"` // °C
	Preset    *string    `json:"preset"`
	UpDelta   *float64   `json:"up_delta"`
	DownDelta *float64   `json:"down_delta"`
	HoldUntil *time.Time `json:"hold_until"`
	Then      *Control   `json:"then"`
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
		Reason: s.State.Reason, Sensor: s.Sensor, Unchecked: s.State.Reading.Unchecked, Source: s.Setpoint.Source,
		Faults: []Fault{},
	}
	if sp := s.Setpoint; sp.Mode != controlloop.ModeNone {
		r.Desired, r.UpDelta, r.DownDelta = known(sp.Desired, 1e6), known(sp.UpDelta, 1e6), known(sp.DownDelta, 1e6)
	}
	r.addTarget(s.Target)
	r.Law, r.Foresight = lawOf(s.Law), foresightOf(&s)
	if s.State.Ahead && s.State.Reason == controlloop.ReasonPreheat {
		r.Target = orNull(string(s.State.Reason))
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

// addTarget puts in why this is aimed at, and what comes.
func (r *State) addTarget(t controlloop.Target) {
	if t.Auto {
		r.Mode = controlloop.ModeAuto.String()
	}
	r.Preset, r.Target, r.HoldUntil, r.Next = orNull(t.Setpoint.Preset), orNull(t.Why), momentOrNull(t.Until), nextOf(t.Next)
	switch t.Window {
	case controlloop.WindowOpen:
		r.Window = orNull("open")
	case controlloop.WindowClosed:
		r.Window = orNull("closed")
	}
	if t.Control.Mode != controlloop.ModeNone {
		r.Control = controlOf(t.Control)
		r.Control.HoldUntil = r.HoldUntil // of a hold by duration or until the next transition, too
	}
}

// Aim is what a state tells of the target, for those who judge targets and have only heard
// of this one. Deltas and the ends of holds are not in it, and of what follows only that something does.
func (r State) Aim() controlloop.Target {
	t := controlloop.Target{Setpoint: controlloop.Setpoint{Desired: math.NaN()}, Auto: r.Mode == controlloop.ModeAuto.String()}
	t.Setpoint.Mode, _ = controlloop.ParseMode(r.Mode) // a word that is none is no mode
	if r.Desired != nil {
		t.Setpoint.Desired = *r.Desired
	}
	if r.Target != nil {
		t.Why, t.Control = *r.Target, t.Setpoint
	}
	if c := r.Control; c != nil && c.Preset != nil {
		t.Control.Preset = *c.Preset
	}
	if c := r.Control; c != nil && c.Then != nil {
		t.Control.Then = &controlloop.Setpoint{}
	}
	if r.HoldUntil != nil {
		t.Until = *r.HoldUntil
	}
	if r.Next != nil {
		t.Next.At = r.Next.At
	}
	return t
}

func nextOf(c controlloop.Change) *Next {
	if c.At.IsZero() {
		return nil
	}
	n := &Next{At: wall(c.At), Desired: known(c.Desired, 1e6), Preset: orNull(c.Preset)}
	if c.Lead > 0 {
		n.LeadS = known(c.Lead.Seconds(), 1)
	}
	return n
}

func controlOf(sp controlloop.Setpoint) *Control {
	c := &Control{
		Mode: sp.Mode.String(), Desired: known(sp.Desired, 1e6), Preset: orNull(sp.Preset),
		UpDelta: known(sp.UpDelta, 1e6), DownDelta: known(sp.DownDelta, 1e6), HoldUntil: momentOrNull(sp.Until),
	}
	if sp.Then != nil {
		c.Then = controlOf(*sp.Then)
	}
	return c
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func momentOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = wall(t)
	return &t
}

// SameFaults compares faults by their names and texts.
func SameFaults(a, b []controlloop.Fault) bool {
	return slices.EqualFunc(a, b, func(x, y controlloop.Fault) bool { return x.Name == y.Name && x.Text == y.Text })
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
