// Package limits knows the bounds of a zone's constants and of its setpoints. No decision of the law needs it.
package limits

import (
	"fmt"
	"math"
	"time"

	"thermostat/controlloop"
)

// Bounds of a setpoint's deltas in K, and the least width of a heat_cool band:
// narrower, and heater and cooler would chase each other.
const (
	MinDelta      = 0.05
	MaxDelta      = 10
	MinBandToBoth = 1.0
)

// Violation is a value out of its bound.
type Violation struct {
	Field string // as it stands in the configuration: limits.heat_cutout
	Value string // as it was given
	Bound string // what it must be
}

// Error names field, value and bound.
func (v Violation) Error() string { return fmt.Sprintf("%s: %s %s", v.Field, v.Value, v.Bound) }

type violations []Violation

// check notes a value that is not ok, and gives ok back.
func (vs *violations) check(ok bool, field string, value any, bound string, args ...any) bool {
	if !ok {
		*vs = append(*vs, Violation{field, fmt.Sprint(value), fmt.Sprintf(bound, args...)})
	}
	return ok
}

func (vs *violations) within(field string, value, low, high time.Duration) {
	vs.check(low <= value && value <= high, field, value, "is outside %v..%v", low, high)
}

// Validate gives every constant that is out of its bound; none if all is well.
func Validate(p controlloop.Params) []Violation {
	var vs violations
	vs.check(p.Heater || p.Cooler, "heater", "missing", "but a zone needs a heater or a cooler, or calls a source")
	vs.check(p.Law != controlloop.LawForesee || !p.Heater || !p.Cooler, "law", p.Law, "learns a heater or a cooler, and the zone has both: write %s", controlloop.LawHysteresis)
	validateLimits(p, &vs)
	validateTiming(p, &vs)
	validateLoss(p, &vs)
	return vs
}

func validateLimits(p controlloop.Params, vs *violations) {
	for _, b := range limitBounds {
		b.check(p, vs)
	}
	vs.check(0 <= p.MaxDisagreement && p.MaxDisagreement <= maxDisagreement, "max_disagreement", p.MaxDisagreement, "is outside 0..%v K; 0 is not compared", maxDisagreement)
	vs.check(p.DesiredMin < p.DesiredMax, "limits.desired_min", p.DesiredMin, "must be below desired_max %v", p.DesiredMax)
	vs.check(!p.Heater || p.DesiredMax < p.HeatCutout, "limits.heat_cutout", p.HeatCutout, "must be above desired_max %v", p.DesiredMax)
	vs.check(!p.Cooler || p.DesiredMin > p.CoolCutout, "limits.cool_cutout", p.CoolCutout, "must be below desired_min %v", p.DesiredMin)
	vs.check(p.PlausibleMax >= p.DesiredMax, "limits.plausible_max", p.PlausibleMax, "must not be below desired_max %v", p.DesiredMax)
	vs.check(p.PlausibleMin <= p.DesiredMin, "limits.plausible_min", p.PlausibleMin, "must not be above desired_min %v", p.DesiredMin)
}

func validateTiming(p controlloop.Params, vs *violations) {
	for _, b := range timingBounds {
		b.check(p, vs)
	}
	vs.check(p.StaleAfter >= staleSamples*p.Sample, "timing.stale_after", p.StaleAfter, "must be at least %v samples, %v", staleSamples, staleSamples*p.Sample)
	vs.check(p.StaleAfter <= maxStaleAfter, "timing.stale_after", p.StaleAfter, "must be at most %vh: the heat may stay on that long without a reading", maxStaleAfter.Hours())
	vs.check(p.MaxOn == 0 || p.MaxOn >= max(p.MinOn, p.Sample) && p.MaxOn <= maxStretch, "timing.max_on", p.MaxOn,
		"must be 0s for none, or from min_on %v (at least a sample, %v) to %vh", p.MinOn, p.Sample, maxStretch.Hours())
	vs.check(p.FrozenAfter == 0 || p.FrozenAfter >= frozenSamples*p.Sample && p.FrozenAfter <= maxStretch, "timing.frozen_after", p.FrozenAfter,
		"must be 0s for never, or from %v samples, %v, to %vh", frozenSamples, frozenSamples*p.Sample, maxStretch.Hours())
}

func validateLoss(p controlloop.Params, vs *violations) {
	d := p.Loss
	if d == (controlloop.Duty{}) {
		return
	}
	before := len(*vs)
	vs.check(minDutyPercent <= d.Percent && d.Percent <= maxDutyPercent, "on_sensor_loss.percent", d.Percent, "is outside %v..%v", minDutyPercent, maxDutyPercent)
	vs.within("on_sensor_loss.period", d.Period, minDutyPeriod, maxDutyPeriod)
	if len(*vs) > before {
		return // what follows hangs on them
	}
	vs.within("on_sensor_loss.for", d.For, d.Period, maxStretch)
	least := max(p.MinOn, p.Sample)
	vs.check(d.On() >= least, "on_sensor_loss.period", d.Period, "with %v percent is on for %v, which must be at least min_on and a sample, %v", d.Percent, d.On(), least)
	vs.check(d.Period-d.On() >= p.MinOff, "on_sensor_loss.period", d.Period, "with %v percent is off for %v, which must be at least min_off %v", d.Percent, d.Period-d.On(), p.MinOff)
}

// RefuseSetpoint gives the first reason to refuse a setpoint, with value and
// bound, or nil: [CheckSetpoint] gives them all.
func RefuseSetpoint(p controlloop.Params, s controlloop.Setpoint) error {
	if vs := CheckSetpoint(p, s); len(vs) > 0 {
		return vs[0]
	}
	return nil
}

// CheckSetpoint gives every reason to refuse a setpoint; none if all is well.
// Mode off needs no desired temperature; one that is given must be in bounds all
// the same. A sum is judged only where all that it is made of is in bounds.
func CheckSetpoint(p controlloop.Params, s controlloop.Setpoint) []Violation {
	var vs violations
	if !checkMode(p, s.Mode, &vs) {
		s.Mode = controlloop.ModeOff // no more can be said of it
	}
	up := vs.check(MinDelta <= s.UpDelta && s.UpDelta <= MaxDelta, "up_delta", s.UpDelta, "is outside %v..%v K", MinDelta, MaxDelta)
	down := vs.check(MinDelta <= s.DownDelta && s.DownDelta <= MaxDelta, "down_delta", s.DownDelta, "is outside %v..%v K", MinDelta, MaxDelta)
	desired := checkDesired(p, s, &vs)
	vs.check(!up || !down || s.Mode != controlloop.ModeHeatCool || ServesBoth(p, s.UpDelta, s.DownDelta), "up_delta + down_delta",
		s.UpDelta+s.DownDelta, "must be at least %v K in mode heat_cool", MinBandToBoth)
	vs.check(!desired || !up || !p.Heater || s.Desired+s.UpDelta < p.HeatCutout, "desired + up_delta",
		s.Desired+s.UpDelta, "must stay below heat_cutout %v °C", p.HeatCutout)
	vs.check(!desired || !down || !s.Mode.Cools() || s.Desired-s.DownDelta > p.CoolCutout, "desired - down_delta",
		s.Desired-s.DownDelta, "must stay above cool_cutout %v °C", p.CoolCutout)
	return vs
}

func checkMode(p controlloop.Params, m controlloop.Mode, vs *violations) bool {
	return vs.check(m != controlloop.ModeNone && m <= controlloop.ModeHeatCool, "mode", m, "is none of off, heat, cool, heat_cool") &&
		vs.check(!m.Heats() || p.Heater, "mode", m, "needs a heater, and the zone has none") &&
		vs.check(!m.Cools() || p.Cooler, "mode", m, "needs a cooler, and the zone has none")
}

// checkDesired reports whether there is a desired temperature that is in bounds.
func checkDesired(p controlloop.Params, s controlloop.Setpoint, vs *violations) bool {
	if math.IsNaN(s.Desired) {
		vs.check(s.Mode == controlloop.ModeOff, "desired", "missing", "and the zone has no configured one")
		return false
	}
	return vs.check(p.DesiredMin <= s.Desired && s.Desired <= p.DesiredMax, "desired", s.Desired, "is outside %v..%v °C", p.DesiredMin, p.DesiredMax)
}

// ServesBoth reports whether mode heat_cool is accepted with these deltas, in K.
func ServesBoth(p controlloop.Params, upDelta, downDelta float64) bool {
	return p.Heater && p.Cooler && upDelta+downDelta >= MinBandToBoth
}
