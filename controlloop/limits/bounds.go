package limits

import (
	"cmp"
	"time"

	"thermostat/controlloop"
)

// Bound is what a constant is at least and at most. Low and High are a float64 or
// a [time.Duration]; a string tells one that hangs on other constants.
type Bound struct {
	Low, High any // of the type of the value
}

// bounded is a constant that two values bound, by its key in the configuration.
type bounded[T cmp.Ordered] struct {
	field     string
	of        func(controlloop.Params) T
	low, high T
}

// check notes a value out of its bound; NaN is in none.
func (b bounded[T]) check(p controlloop.Params, vs *violations) {
	value := b.of(p)
	vs.check(b.low <= value && value <= b.high, b.field, value, "is outside %v..%v", b.low, b.high)
}

var limitBounds = []bounded[float64]{ // °C, of the rate K per minute
	{"limits.desired_min", func(p controlloop.Params) float64 { return p.DesiredMin }, -50, 100},
	{"limits.desired_max", func(p controlloop.Params) float64 { return p.DesiredMax }, -50, 100},
	{"limits.heat_cutout", func(p controlloop.Params) float64 { return p.HeatCutout }, -50, 120},
	{"limits.cool_cutout", func(p controlloop.Params) float64 { return p.CoolCutout }, -60, 100},
	{"limits.plausible_min", func(p controlloop.Params) float64 { return p.PlausibleMin }, -60, 100},
	{"limits.plausible_max", func(p controlloop.Params) float64 { return p.PlausibleMax }, -50, 150},
	{"limits.max_rate", func(p controlloop.Params) float64 { return p.MaxRate }, 0.01, 100000},
}

var timingBounds = []bounded[time.Duration]{
	{"timing.sample", func(p controlloop.Params) time.Duration { return p.Sample }, time.Second, 10 * time.Minute},
	{"timing.min_on", func(p controlloop.Params) time.Duration { return p.MinOn }, 0, 2 * time.Hour},
	{"timing.min_off", func(p controlloop.Params) time.Duration { return p.MinOff }, 0, 2 * time.Hour},
	{"timing.changeover", func(p controlloop.Params) time.Duration { return p.Changeover }, 0, 24 * time.Hour},
}

// Bounds that hang on other constants too, or that say more than their numbers.
const (
	maxDisagreement = 50.0 // K
	staleSamples    = 2
	maxStaleAfter   = 24 * time.Hour
	frozenSamples   = 10
	maxStretch      = 7 * 24 * time.Hour // of max_on, frozen_after and the duty
	minDutyPercent  = 1.0
	maxDutyPercent  = 30.0
	minDutyPeriod   = time.Minute
	maxDutyPeriod   = 24 * time.Hour
)

// Bounds gives the bounds of every constant and of a setpoint, by the key in the
// configuration.
func Bounds() map[string]Bound {
	all := map[string]Bound{
		"max_disagreement":            {0.0, maxDisagreement},
		"timing.stale_after":          {"2 samples", maxStaleAfter},
		"timing.max_on":               {"min_on and a sample", maxStretch},
		"timing.frozen_after":         {"10 samples", maxStretch},
		"on_sensor_loss.percent":      {minDutyPercent, maxDutyPercent},
		"on_sensor_loss.period":       {minDutyPeriod, maxDutyPeriod},
		"on_sensor_loss.for":          {"a period", maxStretch},
		"default_setpoint.desired":    {"limits.desired_min", "limits.desired_max"},
		"default_setpoint.up_delta":   {MinDelta, MaxDelta},
		"default_setpoint.down_delta": {MinDelta, MaxDelta},
	}
	for _, b := range limitBounds {
		all[b.field] = Bound{b.low, b.high}
	}
	for _, b := range timingBounds {
		all[b.field] = Bound{b.low, b.high}
	}
	return all
}
