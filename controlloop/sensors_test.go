package controlloop

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// spare is a fallback sensor that does as it is told; NaN: it fails, infinite:
// it hangs.
type spare struct{ celsius atomic.Uint64 }

func newSpare(celsius float64) *spare {
	s := new(spare)
	s.shows(celsius)
	return s
}

func (s *spare) shows(celsius float64) { s.celsius.Store(math.Float64bits(celsius)) }

func (s *spare) Read(ctx context.Context) (Reading, error) {
	c := math.Float64frombits(s.celsius.Load())
	if math.IsInf(c, 1) {
		<-ctx.Done()
	}
	if math.IsNaN(c) {
		return Reading{}, &BadReading{VerdictAbsent, errors.New("it is gone")}
	}
	return Temperature(c, time.Time{}), nil
}

// withSpares is a zone on the bench with a sensor and further ones.
func withSpares(t *testing.T, p Params, celsius float64, spares ...*spare) *bench {
	b := onBench(t, p, celsius)
	for _, s := range spares {
		b.zone.Fallbacks = append(b.zone.Fallbacks, s)
	}
	return b
}

func expectFault(t *testing.T, s Snapshot, name FaultName, text string) {
	t.Helper()
	for _, f := range s.Faults {
		if f.Name == name {
			if text == "" || !strings.Contains(f.Text, text) {
				t.Errorf("fault %s: %q, want %q", name, f.Text, text)
			}
			return
		}
	}
	if text != "" {
		t.Errorf("no fault %s in %v", name, s.Faults)
	}
}

var absent = &BadReading{VerdictAbsent, errors.New("it is gone")}

// While the first choice is good it decides alone; once its last good reading
// is stale the first good fallback does, at that tick; and back at once.
func TestFallbackStandsInAndReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second2 := newSpare(17), newSpare(16)
		b := withSpares(t, room(), 21, first, second2).settled(heat(20))
		s := b.wait(5 * second)
		expect(t, s, "idle too_warm")
		b.fails(absent)
		s = b.wait(minute) // the last reading of the first choice still counts
		expect(t, s, "idle too_warm")
		expectSensor(t, s, VerdictAbsent, true)
		s = b.wait(5 * second)
		expect(t, s, "heating too_cold")
		if s.Temperature() != 17 || s.Heard != VerdictOK {
			t.Errorf("%v °C, heard %v, want the fallback's 17", s.Temperature(), s.Heard)
		}
		expectSensor(t, s, VerdictAbsent, true)
		expectFault(t, s, "sensor", "it is gone; meanwhile fallback sensor 1 is used")

		first.shows(math.NaN())
		s = b.wait(minute + 10*second)
		expect(t, s, "heating too_cold")
		expectFault(t, s, "sensor", "meanwhile fallback sensor 2 is used")
		expectFault(t, s, "fallback_sensor", "fallback sensor 1: absent: it is gone")
		if s.Temperature() != 16 {
			t.Errorf("%v °C, want 16", s.Temperature())
		}

		b.celsius(21)
		s = b.wait(10 * second)
		expect(t, s, "idle too_warm")
		expectSensor(t, s, VerdictOK, false)
		first.shows(17)
		s = b.wait(10 * second)
		expectFault(t, s, "fallback_sensor", "")
	})
}

// At the start the first choice is waited for until it could have grown stale.
func TestFallbackWaitsForTheFirstChoice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := withSpares(t, room(), 21, newSpare(17))
		b.answers(func(ctx context.Context) (Reading, error) {
			select {
			case <-ctx.Done():
			case <-time.After(750 * time.Millisecond):
			}
			return Temperature(21, time.Time{}), nil
		})
		b.run(heat(20))
		for _, s := range append(b.snapshots(), b.wait(20*second)) {
			if s.State.Heater.On || s.Temperature() == 17 {
				t.Errorf("%v at %v °C, before the first choice could answer", s.State.Action, s.Temperature())
			}
		}

		b = withSpares(t, room(), 21, newSpare(17))
		b.hangs()
		b.run(heat(20))
		expect(t, b.wait(minute), "idle no_reading")
		expect(t, b.wait(30*second), "heating too_cold")
	})
}

// No good sensor is no reading, however many there are.
func TestAllSensorsLostIsTheHeatOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newSpare(17)
		b := withSpares(t, room(), 18, f).settled(heat(20))
		expect(t, b.wait(5*second), "heating too_cold")
		b.fails(absent)
		f.shows(math.NaN())
		expect(t, b.wait(minute), "heating too_cold")
		s := b.wait(10 * second)
		expect(t, s, "idle stale_reading")
		expectFault(t, s, "sensor", "absent")
	})
}

// A sensor that is not in force still opens a cut-out, with a good value and
// with one that is no reading; a dead one holds none open.
func TestEverySensorAliveOpensTheCutout(t *testing.T) {
	for _, row := range []struct{ hot, then float64 }{
		{35, math.NaN()}, {35, math.Inf(1)}, {80, math.NaN()}, {80, math.Inf(1)}, // 80 is not plausible
	} {
		synctest.Test(t, func(t *testing.T) {
			f := newSpare(row.hot)
			b := withSpares(t, room(), 18, f).settled(heat(20))
			s := b.wait(15 * second)
			expect(t, s, "idle heat_cutout")
			if s.Temperature() != 18 {
				t.Errorf("%v °C: the fallback opens the cut-out and decides nothing else", s.Temperature())
			}
			f.shows(row.then)
			expect(t, b.wait(minute+20*second), "heating too_cold")
		})
	}
}

// Two sensors that disagree are both not believed: the last reading grows stale
// as if the sensor were lost. It ends by itself, well within the bound.
func TestOfTwoSensorsThatDisagreeNoneIsBelieved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := room()
		p.MaxDisagreement, p.MaxRate = 2, 1000
		f := newSpare(20)
		b := withSpares(t, p, 18, f).settled(heat(20))
		expect(t, b.wait(5*second), "heating too_cold") // exactly at the bound
		f.shows(20.1)
		s := b.wait(10 * second)
		expect(t, s, "heating too_cold")
		expectFault(t, s, "sensors_disagree", "the sensor shows 18.0 °C and fallback sensor 1 20.1 °C, more than 2 K apart")
		if s.Sensor != VerdictDisagree || s.Heard != VerdictDisagree {
			t.Errorf("sensor %v, heard %v", s.Sensor, s.Heard)
		}
		s = b.wait(minute + 10*second)
		expect(t, s, "idle stale_reading")
		if !math.IsNaN(s.Temperature()) {
			t.Errorf("%v °C is shown and is not believed", s.Temperature())
		}
		f.shows(19.7) // inside the bound, but not well
		expect(t, b.wait(10*second), "idle stale_reading")
		f.shows(19.5)
		s = b.wait(10 * second)
		expect(t, s, "heating too_cold")
		expectFault(t, s, "sensors_disagree", "")
		expectSensor(t, s, VerdictOK, false)

		f.shows(30)
		expect(t, b.wait(2*minute), "idle stale_reading")
		f.shows(math.NaN()) // alone again, the first choice is believed
		expect(t, b.wait(minute+20*second), "heating too_cold")
	})
}

// Sensors far apart still open the cut-out.
func TestDisagreementHoldsNoCutoutBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := room()
		p.MaxDisagreement, p.MaxRate = 2, 1000
		f := newSpare(18)
		b := withSpares(t, p, 18, f).settled(heat(20))
		expect(t, b.wait(5*second), "heating too_cold")
		f.shows(35)
		expect(t, b.wait(10*second), "idle heat_cutout")
	})
}

// quantized gives a reading as a thermometer with these steps (K) does.
func quantized(celsius, step float64, at time.Time) Reading {
	return Temperature(math.Round(celsius/step)*step, at)
}

// frozenAfter counts the heating time until a constant value is called frozen,
// once the judge has seen the sensor change by its step.
func frozenAfter(p Params, step float64, heating bool) time.Duration {
	var j Judge
	at := morning
	next := func(celsius float64) Verdict {
		at = at.Add(p.Sample)
		return j.Weigh(p, quantized(celsius, step, at), at, heating)
	}
	if step > 0 {
		next(20)
		next(20 + step)
	}
	next(20)
	began := at
	for at.Sub(began) < 100*time.Hour {
		if next(20) == VerdictFrozen {
			return at.Sub(began)
		}
	}
	return 0
}

// A value without a change is frozen after frozen_after of heating, and later
// the coarser the sensor's steps are; while nothing is on it never is.
func TestAValueIsFrozenUnderHeatAloneAndLaterInCoarseSteps(t *testing.T) {
	p := room()
	p.FrozenAfter = 3 * time.Hour
	for _, row := range []struct {
		step    float64
		heating bool
		want    time.Duration
	}{
		{0.0625, true, 3 * time.Hour}, {0.125, true, 6 * time.Hour}, {0.5, true, 24 * time.Hour},
		{0.01, true, 3 * time.Hour}, {1, true, 24 * time.Hour}, {0.0625, false, 0},
	} {
		if got := frozenAfter(p, row.step, row.heating); got != row.want {
			t.Errorf("steps of %v K, heating %v: after %v, want %v", row.step, row.heating, got, row.want)
		}
	}
	p.FrozenAfter = 0
	if got := frozenAfter(p, 0.0625, true); got != 0 {
		t.Errorf("after %v, although it is never to be", got)
	}
}

// Only heating counts, any change of the temperature ends it and none of the
// humidity, and a gap between readings is no time that a value stood.
func TestFrozenCountsOnlyStillnessUnderHeat(t *testing.T) {
	p := room()
	p.FrozenAfter = 3 * time.Hour
	var q Stillness
	humid := func(percent float64, after time.Duration) Reading {
		r := Temperature(20, morning.Add(after))
		r.Humidity = percent
		return r
	}
	q.Step = finestStep
	steps := []struct {
		r       Reading
		heating bool
		heated  time.Duration
	}{
		{humid(50, 0), true, 0},
		{humid(50, minute), true, minute},
		{humid(50, 2*minute), false, minute},
		{humid(50, time.Hour), true, 2 * minute}, // a gap counts for stale_after at most
		{humid(50, time.Hour), true, 2 * minute}, // the same answer again
		{humid(51, time.Hour+minute), true, 3 * minute},
		{humid(math.NaN(), time.Hour+2*minute), true, 4 * minute},
		{Temperature(20.0625, morning.Add(time.Hour+3*minute)), true, 0},
		{Temperature(20.0625, morning.Add(time.Hour+4*minute)), true, minute},
	}
	for i, st := range steps {
		if q.frozen(&p, st.r, st.heating) || q.Heated != st.heated {
			t.Errorf("step %d: heated %v, want %v", i+1, q.Heated, st.heated)
		}
	}
}

// In the zone: the heat ends one stale_after later, and a change heals it.
func TestFrozenSensorEndsTheHeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := room()
		p.FrozenAfter = 3 * time.Hour
		b := onBench(t, p, 18).settled(heat(20))
		b.celsius(18.0625)
		b.wait(20 * second)
		b.celsius(18)
		b.wait(10 * second)
		expect(t, b.wait(3*time.Hour-20*second), "heating too_cold")
		s := b.wait(30 * second)
		expectSensor(t, s, VerdictFrozen, true)
		expectFault(t, s, "sensor", "stands at 18.00 °C to the last bit")
		expect(t, b.wait(minute), "idle stale_reading")
		expect(t, b.wait(10*time.Hour), "idle stale_reading") // off, and still no change
		b.celsius(17.9375)
		s = b.wait(10 * second)
		expect(t, s, "heating too_cold")
		expectSensor(t, s, VerdictOK, false)
	})
}

// TestASensorThatDiesAtTheCutoutLeavesNoDuty: nobody knows what its last value was worth.
func TestASensorThatDiesAtTheCutoutLeavesNoDuty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := room()
		p.Cooler = false
		p.Loss = Duty{Percent: 20, Period: 10 * minute, For: time.Hour}
		b := onBench(t, p, 18).settled(heat(20))
		b.celsius(60)
		b.wait(p.Sample)
		b.fails(absent)
		for range 60 {
			if s := b.wait(minute); s.State.Heater.On || s.State.Reason != ReasonHeatCutout {
				t.Fatalf("%v %v", s.State.Action, s.State.Reason)
			}
		}
	})
}
