package controlloop

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/controlloop/mailbox"
)

func withSafety(t *testing.T, p Params, celsius float64) *bench {
	b := onBench(t, p, celsius)
	b.zone.Safety = benchRelay{b, "safety"}
	b.zone.Clears = mailbox.New[struct{}]()
	return b
}

func expectSafety(t *testing.T, what string, s Snapshot, want RelayState) {
	t.Helper()
	if s.SafetyRelay != want {
		t.Errorf("%s: safety relay %v, want %v (%v %v)", what, s.SafetyRelay, want, s.State.Action, s.State.Reason)
	}
}

// The safety relay closes with the first demand of a healthy zone, stays closed
// through the band, and opens on everything that is not healthy.
func TestTheSafetyRelayIsClosedForAHealthyZoneAlone(t *testing.T) {
	for name, row := range map[string]struct {
		harm, mend func(*bench)
		within     time.Duration
	}{
		"mode off":       {func(b *bench) { b.zone.Setpoints.Put(switchedOff) }, func(b *bench) { b.zone.Setpoints.Put(heat(20)) }, 10 * second},
		"sensor lost":    {func(b *bench) { b.fails(absent) }, func(b *bench) { b.celsius(18) }, minute + 20*second},
		"cut-out":        {func(b *bench) { b.celsius(80) }, func(b *bench) { b.celsius(18) }, 20 * second},
		"relay fails":    {func(b *bench) { b.relayFails("heater", errors.New("stuck")) }, func(b *bench) { b.relayFails("heater", nil) }, 20 * second},
		"past the band":  {func(b *bench) { b.celsius(22.5) }, func(b *bench) { b.celsius(18) }, 20 * second},
		"a guard's trip": {func(b *bench) { b.celsius(18) }, func(b *bench) { b.zone.Clears.Put(struct{}{}) }, 13 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := room()
				p.Cooler, p.Electric, p.MaxRate = false, true, 1000
				b := withSafety(t, p, 20).run(heat(20))
				expectSafety(t, "no demand yet", b.wait(30*second), RelayOff)
				b.celsius(18)
				expectSafety(t, "demand", b.wait(20*second), RelayOn)
				b.celsius(20.6)
				expectSafety(t, "past the demand", b.wait(20*second), RelayOn)
				b.celsius(18)
				expectSafety(t, "demand again", b.wait(20*second), RelayOn)
				row.harm(b)
				expectSafety(t, "harm", b.wait(row.within), RelayOff)
				row.mend(b)
				s := b.wait(3 * minute)
				expectSafety(t, "mended", s, RelayOn)
				expect(t, s, "heating too_cold")
			})
		})
	}
}

// No load is switched by the safety relay: it closes before the heater goes on
// and opens after it has gone off. If it does not close, the heater stays off.
func TestSafetyRelaySwitchesNoLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := room()
		p.Cooler = false
		b := withSafety(t, p, 18).run(heat(20))
		b.wait(20 * second)
		b.zone.Setpoints.Put(switchedOff)
		b.wait(20 * second)
		heater, safety := false, false
		for _, e := range b.sets() {
			switch {
			case e.what == "heater" && e.on && !safety:
				t.Errorf("the heater went on at %v behind an open safety relay", e.at)
			case e.what == "safety" && e.on != safety && heater:
				t.Errorf("the safety relay went %v at %v under load", e.on, e.at)
			}
			switch e.what {
			case "heater":
				heater = e.on
			case "safety":
				safety = e.on
			}
		}
		b.relayFails("safety", errors.New("does not close"))
		b.zone.Setpoints.Put(heat(20))
		s := b.wait(20 * second)
		if s.HeaterRelay != RelayOff || !hasFault(s, "relay") {
			t.Errorf("heater %v, faults %v with a safety relay that does not close", s.HeaterRelay, s.Faults)
		}
	})
}

// shortest is the shortest pause of a load behind these relays, by what they were told.
func (b *bench) shortest(relays ...string) time.Duration {
	least, is := time.Hour, map[string]bool{}
	var off time.Time
	for _, e := range b.sets() {
		was := true
		for _, r := range relays {
			was = was && is[r]
		}
		is[e.what] = e.on
		now := true
		for _, r := range relays {
			now = now && is[r]
		}
		switch {
		case was && !now:
			off = e.at
		case now && !was && !off.IsZero():
			least = min(least, e.at.Sub(off))
		}
	}
	return least
}

// TestALoadThatTheSafetyRelayCutServesMinOff: a relay that fails for a moment opens the safety relay under
// load; what it cut rests before it closes again.
func TestALoadThatTheSafetyRelayCutServesMinOff(t *testing.T) {
	for _, fails := range []string{"heater", "safety"} {
		synctest.Test(t, func(t *testing.T) {
			p := room()
			p.Cooler, p.MinOff = false, 5*minute
			b := withSafety(t, p, 18).run(heat(20))
			b.wait(6 * minute)
			expectSafety(t, "demand", b.last(), RelayOn)
			b.relayFails(fails, errors.New("a glitch"))
			b.wait(p.Sample)
			b.relayFails(fails, nil)
			for range 2 {
				if s := b.wait(p.Sample); !s.State.Heater.On {
					expect(t, s, "idle min_off")
				}
			}
			s := b.wait(minute)
			if s.HeaterRelay != RelayOff || len(s.Faults) > 0 {
				t.Errorf("the %s failed: heater %v, %v", fails, s.HeaterRelay, s.Faults)
			}
			expect(t, s, "idle min_off")
			expect(t, b.wait(6*minute), "heating too_cold")
			if least := b.shortest("heater", "safety"); least < p.MinOff {
				t.Errorf("the %s failed for a moment, and the load paused for %v of %v", fails, least, p.MinOff)
			}
		})
	}
}

// TestAnOutputThatGivesWayToOneThatDoesNotObeyServesMinOff: the cooler fails to go off for a
// moment, so the heater goes off, and rests.
func TestAnOutputThatGivesWayToOneThatDoesNotObeyServesMinOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := room()
		p.MinOff = 5 * minute
		b := onBench(t, p, 18).run(both(20))
		expect(t, b.wait(6*minute), "heating too_cold")
		for range 3 {
			b.relayFails("cooler", errors.New("a glitch"))
			b.wait(p.Sample)
			b.relayFails("cooler", nil)
			b.wait(p.Sample)
		}
		expect(t, b.wait(minute), "idle min_off")
		expect(t, b.wait(6*minute), "heating too_cold")
		if least := b.shortest("heater"); least < p.MinOff {
			t.Errorf("it paused for %v of %v", least, p.MinOff)
		}
	})
}

// planned lets what a test stores be the zone's target, with the setpoint that was said.
func (b *bench) planned() *atomic.Pointer[Target] {
	var is atomic.Pointer[Target]
	is.Store(&Target{})
	b.zone.Plan = func(said Setpoint, _ Look) Target {
		target := *is.Load()
		if target.Setpoint = said; target.Frost {
			target.Setpoint.Desired, target.Setpoint.UpDelta, target.Setpoint.DownDelta = 5.5, 0.5, 0.5
		}
		return target
	}
	return &is
}

// TestAnOpenWindowIsNoOffForTheSafetyRelay: it stays closed, since the mode stays, and
// opens 2 K past the band as ever.
func TestAnOpenWindowIsNoOffForTheSafetyRelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := room()
		p.Cooler, p.MaxRate = false, 1000
		b := withSafety(t, p, 18)
		target := b.planned()
		b.run(heat(20))
		expectSafety(t, "demand", b.wait(20*second), RelayOn)
		target.Store(&Target{Bar: true})
		s := b.wait(20 * second)
		expectSafety(t, "an open window", s, RelayOn)
		expect(t, s, "idle window_open")
		b.celsius(22.5)
		expectSafety(t, "past the band", b.wait(30*second), RelayOff)
		b.celsius(18)
		target.Store(&Target{})
		expect(t, b.wait(30*second), "heating too_cold")
	})
}

// TestFrostProtectionClosesTheSafetyRelayInModeOff: and it opens again behind it.
func TestFrostProtectionClosesTheSafetyRelayInModeOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := room()
		p.Cooler, p.MaxRate = false, 1000
		b := withSafety(t, p, 4)
		target := b.planned()
		b.run(switchedOff)
		expectSafety(t, "off", b.wait(20*second), RelayOff)
		target.Store(&Target{Frost: true})
		s := b.wait(20 * second)
		expectSafety(t, "frost", s, RelayOn)
		expect(t, s, "heating too_cold")
		b.fails(absent)
		s = b.wait(minute + 20*second)
		expectSafety(t, "no reading", s, RelayOff)
		expect(t, s, "off stale_reading")
		b.celsius(5)
		target.Store(&Target{})
		expectSafety(t, "off", b.wait(20*second), RelayOff)
	})
}

// The end and a panic open it.
func TestSafetyRelayOpensAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := room()
		p.Cooler = false
		b := withSafety(t, p, 18).run(heat(20))
		expectSafety(t, "heating", b.wait(20*second), RelayOn)
		if err := b.end(); err != nil {
			t.Error(err)
		}
		last := map[string]bool{}
		for _, e := range b.sets() {
			last[e.what] = e.on
		}
		if last["heater"] || last["safety"] {
			t.Errorf("left on: %v", last)
		}
	})
}

// An electric heater that is on in vain goes off, stays off over a restart, and
// comes back when somebody clears it; a boiler's is told and stays on.
func TestAnElectricHeaterOnInVainIsOffUntilCleared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := room()
		p.Cooler, p.Electric = false, true
		b := withSafety(t, p, 18).run(heat(20))
		expect(t, b.wait(12*time.Hour-10*second), "heating too_cold")
		s := b.wait(10 * minute)
		expect(t, s, "idle not_warming")
		expectFault(t, s, "not_warming", "is off until somebody clears this")
		past := Past{Heat: PastWatcher{s.Guard.Heat.Learned, s.Guard.Heat.Tripped}}
		b.end()

		b = withSafety(t, p, 18)
		b.zone.Past = past
		b.run(heat(20))
		s = b.wait(time.Hour)
		expect(t, s, "idle not_warming")
		expectFault(t, s, "not_warming", "clears")
		b.zone.Clears.Put(struct{}{})
		s = b.wait(0)
		expect(t, s, "heating too_cold")
		expectFault(t, s, "not_warming", "")
		b.end()

		p.Electric = false
		b = withSafety(t, p, 18).run(heat(20))
		s = b.wait(13 * time.Hour)
		expect(t, s, "heating too_cold")
		expectFault(t, s, "not_warming", "stays ordered on")
		b.celsius(19)
		s = b.wait(10 * minute)
		expectFault(t, s, "not_warming", "")
	})
}

// A room that goes on warming for a day and a night is told of.
func TestARoomThatWarmsForADayAndANightIsAFault(t *testing.T) {
	for _, row := range []struct {
		safety, open bool   // open: a window is, and the watchers rest
		says         string // no fault where it is empty
	}{{false, false, "There is no safety relay"}, {true, false, "The safety relay opens"}, {true, true, ""}} {
		synctest.Test(t, func(t *testing.T) {
			p := room()
			p.Cooler, p.MaxRate = false, 1000
			b := withSafety(t, p, 18)
			if !row.safety {
				b.zone.Safety = nil
			}
			target := b.planned()
			b.run(heat(20))
			b.wait(time.Hour)
			b.celsius(20.6)
			b.wait(time.Hour)
			target.Store(&Target{Bar: row.open})
			b.celsius(28)
			s := b.wait(19 * time.Hour)
			expectFault(t, s, "still_warming", "")
			expectFault(t, b.wait(3*time.Hour), "still_warming", row.says)
		})
	}
}

// A relay that does not obey is a fault of its own: an electric heater is not
// latched for it, the sun proves nothing meanwhile, and it has all its time once
// the relay obeys again. So it is when the safety relay keeps the heater off.
func TestLostOrdersAreNotInVain(t *testing.T) {
	for _, relay := range []string{"heater", "safety"} {
		synctest.Test(t, func(t *testing.T) {
			p := room()
			p.Cooler, p.Electric = false, true
			b := withSafety(t, p, 18).run(heat(20))
			b.relayFails(relay, errors.New("no broker"))
			s := b.wait(24 * time.Hour)
			for range 5 {
				b.celsius(18.5)
				b.wait(time.Hour)
				b.celsius(18)
				s = b.wait(time.Hour)
			}
			if !hasFault(s, "relay") || hasFault(s, "not_warming") {
				t.Errorf("%s: a day and a half without it: %v", relay, s.Faults)
			}
			b.relayFails(relay, nil)
			if s = b.wait(11 * time.Hour); len(s.Faults) > 0 || s.HeaterRelay != RelayOn {
				t.Errorf("%s: 11 hours with it: %v, heater %v", relay, s.Faults, s.HeaterRelay)
			}
			if s = b.wait(90 * minute); !hasFault(s, "not_warming") || s.HeaterRelay != RelayOff {
				t.Errorf("%s: and more than 12: %v, heater %v", relay, s.Faults, s.HeaterRelay)
			}
		})
	}
}
