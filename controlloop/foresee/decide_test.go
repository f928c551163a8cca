package foresee

import (
	"math"
	"math/rand/v2"
	"testing"
)

// anyModel is a model with numbers of every kind, possible or not, and always trusted.
func anyModel(rng *rand.Rand) Model {
	number := func(usual float64) float64 {
		switch rng.IntN(12) {
		case 0:
			return math.NaN()
		case 1:
			return math.Inf(1 - 2*rng.IntN(2))
		case 2:
			return 0
		case 3:
			return -usual
		case 4:
			return usual * 1e9
		}
		return usual * rng.Float64()
	}
	m := Model{
		Trusted: true, Lag: lags[rng.IntN(len(lags))], Gain: rng.Float64() * maxGain, Loss: rng.Float64() * maxLoss, Emitted: rng.Float64(),
		Shadow: 10 + 15*rng.Float64(), Drift: 20 * rng.NormFloat64(), Band: rng.Float64(), Peak: rng.NormFloat64(), Trough: rng.NormFloat64(), Late: 0.5 + rng.Float64(), Least: rng.Float64(),
	}
	if rng.IntN(2) == 0 { // else one that may be, and lies
		m.Lag, m.Gain, m.Loss, m.Emitted = number(7), number(90), number(8), number(1)
		m.Shadow, m.Drift, m.Band, m.Peak, m.Trough, m.Late, m.Least = number(25), number(30), number(1), number(1), number(1), number(2), number(1)
	}
	return m
}

func anyAsk(rng *rand.Rand) Ask {
	a := Ask{
		Celsius: 14 + 10*rng.Float64(), On: rng.IntN(2) == 0, For: 3 * rng.Float64(), Desired: 16 + 6*rng.Float64(), Up: rng.Float64(), Down: rng.Float64(),
		Next: Next{Known: rng.IntN(3) > 0, In: 12 * rng.Float64(), Goal: 14 + 10*rng.Float64()},
	}
	if rng.IntN(2) == 0 {
		a.Celsius = a.Desired + 2*(rng.Float64()-0.5)
	}
	return a
}

// TestTheUsersBandHasTheFirstAndTheLastWordWhateverAModelSays: below it there is heat, above what is
// aimed at there is none, and nothing beyond six hours counts.
func TestTheUsersBandHasTheFirstAndTheLastWordWhateverAModelSays(t *testing.T) {
	rng := rand.New(rand.NewPCG(26, 1))
	reasons := map[Why]int{}
	decisions := 1_000_000
	if testing.Short() {
		decisions = 200_000
	}
	for range decisions {
		m, a := anyModel(rng), anyAsk(rng)
		on, why := m.Decide(a)
		reasons[why]++
		highest := a.Desired
		if a.Next.Known && a.Next.In < 6 {
			highest = max(highest, a.Next.Goal)
		}
		switch {
		case a.Celsius < a.Desired-a.Down && !on:
			t.Fatalf("no heat below the band: %+v %+v %v", m, a, why)
		case on && a.Celsius > highest+a.Up:
			t.Fatalf("heat above all that is aimed at: %+v %+v %v", m, a, why)
		case why == Preheats && !(a.Next.Known && a.Next.In < 6 && a.Next.Goal > a.Desired):
			t.Fatalf("a preheat for nothing: %+v %+v", m, a)
		case why == SetbackSoon && !(a.Next.Known && a.Next.In < 6 && a.Next.Goal < a.Desired):
			t.Fatalf("a set-back that is not near: %+v %+v", m, a)
		case on != a.On && a.For < m.Least && (why == TooColdSoon || why == WarmEnough):
			t.Fatalf("a stretch shorter than the least: %+v %+v %v", m, a, why)
		}
	}
	for _, why := range []Why{Stays, TooCold, TooWarm, TooColdSoon, WarmEnough, Preheats, SetbackSoon} {
		if reasons[why] < 100 {
			t.Errorf("reason %d came %d times only: this proves little", why, reasons[why])
		}
	}
}

// TestWithoutTrustItIsHysteresis: decision by decision, and with a model that no room can have as well.
func TestWithoutTrustItIsHysteresis(t *testing.T) {
	rng := rand.New(rand.NewPCG(26, 2))
	for range 300_000 {
		m, a := anyModel(rng), anyAsk(rng)
		switch rng.IntN(3) {
		case 0:
			m.Trusted = false
		case 1:
			m.Lag = 0
		case 2:
			m.Drift = math.NaN()
		}
		want := a.On
		if a.Celsius < a.Desired-a.Down {
			want = true
		} else if a.Celsius > a.Desired+a.Up {
			want = false
		}
		if on, _ := m.Decide(a); on != want {
			t.Fatalf("%v, and hysteresis says %v: %+v %+v", on, want, m, a)
		}
	}
}

// TestNoProgramIsThatOfAnEmptyOne: a next transition that is none, or that asks for the same, changes nothing.
func TestNoProgramIsThatOfAnEmptyOne(t *testing.T) {
	rng := rand.New(rand.NewPCG(26, 3))
	for range 300_000 {
		m, a := anyModel(rng), anyAsk(rng)
		a.Next = Next{}
		on, why := m.Decide(a)
		a.Next = Next{Known: true, In: 6 * rng.Float64(), Goal: a.Desired}
		if again, because := m.Decide(a); again != on || because != why {
			t.Fatalf("%v %v, and with a step to the same temperature %v %v: %+v %+v", on, why, again, because, m, a)
		}
	}
}

// radiator is a room as its model has it: 20 minutes of lag, 6 K/h, a wall that takes 1 K/h at 2 K.
var radiator = Model{Trusted: true, Lag: 20 / 60., Gain: 6, Loss: 0.5, Shadow: 20, Drift: 1.5, Band: 0.3, Late: 1, Least: 0.1}

// TestWhatIsForeseenIsWhatTheEquationsSay: peak, trough and time against an integration in steps of a second.
func TestWhatIsForeseenIsWhatTheEquationsSay(t *testing.T) {
	for _, lag := range lags {
		for _, emitted := range []float64{0, 0.4, 1} {
			m := radiator
			m.Lag, m.Emitted = lag, emitted
			fine := func(u float64, until func(c, before float64, hours float64) bool) (hours, c float64) {
				h, shadow, c := emitted, m.Shadow, 20.5
				const dt = 1 / 3600.
				for ; hours < Horizon; hours += dt {
					before := c
					c += (m.Gain*h - m.Loss*(c-shadow) - m.Drift) * dt
					shadow += (before - shadow) / 4 * dt
					h += (u - h) * (1 - math.Exp(-dt/lag))
					if until(c, before, hours) {
						break
					}
				}
				return hours, c
			}
			_, peak := fine(0, func(c, before, _ float64) bool { return c < before })
			if got := m.Highest(20.5); math.Abs(got-peak) > 0.05 {
				t.Errorf("lag %.0f min, %v emitted: highest %.3f, want %.3f", lag*60, emitted, got, peak)
			}
			_, trough := fine(1, func(c, before, _ float64) bool { return c > before })
			if got := m.Lowest(20.5); math.Abs(got-trough) > 0.05 {
				t.Errorf("lag %.0f min, %v emitted: lowest %.3f, want %.3f", lag*60, emitted, got, trough)
			}
			takes, _ := fine(1, func(c, _, _ float64) bool { return c >= 22 })
			if got := m.Reaches(20.5, 22, Horizon); takes < Horizon && math.Abs(got-takes) > 0.05 {
				t.Errorf("lag %.0f min, %v emitted: 22 °C after %.3f h, want %.3f", lag*60, emitted, got, takes)
			}
			lasts, _ := fine(0, func(c, _, _ float64) bool { return c < 20 })
			if lasts < Horizon && (!m.Stays(20.5, 20, lasts-0.1) || m.Stays(20.5, 20, lasts+0.1)) {
				t.Errorf("lag %.0f min, %v emitted: it stays at 20 °C for %.3f h", lag*60, emitted, lasts)
			}
		}
	}
}

// TestALookThatEndsEarlyGivesTheSameAnswer: what takes no longer than is asked for is as it was, and else it takes longer.
func TestALookThatEndsEarlyGivesTheSameAnswer(t *testing.T) {
	rng, early := rand.New(rand.NewPCG(26, 4)), 0
	for range 60_000 {
		m := anyModel(rng)
		if !m.possible() {
			continue
		}
		celsius, goal, within := 17+rng.Float64(), 18+4*rng.Float64(), 7*rng.Float64()
		is, want := m.Reaches(celsius, goal, within), m.Reaches(celsius, goal, Horizon)
		if want <= within && is != want || want > within && is <= within {
			t.Fatalf("%v h where %v counts, and without an end %v: %+v", is, within, want, m)
		}
		if is != want {
			early++
		}
	}
	if early < 1000 {
		t.Errorf("only %d looks ended early: this proves little", early)
	}
}

// TestWhatIsInTheEmitterIsNotOrderedTwice: off with a hot emitter, short of the goal, it waits.
func TestWhatIsInTheEmitterIsNotOrderedTwice(t *testing.T) {
	m := radiator
	m.Lag, m.Emitted = 90/60., 1
	a := Ask{Celsius: 20.5, Desired: 17, Up: 0.5, Down: 0.5, For: 0.01, Next: Next{Known: true, In: 0.02, Goal: 21}}
	if on, why := m.Decide(a); on {
		t.Errorf("it goes on (%v), though the emitter alone brings it to %.1f °C", why, m.Highest(20.5))
	}
	m.Emitted = 0
	if on, why := m.Decide(a); !on || why != Preheats {
		t.Errorf("with a cold emitter: %v %v, want a preheat", on, why)
	}
}

// TestExpAndLnAreThoseOfMathematics: within a few units of the last place, where they are used.
func TestExpAndLnAreThoseOfMathematics(t *testing.T) {
	rng := rand.New(rand.NewPCG(26, 4))
	for range 100_000 {
		x := 100 * (rng.Float64() - 0.5)
		if got, want := exp(x), math.Exp(x); math.Abs(got-want) > 2e-13*want {
			t.Fatalf("exp(%v) is %v, want %v", x, got, want)
		}
		y := math.Exp(x)
		if got, want := ln(y), math.Log(y); math.Abs(got-want) > 1e-14*max(1, math.Abs(want)) {
			t.Fatalf("ln(%v) is %v, want %v", y, got, want)
		}
	}
}
