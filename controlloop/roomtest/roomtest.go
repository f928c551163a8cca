// Package roomtest makes, for tests, what is known of a room that no reading moves.
package roomtest

import "thermostat/controlloop/foresee"

// Known is what would be known of a room that has shown a gain, K/h, and a loss, 1/h, for years, with the lag of an index and a
// residual, K. The greater the residual, the more a room may differ from it before it counts as disturbed.
func Known(gain, loss float64, lag int, residual float64) foresee.Known {
	const weight, minutes = 1e9, 1e6
	k := foresee.Known{
		Minutes: minutes, Segments: 1000, Lag: lag, Gain: gain, Loss: loss, Residual: residual, Trusted: true, Cycle: 1,
		Adapted: foresee.Adapted{Band: 0.3},
	}
	for i := range k.Sums {
		s := &k.Sums[i]
		s.HH, s.AA, s.HY, s.AY = weight, weight, float64(gain*weight), float64(loss*weight)
		s.YY = float64((float64(gain*gain)+float64(loss*loss))*weight) + float64(float64(residual*residual)*minutes)
	}
	return k
}
