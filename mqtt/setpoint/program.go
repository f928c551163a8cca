package setpoint

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/program"
)

// The bounds of a program.
const (
	maxPresets   = 16
	maxIntervals = 32
	maxAhead     = 2 // years
)

// Program is what a message on a zone's program topic says: a complete statement. What
// it leaves out is as it is configured.
type Program struct {
	Week    *string            `json:"week,omitempty"`   // a text that [program.Parse] reads; empty: no week
	Presets map[string]float64 `json:"presets,omitzero"` // °C; beside the configured ones, or instead of those of the same name
	Away    []program.Interval `json:"away,omitzero"`    // without a preset: away
	ID      string             `json:"id,omitempty"`
	Source  string             `json:"source,omitempty"`
}

// Author says who gave the program, where somebody did.
func (p Program) Author() string { return author(p.Source) }

// programKeys are the keys of a program's objects, but those of presets.
var programKeys = []string{"week", "presets", "away", "id", "source", "from", "to", "preset"}

// DecodeProgram reads a program strictly: an unknown or doubled key and null are errors
// at every depth, and so is anything behind the closing brace.
func DecodeProgram(payload []byte) (p Program, err error) {
	if len(payload) > MaxControl {
		return p, fmt.Errorf("%d bytes are more than the %d allowed", len(payload), MaxControl)
	}
	d := json.NewDecoder(bytes.NewReader(payload))
	if err := checkJSON(d, "", 0); err != nil {
		return p, err
	}
	if _, err := d.Token(); err != io.EOF {
		return p, errors.New("something follows the JSON object")
	}
	strict := json.NewDecoder(bytes.NewReader(payload))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&p); err != nil {
		return Program{}, misfit(err)
	}
	if len(p.ID) > maxID || len(p.Source) > maxID {
		return Program{}, fmt.Errorf("id and source may have %d bytes at most", maxID)
	}
	if p.Week == nil && p.Presets == nil && p.Away == nil {
		return Program{}, errors.New("neither week, presets nor away is given")
	}
	return p, nil
}

// misfit tells of a value of another kind than belongs in its place.
func misfit(err error) error {
	if kind := new(json.UnmarshalTypeError); errors.As(err, &kind) {
		return fmt.Errorf("%s: a %s does not belong there: week, from, to, preset, id and source are texts, presets is an object of numbers, away a list of objects", kind.Field, kind.Value)
	}
	return errors.New(strings.TrimPrefix(err.Error(), "json: "))
}

// maxJSONDepth is the deepest that an object or a list may stand in others.
const maxJSONDepth = 4

// checkJSON reads one value; key is where it stands.
func checkJSON(d *json.Decoder, key string, depth int) error {
	token, err := d.Token()
	switch {
	case err != nil:
		return notJSON(err)
	case token == nil:
		return fmt.Errorf("%s: null is no value: leave the key out", key)
	case depth > maxJSONDepth:
		return fmt.Errorf("%s: stands in more than %d others", key, maxJSONDepth)
	case token == json.Delim('['):
		for d.More() {
			if err := checkJSON(d, key, depth+1); err != nil {
				return err
			}
		}
		_, err = d.Token()
	case token == json.Delim('{'):
		return checkObject(d, key, depth)
	case depth == 0:
		return errors.New("not a JSON object")
	}
	return err
}

// checkObject reads the rest of an object behind its opening brace.
func checkObject(d *json.Decoder, of string, depth int) error {
	var seen []string
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return notJSON(err)
		}
		key := token.(string) // inside an object it is
		switch {
		case slices.Contains(seen, key):
			return fmt.Errorf("key %.40q is given twice", key)
		case of != "presets" && !slices.Contains(programKeys, key):
			return fmt.Errorf("key %.40q is unknown", key)
		case of == "presets" && program.CheckPreset(key) != nil:
			return program.CheckPreset(key)
		}
		seen = append(seen, key)
		if err := checkJSON(d, key, depth+1); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

// planOf is the zone's plan by a program, which may lack what it knew before.
func (z Zone) planOf(said Program, now time.Time) (comfort.Plan, error) {
	plan := z.Comfort
	if said.Week != nil {
		week, err := program.Parse(*said.Week)
		if err != nil {
			return plan, fmt.Errorf("week: %w", err)
		}
		plan.Week = week
	}
	if len(said.Presets) > maxPresets {
		return plan, fmt.Errorf("presets: %d are more than the %d allowed", len(said.Presets), maxPresets)
	}
	plan.Presets = maps.Clone(z.Comfort.Presets)
	if plan.Presets == nil {
		plan.Presets = map[string]float64{}
	}
	maps.Copy(plan.Presets, said.Presets)
	var err error
	plan.Away, err = z.intervals(said.Away, now)
	return plan, err
}

// intervals completes the intervals of a program, or says what is wrong with one.
func (z Zone) intervals(said []program.Interval, now time.Time) (all []program.Interval, err error) {
	if len(said) > maxIntervals {
		return nil, fmt.Errorf("away: %d intervals are more than the %d allowed", len(said), maxIntervals)
	}
	for i, s := range said {
		s.Preset = cmp.Or(s.Preset, comfort.Away)
		switch place := z.Comfort.Place; {
		case s.From.Date.IsZero() || s.To.Date.IsZero():
			return nil, fmt.Errorf("away %d: wants from and to, such as 2026-12-24 18:00", i+1)
		case !s.From.At(place).Before(s.To.At(place)):
			return nil, fmt.Errorf("away %d: to %s is not after from %s", i+1, s.To, s.From)
		case !z.kept && z.clock().Trusted && s.To.At(place).After(now.AddDate(maxAhead, 0, 0)):
			return nil, fmt.Errorf("away %d: to %s is more than %d years ahead", i+1, s.To, maxAhead)
		}
		all = append(all, s)
	}
	return all, nil
}

// refusePlan gives the first reason to refuse a plan under deltas (K).
func (z Zone) refusePlan(plan *comfort.Plan, upDelta, downDelta float64) error {
	if unknown := plan.Unknown(); len(unknown) > 0 {
		return plan.UnknownPreset(unknown[0])
	}
	return plan.Refuse(z.Params, upDelta, downDelta)
}

// ProgramArbiter decides which program of a zone is active: the configured one, or what
// was said on the zone's program topic.
type ProgramArbiter struct {
	Arbiter
	zone    Zone
	control *ControlArbiter // holds presets of the program, and obeys it
	active  Program         // without an id; zero: the configured one
	plan    comfort.Plan
}

// NewArbiters starts from the memory of a zone's control and program.
func NewArbiters(z Zone, instance string, notBefore time.Time) (*ControlArbiter, *ProgramArbiter) {
	z.Comfort.Place = cmp.Or(z.Comfort.Place, time.UTC)
	p := &ProgramArbiter{zone: z, plan: z.Comfort}
	p.Arbiter = newArbiter(p, "program", instance, z.ProgramMemory)
	if !p.recall() {
		p.forget()
	}
	z.Comfort = p.plan
	p.control = NewControl(z, instance, notBefore)
	p.control.program = &p.Arbiter
	return p.control, p
}

// recall takes what is remembered. It was accepted once: a preset that is gone since keeps
// its temperature, and the law is given nothing beyond its limits.
func (a *ProgramArbiter) recall() bool {
	said, err := DecodeProgram(a.mem.Cur)
	if err != nil {
		return false
	}
	zone := a.zone
	zone.kept = true
	plan, err := zone.planOf(said, time.Now())
	if err != nil {
		return false
	}
	for name, celsius := range a.mem.Presets {
		if _, known := plan.Presets[name]; !known {
			plan.Presets[name] = celsius
		}
	}
	if len(plan.Unknown()) > 0 {
		return false
	}
	a.setCur(a.mem.Cur, said.ID)
	a.take(said, plan)
	return true
}

// take makes a program active.
func (a *ProgramArbiter) take(said Program, plan comfort.Plan) {
	said.ID = ""
	if said.Week != nil { // as it is read: of any length it was written
		week := plan.Week.String()
		said.Week = &week
	}
	a.active, a.plan = said, plan
	a.mem.Presets = nil
	for _, name := range plan.Used() {
		if _, given := said.Presets[name]; !given {
			if a.mem.Presets == nil {
				a.mem.Presets = map[string]float64{}
			}
			a.mem.Presets[name] = plan.Presets[name]
		}
	}
}

// Plan is what the zone's comfort is made of now.
func (a *ProgramArbiter) Plan() comfort.Plan { return a.plan }

// Active is the program that counts, complete; without a source it is the configured one.
func (a *ProgramArbiter) Active() Program {
	p := a.active
	if p.Week == nil {
		week := a.plan.Week.String()
		p.Week = &week
	}
	return p
}

// Submit takes a program that came by another way than the broker; source names the way.
func (a *ProgramArbiter) Submit(now time.Time, source string, payload []byte) Actions {
	said, err := DecodeProgram(payload)
	id := said.ID
	said.Source = source
	return a.changed(now, id, a.try(now, said, err))
}

// ErrNoneConfigured refuses the way back to a program that the configuration does not have.
var ErrNoneConfigured = errors.New("the zone has no configured program: none leaves it without one")

// Week changes the week alone: to a text, to none, or with default to the configured one.
func (a *ProgramArbiter) Week(now time.Time, source, text string) Actions {
	said := a.active
	said.Source = source
	var err error
	switch text = strings.TrimSpace(text); text {
	case "default":
		week := a.zone.Comfort.Week.String()
		if said.Week = &week; a.zone.Comfort.Week.Empty() {
			err = ErrNoneConfigured
		}
	case "none":
		said.Week = new(string)
	case "":
		err = errors.New("no program is given: write a week such as mon-fri 06:30 20.5, 22:00 17; none, or default")
	default:
		said.Week = &text
	}
	return a.changed(now, "", a.try(now, said, err))
}

// try makes a program active, if nothing speaks against it.
func (a *ProgramArbiter) try(now time.Time, said Program, err error) error {
	if err != nil {
		return err
	}
	plan, err := a.zone.planOf(said, now)
	if err != nil {
		return err
	}
	obeyed := a.control.Active()
	if err := a.zone.refusePlan(&plan, obeyed.UpDelta, obeyed.DownDelta); err != nil {
		return err
	}
	a.take(said, plan)
	a.control.Follow(plan)
	return nil
}

// What follows is what the arbiter asks of its judge.

func (a *ProgramArbiter) id(m []byte) string {
	said, _ := DecodeProgram(m) // what cannot be read says no id
	return said.ID
}

func (a *ProgramArbiter) accept(now time.Time, m []byte, _ bool) error {
	said, err := DecodeProgram(m)
	return a.try(now, said, err)
}

func (a *ProgramArbiter) again(_ time.Time, id string) []byte {
	said := a.active
	said.ID = id
	payload, err := json.Marshal(said)
	if err != nil {
		panic(err) // numbers that JSON cannot say were refused
	}
	return payload
}

func (a *ProgramArbiter) obey(d *Actions) {
	plan := a.plan
	d.Plan = &plan
	a.control.obey(d)
}

func (a *ProgramArbiter) ready() bool   { return true }
func (a *ProgramArbiter) ended() bool   { return false }
func (a *ProgramArbiter) say(time.Time) {}

func (a *ProgramArbiter) tell(fault topicFault, bad bool) {
	switch fault {
	case unreadable: // whoever has no program misses nothing
		a.zone.Alarms.Set(controlloop.FaultProgramNotReadable, bad && a.plan.HasProgram(), "the broker refuses the subscription to the program topic: is this agent allowed to read it?")
	case unreturned:
		a.zone.Alarms.Set(controlloop.FaultProgramNotRetained, bad, "the broker does not give back the program that was published: is this agent allowed to write the program topic?")
	case notRetained:
		a.zone.Alarms.Set(controlloop.FaultProgramNotRetained, bad, "the broker passes programs on and does not retain them: after a restart of this agent the older one counts")
	}
}

func (a *ProgramArbiter) answer(now time.Time, id string, refused error) *Answer {
	told := a.control.answer(now, id, refused)
	told.Topic = a.what
	return told
}
