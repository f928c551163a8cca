// Package climate is what acts on a simulated room that nobody controls: weather that wanders, a sun
// behind clouds, people and their cooking, and a window now and then. The same seed gives the same.
package climate

import (
	"math"
	"math/rand/v2"
	"time"
)

// Step is how often it changes.
const Step = 10 * time.Minute

// Params are the constants of a [Season].
type Params struct {
	Mean     float64 // °C, outdoors
	Swing    float64 // K, half the difference between afternoon and night
	Wander   float64 // K, standard deviation of the days around the mean
	Sun      float64 // W into the room at noon of a clear day
	People   float64 // W, of those who are at home
	Opening  float64 // W/K, of a window that is open; 0: none is opened
	Windows  float64 // a day, while somebody is at home
	WindowOf time.Duration
}

// Winter is a winter in Central Europe with two people at home.
//
// Chosen: days that wander by 3 K with a memory of two days, a room that gets 500 W of sun at noon of a clear day, 80 W for each
// of two people who sit (ISO 8996:2021 has 70 W/m² of skin at rest, of which some stays with moisture), and a window that is opened
// three times in two days for ten minutes.
func Winter() Params {
	return Params{Mean: 2, Swing: 3, Wander: 3, Sun: 500, People: 160, Opening: 60, Windows: 1.5, WindowOf: 10 * time.Minute}
}

// Season is one course of a climate.
type Season struct {
	params  Params
	rng     *rand.Rand
	wanders float64 // K, of the outdoors
	cloud   float64 // standard deviations
	open    time.Duration
}

// New begins a season. Its seed is its own.
func New(p Params, seed uint64) *Season {
	rng := rand.New(rand.NewPCG(seed, 26))
	return &Season{params: p, rng: rng, wanders: p.Wander * rng.NormFloat64(), cloud: rng.NormFloat64()}
}

// memory is how much a step leaves of a wandering value that forgets with that time constant.
func memory(of time.Duration) float64 { return math.Exp(-Step.Hours() / of.Hours()) }

var (
	outdoorMemory = memory(48 * time.Hour)
	cloudMemory   = memory(6 * time.Hour)
)

// wander takes a step of an autoregressive process of that standard deviation.
func (s *Season) wander(x, keeps, deviation float64) float64 {
	return keeps*x + deviation*math.Sqrt(1-keeps*keeps)*s.rng.NormFloat64()
}

// Next is what acts on a room from then on until the next step: the temperature outdoors (°C), what sun and
// people give to the air (W) and what an open window lets through (W/K). Somebody is at home or not.
func (s *Season) Next(sinceMidnight time.Duration, home bool) (outdoor, gain, opening float64) {
	p := &s.params
	s.wanders = s.wander(s.wanders, outdoorMemory, p.Wander)
	s.cloud = s.wander(s.cloud, cloudMemory, 1)
	hour := math.Mod(sinceMidnight.Hours(), 24)
	outdoor = p.Mean + s.wanders + p.Swing*math.Cos((hour-15)/24*2*math.Pi)
	covered := min(max(0.5+0.4*s.cloud, 0), 1)
	gain = p.Sun * max(0, -math.Cos(hour/24*2*math.Pi)) * (1 - 0.8*covered)
	if home {
		gain += p.People
	}
	s.open = max(s.open-Step, 0)
	if home && s.rng.Float64() < p.Windows*Step.Hours()/12 { // they are at home for half of a day
		s.open = p.WindowOf
	}
	if s.open > 0 {
		opening = p.Opening
	}
	return outdoor, gain, opening
}
