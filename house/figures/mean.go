package figures

import (
	"math"
	"time"
)

// Mean is what runs that are as long as each other amount to: of each figure the mean, of
// extremes the worst.
func Mean(all []Figures) (mean Figures) {
	n, square := float64(len(all)), 0.0
	mean = Figures{Coldest: math.Inf(1), Warmest: math.Inf(-1)}
	span := func(to *time.Duration, d time.Duration) { *to += time.Duration(float64(d) / n) }
	for _, f := range all {
		span(&mean.Time, f.Time)
		span(&mean.Heated, f.Heated)
		span(&mean.Cooled, f.Cooled)
		mean.Below += f.Below / n
		mean.Above += f.Above / n
		mean.Switches += f.Switches / n
		mean.Starts += f.Starts / n
		square += f.RMS * f.RMS / n
		mean.Overshoot = max(mean.Overshoot, f.Overshoot)
		mean.ShortestOn, mean.ShortestOff = shorter(mean.ShortestOn, f.ShortestOn), shorter(mean.ShortestOff, f.ShortestOff)
		mean.Coldest, mean.Warmest = min(mean.Coldest, f.Coldest), max(mean.Warmest, f.Warmest)
		mean.Steady.add(f.Steady)
	}
	mean.RMS = math.Sqrt(square)
	return mean
}
