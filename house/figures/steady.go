package figures

import (
	"math"
	"time"

	"thermostat/house"
)

// Steady is how exactly a temperature is held, over the cycles of heater or cooler in which
// nothing else was asked for. See docs/simulate.md for what a cycle is.
type Steady struct {
	Cycles    int
	deviation float64 // K, of the means of all cycles together
	variation float64 // K, half from coldest to warmest, of all cycles together
}

// Deviation is by how much the mean of a cycle is above what is held, K; NaN without a cycle.
func (s Steady) Deviation() float64 { return s.deviation / float64(s.Cycles) }

// Variation is how far the temperature swings to either side of that mean, K; NaN without a cycle.
func (s Steady) Variation() float64 { return s.variation / float64(s.Cycles) }

// Accuracy is both together, K; NaN without a cycle.
func (s Steady) Accuracy() float64 { return math.Abs(s.Deviation()) + s.Variation() }

func (s *Steady) add(o Steady) {
	s.Cycles += o.Cycles
	s.deviation, s.variation = s.deviation+o.deviation, s.variation+o.variation
}

// cycles finds the cycles, from one start of an output to the next. The first one after a
// change of what is held leads to it, and does not count; nor does what warms the room for later.
type cycles struct {
	Steady
	held             float64 // °C
	on               bool
	starts           int // since the change
	gone             time.Duration
	sum              float64 // °C s
	coldest, warmest float64 // °C
}

func (c *cycles) add(m *house.Moment) {
	if m.Desired != c.held || m.Early {
		c.held, c.starts = m.Desired, 0
	}
	c.gone += m.Span
	c.sum += m.Air * m.Span.Seconds()
	c.coldest, c.warmest = min(c.coldest, m.Air), max(c.warmest, m.Air)
	was := c.on
	if c.on = m.Heating || m.Cooling; c.on && !was {
		c.start(m.Air)
	}
}

// start ends a cycle and begins the next.
func (c *cycles) start(air float64) {
	if c.starts++; c.starts > 2 && c.gone > 0 {
		c.Cycles++
		c.deviation += c.sum/c.gone.Seconds() - c.held
		c.variation += (c.warmest - c.coldest) / 2
	}
	c.gone, c.sum, c.coldest, c.warmest = 0, 0, air, air
}
