package comfort

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/program"
)

// left is a house that people may leave.
func left(t *testing.T) *Plan {
	p := house(t)
	p.Presets[Away] = 12
	return p
}

// away lets everybody leave at a time, for so long or, with 0, until they come back.
func away(t *testing.T, p *Plan, said controlloop.Setpoint, d time.Duration, now time.Time) controlloop.Setpoint {
	t.Helper()
	var end controlloop.Hold
	if d > 0 {
		end = controlloop.Hold{For: d, Until: now.Add(d)}
	}
	got, err := p.GoAway(said, end, now, trusted)
	if err != nil {
		t.Fatal(err)
	}
	got.Accepted = now
	return got
}

// TestAwayHoldsItsPresetAndThenWhatWasBefore: for a time over the program, over a manual
// mode, over a hold that ends later, and over one that ends before.
func TestAwayHoldsItsPresetAndThenWhatWasBefore(t *testing.T) {
	p := left(t)
	gone := away(t, p, auto, 2*time.Hour, at("07:00"))
	if gone.Mode != controlloop.ModeAuto || gone.For != 2*time.Hour || !gone.Until.Equal(at("09:00")) || gone.Then != nil {
		t.Errorf("%+v", gone)
	}
	got := aims(t, p, gone, at("08:59"), trusted, controlloop.ModeHeat, 12, Away)
	if until, is := IsAway(got); !is || !until.Equal(at("09:00")) {
		t.Errorf("%v until %v", is, until)
	}
	aims(t, p, gone, at("09:00"), trusted, controlloop.ModeHeat, 18, Program)

	manual := controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: 19, UpDelta: 0.5, DownDelta: 0.5}
	gone = away(t, p, manual, time.Hour, at("07:00"))
	aims(t, p, gone, at("07:30"), trusted, controlloop.ModeHeat, 12, Away)
	aims(t, p, gone, at("08:00"), trusted, controlloop.ModeHeat, 19, Manual)

	held := p.Desire(auto, 22, at("07:00"), trusted) // until 8:30
	aims(t, p, away(t, p, held, time.Hour, at("07:00")), at("08:00"), trusted, controlloop.ModeHeat, 22, Held)
	aims(t, p, away(t, p, held, 2*time.Hour, at("07:00")), at("09:00"), trusted, controlloop.ModeHeat, 18, Program)
}

// TestAwayWithoutAnEndIsOverWhenSomebodyComesBack: it is said in a mode of the law and
// with what follows, and no transition and no year ends it.
func TestAwayWithoutAnEndIsOverWhenSomebodyComesBack(t *testing.T) {
	p := left(t)
	gone := away(t, p, auto, 0, at("07:00"))
	if gone.Mode != controlloop.ModeHeat || !gone.Until.IsZero() || gone.For != 0 || gone.Then == nil || gone.Then.Mode != controlloop.ModeAuto || chosen(*gone.Then) {
		t.Errorf("%+v, then %+v", gone, gone.Then)
	}
	got := aims(t, p, gone, at("07:00").AddDate(1, 0, 0), trusted, controlloop.ModeHeat, 12, Away)
	if until, is := IsAway(got); !is || !until.IsZero() {
		t.Errorf("%v until %v", is, until)
	}
	for what, ends := range map[string]func() (controlloop.Setpoint, error){
		"off":    func() (controlloop.Setpoint, error) { return p.ComeBack(gone, at("12:00"), trusted) },
		"resume": func() (controlloop.Setpoint, error) { return p.Resume(gone, at("12:00"), trusted) },
	} {
		back, err := ends()
		if err != nil || back.Then != nil {
			t.Errorf("%s: %+v, %v", what, back, err)
		}
		aims(t, p, back, at("12:00"), trusted, controlloop.ModeHeat, 18, Program)
	}
	held := p.Desire(auto, 22, at("07:00"), trusted) // until 8:30, before anybody comes back
	if gone := away(t, p, held, 0, at("07:00")); gone.Then == nil || gone.Then.Mode != controlloop.ModeAuto || chosen(*gone.Then) {
		t.Errorf("over a hold: %+v, then %+v", gone, gone.Then)
	}
	p.Week = program.Week{}
	manual := controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: 19, UpDelta: 0.5, DownDelta: 0.5}
	if back, err := p.ComeBack(away(t, p, manual, 0, at("07:00")), at("12:00"), trusted); err != nil || back.Mode != controlloop.ModeHeat || back.Desired != 19 {
		t.Errorf("without a program: %+v, %v", back, err)
	}
}

// TestAwayOverAwayTakesItsPlace: longer, shorter or without an end, and what follows is
// what was before the first.
func TestAwayOverAwayTakesItsPlace(t *testing.T) {
	p := left(t)
	manual := controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: 19, UpDelta: 0.5, DownDelta: 0.5}
	for _, first := range []time.Duration{0, time.Hour, 5 * time.Hour} {
		for _, second := range []time.Duration{0, 2 * time.Hour} {
			gone := away(t, p, away(t, p, manual, first, at("07:00")), second, at("07:30"))
			if gone.Then == nil || gone.Then.Preset != "" || gone.Then.Desired != 19 || gone.Then.Then != nil || gone.For != second {
				t.Errorf("%v, then %v: %+v, then %+v", first, second, gone, gone.Then)
			}
		}
	}
}

// TestABoostDoesNotKeepPeopleAway: a boost over away goes on when they come back and leads
// to what was before, and one under away counts again if it still lasts.
func TestABoostDoesNotKeepPeopleAway(t *testing.T) {
	p := left(t)
	for _, d := range []time.Duration{0, 72 * time.Hour} {
		warm, err := p.Boost(away(t, p, auto, d, at("07:00")), time.Hour, at("08:00"), trusted, law())
		if err != nil {
			t.Fatal(err)
		}
		warm.Accepted = at("08:00")
		if until, is := IsAway(p.Target(warm, at("08:00"), trusted)); !is || until.IsZero() != (d == 0) {
			t.Errorf("away for %v under a boost: %v until %v", d, is, until)
		}
		aims(t, p, warm, at("09:00"), trusted, controlloop.ModeHeat, 12, Away)
		for _, clock := range []Clock{trusted, {}} {
			back, err := p.ComeBack(warm, at("08:30"), clock)
			if err != nil {
				t.Fatal(err)
			}
			back.Accepted = at("08:30")
			if end, ends := p.End(back, at("08:30"), clock); !ends || !end.Equal(at("09:00")) {
				t.Errorf("with %+v the boost ends at %v", clock, end)
			}
			aims(t, p, back, at("08:59"), trusted, controlloop.ModeHeat, 23, Boost)
			aims(t, p, back, at("09:00"), trusted, controlloop.ModeHeat, 18, Program)
		}
	}
	warm, err := p.Boost(auto, 3*time.Hour, at("07:00"), trusted, law())
	if err != nil {
		t.Fatal(err)
	}
	warm.Accepted = at("07:00")
	gone := away(t, p, warm, time.Hour, at("07:30"))
	aims(t, p, gone, at("08:00"), trusted, controlloop.ModeHeat, 12, Away)
	aims(t, p, gone, at("08:30"), trusted, controlloop.ModeHeat, 23, Boost)
	back, err := p.ComeBack(gone, at("08:00"), trusted)
	if err != nil || back.Preset != Boost || !back.Until.Equal(at("10:00")) {
		t.Errorf("%+v, %v", back, err)
	}
}

// TestWhoHasNoPartInAwayStays: without the preset, in mode off, without any setpoint; and
// a preset away that somebody set for ever is no absence.
func TestWhoHasNoPartInAwayStays(t *testing.T) {
	p := left(t)
	off := controlloop.Setpoint{Mode: controlloop.ModeOff, Desired: 19}
	ever := controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: 12, Preset: Away}
	for _, said := range []controlloop.Setpoint{off, {}} {
		if _, err := p.GoAway(said, controlloop.Hold{}, at("07:00"), trusted); !errors.Is(err, ErrStays) {
			t.Errorf("%+v goes away: %v", said, err)
		}
	}
	for _, said := range []controlloop.Setpoint{off, {}, auto, ever} {
		if _, err := p.ComeBack(said, at("07:00"), trusted); !errors.Is(err, ErrStays) {
			t.Errorf("%+v comes back: %v", said, err)
		}
	}
	if _, is := IsAway(p.Target(ever, at("07:00"), trusted)); is {
		t.Error("a manual setpoint is an absence")
	}
	delete(p.Presets, Away)
	if _, err := p.GoAway(auto, controlloop.Hold{}, at("07:00"), trusted); !errors.Is(err, ErrStays) {
		t.Errorf("without the preset: %v", err)
	}
	bare := &Plan{Mode: controlloop.ModeHeat, Presets: map[string]float64{Away: 12}}
	held := controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: 20, Hold: controlloop.Hold{Until: at("08:00")}}
	if _, err := bare.GoAway(held, controlloop.Hold{}, at("07:00"), trusted); err == nil || errors.Is(err, ErrStays) {
		t.Errorf("nothing follows, and the answer is %v", err)
	}
}

// TestComingBackIsAsIfNobodyHadLeft: of random hands over a manual mode or the program, the
// absences are left out, whatever lies over them and under them.
func TestComingBackIsAsIfNobodyHadLeft(t *testing.T) {
	for seed := range uint64(20_000) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		p, now := left(t), at("00:00").Add(time.Duration(rnd.IntN(24*60))*time.Minute)
		said := auto
		if rnd.IntN(2) == 0 {
			said = controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: 15 + float64(rnd.IntN(8)), UpDelta: 0.5, DownDelta: 0.5}
		}
		base := said
		for range 1 + rnd.IntN(5) {
			next, err := said, error(nil)
			switch rnd.IntN(4) {
			case 0:
				next, err = p.Boost(said, time.Duration(5+rnd.IntN(200))*time.Minute, now, trusted, law())
			case 1:
				next, err = p.Keep(said, controlloop.Hold{Until: now.Add(time.Duration(1+rnd.IntN(300)) * time.Minute)}, false, now, trusted)
			case 2:
				next, err = p.GoAway(said, controlloop.Hold{Until: now.Add(time.Duration(1+rnd.IntN(300)) * time.Minute)}, now, trusted)
			case 3:
				next, err = p.GoAway(said, controlloop.Hold{}, now, trusted)
			}
			if err == nil {
				next.Accepted = now
				said = next
			}
			now = now.Add(time.Duration(rnd.IntN(90)) * time.Minute)
		}
		if back, err := p.ComeBack(said, now, trusted); err == nil {
			back.Accepted = now
			said = back
		}
		if _, is := IsAway(p.Target(said, now, trusted)); is {
			t.Fatalf("seed %d: still away by %+v", seed, said)
		}
		after := p.Obeyed(said, now.Add(24*time.Hour), trusted)
		if after.Mode != base.Mode || chosen(after) != chosen(base) || chosen(base) && after.Desired != base.Desired {
			t.Fatalf("seed %d: %+v, then %+v, and at last %+v", seed, base, said, after)
		}
	}
}
