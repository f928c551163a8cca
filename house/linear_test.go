package house

import (
	"math"
	"testing"
	"time"
)

func TestLinearMovesByOneKelvin(t *testing.T) {
	const up, down = 10 * time.Minute, 15 * time.Minute
	for _, c := range []struct {
		name       string
		heat, cool bool
		dt         time.Duration
		want       float64
	}{
		{"heater on for up", true, false, up, 21},
		{"heater off for down", false, false, down, 19},
		{"heater on for three times up", true, false, 3 * up, 23},
		{"cooler takes one more K every up", false, true, 30 * time.Minute, 20 - 2 - 3},
		{"heater and cooler cancel", true, true, time.Hour, 20},
		{"no time", true, false, 0, 20},
		{"time does not run backwards", true, false, -up, 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := NewLinear(20, 3, up, down)
			l.Heat(c.heat)
			l.Cool(c.cool)
			l.Advance(c.dt)
			if math.Abs(l.Air()-c.want) > 1e-12 || l.Sensed() != l.Air() {
				t.Errorf("air %v, sensed %v, want both %v", l.Air(), l.Sensed(), c.want)
			}
		})
	}
}

// Without heat the room comes to the outdoors from either side, stays there, and
// how time is cut into steps makes no difference.
func TestLinearEndsAtItsOutdoors(t *testing.T) {
	const up, down = 10 * time.Minute, 15 * time.Minute
	for _, c := range []struct {
		name           string
		start, outdoor float64
		cool           bool
		up             time.Duration
		dt             time.Duration
		want           float64
	}{
		{"falls to it", 5, 3, false, up, time.Hour, 3},
		{"stands there", 3, 3, false, up, 1000 * time.Hour, 3},
		{"on the way", 5, 3, false, up, down, 4},
		{"rises to it", -2, 3, false, up, 100 * time.Hour, 3},
		{"a cooler goes on below, slower", 5, 3, true, up, 12*time.Minute + 30*time.Minute, 2},
		{"a weak cooler ends there", 5, 3, true, 20 * time.Minute, 100 * time.Hour, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			once, often := NewLinear(c.start, c.outdoor, c.up, down), NewLinear(c.start, c.outdoor, c.up, down)
			once.Cool(c.cool)
			often.Cool(c.cool)
			once.Advance(c.dt)
			for range 1000 {
				often.Advance(c.dt / 1000)
			}
			if math.Abs(once.Air()-c.want) > 1e-9 || math.Abs(often.Air()-c.want) > 1e-9 || once.Outdoor() != c.outdoor {
				t.Errorf("at once %v, in steps %v, want %v", once.Air(), often.Air(), c.want)
			}
		})
	}
}
