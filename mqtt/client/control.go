package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"thermostat/controlloop"
	"thermostat/controlloop/report"
	"thermostat/mqtt/broker"
	"thermostat/mqtt/setpoint"
	pb "thermostat/proto"
)

// Request asks for a setpoint of one zone. What is nil, or empty, stays as the zone's state shows it.
type Request struct {
	Device    string // empty: the only device seen that has the zone
	Zone      string
	Desired   *float64 // °C
	Preset    string   // instead of Desired
	Mode      *controlloop.Mode
	UpDelta   *float64 // K
	DownDelta *float64 // K
	Hold      Hold
	Default   bool // back to the configured setpoint
}

// Hold is for how long a request asks, by one of these at most. The zero value goes on with
// a hold that there is; else it has the usual end, in auto the program's next transition.
type Hold struct {
	For       time.Duration
	Until     time.Time
	Next      bool // until the program's next transition
	Permanent bool // for ever, so in a mode of the law
}

// begins reports whether a hold with an end of its own is asked for.
func (h Hold) begins() bool { return h.For > 0 || !h.Until.IsZero() || h.Next }

// control makes the complete control that a request means.
func (s retainedZone) control(q Request, now time.Time) (*pb.TemperatureControl, error) {
	c := &pb.TemperatureControl{Id: proto.String(newID()), Source: proto.String("cli"), Desired: q.Desired, UpDelta: q.UpDelta, DownDelta: q.DownDelta}
	if q.Default {
		return c, s.fillDefault(c, q.Zone)
	}
	if q.Preset != "" {
		c.Preset = &q.Preset
	}
	if q.Mode != nil {
		c.Mode = setpoint.WireMode(*q.Mode)
	}
	if s.state != nil {
		c.SensorID = &s.state.SensorID
		c.UpDelta, c.DownDelta = orElse(c.UpDelta, s.state.UpDelta), orElse(c.DownDelta, s.state.DownDelta)
		if err := s.fillAim(c, q); err != nil {
			return nil, err
		}
	}
	return c, s.fillHold(c, q, now)
}

// fillAim puts in what is not named of mode, temperature and preset.
func (s retainedZone) fillAim(c *pb.TemperatureControl, q Request) error {
	r, auto := s.state, controlloop.ModeAuto
	named := q.Desired != nil || q.Preset != ""
	if q.Mode != nil {
		if *q.Mode != auto && !named {
			c.Desired = r.Desired
		}
		return nil
	}
	mode, err := controlloop.ParseMode(r.Mode)
	isSet := err == nil && r.Reason != controlloop.ReasonNoSetpoint // without any setpoint yet the state shows "off"; nobody asked for that
	programOff := mode == auto && r.Desired == nil && r.Reason == controlloop.ReasonModeOff
	if mode == auto && q.Hold.Permanent && (named || !programOff) {
		if mode, err = s.lawMode(q.Zone); err != nil {
			return err
		}
	}
	switch lasts := q.Hold.begins() || q.Hold.Permanent; {
	case named:
	case lasts && programOff:
		mode = controlloop.ModeOff
	case lasts && r.Desired == nil && mode != controlloop.ModeOff || lasts && !isSet:
		return errors.New("nothing is aimed at that could be held: name a temperature")
	case lasts:
		c.Desired, c.Preset = r.Desired, r.Preset
	case r.Control != nil: // what the program aims at is not held unless somebody says so
		c.Desired, c.Preset = r.Control.Desired, r.Control.Preset
	default:
		c.Desired = r.Desired
	}
	if isSet {
		c.Mode = setpoint.WireMode(mode)
	}
	return nil
}

// Plan is what is known of a zone's program beside its state; what is zero is not known.
type Plan struct {
	Mode    controlloop.Mode // what it lets the zone do
	HoldMax time.Duration    // the longest hold until its next transition
}

// planOf is what the agent's info tells of a zone's program, where there is one.
func (s retainedZone) planOf(zone string) (p Plan) {
	if s.info == nil {
		return s.plan
	}
	is := s.info.Zones[zone]
	if is.Program != nil {
		p.Mode, _ = controlloop.ParseMode(is.Program.Mode) // a word that is none is no mode
	}
	if most := setpoint.MaxHold.Seconds(); 0 < is.HoldMaxS && is.HoldMaxS <= most {
		p.HoldMax = time.Duration(is.HoldMaxS * float64(time.Second))
	}
	return p
}

// lawMode is what the program lets a zone do; where that is not known, what the zone is
// there for, by the outputs that its state shows.
func (s retainedZone) lawMode(zone string) (controlloop.Mode, error) {
	switch mode, heats, cools := s.planOf(zone).Mode, s.state.Heater != nil, s.state.Cooler != nil; {
	case mode != controlloop.ModeNone:
		return mode, nil
	case heats && cools:
		return controlloop.ModeNone, errors.New("the zone heats and cools, and which of them its program lets it do is not known here: name the mode by --mode")
	case cools:
		return controlloop.ModeCool, nil
	}
	return controlloop.ModeHeat, nil
}

// fillHold puts in when the control ends, and what follows. A mode that is named ends the
// hold that there is, and so does the word that it is for ever.
func (s retainedZone) fillHold(c *pb.TemperatureControl, q Request, now time.Time) error {
	var is *report.Control
	if s.state != nil {
		is = s.state.Control
	}
	switch {
	case q.Hold.begins() && s.state != nil && is == nil && s.state.Reason != controlloop.ReasonNoSetpoint:
		return errors.New("this agent's version knows no holds: its state has no `control`")
	case q.Hold.Next && (s.state == nil || s.state.Next == nil):
		return errors.New("the zone's state shows no next transition: does it follow a program?")
	case q.Hold.begins():
		until := q.Hold.Until
		if q.Hold.Next {
			until = s.state.Next.At
			if longest := s.planOf(q.Zone).HoldMax; longest > 0 && until.Sub(now) > longest {
				until = now.Add(longest)
			}
		}
		if q.Hold.For > 0 {
			until, c.HoldS = now.Add(q.Hold.For), proto.Float64(q.Hold.For.Seconds())
		}
		c.HoldUntil = timestamppb.New(until)
		c.Then = followsOf(covered(is, c.GetPreset(), until), maxThen)
	case is == nil, q.Mode != nil, q.Hold.Permanent:
	default:
		if is.HoldUntil != nil {
			c.HoldUntil = timestamppb.New(*is.HoldUntil)
		}
		c.Then = followsOf(is.Then, maxThen)
	}
	return nil
}

// covered is what follows a new hold over what is obeyed: that itself, if it has no end or
// ends later, else what follows it. A boost takes the place of a boost, away that of away.
func covered(is *report.Control, preset string, until time.Time) *report.Control {
	for is != nil {
		ends := is.HoldUntil != nil && !is.HoldUntil.After(until)
		same := (preset == "boost" || preset == "away") && is.Preset != nil && *is.Preset == preset && (is.HoldUntil != nil || is.Then != nil)
		if !ends && !same {
			return is
		}
		is = is.Then
	}
	return nil
}

// maxThen is how deep a control may say what follows it.
const maxThen = 3

// followsOf says again what follows a hold, with the holds left out that lie too deep;
// nil: nothing was said of it.
func followsOf(r *report.Control, depth int) *pb.TemperatureControl {
	if r == nil {
		return nil
	}
	for depth == 1 && r.Then != nil {
		r = r.Then
	}
	c := &pb.TemperatureControl{Desired: r.Desired, UpDelta: r.UpDelta, DownDelta: r.DownDelta, Preset: r.Preset, Then: followsOf(r.Then, depth-1)}
	if m, err := controlloop.ParseMode(r.Mode); err == nil {
		c.Mode = setpoint.WireMode(m)
	}
	if r.HoldUntil != nil {
		c.HoldUntil = timestamppb.New(*r.HoldUntil)
	}
	return c
}

// fillDefault takes the configured setpoint from what the agent says of itself. In auto
// its temperature only stands in for a program.
func (s retainedZone) fillDefault(c *pb.TemperatureControl, zone string) error {
	if s.info == nil {
		return fmt.Errorf("%w: the agent does not tell its configuration", broker.ErrNoAnswer)
	}
	d := s.info.Zones[zone].Default
	if d == nil {
		return fmt.Errorf("zone %s has no configured setpoint to go back to", zone)
	}
	m, err := controlloop.ParseMode(d.Mode)
	c.Mode, c.UpDelta, c.DownDelta = setpoint.WireMode(m), &d.UpDelta, &d.DownDelta
	if m != controlloop.ModeAuto {
		c.Desired = d.Desired
	}
	return err
}

func orElse(a, b *float64) *float64 {
	if a != nil {
		return a
	}
	return b
}

// spoken is a control as JSON, which leaves out what is not said.
type spoken struct {
	ID        *string    `json:"id,omitempty"`
	Source    *string    `json:"source,omitempty"`
	SensorID  *int32     `json:"sensor_id,omitempty"`
	Desired   *float64   `json:"desired,omitempty"`
	UpDelta   *float64   `json:"up_delta,omitempty"`
	DownDelta *float64   `json:"down_delta,omitempty"`
	Mode      string     `json:"mode,omitempty"`
	Preset    *string    `json:"preset,omitempty"`
	HoldUntil *time.Time `json:"hold_until,omitempty"`
	HoldS     *float64   `json:"hold_s,omitempty"`
	Then      *spoken    `json:"then,omitempty"`
}

func spokenOf(c *pb.TemperatureControl) *spoken {
	if c == nil {
		return nil
	}
	s := &spoken{
		ID: c.Id, Source: c.Source, SensorID: c.SensorID, Desired: c.Desired, UpDelta: c.UpDelta, DownDelta: c.DownDelta,
		Preset: c.Preset, HoldS: c.HoldS, Then: spokenOf(c.Then),
	}
	if c.Mode != nil {
		s.Mode = controlloop.Mode(*c.Mode).String()
	}
	if c.HoldUntil != nil {
		until := c.HoldUntil.AsTime()
		s.HoldUntil = &until
	}
	return s
}

// JSON gives the complete control that a request means now for a zone of that
// state and plan, as an agent takes it over HTTP. Of the configured setpoint the state
// knows nothing: Default is not looked at.
func (q Request) JSON(state report.State, plan Plan, now time.Time) ([]byte, error) {
	q.Default = false
	c, err := retainedZone{state: &state, plan: plan}.control(q, now)
	if err != nil {
		return nil, err
	}
	return json.Marshal(spokenOf(c))
}
