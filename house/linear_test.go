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
			l := NewLinear(20, up, down)
			l.Heat(c.heat)
			l.Cool(c.cool)
			l.Advance(c.dt)
			if math.Abs(l.Air()-c.want) > 1e-12 || l.Sensed() != l.Air() {
				t.Errorf("air %v, sensed %v, want both %v", l.Air(), l.Sensed(), c.want)
			}
		})
	}
}
