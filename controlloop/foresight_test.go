package controlloop

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"thermostat/controlloop/foresee"
	"thermostat/controlloop/roomtest"
)

// TestWithoutTrustTheLawIsPlainHysteresis, decision by decision, whatever the model says.
func TestWithoutTrustTheLawIsPlainHysteresis(t *testing.T) {
	for seed := range uint64(100) {
		d := newDay(seed)
		var s State
		for in := d.input(); d.now.Before(morning.Add(24 * time.Hour)); in = d.next(s) {
			in.Model.Trusted = false
			plain := in
			plain.Model, plain.Next = foresee.Model{}, foresee.Next{}
			want := Decide(d.p, s, plain)
			s = Decide(d.p, s, in)
			is := s
			if is.Reading, want.Reading = (Reading{}), (Reading{}); is != want {
				t.Fatalf("seed %d, %v:\n%+v\nwant\n%+v", seed, in.Now, is, want)
			}
		}
	}
}

// TestNoModelLeavesTheBand: over ten million decisions with models that fit, lie and are no
// numbers, nothing heats above what is held now or within six hours, and below the band it always does.
func TestNoModelLeavesTheBand(t *testing.T) {
	decisions := 10_000_000
	if testing.Short() {
		decisions = 300_000
	}
	rng := rand.New(rand.NewPCG(1, 2))
	p := with(heats)
	p.StaleAfter = time.Hour
	chosen := 0
	for range decisions {
		celsius, sp := 14+10*rng.Float64(), heat(16+6*rng.Float64())
		sp.UpDelta, sp.DownDelta = 0.05+rng.Float64(), 0.05+rng.Float64()
		in := Input{Now: morning.Add(2 * time.Hour), Setpoint: sp, Reading: Temperature(celsius, morning.Add(2*time.Hour)), Model: anyModel(rng, celsius)}
		in.Model.Trusted = rng.IntN(8) > 0
		ceiling := sp.Desired + sp.UpDelta
		if rng.IntN(2) == 0 {
			in.Next = foresee.Next{Known: rng.IntN(8) > 0, In: pick(rng, 8*rng.Float64(), math.NaN(), -1, math.Inf(1)), Goal: 16 + 6*rng.Float64()}
			if in.Next.Known && in.Model.Trusted && in.Next.In >= 0 && in.Next.In < 6 {
				ceiling = max(ceiling, in.Next.Goal+sp.UpDelta)
			}
		}
		off := Output{Since: morning}
		was := State{Heater: off, Call: off, Cooler: off, Since: morning}
		was.Heater.On = rng.IntN(2) == 0
		was.Call = was.Heater
		s := Decide(p, was, in)
		switch {
		case s.Heater.On && celsius > ceiling:
			t.Fatalf("heat at %v °C, above %v: %+v", celsius, ceiling, in)
		case !s.Heater.On && celsius < sp.Desired-sp.DownDelta:
			t.Fatalf("no heat at %v °C: %+v", celsius, in)
		case !in.Model.Trusted && s.Heater.On != (celsius < sp.Desired-sp.DownDelta || was.Heater.On && celsius <= sp.Desired+sp.UpDelta):
			t.Fatalf("not what hysteresis does at %v °C: %+v", celsius, in)
		}
		if s.Heater.On != was.Heater.On && celsius >= sp.Desired-sp.DownDelta && celsius <= sp.Desired+sp.UpDelta {
			chosen++
		}
	}
	if chosen < decisions/100 {
		t.Errorf("only %d decisions were the models'", chosen)
	}
}

// TestALawLooksAheadOnlyWhereItMay: by the key, the mode, the outputs and the plan.
func TestALawLooksAheadOnlyWhereItMay(t *testing.T) {
	follows := Target{Setpoint: heat(17), Auto: true, Ahead: true, Next: Change{At: morning.Add(time.Hour), Desired: 21}}
	manual := Target{Setpoint: heat(17), Next: follows.Next}
	held := follows
	held.Ahead = false
	for _, row := range []struct {
		name         string
		law          Law
		t            Target
		looks, ahead bool
	}{
		{"auto with a program", LawAuto, follows, true, true},
		{"auto by hand", LawAuto, manual, false, false},
		{"auto in a hold", LawAuto, held, true, false},
		{"auto without a program", LawAuto, Target{Setpoint: heat(17), Auto: true}, false, false},
		{"hysteresis", LawHysteresis, follows, false, false},
		{"foresee by hand", LawForesee, manual, true, false},
		{"foresee with a program", LawForesee, follows, true, true},
	} {
		p := with(heats)
		p.Law, p.StartsPerDay = row.law, 16
		in := Input{Now: morning}
		f := Recall(foresee.Known{Gain: 3})
		f.Look(p, &row.t, &in)
		if looks := in.Model.Gain > 0; looks != row.looks || in.Next.Known != row.ahead {
			t.Errorf("%s: model %+v, next %+v", row.name, in.Model, in.Next)
		}
		if row.ahead && (in.Next.In != 1 || in.Next.Goal != 21) {
			t.Errorf("%s: next %+v", row.name, in.Next)
		}
		p.Cooler = true
		in = Input{Now: morning}
		if f.Look(p, &row.t, &in); in.Model != (foresee.Model{}) {
			t.Errorf("%s: a zone with two outputs looks ahead", row.name)
		}
	}
}

// modelRoom is a room as a model has it, with a heater and the safety relay before it.
type modelRoom struct {
	celsius, shadow, emitted float64
	on, closed               bool
	now                      time.Time
	opened                   int // times
}

func (r *modelRoom) Read(context.Context) (Reading, error) { return Temperature(r.celsius, r.now), nil }

func (r *modelRoom) live(d time.Duration) {
	u := 0.0
	if r.on && r.closed {
		u = 1
	}
	r.emitted += (u - r.emitted) * d.Hours() / 0.55
	r.celsius += (4*r.emitted - 0.2*(r.celsius-r.shadow) - 1) * d.Hours()
	r.shadow += (r.celsius - r.shadow) * d.Hours() / 4
	r.now = r.now.Add(d)
}

type relayOf func(on bool)

func (r relayOf) Set(on bool) error { r(on); return nil }

// trustedRoom is what has been learned of a room as [modelRoom] is one. No reading moves it.
func trustedRoom() foresee.Known { return roomtest.Known(4, 0.2, 6, 10) }

// TestAPreheatInVainIsInVain: orders for a transition to come count like any others. An electric heater that is
// dead trips after twelve hours of them, in a room that is never below the band that is held.
func TestAPreheatInVainIsInVain(t *testing.T) {
	p := with(heats)
	p.Law, p.StartsPerDay, p.Electric = LawForesee, 100, true
	now := morning
	var seen Snapshot
	z := &Zone{
		Params: p, Sensor: sensorFunc(func() (Reading, error) { return Temperature(17, now), nil }), Heater: deafRelay{},
		Past: Past{Room: trustedRoom()}, Observe: func(s Snapshot) { seen = s },
		Plan: func(said Setpoint, look Look) Target {
			return Target{Setpoint: said, Control: said, Auto: true, Ahead: true, Next: Change{At: look.Now.Add(30 * minute), Desired: 21}}
		},
	}
	s := NewStepper(z, heat(17), now)
	ordered := time.Duration(0)
	for ; now.Sub(morning) < 24*time.Hour && !seen.Guard.Heat.Tripped; now = now.Add(p.Sample) {
		s.Tick(now)
		switch on := s.State().Heater.On; {
		case on && s.State().Reason != ReasonPreheat:
			t.Fatalf("heats by %v", s.State().Reason)
		case on:
			ordered += p.Sample
		}
	}
	if !hasFault(seen, FaultNotWarming) || ordered < 12*time.Hour || ordered > 13*time.Hour {
		t.Errorf("after %v of orders: tripped %v, faults %v", ordered, seen.Guard.Heat.Tripped, seen.Faults)
	}
}

// TestABudgetThatTheBandDoesNotAllowIsTold: after three days, and not where the band has room for it, nor by the law
// of which nobody can ask for one.
func TestABudgetThatTheBandDoesNotAllowIsTold(t *testing.T) {
	for _, row := range []struct {
		name   string
		law    Law
		budget float64
		delta  float64
		band   [2]float64 // K, between which it follows the budget; it begins at 0.3
		want   bool
	}{
		{"two starts in a narrow band", LawForesee, 2, 0.2, [2]float64{0.2, 0.2}, true},
		{"two starts in a wide band", LawForesee, 2, 3, [2]float64{1, 3}, false},
		{"a hundred starts in a narrow band", LawForesee, 100, 0.2, [2]float64{0.1, 0.1}, false},
		{"two starts, where nothing looks ahead", LawHysteresis, 2, 0.2, [2]float64{0.2, 0.2}, false},
	} {
		p := with(heats)
		p.Law, p.StartsPerDay, p.Sample = row.law, row.budget, 30*second
		r := &modelRoom{celsius: 20, shadow: 20, now: morning, closed: true}
		var f Foreseen
		z := &Zone{
			Params: p, Sensor: r, Heater: relayOf(func(on bool) { r.on = on }), Past: Past{Room: trustedRoom()},
			Observe: func(s Snapshot) { f = s.Foresight },
		}
		sp := heat(20)
		sp.UpDelta, sp.DownDelta = row.delta, row.delta
		s := NewStepper(z, sp, r.now)
		for r.now.Sub(morning) < 4*24*time.Hour {
			r.live(p.Sample)
			s.Tick(r.now)
			if f.Unmet && r.now.Sub(morning) < 3*24*time.Hour {
				t.Fatalf("%s: told after %v", row.name, r.now.Sub(morning))
			}
		}
		if band := f.Model.Band; f.Unmet != row.want || band < row.band[0] || band > row.band[1] {
			t.Errorf("%s: unmet %v with %.1f starts a day and a band of %.2f K", row.name, f.Unmet, f.Starts, f.Model.Band)
		}
	}
}

// TestAPreheatIsNoRunaway: a room that a model has warmed for a transition to come, far above what is still held, keeps its
// safety relay closed; the same room without a word of what is ahead does not.
func TestAPreheatIsNoRunaway(t *testing.T) {
	for _, ahead := range []bool{true, false} {
		p := with(heats)
		p.Law, p.StartsPerDay = LawForesee, 100
		r := &modelRoom{celsius: 17, shadow: 17, now: morning}
		step := morning.Add(5 * time.Hour)
		z := &Zone{
			Params: p, Sensor: r, Heater: relayOf(func(on bool) { r.on = on }),
			Safety: relayOf(func(closed bool) {
				if r.closed && !closed {
					r.opened++
				}
				r.closed = closed
			}),
			Past: Past{Room: foresee.Known{Trusted: true, Segments: 10, Lag: 6, Gain: 4, Loss: 0.2, Cycle: 6, Adapted: foresee.Adapted{Band: 0.3}}},
			Plan: func(said Setpoint, look Look) Target {
				return Target{Setpoint: said, Control: said, Auto: true, Ahead: true, Next: Change{At: step, Desired: 21}}
			},
		}
		s := NewStepper(z, heat(17), r.now)
		highest := 0.0
		for r.now.Before(step) {
			r.live(p.Sample)
			s.Tick(r.now)
			highest = max(highest, r.celsius)
			if !ahead {
				z.state.Ahead = false
			}
		}
		if highest < 20.5 {
			t.Fatalf("the room was only warmed to %.2f °C before the step", highest)
		}
		if (r.opened == 0) != ahead {
			t.Errorf("ahead %v: the safety relay has opened %d times", ahead, r.opened)
		}
	}
}
