package config

import (
	"strings"
	"time"

	"thermostat/controlloop"
)

// Plants lists what a zone's heater or cooler may belong to.
func Plants() []string {
	return []string{"electric", "boiler", "heat_pump", "floor", "fridge", "fermenter"}
}

// ParamsOf gives the constants that fit a plant where the configuration
// says nothing else.
func ParamsOf(plant string) controlloop.Params {
	p := controlloop.Params{
		DesiredMin: 5, DesiredMax: 28,
		HeatCutout: 35, CoolCutout: 3,
		PlausibleMin: -30, PlausibleMax: 70,
		MaxRate: 5,
		Sample:  5 * time.Second, StaleAfter: time.Minute,
		Changeover: 10 * time.Minute, FrozenAfter: 3 * time.Hour,
	}
	switch plant {
	case "electric":
		p.Electric = true
		p.MinOn, p.MinOff = 30*time.Second, 30*time.Second
	case "boiler":
		p.MinOn, p.MinOff = 4*time.Minute, 4*time.Minute
	case "heat_pump", "floor":
		p.MinOn, p.MinOff = 10*time.Minute, 10*time.Minute
	case "fridge":
		p.DesiredMin, p.DesiredMax = -30, 12
		p.HeatCutout, p.CoolCutout = 15, -35
		p.MinOn, p.MinOff = 3*time.Minute, 5*time.Minute
	case "fermenter":
		p.DesiredMin, p.DesiredMax = 0, 40
		p.HeatCutout, p.CoolCutout = 45, -2
		p.MinOn, p.MinOff = 2*time.Minute, 5*time.Minute
	}
	return p
}

// readParams reads the constants of a zone over its plant's. It reports
// whether a setpoint can be held against them.
func (r *reader) readParams(zone *node, p *controlloop.Params) bool {
	before := len(r.complaints)
	r.readLimits(zone.child("limits"), p)
	r.readTiming(zone.child("timing"), p)
	r.readDisagreement(zone, p)
	r.readSensorLoss(zone.child("on_sensor_loss"), &p.Loss)
	bad := r.badPlaces(before)
	for _, v := range p.Validate() {
		at, found := find(zone, v.Field)
		if found && bad[at.place()] {
			continue // it has been complained of, and the default stands in for it
		}
		r.complainOf(at, join(zone.path(), v.Field), "%s%s %s", v.Value, ifDefault(v.Field, found), v.Bound)
	}
	return soundLimits(zone, r.badPlaces(before))
}

// soundLimits reports whether the limits of a setpoint are those that were meant.
func soundLimits(zone *node, bad map[place]bool) bool {
	for _, field := range []string{"limits", "limits.desired_min", "limits.desired_max", "limits.heat_cutout", "limits.cool_cutout"} {
		if at, found := find(zone, field); found && bad[at.place()] {
			return false
		}
	}
	return true
}

func ifDefault(field string, found bool) string {
	if found || !strings.Contains(field, ".") {
		return ""
	}
	return " (the default)"
}

// place is a line and a column.
type place struct{ line, column int }

func (n *node) place() place { return place{n.line, n.column} }

// badPlaces are those of the complaints made since there were that many.
func (r *reader) badPlaces(since int) map[place]bool {
	bad := map[place]bool{}
	for _, c := range r.complaints[since:] {
		bad[place{c.Line, c.Column}] = true
	}
	return bad
}

// find gives the value that a dotted field names; where it is not in the file,
// the mapping itself stands in for it.
func find(n *node, field string) (at *node, found bool) {
	at = n
	for key := range strings.SplitSeq(field, ".") {
		at = at.child(key)
	}
	if at == nil {
		return n, false
	}
	return at, true
}

func (r *reader) readLimits(n *node, p *controlloop.Params) {
	limits := []struct {
		key string
		to  *float64
	}{
		{"desired_min", &p.DesiredMin}, {"desired_max", &p.DesiredMax},
		{"heat_cutout", &p.HeatCutout}, {"cool_cutout", &p.CoolCutout},
		{"plausible_min", &p.PlausibleMin}, {"plausible_max", &p.PlausibleMax},
		{"max_rate", &p.MaxRate},
	}
	keys := make([]string, len(limits))
	for i, l := range limits {
		keys[i] = l.key
	}
	if !r.isMapping(n, keys...) {
		return
	}
	for _, l := range limits {
		r.number(n.child(l.key), l.to)
	}
}

func (r *reader) readTiming(n *node, p *controlloop.Params) {
	timers := []struct {
		key string
		to  *time.Duration
	}{
		{"sample", &p.Sample}, {"stale_after", &p.StaleAfter},
		{"min_on", &p.MinOn}, {"min_off", &p.MinOff}, {"max_on", &p.MaxOn},
		{"changeover", &p.Changeover}, {"frozen_after", &p.FrozenAfter},
	}
	keys := make([]string, len(timers))
	for i, t := range timers {
		keys[i] = t.key
	}
	if !r.isMapping(n, keys...) {
		return
	}
	for _, t := range timers {
		r.duration(n.child(t.key), t.to)
	}
}
