package house

import (
	"math"
	"math/rand/v2"
)

// Step is the least difference that a [Thermometer] can show, K: that of a
// DS18B20 at 12 bits (datasheet DS18B20 rev. 6, "Operation—Measuring Temperature").
const Step = 0.0625

// Thermometer shows a temperature as a digital sensor does: with noise and in
// steps. The same seed gives the same noise.
type Thermometer struct {
	noise float64
	rng   *rand.Rand
}

// NewThermometer makes one whose gaussian noise has the standard deviation
// noise, K.
func NewThermometer(noise float64, seed uint64) *Thermometer {
	return &Thermometer{noise: noise, rng: rand.New(rand.NewPCG(seed, 0))}
}

// Show gives what is read, °C, where the sensor's body has that many °C.
func (t *Thermometer) Show(celsius float64) float64 {
	return quantise(celsius + t.noise*t.rng.NormFloat64())
}

// quantise rounds to the nearest step.
func quantise(celsius float64) float64 { return math.Round(celsius/Step) * Step }
