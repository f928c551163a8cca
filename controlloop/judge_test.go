package controlloop

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"
)

// said is a reading so long after the one before it, and its verdict.
type said struct {
	after   time.Duration
	celsius float64
	want    Verdict
}

// The first reading, and the first after an absence, is believed once a second
// one agrees with it: so a lie never makes the truth the jump that is held back.
func TestFirstReadingWaitsForASecondThatAgrees(t *testing.T) {
	const sample, unconfirmed, tooFast, ok = 5 * second, VerdictUnconfirmed, VerdictTooFast, VerdictOK
	for name, row := range map[string]struct {
		stale time.Duration
		said  []said
	}{
		"a healthy start":                     {minute, []said{{0, 20, unconfirmed}, {sample, 20.1, ok}, {sample, 20.2, ok}}},
		"the first is the lie":                {minute, []said{{0, 5, unconfirmed}, {sample, 21, tooFast}, {sample, 21.1, ok}}},
		"the second is the lie":               {minute, []said{{0, 21, unconfirmed}, {sample, 5, tooFast}, {sample, 21, tooFast}, {sample, 21, ok}}},
		"no two agree":                        {minute, []said{{0, 21, unconfirmed}, {sample, 5, tooFast}, {sample, 12, tooFast}, {sample, 30, tooFast}}},
		"one word said again":                 {minute, []said{{0, 5, unconfirmed}, {10 * time.Millisecond, 5, unconfirmed}, {sample, 21, tooFast}, {10 * time.Millisecond, 21, tooFast}, {sample, 21, ok}}},
		"ten words a second":                  {minute, []said{{0, 20, unconfirmed}, {60 * time.Millisecond, 20, unconfirmed}, {60 * time.Millisecond, 20, ok}}},
		"every ten minutes":                   {25 * minute, []said{{0, 19, unconfirmed}, {10 * minute, 20, ok}, {10 * minute, 22, ok}}},
		"a lie of ten minutes":                {25 * minute, []said{{0, 5, unconfirmed}, {10 * minute, 21, tooFast}, {10 * minute, 21.5, ok}}},
		"slower than stale_after":             {5 * minute, []said{{0, 19, unconfirmed}, {10 * minute, 19.5, ok}, {10 * minute, 20.4, ok}, {10 * minute, 19.6, ok}}},
		"the same after an absence":           {minute, []said{{0, 20, unconfirmed}, {sample, 20, ok}, {time.Hour, 20.9, ok}}},
		"another value after an absence":      {minute, []said{{0, 20, unconfirmed}, {sample, 20, ok}, {time.Hour, 17, unconfirmed}, {sample, 17, ok}}},
		"a lie after an absence":              {minute, []said{{0, 20, unconfirmed}, {sample, 20, ok}, {time.Hour, 5, unconfirmed}, {sample, 20, ok}}},
		"not plausible, and then as it is":    {minute, []said{{0, 85, VerdictImplausible}, {sample, 20, unconfirmed}, {sample, 20, ok}}},
		"confirmed long after the first word": {minute, []said{{0, 20, unconfirmed}, {3 * time.Hour, 21, ok}}},
	} {
		p, at := room(), morning
		p.StaleAfter = row.stale
		var j Judge
		for i, s := range row.said {
			at = at.Add(s.after)
			if got := j.Weigh(p, Temperature(s.celsius, at), at, false); got != s.want {
				t.Errorf("%s: reading %d of %v °C is %v, want %v", name, i+1, s.celsius, got, s.want)
			}
			if s.want == ok && j.Last.Celsius != s.celsius {
				t.Errorf("%s: %v °C is believed, want %v", name, j.Last.Celsius, s.celsius)
			}
		}
	}
}

// A room of 21 °C that shall have 20, and a first reading of 5 °C: nothing heats,
// no fault is told of the start itself, and the truth counts after two more.
func TestFirstLieDoesNotHeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := onBench(t, room(), 5).run(heat(20))
		expectSensor(t, b.last(), VerdictUnconfirmed, false)
		b.celsius(21)
		b.wait(10 * second)
		s := b.wait(10 * second)
		expect(t, s, "idle too_warm")
		for _, e := range b.sets() {
			if e.on {
				t.Errorf("switched on: %v", e)
			}
		}
	})
}

// What is not believed yet opens a cut-out all the same: a first reading, and one
// that a driver holds back.
func TestWhatIsHeldBackOpensTheCutout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := onBench(t, room(), 36).run(heat(20))
		expect(t, b.last(), "idle heat_cutout")
		expectSensor(t, b.last(), VerdictUnconfirmed, false)

		b = onBench(t, room(), 18).settled(heat(20))
		expect(t, b.last(), "heating too_cold")
		b.answers(func(context.Context) (Reading, error) {
			return Reading{}, &HeldReading{Temperature(36, time.Now()), &BadReading{Verdict: VerdictTooFast, Err: errors.New("set up anew")}}
		})
		s := b.wait(10 * second)
		expect(t, s, "idle heat_cutout")
		expectSensor(t, s, VerdictTooFast, true)
		expectFault(t, s, "sensor", "set up anew")
		if s.Temperature() != 18 {
			t.Errorf("%v °C is shown, and nobody believes it", s.Temperature())
		}
	})
}

// A fallback does not overtake a first choice that has spoken once.
func TestFallbackWaitsForTheSecondWordOfTheFirstChoice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := newSpare(17)
		b := withSpares(t, room(), 21, first).run(heat(20))
		for _, s := range append(b.snapshots(), b.wait(10*second), b.wait(10*second)) {
			if s.State.Heater.On || s.Temperature() == 17 {
				t.Errorf("%v at %v °C", s.State.Action, s.Temperature())
			}
		}
		expect(t, b.last(), "idle too_warm")
	})
}

// stuck steps a zone that heats all the time on a thermometer that stands at
// 19 °C beside a live hygrometer, and gives how long it heated in two days.
func stuck(step float64) (heated time.Duration) {
	now, percent := morning, 50.0
	p := with(func(p *Params) { p.FrozenAfter = 3 * time.Hour })
	sensor := sensorFunc(func() (Reading, error) {
		percent += 0.1
		return Reading{Celsius: 19, Humidity: math.Mod(percent, 100), Pascal: 100000 + percent, Step: step, At: now}, nil
	})
	s := NewStepper(&Zone{Params: p, Sensor: sensor, Heater: deafRelay{}}, heat(21), now)
	for now.Sub(morning) < 48*time.Hour {
		now = now.Add(p.Sample)
		if s.Tick(now); s.State().Heater.On {
			heated += p.Sample
		}
	}
	return heated
}

type sensorFunc func() (Reading, error)

func (f sensorFunc) Read(context.Context) (Reading, error) { return f() }

// A live hygrometer is no proof of a live thermometer. Where the driver knows
// the steps of its chip, a value that never changed is judged by them.
func TestLiveHumidityHidesNoFrozenThermometer(t *testing.T) {
	for step, want := range map[float64]time.Duration{0: 24 * time.Hour, 0.01: 3 * time.Hour, 0.0625: 3 * time.Hour, 0.125: 6 * time.Hour, 0.5: 24 * time.Hour} {
		if got := stuck(step); got < want || got > want+2*minute {
			t.Errorf("steps of %v K: heated %v, want %v and stale_after", step, got, want)
		}
	}
}
