// Package simulated is the driver of sensors and relays that are none: a room of
// package house that lives in real time, and can be broken on purpose.
package simulated

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"thermostat/controlloop/limits"
	"thermostat/house"
)

// Spec is what a configuration says about a simulated room.
type Spec struct {
	Model        string        // room (air, walls and weather), a preset of package house, or linear (constant rates)
	Speed        float64       // room time runs this many times faster than real time
	Start        float64       // °C at the beginning
	Up, Down     time.Duration // linear: room time in which it gains or loses 1 K
	Outdoor      float64       // °C, mean of the day
	OutdoorSwing float64       // room: K, half the difference between the warmest and the coldest hour
	Place        string        // room: of the sensor, air, wall, window or heater; empty: where the model has it
	Sun          float64       // room: W/m² through the window at noon
	HeaterPower  float64       // room: W
	CoolerPower  float64       // room: W
	Noise        float64       // K, standard deviation of a reading
	Seed         uint64        // of the noise
}

// Default is a cool living room on a winter day, in real time.
func Default() Spec {
	return Spec{
		Model: "room", Speed: 1, Start: 17,
		Up: 10 * time.Minute, Down: 15 * time.Minute,
		Outdoor: 3, OutdoorSwing: 4,
		HeaterPower: 1500, CoolerPower: 1000,
		Noise: 0.03, Seed: 1,
	}
}

// Models are the words that [Spec.Model] may be.
func Models() []string { return append([]string{"room", "linear"}, house.Presets()...) }

// Places are the words that [Spec.Place] may be, beside the empty one.
func Places() []string { return house.Places() }

// SpecOf is what a model is where nothing else is said of it; that of an
// unknown one is [Default] with its name.
func SpecOf(model string) Spec {
	s := Default()
	s.Model = model
	if p, ok := house.Preset(model); ok {
		s.Start, s.Outdoor, s.OutdoorSwing, s.Sun = p.Start, p.Outdoor, p.OutdoorSwing, p.Sun
		s.HeaterPower, s.CoolerPower = p.HeaterPower, p.CoolerPower
	}
	return s
}

// Validate gives every value that is out of its bound; none if all is well.
func (s Spec) Validate() []limits.Violation {
	var vs []limits.Violation
	if !slices.Contains(Models(), s.Model) {
		vs = append(vs, limits.Violation{Field: "model", Value: fmt.Sprintf("%.40q", s.Model), Bound: "is none of " + strings.Join(Models(), ", ")})
	}
	if _, ok := house.PlaceOf(s.Place); s.Place != "" && !ok {
		vs = append(vs, limits.Violation{Field: "place", Value: fmt.Sprintf("%.40q", s.Place), Bound: "is none of " + strings.Join(Places(), ", ")})
	}
	for _, b := range numberBounds {
		vs = b.check(s, vs)
	}
	for _, b := range durationBounds {
		vs = b.check(s, vs)
	}
	return vs
}

// bounded is a value of a simulated room that two values bound.
type bounded[T cmp.Ordered] struct {
	field     string
	of        func(Spec) T
	low, high T
}

// check adds a violation unless the value is in its bounds; NaN is in none.
func (b bounded[T]) check(s Spec, vs []limits.Violation) []limits.Violation {
	value := b.of(s)
	if b.low <= value && value <= b.high {
		return vs
	}
	return append(vs, limits.Violation{
		Field: b.field, Value: fmt.Sprint(value), Bound: fmt.Sprintf("is outside %v..%v", b.low, b.high),
	})
}

var numberBounds = []bounded[float64]{
	{"speed", func(s Spec) float64 { return s.Speed }, 0.001, 100000},
	{"start", func(s Spec) float64 { return s.Start }, -50, 100},
	{"outdoor", func(s Spec) float64 { return s.Outdoor }, -60, 60},
	{"outdoor_swing", func(s Spec) float64 { return s.OutdoorSwing }, 0, 40},
	{"sun", func(s Spec) float64 { return s.Sun }, 0, 1500},
	{"heater_power", func(s Spec) float64 { return s.HeaterPower }, 0, 100000},
	{"cooler_power", func(s Spec) float64 { return s.CoolerPower }, 0, 100000},
	{"noise", func(s Spec) float64 { return s.Noise }, 0, 5},
}

var durationBounds = []bounded[time.Duration]{
	{"up", func(s Spec) time.Duration { return s.Up }, time.Second, 24 * time.Hour},
	{"down", func(s Spec) time.Duration { return s.Down }, time.Second, 24 * time.Hour},
}

// Bounds are the bounds of a simulated room, by the key in the configuration.
func Bounds() map[string]limits.Bound {
	all := map[string]limits.Bound{}
	for _, b := range numberBounds {
		all[b.field] = limits.Bound{Low: b.low, High: b.high}
	}
	for _, b := range durationBounds {
		all[b.field] = limits.Bound{Low: b.low, High: b.high}
	}
	return all
}
