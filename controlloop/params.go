package controlloop

import (
	"fmt"
	"math"
	"time"
)

// Params are the constants of a zone. [Params.Validate] knows their bounds.
type Params struct {
	Heater, Cooler bool // which relays the zone has
	Electric       bool // the heater is one by itself: ordered on in vain, it is switched off until somebody clears that

	DesiredMin, DesiredMax     float64 // °C, setpoints outside are refused
	HeatCutout, CoolCutout     float64 // °C, the heater is never on at or above, the cooler never at or below; of a relay that is not there it says nothing
	PlausibleMin, PlausibleMax float64 // °C, readings outside are faults
	MaxRate                    float64 // K per minute; a faster change is held back until confirmed
	MaxDisagreement            float64 // K between the sensors of a zone; 0: not compared

	Sample     time.Duration // between two readings, and between two ticks
	StaleAfter time.Duration // a reading older than this counts no more
	MinOn      time.Duration // per output
	MinOff     time.Duration // per output
	MaxOn      time.Duration // per output; 0 is no limit
	Changeover time.Duration // pause between heating and cooling

	Speed       float64       // of a simulated room's time; the watchers count their hours in it; 0 is 1
	FrozenAfter time.Duration // of heating or cooling with not one bit changed; 0: never
	Loss        Duty          // what to do without a fresh reading; zero: nothing
}

// Duty heats without a reading, a little, so that the pipes do not freeze: on
// for Percent of each Period, its off part first, for no longer than For.
type Duty struct {
	Percent float64       // 1..30; 0: no duty
	Period  time.Duration // one on and one off together
	For     time.Duration // since the loss
}

// on is how long the output is on in each period.
func (d Duty) on() time.Duration { return time.Duration(d.Percent / 100 * float64(d.Period)) }

// Bounds of a setpoint's deltas in K, and the least width of a heat_cool band:
// narrower, and heater and cooler would chase each other.
const (
	MinDelta      = 0.05
	MaxDelta      = 10
	MinBandToBoth = 1.0
)

// cutoutRelease is how far inside its limit a cut-out lets go, in K.
const cutoutRelease = 2

// Violation is a value out of its bound.
type Violation struct {
	Field string // as it stands in the configuration: limits.heat_cutout
	Value string // as it was given
	Bound string // what it must be
}

// Error names field, value and bound.
func (v Violation) Error() string { return fmt.Sprintf("%s: %s %s", v.Field, v.Value, v.Bound) }

// UsualMode is what a zone with these relays is there for: heat if it has a
// heater, else cool; off without any.
func (p Params) UsualMode() Mode {
	switch {
	case p.Heater:
		return ModeHeat
	case p.Cooler:
		return ModeCool
	}
	return ModeOff
}

type violations []Violation

func (vs *violations) check(ok bool, field string, value any, bound string, args ...any) {
	if !ok {
		*vs = append(*vs, Violation{field, fmt.Sprint(value), fmt.Sprintf(bound, args...)})
	}
}

func (vs *violations) within(field string, value, low, high time.Duration) {
	vs.check(low <= value && value <= high, field, value, "is outside %v..%v", low, high)
}

// Validate gives every constant that is out of its bound; none if all is well.
func (p Params) Validate() []Violation {
	var vs violations
	vs.check(p.Heater || p.Cooler, "heater", "missing", "but a zone needs a heater or a cooler")
	p.validateLimits(&vs)
	p.validateTiming(&vs)
	p.validateLoss(&vs)
	return vs
}

func (p Params) validateLimits(vs *violations) {
	for _, l := range []struct {
		name      string
		value     float64
		low, high float64
	}{
		{"limits.desired_min", p.DesiredMin, -50, 100},
		{"limits.desired_max", p.DesiredMax, -50, 100},
		{"limits.heat_cutout", p.HeatCutout, -50, 120},
		{"limits.cool_cutout", p.CoolCutout, -60, 100},
		{"limits.plausible_min", p.PlausibleMin, -60, 100},
		{"limits.plausible_max", p.PlausibleMax, -50, 150},
		{"limits.max_rate", p.MaxRate, 0.01, 100000},
	} {
		vs.check(l.low <= l.value && l.value <= l.high, l.name, l.value, "is outside %v..%v", l.low, l.high)
	}
	vs.check(0 <= p.MaxDisagreement && p.MaxDisagreement <= 50, "max_disagreement", p.MaxDisagreement, "is outside 0..50 K; 0 is not compared")
	vs.check(p.DesiredMin < p.DesiredMax, "limits.desired_min", p.DesiredMin, "must be below desired_max %v", p.DesiredMax)
	vs.check(!p.Heater || p.DesiredMax < p.HeatCutout, "limits.heat_cutout", p.HeatCutout, "must be above desired_max %v", p.DesiredMax)
	vs.check(!p.Cooler || p.DesiredMin > p.CoolCutout, "limits.cool_cutout", p.CoolCutout, "must be below desired_min %v", p.DesiredMin)
	vs.check(p.PlausibleMax >= p.DesiredMax, "limits.plausible_max", p.PlausibleMax, "must not be below desired_max %v", p.DesiredMax)
	vs.check(p.PlausibleMin <= p.DesiredMin, "limits.plausible_min", p.PlausibleMin, "must not be above desired_min %v", p.DesiredMin)
}

func (p Params) validateTiming(vs *violations) {
	vs.within("timing.sample", p.Sample, time.Second, 10*time.Minute)
	vs.check(p.StaleAfter >= 2*p.Sample, "timing.stale_after", p.StaleAfter, "must be at least 2 samples, %v", 2*p.Sample)
	vs.check(p.StaleAfter <= 24*time.Hour, "timing.stale_after", p.StaleAfter, "must be at most 24h: the heat may stay on that long without a reading")
	vs.within("timing.min_on", p.MinOn, 0, 2*time.Hour)
	vs.within("timing.min_off", p.MinOff, 0, 2*time.Hour)
	vs.within("timing.changeover", p.Changeover, 0, 24*time.Hour)
	vs.check(p.MaxOn == 0 || p.MaxOn >= max(p.MinOn, p.Sample) && p.MaxOn <= 7*24*time.Hour, "timing.max_on", p.MaxOn,
		"must be 0s for none, or from min_on %v (at least a sample, %v) to 168h", p.MinOn, p.Sample)
	vs.check(p.FrozenAfter == 0 || p.FrozenAfter >= 10*p.Sample && p.FrozenAfter <= 7*24*time.Hour, "timing.frozen_after", p.FrozenAfter,
		"must be 0s for never, or from 10 samples, %v, to 168h", 10*p.Sample)
}

func (p Params) validateLoss(vs *violations) {
	d := p.Loss
	if d == (Duty{}) {
		return
	}
	before := len(*vs)
	vs.check(1 <= d.Percent && d.Percent <= 30, "on_sensor_loss.percent", d.Percent, "is outside 1..30")
	vs.within("on_sensor_loss.period", d.Period, time.Minute, 24*time.Hour)
	if len(*vs) > before {
		return // what follows hangs on them
	}
	vs.within("on_sensor_loss.for", d.For, d.Period, 7*24*time.Hour)
	least := max(p.MinOn, p.Sample)
	vs.check(d.on() >= least, "on_sensor_loss.period", d.Period, "with %v percent is on for %v, which must be at least min_on and a sample, %v", d.Percent, d.on(), least)
	vs.check(d.Period-d.on() >= p.MinOff, "on_sensor_loss.period", d.Period, "with %v percent is off for %v, which must be at least min_off %v", d.Percent, d.Period-d.on(), p.MinOff)
}

// CheckSetpoint gives the first reason to refuse a setpoint, with value and
// bound, or nil. Mode off needs no desired temperature; one that is given must
// be in bounds all the same.
func (p Params) CheckSetpoint(s Setpoint) error {
	var vs violations
	vs.check(s.Mode != ModeNone && s.Mode <= ModeHeatCool, "mode", s.Mode, "is none of off, heat, cool, heat_cool")
	vs.check(!s.Mode.Heats() || p.Heater, "mode", s.Mode, "needs a heater, and the zone has none")
	vs.check(!s.Mode.Cools() || p.Cooler, "mode", s.Mode, "needs a cooler, and the zone has none")
	vs.check(MinDelta <= s.UpDelta && s.UpDelta <= MaxDelta, "up_delta", s.UpDelta, "is outside %v..%v K", MinDelta, MaxDelta)
	vs.check(MinDelta <= s.DownDelta && s.DownDelta <= MaxDelta, "down_delta", s.DownDelta, "is outside %v..%v K", MinDelta, MaxDelta)
	switch {
	case !math.IsNaN(s.Desired):
		p.checkDesired(s, &vs)
	case s.Mode != ModeOff:
		vs.check(false, "desired", "missing", "and the zone has no configured one")
	}
	if len(vs) > 0 {
		return vs[0]
	}
	return nil
}

// ServesBoth reports whether mode heat_cool is accepted with these deltas, in K.
func (p Params) ServesBoth(upDelta, downDelta float64) bool {
	return p.Heater && p.Cooler && upDelta+downDelta >= MinBandToBoth
}

func (p Params) checkDesired(s Setpoint, vs *violations) {
	vs.check(p.DesiredMin <= s.Desired && s.Desired <= p.DesiredMax, "desired", s.Desired,
		"is outside %v..%v °C", p.DesiredMin, p.DesiredMax)
	vs.check(s.Mode != ModeHeatCool || !p.Heater || !p.Cooler || p.ServesBoth(s.UpDelta, s.DownDelta), "up_delta + down_delta",
		s.UpDelta+s.DownDelta, "must be at least %v K in mode heat_cool", MinBandToBoth)
	vs.check(!p.Heater || s.Desired+s.UpDelta < p.HeatCutout, "desired + up_delta", s.Desired+s.UpDelta,
		"must stay below heat_cutout %v °C", p.HeatCutout)
	vs.check(!s.Mode.Cools() || s.Desired-s.DownDelta > p.CoolCutout, "desired - down_delta", s.Desired-s.DownDelta,
		"must stay above cool_cutout %v °C", p.CoolCutout)
}
