package house

import (
	"math"
	"time"
)

// Linear is the heater of the pattern's original example: the temperature
// rises at one constant rate while the heater is on and falls at another while
// it is off, down to that of the outdoors. It knows no sensor lag.
type Linear struct {
	up, down   time.Duration
	outdoor    float64
	celsius    float64
	heat, cool bool
}

// NewLinear makes a room of start °C that gains 1 K every up while the heater
// is on and comes nearer to the outdoors (°C) by 1 K every down while it is off;
// a cooler that is on takes a further 1 K away every up. Both durations must be
// positive.
func NewLinear(start, outdoor float64, up, down time.Duration) *Linear {
	mustBePositive("up", up.Seconds())
	mustBePositive("down", down.Seconds())
	return &Linear{up: up, down: down, outdoor: outdoor, celsius: start}
}

// Advance lets time go by: as far as the outdoors at one rate, and on from there
// at the rate that holds beyond.
func (l *Linear) Advance(dt time.Duration) {
	left := dt.Seconds()
	if left <= 0 {
		return
	}
	rate, gap := l.rate(), l.outdoor-l.celsius
	if !l.heat && gap != 0 && rate*gap > 0 && left > gap/rate {
		left -= gap / rate
		l.celsius = l.outdoor
		rate = l.rate()
	}
	l.celsius += rate * left
}

// rate is in K/s.
func (l *Linear) rate() float64 {
	up, down := 1/l.up.Seconds(), 1/l.down.Seconds()
	cold := 0.0
	if l.cool {
		cold = up
	}
	switch {
	case l.heat:
		return up - cold
	case l.celsius > l.outdoor:
		return -down - cold
	case l.celsius < l.outdoor:
		return down - cold
	}
	return min(down-cold, 0) // at the outdoors only a strong cooler gets it away
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

// Outdoor is the same for ever, °C.
func (l *Linear) Outdoor() float64 { return l.outdoor }

// Power is not known.
func (l *Linear) Power() (heater, cooler float64) { return math.NaN(), math.NaN() }
