package drivers

import (
	"math"
	"math/rand/v2"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/foresee"
	"thermostat/controlloop/roomtest"
)

// What the zones of the campaigns have learned of their rooms: what these have shown, or lies
// that no reading puts right.

// claim is what a zone would know of a room that has shown these numbers for years. It takes whatever
// the room does for the weather, so that it is trusted also where it lies.
func claim(gain, loss float64, lag int) foresee.Known { return roomtest.Known(gain, loss, lag, 1) }

// fabulist puts another lie in the place of what a zone has learned, every few segments. It does so in the
// zone's own goroutine.
type fabulist struct {
	rng  *rand.Rand
	next time.Time
	told int
}

func (f *fabulist) speaks(z *controlloop.Zone, now time.Time) {
	if f == nil || now.Before(f.next) {
		return
	}
	*z.Foresight() = controlloop.Recall(f.lie())
	f.next = now.Add(time.Duration(1+2*f.rng.Float64()) * time.Hour) // after each the zone goes by hysteresis for half an hour
	f.told++
}

// lie is one of all that the learner might come to, and could not.
func (f *fabulist) lie() foresee.Known {
	gain, loss, lag := 0.5+6*f.rng.Float64(), 0.05+0.5*f.rng.Float64(), f.rng.IntN(12)
	k := claim(gain, loss, lag)
	switch f.rng.IntN(9) {
	case 0:
		k = claim(0, loss, lag)
	case 1:
		k = claim(gain, 8, lag)
	case 2:
		k = claim(-gain, loss, lag)
	case 3:
		k = claim(5*gain, loss, lag)
	case 4:
		k = claim(math.NaN(), loss, lag)
	case 5:
		k = claim(90*f.rng.Float64(), 8*f.rng.Float64(), lag)
	case 6:
		k.Band, k.Late = 5*f.rng.NormFloat64(), 3*f.rng.Float64()
	case 7:
		k.Peak, k.Trough = f.rng.NormFloat64(), f.rng.NormFloat64()
	}
	return k
}
