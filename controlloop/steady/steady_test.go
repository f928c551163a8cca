package steady

import (
	"math/rand/v2"
	"testing"
	"time"

	"thermostat/controlloop/clocktest"
)

var noon = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

func TestBothClocksTellTheSameIntervalHoweverFarApartTheyWereRead(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var c Clock
	first := c.at(clocktest.Shown(time.Hour, noon))
	for i := range 1000 {
		passed := time.Duration(i) * time.Second
		apart := time.Duration(random.Int64N(int64(2*tolerance))) - tolerance
		now := c.at(clocktest.Shown(time.Hour+passed, noon.Add(passed+apart)))
		if by := now.Sub(first); by != passed {
			t.Fatalf("%v passed, the steady clock says %v", passed, by)
		}
		if by := now.Round(0).Sub(first.Round(0)); by != passed {
			t.Fatalf("%v passed, the wall clock says %v (read %v apart)", passed, by, apart)
		}
	}
}

func TestAClockThatSomebodySetIsFollowedAtOnce(t *testing.T) {
	for _, by := range []time.Duration{time.Second, -time.Second, 128 * time.Millisecond, 30 * 365 * 24 * time.Hour} {
		var c Clock
		first := c.at(clocktest.Shown(time.Hour, noon))
		set := c.at(clocktest.Shown(time.Hour+time.Minute, noon.Add(time.Minute+by)))
		later := c.at(clocktest.Shown(time.Hour+2*time.Minute, noon.Add(2*time.Minute+by)))
		if got := set.Round(0).Sub(first.Round(0)); got != time.Minute+by {
			t.Errorf("set by %v: the wall clock says that %v passed in a minute", by, got)
		}
		if got := later.Round(0).Sub(set.Round(0)); got != time.Minute {
			t.Errorf("set by %v: the minute after took %v", by, got)
		}
		if got := later.Sub(first); got != 2*time.Minute {
			t.Errorf("set by %v: two minutes took %v", by, got)
		}
	}
}
