package comfort

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/program"
)

func law() controlloop.Params {
	return controlloop.Params{Heater: true, DesiredMin: 5, DesiredMax: 28, HeatCutout: 35, CoolCutout: 3}
}

// TestATemperatureInAutoIsHeldUntilTheNextTransition: with its end told, and what follows
// is the program; in a hold it takes the hold's end, and what follows that.
func TestATemperatureInAutoIsHeldUntilTheNextTransition(t *testing.T) {
	p := house(t)
	got := p.Desire(auto, 22, at("07:00"), trusted)
	if got.Mode != controlloop.ModeAuto || got.Desired != 22 || !got.Until.Equal(at("08:30")) || got.Then != nil {
		t.Errorf("%+v", got)
	}
	got.Accepted = at("07:00")
	if again := p.Desire(got, 23, at("08:00"), trusted); again.Desired != 23 || !again.Until.Equal(at("08:30")) {
		t.Errorf("%+v", again)
	}
	if got := p.Desire(auto, 22, at("07:00"), Clock{}); got.For != 4*time.Hour || !got.Until.IsZero() {
		t.Errorf("without a clock: %+v", got)
	}
	lasting := auto
	lasting.Desired, lasting.For, lasting.Accepted = 23, time.Hour, at("07:00")
	if got := p.Desire(lasting, 22, at("07:50"), trusted); !got.Until.Equal(at("08:00")) || got.For != 0 {
		t.Errorf("a hold by duration takes no new time: %+v", got)
	}
	if got := p.Desire(lasting, 22, at("07:50"), Clock{}); got.For != 10*time.Minute || !got.Until.IsZero() {
		t.Errorf("nor without a clock: %+v", got)
	}
	p.HoldMax = time.Hour
	if got := p.Desire(auto, 22, at("17:00"), trusted); !got.Until.Equal(at("18:00")) || got.For != time.Hour {
		t.Errorf("the longest hold: %+v", got)
	}
	manual := controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: 19}
	if got := p.Desire(manual, 22, at("07:00"), trusted); got.Mode != controlloop.ModeHeat || !got.Until.IsZero() || got.For != 0 {
		t.Errorf("in a manual mode: %+v", got)
	}
}

// TestAModeOfTheLawKeepsWhatIsAimedAt: from auto, too; auto ends every hold.
func TestAModeOfTheLawKeepsWhatIsAimedAt(t *testing.T) {
	p := house(t)
	if got := p.Choose(auto, controlloop.ModeHeat, at("07:00"), trusted); got.Mode != controlloop.ModeHeat || got.Desired != 20.5 {
		t.Errorf("%+v", got)
	}
	held := p.Desire(auto, 22, at("07:00"), trusted)
	if got := p.Choose(held, controlloop.ModeAuto, at("07:10"), trusted); chosen(got) || !got.Until.IsZero() {
		t.Errorf("%+v", got)
	}
	if got := p.Power(p.Power(auto, false, at("07:00"), trusted), true, at("07:00"), trusted); got.Mode != controlloop.ModeAuto {
		t.Errorf("%+v", got)
	}
}

// TestTurnedOnIsTheConfiguredModeUnlessAModeIsOn: auto where there is a program.
func TestTurnedOnIsTheConfiguredModeUnlessAModeIsOn(t *testing.T) {
	for _, row := range []struct{ active, configured, want controlloop.Mode }{
		{controlloop.ModeOff, controlloop.ModeCool, controlloop.ModeCool},
		{controlloop.ModeOff, controlloop.ModeOff, controlloop.ModeHeat},
		{controlloop.ModeNone, controlloop.ModeNone, controlloop.ModeHeat},
		{controlloop.ModeHeatCool, controlloop.ModeHeat, controlloop.ModeHeatCool},
	} {
		p := &Plan{Mode: controlloop.ModeHeat, Default: controlloop.Setpoint{Mode: row.configured}}
		if got := p.Power(controlloop.Setpoint{Mode: row.active}, true, at("07:00"), trusted).Mode; got != row.want {
			t.Errorf("%v with %v configured becomes %v, want %v", row.active, row.configured, got, row.want)
		}
	}
	if got := house(t).Power(controlloop.Setpoint{Mode: controlloop.ModeOff}, true, at("07:00"), trusted).Mode; got != controlloop.ModeAuto {
		t.Error(got)
	}
}

// TestABoostGoesBackToWhatItCovers: by the preset or 2 K, inside the limits; one over
// another takes its place.
func TestABoostGoesBackToWhatItCovers(t *testing.T) {
	p := house(t)
	b, err := p.Boost(auto, 0, at("07:00"), trusted, law())
	if err != nil || b.Desired != 23 || b.Preset != Boost || b.For != time.Hour || !b.Until.Equal(at("08:00")) || b.Then != nil {
		t.Errorf("%+v, %v", b, err)
	}
	b.Accepted = at("07:00")
	longer, err := p.Boost(b, 3*time.Hour, at("07:30"), trusted, law())
	if err != nil || longer.Then != nil || !longer.Until.Equal(at("10:30")) {
		t.Errorf("a boost over a boost: %+v, %v", longer, err)
	}
	held := p.Desire(auto, 21, at("07:00"), trusted) // until 8:30
	over, err := p.Boost(held, time.Hour, at("07:00"), trusted, law())
	if err != nil || over.Then == nil || over.Then.Desired != 21 || !over.Then.Until.Equal(at("08:30")) {
		t.Errorf("over a hold that ends later: %+v, %v", over, err)
	}
	if past, err := p.Boost(held, 2*time.Hour, at("07:00"), trusted, law()); err != nil || past.Then != nil {
		t.Errorf("over a hold that ends before: %+v, %v", past, err)
	}
	delete(p.Presets, Boost)
	manual := controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: 19, UpDelta: 0.5, DownDelta: 0.5}
	if b, err := p.Boost(manual, time.Hour, at("07:00"), trusted, law()); err != nil || b.Desired != 21 || b.Then == nil || b.Then.Desired != 19 {
		t.Errorf("2 K further: %+v, %v", b, err)
	}
	manual.Desired = 27.5
	if b, err := p.Boost(manual, time.Hour, at("07:00"), trusted, law()); err != nil || b.Desired != 28 {
		t.Errorf("inside the limits: %+v, %v", b, err)
	}
	for _, off := range []controlloop.Setpoint{{Mode: controlloop.ModeOff, Desired: 20}, {}} {
		if _, err := p.Boost(off, time.Hour, at("07:00"), trusted, law()); err == nil || !strings.Contains(err.Error(), "set a temperature first") {
			t.Errorf("%+v: %v", off, err)
		}
	}
	for _, d := range []time.Duration{time.Minute, 25 * time.Hour} {
		if _, err := p.Boost(auto, d, at("07:00"), trusted, law()); err == nil {
			t.Errorf("%v is taken", d)
		}
	}
}

// TestWhatIsAimedAtCanBeHeld: until a moment, for a while, until the next transition, or for ever.
func TestWhatIsAimedAtCanBeHeld(t *testing.T) {
	p := house(t)
	until, err := p.Keep(auto, controlloop.Hold{Until: at("12:00")}, false, at("07:00"), trusted)
	if err != nil || until.Mode != controlloop.ModeAuto || until.Desired != 20.5 || until.Preset != "comfort" || !until.Until.Equal(at("12:00")) {
		t.Errorf("%+v, %v", until, err)
	}
	if next, err := p.Keep(auto, controlloop.Hold{}, false, at("07:00"), trusted); err != nil || !next.Until.Equal(at("08:30")) {
		t.Errorf("%+v, %v", next, err)
	}
	if ever, err := p.Keep(auto, controlloop.Hold{}, true, at("07:00"), trusted); err != nil || ever.Mode != controlloop.ModeHeat || ever.Desired != 20.5 || !ever.Until.IsZero() {
		t.Errorf("%+v, %v", ever, err)
	}
	if off, err := p.Keep(auto, controlloop.Hold{Until: at("12:00")}, false, at("05:00"), trusted); err != nil || off.Mode != controlloop.ModeOff {
		t.Errorf("an off of the program: %+v, %v", off, err)
	}
	p.Week = program.Week{}
	if _, err := p.Keep(auto, controlloop.Hold{}, false, at("07:00"), trusted); err == nil {
		t.Error("until the next transition, without a program")
	}
}

// TestResumeGoesBackByOneStep: out of a hold, out of a manual mode, and no further.
func TestResumeGoesBackByOneStep(t *testing.T) {
	p := house(t)
	held := p.Desire(auto, 21, at("07:00"), trusted)
	over, _ := p.Boost(held, time.Hour, at("07:00"), trusted, law())
	over.Accepted = at("07:00")
	first, err := p.Resume(over, at("07:10"), trusted)
	if err != nil || first.Desired != 21 {
		t.Errorf("%+v, %v", first, err)
	}
	second, err := p.Resume(first, at("07:10"), trusted)
	if err != nil || second.Mode != controlloop.ModeAuto || chosen(second) {
		t.Errorf("%+v, %v", second, err)
	}
	if _, err := p.Resume(second, at("07:10"), trusted); err == nil {
		t.Error("nothing was held")
	}
	if got, err := p.Resume(controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: 19}, at("07:10"), trusted); err != nil || got.Mode != controlloop.ModeAuto {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestHoldsEndAndLeaveWhatTheyCovered: random hands on random weeks, against the books.
// At each hand and at each end of a hold the target is theirs, and after the end of all
// holds the manual mode or the program is in force that lay below them.
func TestHoldsEndAndLeaveWhatTheyCovered(t *testing.T) {
	for seed := range uint64(20_000) {
		r := newRoom(rand.New(rand.NewPCG(seed, 3)))
		var err error
		for range 1 + r.rnd.IntN(9) {
			pause := time.Duration(r.rnd.IntN(40)) * time.Minute
			r.passes(pause, r.wall.Add(pause), r.trusted)
			err = errors.Join(err, r.takes(randomHand(r.rnd, r.law)), r.differs(r.plan.Target(r.said, r.clocks(), r.clock()), r.aims()))
		}
		for r.held() {
			left := (r.end(*r.top()) - r.boot + time.Second - 1).Truncate(time.Second)
			r.passes(left, r.wall.Add(left), r.trusted)
			err = errors.Join(err, r.differs(r.plan.Target(r.said, r.clocks(), r.clock()), r.aims()))
		}
		if r.said.Then != nil || (r.said.Mode == controlloop.ModeAuto) != r.top().auto {
			err = errors.Join(err, fmt.Errorf("at last %+v", r.said))
		}
		if err != nil {
			t.Fatalf("seed %d, %v, trusted %v: %v", seed, r.wall, r.trusted, err)
		}
	}
}
