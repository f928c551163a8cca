package house

import (
	"math"
	"math/cmplx"
	"time"
)

const (
	day     = 24 * time.Hour
	warmest = 15 * time.Hour // the outdoor air is warmest some hours after noon
)

// state is three temperatures, °C, or three differences, K.
type state struct{ air, mass, sensor float64 }

// level is the state in which all is equally warm.
func level(celsius float64) state { return state{celsius, celsius, celsius} }

func (s state) plus(o state) state {
	return state{s.air + o.air, s.mass + o.mass, s.sensor + o.sensor}
}

func (s state) minus(o state) state {
	return state{s.air - o.air, s.mass - o.mass, s.sensor - o.sensor}
}

// network is the thermal network, solved. Air and mass obey d/dt x = A x + …;
// the sensor follows the air and acts on nothing.
type network struct {
	aa, am, ma, mm float64       // A, 1/s: how air and mass (second letter) move air and mass (first letter)
	slow, fast     float64       // eigenvalues of A, 1/s; both negative
	perWatt        state         // K/W, steady warmth above the outdoors, of heat into the air
	perFloorWatt   state         // K/W, the same of heat into the mass
	wave           [3]complex128 // response of air, mass and sensor to an outdoor swing of 1 K
	lag            float64       // s
}

func newNetwork(p PhysicalParams) network {
	inner, window, wall := 1/p.AirToMass, 1/p.AirToOutdoor, 1/p.MassToOutdoor // W/K
	n := network{
		aa: -(inner + window) / p.AirCapacity, am: inner / p.AirCapacity,
		ma: inner / p.MassCapacity, mm: -(inner + wall) / p.MassCapacity,
		lag: p.SensorLag.Seconds(),
	}
	loop := inner*window + inner*wall + window*wall // (W/K)²
	n.slow, n.fast = n.eigenvalues(loop / (p.AirCapacity * p.MassCapacity))
	air, mass := (inner+wall)/loop, inner/loop
	n.perWatt = state{air, mass, air}
	n.perFloorWatt = state{inner / loop, (inner + window) / loop, inner / loop}
	n.wave = n.response(window/p.AirCapacity, wall/p.MassCapacity)
	return n
}

// eigenvalues of A. They are real and distinct, since am·ma is positive. The
// slow one is had from the determinant: the difference would lose its digits.
func (n network) eigenvalues(determinant float64) (slow, fast float64) {
	fast = (n.aa+n.mm)/2 - math.Hypot((n.aa-n.mm)/2, math.Sqrt(n.am*n.ma))
	return determinant / fast, fast
}

// response solves (iω - A) x = b for a wave of one day; b is what the outdoor
// air does to air and mass, 1/s.
func (n network) response(air, mass float64) [3]complex128 {
	iw := complex(0, 2*math.Pi/day.Seconds())
	a, d := iw-complex(n.aa, 0), iw-complex(n.mm, 0)
	det := a*d - complex(n.am*n.ma, 0)
	x := (d*complex(air, 0) + complex(n.am*mass, 0)) / det
	y := (a*complex(mass, 0) + complex(n.ma*air, 0)) / det
	return [3]complex128{x, y, x / (1 + iw*complex(n.lag, 0))}
}

// warmth is what a constant power makes in the end, K above the outdoors.
func (n network) warmth(watt float64) state {
	return state{n.perWatt.air * watt, n.perWatt.mass * watt, n.perWatt.sensor * watt}
}

// warmthOfFloor is what a constant power into the mass makes in the end.
func (n network) warmthOfFloor(watt float64) state {
	return state{n.perFloorWatt.air * watt, n.perFloorWatt.mass * watt, n.perFloorWatt.sensor * watt}
}

// swing is what an outdoor wave of that many K makes at a time of the day, K.
func (n network) swing(kelvin float64, clock time.Duration) state {
	turn := cmplx.Rect(kelvin, 2*math.Pi*(clock-warmest).Seconds()/day.Seconds())
	return state{real(turn * n.wave[0]), real(turn * n.wave[1]), real(turn * n.wave[2])}
}

// decay is what is left of a deviation after some seconds. Air and mass are
// split into the two modes by the projections (A - other)/(own - other); the
// sensor is driven by what is left in the air.
func (n network) decay(x state, seconds float64) state {
	airSlow := ((n.aa-n.fast)*x.air + n.am*x.mass) / (n.slow - n.fast)
	massSlow := (n.ma*x.air + (n.mm-n.fast)*x.mass) / (n.slow - n.fast)
	airFast, massFast := x.air-airSlow, x.mass-massSlow
	slow, fast := math.Exp(n.slow*seconds), math.Exp(n.fast*seconds)
	own := -1 / n.lag
	driven := airSlow*blend(n.slow, own, seconds) + airFast*blend(n.fast, own, seconds)
	return state{
		air:    airSlow*slow + airFast*fast,
		mass:   massSlow*slow + massFast*fast,
		sensor: x.sensor*math.Exp(own*seconds) + driven/n.lag,
	}
}

// blend is the convolution of two exponentials, (e^at - e^bt)/(a - b) in s.
// The slower one is taken out, so that nothing overflows, and expm1 keeps the
// digits where the two rates, 1/s, are nearly equal.
func blend(a, b, seconds float64) float64 {
	slow, fast := max(a, b), min(a, b)
	if slow == fast {
		return seconds * math.Exp(slow*seconds)
	}
	return math.Exp(slow*seconds) * math.Expm1((fast-slow)*seconds) / (fast - slow)
}
