package service

import (
	"testing"
	"time"
)

// The two clocks are read one after the other, so what lies between them jitters;
// what was told once does not.
func TestSleepClockRisesBySuspendsAlone(t *testing.T) {
	ahead := time.Hour
	c := &SleepClock{Ahead: func() time.Duration { return ahead }}
	for _, row := range []struct{ is, want time.Duration }{
		{time.Hour, time.Hour},
		{time.Hour + time.Millisecond, time.Hour},
		{time.Hour - time.Minute, time.Hour}, // a reading that was disturbed
		{time.Hour + napKnown, time.Hour + napKnown},
		{time.Hour + napKnown + napKnown/2, time.Hour + napKnown},
		{time.Hour + 2*napKnown, time.Hour + 2*napKnown}, // short ones add up
	} {
		ahead = row.is
		if got := c.Total(); got != row.want {
			t.Errorf("%v ahead: %v, want %v", row.is, got, row.want)
		}
	}
}

// This machine does not sleep while it tests.
func TestBootClockOfThisMachineStandsStillBesideGos(t *testing.T) {
	first := BootAhead()
	for range 1000 {
		if d := BootAhead() - first; d > napKnown || d < -napKnown {
			t.Fatalf("ahead by %v more", d)
		}
	}
}
