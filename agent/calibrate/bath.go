package calibrate

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"thermostat/controlloop"
)

// The measure of a bath: what is not steady for so long is not at one temperature, and a
// sensor that needs more than these is no thermometer to go by.
const (
	span     = 2 * time.Minute // of readings that count
	fewest   = 12              // readings in it: eight thermometers in turn on one bus give more
	maxDrift = 0.05            // K in a minute
	maxNoise = 0.3             // K, standard deviation

	coldest, hottest = -55, 125 // °C, of a bath
)

// reading is one raw reading.
type reading struct {
	at      time.Time
	celsius float64
}

// course is what a sensor has shown of late.
type course struct {
	readings []reading
	trouble  string // its last answer, where that was no temperature
	began    time.Time
}

// add takes an answer: one that is no temperature begins the course anew. One that did not
// come is a gap: an agent may use the bus, too.
func (c *course) add(at time.Time, celsius float64, err error) {
	var bad *controlloop.BadReading
	if errors.As(err, &bad) && bad.Verdict == controlloop.VerdictNoAnswer {
		c.trouble = err.Error()
		return
	}
	if err != nil {
		*c = course{trouble: err.Error()}
		return
	}
	if len(c.readings) == 0 {
		c.began = at
	}
	c.trouble = ""
	c.readings = append(c.readings, reading{at, celsius})
	old := func(r reading) bool { return at.Sub(r.at) > span }
	c.readings = slices.DeleteFunc(c.readings, old)
}

// figures are what a course amounts to.
type figures struct {
	mean  float64 // °C
	noise float64 // K, the standard deviation about a straight line
	drift float64 // K in a minute
}

// figures fits a straight line.
func (c *course) figures() figures {
	n := float64(len(c.readings))
	if n == 0 {
		return figures{}
	}
	minutes := func(r reading) float64 { return r.at.Sub(c.readings[0].at).Minutes() }
	var f figures
	var middle float64
	for _, r := range c.readings {
		f.mean += r.celsius / n
		middle += minutes(r) / n
	}
	var xy, xx float64
	for _, r := range c.readings {
		x := minutes(r) - middle
		xy, xx = xy+x*(r.celsius-f.mean), xx+x*x
	}
	if xx > 0 {
		f.drift = xy / xx
	}
	for _, r := range c.readings {
		rest := r.celsius - f.mean - f.drift*(minutes(r)-middle)
		f.noise += rest * rest / n
	}
	f.noise = math.Sqrt(f.noise)
	return f
}

// unready says why the course cannot be gone by yet; empty: it can.
func (c *course) unready(now time.Time) string {
	f := c.figures()
	switch {
	case c.trouble != "":
		return "gives no temperature: " + c.trouble
	case len(c.readings) < fewest || now.Sub(c.began) < span:
		return fmt.Sprintf("has given %d readings, %d over %v are wanted", len(c.readings), fewest, span)
	case math.Abs(f.drift) > maxDrift:
		return fmt.Sprintf("drifts by %+.2f K in a minute: stir the bath, and wait until it is at one temperature", f.drift)
	case f.noise > maxNoise:
		return fmt.Sprintf("scatters by %.2f K: look at its wires", f.noise)
	}
	return ""
}

// median is the middle of what several show.
func median(all []float64) float64 {
	all = slices.Sorted(slices.Values(all))
	n := len(all)
	return (all[(n-1)/2] + all[n/2]) / 2
}
