package setpoint

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/limits"
	"thermostat/controlloop/mailbox"
	"thermostat/controlloop/program"
	pb "thermostat/proto"
)

// maxThen is how deep a control may say what follows its hold.
const maxThen = 3

var errThenDeep = fmt.Errorf("then: stands in more than %d others", maxThen-1)

// MaxHold bounds a hold by duration.
const MaxHold = 366 * 24 * time.Hour

// Zone is what the session must know of a zone.
type Zone struct {
	Name     string
	Title    string // for people; empty: the name
	SensorID int32
	Params   controlloop.Params
	Goods    bool                 // a fridge or a fermenter: what lies in it is there while people are away
	Humidity bool                 // one of its sensors measures that, too
	Default  controlloop.Setpoint // the configured one; Mode ModeNone where there is none
	Comfort  comfort.Plan         // its program and presets, as configured
	Clock    func() comfort.Clock // what is known of the time; nil: it is trusted
	Follow   func(comfort.Plan)   // is told of another program; nil is allowed

	Setpoints     *mailbox.Latest[controlloop.Setpoint] // where the zone hears of a new one
	Clears        *mailbox.Latest[struct{}]             // where the zone hears that its latched faults are cleared; may be nil
	Alarms        *controlloop.Alarms                   // where the zone hears of faults found here
	Memory        Memory                                // of its control, as it was found on disk
	ProgramMemory Memory                                // of its program

	kept bool // what is judged was accepted once: the configuration may have changed since
}

// Rounding is how far past a bound the desired temperature of a local change may
// be, in K: it is that bound, converted from °F.
const Rounding = 0.001

// Rounded is a temperature (°C), or the bound that it was before somebody converted it.
func (z Zone) Rounded(celsius float64) float64 {
	for _, bound := range []float64{z.Params.DesiredMin, z.Params.DesiredMax} {
		if math.Abs(celsius-bound) <= Rounding {
			return bound
		}
	}
	return celsius
}

// Setpoint decides what a control means for this zone: a setpoint, or why it is
// refused. What the control leaves out takes the configured default, so that
// the same bytes always mean the same. Of an own control that says no end the
// temperature is there only for those who know no program.
func (z Zone) Setpoint(c *pb.TemperatureControl, own bool) (controlloop.Setpoint, error) {
	sp := z.Default
	sp.Hold, sp.Preset = controlloop.Hold{}, ""
	sp.ID, sp.Source = c.GetId(), sourceOf(c)
	if c.SensorID != nil && *c.SensorID != z.SensorID {
		return sp, fmt.Errorf("sensor_id %d is not this zone's %d", *c.SensorID, z.SensorID)
	}
	if err := z.fill(&sp, c, own, 0); err != nil {
		return sp, err
	}
	switch ends := !sp.Until.IsZero() || sp.For > 0 || untold(sp); {
	case !ends || sp.Then != nil:
	case z.Comfort.HasProgram():
		return sp, z.refuseDeltas(sp) // it goes on with them
	case z.Default.Mode == controlloop.ModeNone && !z.kept:
		return sp, errors.New("a hold needs what follows it: the zone has neither a program nor a configured setpoint, so give then")
	}
	return sp, nil
}

// fill puts into a setpoint what a control says; depth counts those around it.
func (z Zone) fill(sp *controlloop.Setpoint, c *pb.TemperatureControl, own bool, depth int) error {
	if depth > maxThen {
		return errThenDeep
	}
	mode, err := z.modeOf(c)
	if err != nil {
		return err
	}
	if sp.Mode, sp.Preset = mode, c.GetPreset(); sp.Preset != "" {
		if err := program.CheckPreset(sp.Preset); err != nil {
			return err
		}
	}
	switch {
	case own && depth == 0 && mode == controlloop.ModeAuto && c.HoldUntil == nil && c.HoldS == nil:
		sp.Desired = math.NaN()
	case c.Desired != nil:
		sp.Desired = *c.Desired
	case sp.Preset != "" || mode == controlloop.ModeAuto:
		sp.Desired = math.NaN()
	}
	if c.UpDelta != nil {
		sp.UpDelta = *c.UpDelta
	}
	if c.DownDelta != nil {
		sp.DownDelta = *c.DownDelta
	}
	if c.Desired != nil && math.IsNaN(*c.Desired) { // NaN inside means "none", from outside it is nonsense
		return errors.New("desired: NaN is not a number")
	}
	if err := z.fillHold(sp, c, own, depth); err != nil {
		return err
	}
	return z.refuse(*sp)
}

// modeOf is the mode that a control means.
func (z Zone) modeOf(c *pb.TemperatureControl) (controlloop.Mode, error) {
	named := c.Mode != nil && *c.Mode != pb.Mode_MODE_UNSPECIFIED
	switch {
	case c.GetProgram():
		return controlloop.ModeAuto, nil
	case c.Desired == nil && c.Preset == nil && !named:
		return controlloop.ModeNone, errors.New("neither desired nor mode is given")
	case !named:
		return z.usualMode(), nil
	}
	if _, known := pb.Mode_name[int32(*c.Mode)]; !known {
		return controlloop.ModeNone, fmt.Errorf("mode %d is unknown: 1 off, 2 heat, 3 cool, 4 heat_cool, 5 auto", int32(*c.Mode))
	}
	return controlloop.Mode(*c.Mode), nil
}

// fillHold puts in when a control ends and what follows.
func (z Zone) fillHold(sp *controlloop.Setpoint, c *pb.TemperatureControl, own bool, depth int) error {
	if c.HoldUntil != nil {
		if err := c.HoldUntil.CheckValid(); err != nil {
			return errors.New("hold_until: is no time")
		}
		sp.Until = c.HoldUntil.AsTime()
	}
	if s := c.GetHoldS(); c.HoldS != nil {
		if !(1 <= s && s <= MaxHold.Seconds()) {
			return fmt.Errorf("hold_s: %v is outside 1..%.0f s", s, MaxHold.Seconds())
		}
		sp.For = time.Duration(s * float64(time.Second))
	}
	if c.Then == nil {
		return nil
	}
	if t := c.Then; t.SensorID != nil || t.Id != nil || t.Source != nil || t.IssuedAt != nil || t.ExpiresAt != nil || t.HoldS != nil {
		return errors.New("then: takes mode, desired, preset, up_delta, down_delta, program, hold_until and then alone")
	}
	then := *sp
	then.Hold = controlloop.Hold{}
	if err := z.fill(&then, c.Then, own, depth+1); err != nil {
		return fmt.Errorf("then: %w", err)
	}
	sp.Then = &then
	return nil
}

// presetsOf are the temperatures of the presets that a setpoint, or what follows it,
// names without one; nil: none.
func (z Zone) presetsOf(sp controlloop.Setpoint) (named map[string]float64) {
	for at := &sp; at != nil; at = at.Then {
		if celsius := z.Comfort.Temperature(*at); math.IsNaN(at.Desired) && !math.IsNaN(celsius) {
			if named == nil {
				named = map[string]float64{}
			}
			named[at.Preset] = celsius
		}
	}
	return named
}

// refuse gives the first reason to refuse a setpoint: what it says itself, and in
// mode auto every temperature that the program may ask for.
func (z Zone) refuse(sp controlloop.Setpoint) error {
	if sp.Preset != "" && math.IsNaN(sp.Desired) {
		if sp.Desired = z.Comfort.Temperature(sp); math.IsNaN(sp.Desired) {
			return z.Comfort.UnknownPreset(sp.Preset)
		}
	}
	if sp.Mode != controlloop.ModeAuto {
		return limits.RefuseSetpoint(z.Params, sp)
	}
	sp.Mode = z.Comfort.Mode
	if !math.IsNaN(sp.Desired) {
		if err := limits.RefuseSetpoint(z.Params, sp); err != nil {
			return err
		}
	}
	return z.refuseDeltas(sp)
}

// refuseDeltas says why the deltas of a setpoint do not fit the program. What was
// accepted once is not refused for it: the law is given nothing beyond its limits.
func (z Zone) refuseDeltas(sp controlloop.Setpoint) error {
	if z.kept {
		return nil
	}
	return z.Comfort.Refuse(z.Params, sp.UpDelta, sp.DownDelta)
}

// usualMode is what a control without a mode means: the configured mode, or
// the one that the zone is there for if that is off.
func (z Zone) usualMode() controlloop.Mode {
	if z.Default.Mode > controlloop.ModeOff {
		return z.Default.Mode
	}
	return comfort.UsualMode(z.Params)
}

// sourceOf says who gave a control.
func sourceOf(c *pb.TemperatureControl) string { return author(c.GetSource()) }

// author is the name that a message gives, if it is a plain word.
func author(source string) string {
	odd := func(r rune) bool {
		return !(r == '_' || r == '-' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9')
	}
	if source == "" || len(source) > 32 || strings.ContainsFunc(source, odd) {
		return "broker"
	}
	return source
}

// Remembered gives the setpoint that the zone's memory holds, and its author, if there is
// one and the configuration still allows it. Instance names this installation.
func (z Zone) Remembered(instance string) (sp controlloop.Setpoint, author string, ok bool) {
	if len(z.Memory.Cur) == 0 {
		return sp, "", false
	}
	c, err := DecodeControl(z.Memory.Cur)
	if err != nil {
		return sp, "", false
	}
	for at := c; at != nil; at = at.Then { // a preset that is gone keeps the temperature that it had
		_, known := z.Comfort.Presets[at.GetPreset()]
		if celsius, had := z.Memory.Presets[at.GetPreset()]; at.Desired == nil && !known && had {
			at.Desired = &celsius
		}
	}
	_, own := ownNumber(instance, c.GetId(), z.Memory.N)
	z.kept = true
	sp, err = z.Setpoint(c, own)
	author = sp.Source
	sp.Source, sp.Accepted = "memory", z.Memory.Accepted
	return sp, author, err == nil
}
