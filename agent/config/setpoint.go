package config

import (
	"errors"
	"math"
	"slices"
	"strings"

	"thermostat/controlloop"
)

// defaultDelta stands in for a delta that default_setpoint leaves out, in K.
const defaultDelta = 0.5

// readSetpoint reads the setpoint that counts until somebody gives one. The
// desired temperature is held against limits only where those are sound.
func (r *reader) readSetpoint(n *node, sound bool, z *Zone) {
	z.Default = controlloop.Setpoint{
		Desired: math.NaN(), UpDelta: defaultDelta, DownDelta: defaultDelta, Source: "config",
	}
	if !r.isMapping(n, "mode", "desired", "up_delta", "down_delta") {
		return
	}
	z.Configured = true
	z.Default.Mode = z.Params.UsualMode()
	bad := r.readSetpointValues(n, &z.Default)
	if !sound {
		bad = append(bad, "desired")
	}
	r.checkSetpoint(n, z.Params, z.Default, bad)
}

// readSetpointValues gives the keys that could not be read.
func (r *reader) readSetpointValues(n *node, s *controlloop.Setpoint) (bad []string) {
	for _, v := range []struct {
		key string
		ok  bool
	}{
		{"mode", r.mode(n.child("mode"), &s.Mode)},
		{"desired", r.number(n.child("desired"), &s.Desired)},
		{"up_delta", r.kelvin(n.child("up_delta"), &s.UpDelta)},
		{"down_delta", r.kelvin(n.child("down_delta"), &s.DownDelta)},
	} {
		if !v.ok {
			bad = append(bad, v.key)
		}
	}
	needed := s.Mode != controlloop.ModeOff && !slices.Contains(bad, "mode")
	if n.child("desired") == nil && needed {
		r.missing(n, "desired", "is missing: every mode but off needs it")
		bad = append(bad, "desired")
	}
	return bad
}

func (r *reader) mode(n *node, to *controlloop.Mode) bool {
	var word string
	if n == nil || !r.text(n, &word) {
		return n == nil
	}
	m, err := controlloop.ParseMode(word)
	if err != nil {
		r.noneOf(n, word, []string{"off", "heat", "cool", "heat_cool"})
		return false
	}
	*to = m
	return true
}

// checkSetpoint complains of all that is wrong with a setpoint, although the
// law gives only the first reason: what was found is mended, and the rest is
// asked for again.
func (r *reader) checkSetpoint(n *node, p controlloop.Params, s controlloop.Setpoint, bad []string) {
	mended := map[string]bool{}
	for _, field := range bad {
		mended[field] = true
		mend(&p, &s, field)
	}
	for {
		var v controlloop.Violation
		if !errors.As(p.CheckSetpoint(s), &v) || mended[v.Field] {
			return
		}
		r.complainOfSetpoint(n, v)
		mended[v.Field] = true
		mend(&p, &s, v.Field)
	}
}

// complainOfSetpoint names the key; a sum of two has no key of its own.
func (r *reader) complainOfSetpoint(n *node, v controlloop.Violation) {
	if strings.Contains(v.Field, " ") {
		r.complain(n, "%s: %s %s", v.Field, v.Value, v.Bound)
		return
	}
	at, _ := find(n, v.Field)
	r.complainOf(at, join(n.path(), v.Field), "%s %s", v.Value, v.Bound)
}

// mend replaces a bad value by one that offends no other rule, so that the
// others can still be judged.
func mend(p *controlloop.Params, s *controlloop.Setpoint, field string) {
	switch field {
	case "mode":
		s.Mode = controlloop.ModeOff
	case "desired":
		s.Desired = 0
		p.DesiredMin, p.DesiredMax = 0, 0
		p.HeatCutout, p.CoolCutout = math.Inf(1), math.Inf(-1)
	case "up_delta", "desired + up_delta":
		s.UpDelta = controlloop.MinDelta
	case "down_delta", "desired - down_delta":
		s.DownDelta = controlloop.MinDelta
	}
	if field != "mode" && field != "desired" && s.Mode == controlloop.ModeHeatCool {
		s.Mode = controlloop.ModeCool // no least width any more
	}
}
