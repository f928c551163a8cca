// Package correction mends what is known of a sensor's errors. A corrected reading says
// what was added to it, since a correction may not hold a cut-out back.
package correction

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"thermostat/controlloop"
)

// Point is one temperature at which a sensor was held beside the truth.
type Point struct {
	Raw, True float64 // °C, what it showed, and what it was
}

// Points are those of a sensor, the coldest first; none is the sensor itself. Between two
// the correction goes straight from one to the other, and beyond the last it stays.
type Points []Point

// The bounds of a correction. What is further off is not a sensor that errs, but one that
// is broken, of another kind, or elsewhere.
const (
	MaxPoints = 3
	MaxKelvin = 10.0 // K, between what it shows and what it is
	MinApart  = 5.0  // K, between two points: nearer ones tell noise
	maxBend   = 0.5  // of the distance between two points, by which their corrections may differ
)

// Offset is the correction by the same K everywhere; by 0 it is none.
func Offset(kelvin float64) Points {
	if kelvin == 0 {
		return nil
	}
	return Points{{0, kelvin}}
}

func (p Point) kelvin() float64 { return p.True - p.Raw }

// Kelvin is what is added to a reading of so many °C.
func (ps Points) Kelvin(raw float64) float64 {
	return ps.at(raw, func(p Point) float64 { return p.Raw })
}

// Told gives a reading that is corrected already what was added to it.
func (ps Points) Told(r controlloop.Reading) controlloop.Reading {
	r.Correction = ps.at(r.Celsius, func(p Point) float64 { return p.True })
	return r
}

// at is the correction where one scale shows x: between two points it is straight on both.
func (ps Points) at(x float64, scale func(Point) float64) float64 {
	i, _ := slices.BinarySearchFunc(ps, x, func(p Point, x float64) int { return cmp.Compare(scale(p), x) })
	switch {
	case len(ps) == 0:
		return 0
	case i == 0:
		return ps[0].kelvin()
	case i == len(ps):
		return ps[i-1].kelvin()
	}
	low, high := ps[i-1], ps[i]
	share := (x - scale(low)) / (scale(high) - scale(low))
	return low.kelvin() + share*(high.kelvin()-low.kelvin())
}

// Wrong says what is wrong with the points; empty: nothing.
func (ps Points) Wrong() string {
	if len(ps) < 1 || len(ps) > MaxPoints {
		return fmt.Sprintf("has %d points, 1 to %d are wanted, such as [[0.4, 0.0]]", len(ps), MaxPoints)
	}
	for i, p := range ps {
		if math.Abs(p.kelvin()) > MaxKelvin {
			return fmt.Sprintf("corrects %v by %.4g K, at most %v K can be: such a sensor is broken, or was not where the truth was", p, p.kelvin(), MaxKelvin)
		}
		if i == 0 {
			continue
		}
		before := ps[i-1]
		apart := p.Raw - before.Raw
		if apart < MinApart {
			return fmt.Sprintf("%v stands behind %v: the coldest comes first, and each raw value is at least %v K above the one before", p, before, MinApart)
		}
		if math.Abs(p.kelvin()-before.kelvin()) > maxBend*apart {
			return fmt.Sprintf("from %v to %v the correction changes by more than half of the %.4g K between them: such a sensor is broken, or a point is", before, p, apart)
		}
	}
	return ""
}

// String is a point as a configuration has it.
func (p Point) String() string { return fmt.Sprintf("[%v, %v]", p.Raw, p.True) }

// String is the points as a configuration has them.
func (ps Points) String() string {
	var texts []string
	for _, p := range ps {
		texts = append(texts, p.String())
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

// Sensor is a sensor whose readings are corrected.
func (ps Points) Sensor(s controlloop.Sensor) controlloop.Sensor {
	if len(ps) == 0 {
		return s
	}
	return corrected{s, ps}
}

type corrected struct {
	sensor controlloop.Sensor
	points Points
}

func (c corrected) mend(r controlloop.Reading) controlloop.Reading {
	r.Correction = c.points.Kelvin(r.Celsius)
	r.Celsius += r.Correction
	return r
}

// Read corrects what the sensor read, also where it is held back; else a bad answer
// carries no number.
func (c corrected) Read(ctx context.Context) (controlloop.Reading, error) {
	r, err := c.sensor.Read(ctx)
	var held *controlloop.HeldReading
	if errors.As(err, &held) {
		return controlloop.Reading{}, &controlloop.HeldReading{Measured: c.mend(held.Measured), Err: held.Err}
	}
	if err != nil {
		return controlloop.Reading{}, err
	}
	return c.mend(r), nil
}

// Streams reports whether the readings of the corrected sensor come by themselves.
func (c corrected) Streams() bool {
	s, ok := c.sensor.(controlloop.Stream)
	return ok && s.Streams()
}
