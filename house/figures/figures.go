// Package figures tells what a run of a room amounts to: comfort, switching, energy, punctuality.
package figures

import (
	"math"
	"time"

	"thermostat/house"
)

// Figures are what a run amounts to. See docs/simulate.md for what each means
// and where its definition is from.
type Figures struct {
	Time           time.Duration // of the whole run
	Below, Above   float64       // K·h outside the comfortable band while somebody is there
	RMS            float64       // K, from the comfortable middle while somebody is there; NaN without such time
	Overshoot      float64       // K
	Switches       float64       // of heater and cooler, on and off
	Starts         float64       // of heater and cooler
	ShortestOn     time.Duration // 0: no stretch was complete
	ShortestOff    time.Duration // 0: no stretch was complete
	Heated, Cooled time.Duration // ordered on
	Coldest        float64       // °C
	Warmest        float64       // °C
	Steady         Steady        // while the same temperature is held
}

// SwitchesPerDay is the rate of switches.
func (f Figures) SwitchesPerDay() float64 { return f.Switches / f.Days() }

// StartsPerDay is the rate of starts.
func (f Figures) StartsPerDay() float64 { return f.Starts / f.Days() }

// Days is the time in days.
func (f Figures) Days() float64 { return f.Time.Hours() / 24 }

// Discomfort is that below and above, K·h.
func (f Figures) Discomfort() float64 { return f.Below + f.Above }

// Energy is what heater and cooler of so many W moved, kWh; NaN where the power
// of one that ran is not known.
func (f Figures) Energy(heater, cooler float64) float64 {
	sum := 0.0
	if f.Heated > 0 {
		sum += heater * f.Heated.Hours()
	}
	if f.Cooled > 0 {
		sum += cooler * f.Cooled.Hours()
	}
	return sum / 1000
}

// Tally counts the figures of a run, moment by moment. Its memory does not grow.
type Tally struct {
	figures Figures
	comfort float64 // K, half the width of the comfortable band
	square  float64 // K²·s
	there   float64 // s, while somebody is there
	heater  stretches
	cooler  stretches
	steady  cycles
	last    house.Moment
	begun   bool
}

// NewTally counts for a comfortable band of so many K to either side.
func NewTally(comfort float64) *Tally {
	return &Tally{
		comfort: comfort, figures: Figures{Coldest: math.Inf(1), Warmest: math.Inf(-1)},
		heater: stretches{top: math.Inf(1)}, cooler: stretches{top: math.Inf(1)},
	}
}

// Add takes the next moment. What was found at it holds for the span before it.
func (t *Tally) Add(m *house.Moment) {
	f := &t.figures
	if t.begun {
		f.Time += m.Span
		t.feel(m)
		if t.last.Heating {
			f.Heated += m.Span
		}
		if t.last.Cooling {
			f.Cooled += m.Span
		}
	}
	f.Coldest, f.Warmest = min(f.Coldest, m.Air), max(f.Warmest, m.Air)
	t.heater.add(m, m.Heating, m.Air, m.High)
	t.cooler.add(m, m.Cooling, -m.Air, -m.Low)
	t.steady.add(m)
	t.last, t.begun = *m, true
}

// feel counts discomfort.
func (t *Tally) feel(m *house.Moment) {
	d := m.Air - m.Comfort
	if math.IsNaN(d) {
		return
	}
	seconds := m.Span.Seconds()
	t.there += seconds
	t.square += d * d * seconds
	t.figures.Below += max(0, -d-t.comfort) * seconds / 3600
	t.figures.Above += max(0, d-t.comfort) * seconds / 3600
}

// Figures gives what there is so far.
func (t *Tally) Figures() Figures {
	f := t.figures
	f.RMS = math.Sqrt(t.square / t.there)
	f.Switches, f.Starts = float64(t.heater.switches+t.cooler.switches), float64(t.heater.starts+t.cooler.starts)
	f.Steady = t.steady.Steady
	f.ShortestOn = shorter(t.heater.shortestOn, t.cooler.shortestOn)
	f.ShortestOff = shorter(t.heater.shortestOff, t.cooler.shortestOff)
	f.Overshoot = max(t.heater.overshoot, t.cooler.overshoot)
	return f
}

func shorter(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// overshootWithin is how long after a stretch what comes is of its making.
const overshootWithin = time.Hour

// stretches are the times on and off of one output; a cooler's temperatures are
// upside down.
type stretches struct {
	on                      bool
	lasted                  time.Duration
	complete                bool // it began with a switch, not with the run
	switches, starts        int
	shortestOn, shortestOff time.Duration
	top                     float64 // of the newest band that the temperature has been within or below
	limit                   float64 // that top when the last stretch ended
	overshoot               float64
}

// add takes a moment with the temperature x and the end of the band there. A
// band that was lowered under the temperature, or that a run begins above, is
// none to overshoot until the temperature has come down to it.
func (s *stretches) add(m *house.Moment, on bool, x, top float64) {
	s.lasted += m.Span
	if on != s.on {
		s.turn(on)
	}
	if x <= top {
		s.top = top
	}
	if s.switches > 0 && !s.on && s.lasted <= overshootWithin && x-s.limit > s.overshoot {
		s.overshoot = x - s.limit
	}
}

// turn ends a stretch and begins the next.
func (s *stretches) turn(on bool) {
	s.switches++
	if on {
		s.starts++
	}
	if s.complete && s.on {
		s.shortestOn = shorter(s.shortestOn, s.lasted)
	} else if s.complete {
		s.shortestOff = shorter(s.shortestOff, s.lasted)
	}
	s.on, s.lasted, s.complete, s.limit = on, 0, true, s.top
}
