package house

import (
	"math"
	"time"
)

// Linear is the heater of the pattern's original example: the temperature
// rises at one constant rate while the heater is on and falls at another while
// it is off. It knows no outdoors and no sensor lag.
type Linear struct {
	up, down   time.Duration
	celsius    float64
	heat, cool bool
}

// NewLinear makes a room of start °C that gains 1 K every up while the heater
// is on and loses 1 K every down while it is off; a cooler that is on takes a
// further 1 K away every up. Both durations must be positive.
func NewLinear(start float64, up, down time.Duration) *Linear {
	mustBePositive("up", up.Seconds())
	mustBePositive("down", down.Seconds())
	return &Linear{up: up, down: down, celsius: start}
}

// Advance lets time go by.
func (l *Linear) Advance(dt time.Duration) {
	if dt > 0 {
		l.celsius += l.rate() * dt.Seconds()
	}
}

// rate is in K/s.
func (l *Linear) rate() float64 {
	rate := -1 / l.down.Seconds()
	if l.heat {
		rate = 1 / l.up.Seconds()
	}
	if l.cool {
		rate -= 1 / l.up.Seconds()
	}
	return rate
}

// Heat switches the heater.
func (l *Linear) Heat(on bool) { l.heat = on }

// Cool switches the cooler.
func (l *Linear) Cool(on bool) { l.cool = on }

// Air is the room's temperature, °C.
func (l *Linear) Air() float64 { return l.celsius }

// Sensed is the same as [Linear.Air], °C.
func (l *Linear) Sensed() float64 { return l.celsius }

// Held is the same as [Linear.Air], °C.
func (l *Linear) Held() float64 { return l.celsius }

// Outdoor is not known.
func (l *Linear) Outdoor() float64 { return math.NaN() }

// Power is not known.
func (l *Linear) Power() (heater, cooler float64) { return math.NaN(), math.NaN() }
