package config

import (
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

// checkSetpoint complains of all that is wrong with a setpoint, but not of what
// could not be read and of the sums with it: that has been complained of.
func (r *reader) checkSetpoint(n *node, p controlloop.Params, s controlloop.Setpoint, bad []string) {
	if slices.Contains(bad, "mode") {
		s.Mode = controlloop.ModeOff
	}
	for _, v := range p.CheckSetpoint(s) {
		if !slices.ContainsFunc(strings.Fields(v.Field), func(key string) bool { return slices.Contains(bad, key) }) {
			r.complainOfSetpoint(n, v)
		}
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
