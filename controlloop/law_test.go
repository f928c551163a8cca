package controlloop

import (
	"fmt"
	"math"
	"testing"
	"time"

	"thermostat/controlloop/foresee"
)

const (
	second = time.Second
	minute = time.Minute
)

// morning is when every script begins.
var morning = time.Date(2026, 1, 5, 6, 0, 0, 0, time.UTC)

// room is a zone with a heater and a cooler and no timers; rows add what they are about.
func room() Params {
	return Params{
		Heater: true, Cooler: true,
		DesiredMin: 5, DesiredMax: 28, HeatCutout: 35, CoolCutout: 3,
		PlausibleMin: -30, PlausibleMax: 70, MaxRate: 5,
		Sample: 10 * second, StaleAfter: minute,
	}
}

func heat(desired float64) Setpoint { return target(ModeHeat, desired) }
func cool(desired float64) Setpoint { return target(ModeCool, desired) }
func both(desired float64) Setpoint { return target(ModeHeatCool, desired) }

func target(m Mode, desired float64) Setpoint {
	return Setpoint{Mode: m, Desired: desired, UpDelta: 0.5, DownDelta: 0.5}
}

var (
	switchedOff = Setpoint{Mode: ModeOff, Desired: math.NaN(), UpDelta: 0.5, DownDelta: 0.5}
	nobodySpoke = Setpoint{}
)

// seen is what the sensor gives the law at a step; the zero value is nothing new.
type seen struct {
	good, unverified  bool
	tripped           bool // a guard has
	bar, frost, early bool // as the target says
	hold              ValveHold
	model             foresee.Model
	next              foresee.Next
	celsius           float64
	age               time.Duration // how long before the step it was measured
}

func good(celsius float64) seen       { return seen{good: true, celsius: celsius} }
func unverified(celsius float64) seen { return seen{unverified: true, celsius: celsius} }

func (s seen) trips() seen { s.tripped = true; return s }
func (s seen) open() seen  { s.bar = true; return s }
func (s seen) icy() seen   { s.frost = true; return s }
func (s seen) ahead() seen { s.early = true; return s }

// foreseen adds a room that warms by 2 K/h, and what the emitter gives now.
func (s seen) foreseen(emitted float64) seen {
	s.model = foresee.Model{Trusted: true, Lag: 0.5, Gain: 4, Loss: 0.2, Emitted: emitted, Shadow: s.celsius, Drift: 1.5, Band: 0.3, Late: 1, Least: 0.1}
	return s
}

// until adds the next transition.
func (s seen) until(hours, celsius float64) seen {
	s.next = foresee.Next{Known: true, In: hours, Goal: celsius}
	return s
}

// cooled is the mirror of a room that is foreseen: its drift warms it.
func (s seen) cooled(emitted float64) seen {
	s = s.foreseen(emitted)
	s.model.Shadow = -s.model.Shadow
	return s
}

func (s seen) kept() seen  { s.hold.Keep = true; return s }
func (s seen) moved() seen { s.hold.Move = true; return s }

func (s seen) measured(before time.Duration) seen { s.age = before; return s }

var nothing seen

// step is one decision: at that time the law sees this, and the setpoint is
// this (as before where nil), and it shall answer "action reason wait".
type step struct {
	at   time.Duration
	sees seen
	set  *Setpoint
	want string
}

func to(sp Setpoint) *Setpoint { return &sp }

// words is a decision in short, as the rows write it: the wait only where there is one.
func words(s State) string {
	out := fmt.Sprintf("%v %v", s.Action, s.Reason)
	if s.Wait != 0 {
		out += " " + s.Wait.String()
	}
	return out
}

func (st step) input(sp Setpoint) Input {
	in := Input{
		Now: morning.Add(st.at), Setpoint: sp, NoHeat: st.sees.tripped, NoCool: st.sees.tripped,
		Bar: st.sees.bar, Frost: st.sees.frost, Preheat: st.sees.early, Hold: st.sees.hold, Model: st.sees.model, Next: st.sees.next,
	}
	r := Temperature(st.sees.celsius, in.Now.Add(-st.sees.age))
	switch {
	case st.sees.good:
		in.Reading = r
	case st.sees.unverified:
		in.Unverified = []Reading{r}
	}
	return in
}

func play(t *testing.T, p Params, script []step) {
	t.Helper()
	var s State
	var sp Setpoint
	for i, st := range script {
		if st.set != nil {
			sp = *st.set
		}
		was := s
		s = Decide(p, s, st.input(sp))
		if got := words(s); got != st.want {
			t.Errorf("step %d at %v: %q, want %q", i+1, st.at, got, st.want)
		}
		if (s.Heater.On && s.Call.On) != (s.Action == ActionHeating) || s.Cooler.On != (s.Action == ActionCooling) {
			t.Errorf("step %d at %v: action %v with heater %v, cooler %v", i+1, st.at, s.Action, s.Heater.On, s.Cooler.On)
		}
		since := was.Since
		if i == 0 || s.Action != was.Action {
			since = morning.Add(st.at)
		}
		if !s.Since.Equal(since) {
			t.Errorf("step %d at %v: %v is said to be since %v, want %v", i+1, st.at, s.Action, s.Since, since)
		}
	}
}

// with gives the room's constants after a change.
func with(change func(*Params)) Params {
	p := room()
	if change != nil {
		change(&p)
	}
	return p
}

func heats(p *Params) { p.Cooler = false }
func cools(p *Params) { p.Heater = false }

// duty is 4 of 20 minutes for 2 hours.
func duty(p *Params) { p.Loss = Duty{Percent: 20, Period: 20 * minute, For: 2 * time.Hour} }

// One row per reason; its last step gives that reason, or shows how it ends.
var reasonRows = []struct {
	reason Reason
	params func(*Params)
	script []step
}{
	{ReasonNoSetpoint, nil, []step{
		{0, good(10), to(nobodySpoke), "off no_setpoint"},
		{10 * second, nothing, to(heat(20)), "heating too_cold"},
		{20 * second, nothing, to(nobodySpoke), "off no_setpoint"},
	}},
	{ReasonHeatCutout, func(p *Params) { p.MinOn = time.Hour }, []step{
		{0, good(18), to(heat(20)), "heating too_cold"},
		{10 * second, good(34.99), nil, "heating min_on 59m50s"},
		{20 * second, good(35), nil, "idle heat_cutout"}, // does not wait for min_on
		{30 * second, good(33.01), nil, "idle heat_cutout"},
		{40 * second, good(33), nil, "idle too_warm"}, // 2 K inside
	}},
	{ReasonCoolCutout, func(p *Params) { p.MinOn = time.Hour }, []step{
		{0, good(22), to(cool(20)), "cooling too_warm"},
		{10 * second, good(3.01), nil, "cooling min_on 59m50s"},
		{20 * second, good(3), nil, "idle cool_cutout"},
		{30 * second, good(4.99), nil, "idle cool_cutout"},
		{40 * second, good(5), nil, "idle too_cold"},
	}},
	{ReasonNoReading, nil, []step{
		{0, nothing, to(heat(20)), "idle no_reading"},
		{time.Hour, nothing, nil, "idle no_reading"},
	}},
	{ReasonStale, func(p *Params) { p.MinOn = time.Hour }, []step{
		{0, good(18), to(heat(20)), "heating too_cold"},
		{minute, nothing, nil, "heating too_cold"}, // exactly stale_after is still fresh
		{minute + 1, nothing, nil, "idle stale_reading"},
	}},
	{ReasonModeOff, func(p *Params) { p.MinOn = time.Hour }, []step{
		{0, good(18), to(heat(20)), "heating too_cold"},
		{10 * second, good(18), to(switchedOff), "off mode_off"},
	}},
	{ReasonWindowOpen, func(p *Params) { p.MinOn, p.MinOff = time.Hour, 3*minute }, []step{
		{0, good(18), to(heat(20)), "idle starting 3m0s"},
		{3 * minute, good(18), nil, "heating too_cold"},
		{4 * minute, good(18).open(), nil, "idle window_open"}, // does not wait for min_on; the mode stays
		{5 * minute, good(18), nil, "idle min_off 2m0s"},       // and min_off is served
		{6 * minute, good(18).open(), nil, "idle window_open"},
		{7 * minute, good(18), nil, "heating too_cold"},
		{8 * minute, good(18).open(), to(switchedOff), "off mode_off"}, // stands above it
		{9*minute + 1, nothing.open(), to(heat(20)), "idle stale_reading"},
	}},
	{ReasonMaxOn, func(p *Params) { p.MaxOn = 30 * minute }, []step{
		{0, good(18), to(heat(20)), "heating too_cold"},
		{30*minute - 1, good(18), nil, "heating too_cold"},
		{30 * minute, good(18), nil, "idle max_on 3m0s"}, // rests a tenth of it
		{32 * minute, good(18), nil, "idle max_on 1m0s"},
		{33 * minute, good(18), nil, "heating too_cold"},
	}},
	{ReasonStarting, func(p *Params) { p.MinOff = 3 * minute }, []step{
		{0, good(18), to(heat(20)), "idle starting 3m0s"},
		{3*minute - 1, good(18), nil, "idle starting 1ns"},
		{3 * minute, good(18), nil, "heating too_cold"},
	}},
	{ReasonMinOff, func(p *Params) { p.MinOff = 3 * minute }, []step{
		{0, nothing, to(heat(20)), "idle no_reading"},
		{3 * minute, good(18), nil, "heating too_cold"},
		{10 * minute, good(21), nil, "idle too_warm"},
		{11 * minute, good(18), nil, "idle min_off 2m0s"},
		{13*minute - 1, good(18), nil, "idle min_off 1ns"},
		{13 * minute, good(18), nil, "heating too_cold"},
	}},
	{ReasonChangeover, func(p *Params) { p.Changeover = 10 * minute; p.MinOff = 3 * minute }, []step{
		{0, nothing, to(both(20)), "idle no_reading"},
		{3 * minute, good(18), nil, "heating too_cold"},
		{4 * minute, good(22), nil, "idle changeover 10m0s"},
		{14*minute - 1, good(22), nil, "idle changeover 1ns"},
		{14 * minute, good(22), nil, "cooling too_warm"},
		{15 * minute, good(18), nil, "idle changeover 10m0s"},
		{25 * minute, good(18), nil, "heating too_cold"},
	}},
	{ReasonMinOn, func(p *Params) { p.MinOn = 5 * minute }, []step{
		{0, good(18), to(heat(20)), "heating too_cold"},
		{minute, good(22), nil, "heating min_on 4m0s"},
		{5*minute - 1, good(22), nil, "heating min_on 1ns"},
		{5 * minute, good(22), nil, "idle too_warm"},
	}},
	{ReasonNotWarming, func(p *Params) { p.MinOn = time.Hour }, []step{
		{0, good(18), to(heat(20)), "heating too_cold"},
		{10 * second, good(18).trips(), nil, "idle not_warming"}, // at once
		{20 * second, good(18).trips(), nil, "idle not_warming"},
		{30 * second, good(18).trips(), to(switchedOff), "off mode_off"},
		{40 * second, good(18), to(heat(20)), "heating too_cold"},
	}},
	{ReasonNotCooling, duty, []step{
		{0, good(25).trips(), to(cool(20)), "idle not_cooling"},
		{21 * minute, nothing.trips(), nil, "idle not_cooling"}, // and no duty either
		{38 * minute, nothing.trips(), to(heat(20)), "idle not_warming"},
		{39 * minute, nothing, nil, "heating sensor_loss"},
	}},
	{ReasonSensorLoss, duty, []step{
		{0, good(18), to(heat(20)), "heating too_cold"},
		{minute, nothing, nil, "heating too_cold"},
		{minute + 1, nothing, nil, "idle sensor_loss"}, // first its off part
		{17*minute + 1, nothing, nil, "heating sensor_loss"},
		{21 * minute, nothing, nil, "heating sensor_loss"},
		{21*minute + 1, nothing, nil, "idle sensor_loss"},
		{37*minute + 1, nothing, nil, "heating sensor_loss"},
		{38 * minute, good(21), nil, "idle too_warm"}, // a reading ends it
		{40 * minute, good(18), nil, "heating too_cold"},
	}},
	{ReasonOverrun, func(p *Params) { p.MinOff = minute }, []step{
		{0, good(18), to(heat(20)), "idle starting 1m0s"},
		{minute, good(18).kept(), nil, "heating too_cold"},
		{2 * minute, good(21).kept(), nil, "idle overrun"}, // the valve stays open
		{2*minute + 10*second, good(19).kept(), nil, "idle min_off 50s"},
		{2*minute + 20*second, good(20.4).kept(), nil, "idle overrun"}, // in the band nobody calls again
		{3 * minute, good(19).kept(), nil, "heating too_cold"},
		{4 * minute, good(21).kept(), nil, "idle overrun"},
		{4*minute + 10*second, good(21).kept().open(), nil, "idle window_open"},
		{5*minute + 10*second, good(19).kept(), nil, "heating too_cold"},
		{6 * minute, good(21).kept(), nil, "idle overrun"},
		{6*minute + 10*second, good(21).kept(), to(switchedOff), "off mode_off"},
		{7*minute + 10*second, good(21).kept(), to(heat(20)), "idle too_warm"}, // what is off stays off
		{8 * minute, good(4).kept().icy(), to(Setpoint{Mode: ModeOff, Desired: 6, UpDelta: 1, DownDelta: 1}), "heating too_cold"},
		{9 * minute, good(8).kept(), nil, "off mode_off"}, // the protection ends, and mode off shuts what is held
	}},
	{ReasonExercise, nil, []step{
		{0, good(25).moved(), to(switchedOff), "off exercise"},
		{minute, good(25), nil, "off mode_off"},
		{2 * minute, good(25).moved(), to(heat(20)), "idle exercise"},
		{3 * minute, good(33).moved(), nil, "idle too_warm"}, // less than 2 K below its cut-out
		{4 * minute, good(19).moved(), nil, "heating too_cold"},
		{5 * minute, good(21).moved().open(), nil, "idle window_open"},
		{6 * minute, good(21).moved().icy(), nil, "idle too_warm"},
		{8 * minute, nothing.moved(), nil, "idle stale_reading"},
	}},
	{ReasonTooCold, nil, []step{
		{0, good(19.5), to(heat(20)), "idle in_band"}, // exactly on the threshold is not below it
		{10 * second, good(19.49), nil, "heating too_cold"},
	}},
	{ReasonTooWarm, nil, []step{
		{0, good(18), to(heat(20)), "heating too_cold"},
		{10 * second, good(20.5), nil, "heating in_band"}, // exactly on the threshold is not above it
		{20 * second, good(20.51), nil, "idle too_warm"},
	}},
	{ReasonPreheat, func(p *Params) { p.MinOff = 3 * minute }, []step{
		{0, good(18).ahead(), to(heat(21)), "idle starting 3m0s"}, // skips nothing
		{3 * minute, good(18).ahead(), nil, "heating preheat"},
		{4 * minute, good(21).ahead(), nil, "heating preheat"},
		{5 * minute, good(21.51).ahead(), nil, "idle too_warm"},
		{9 * minute, good(20.9).ahead(), nil, "idle in_band"},
		{10 * minute, good(18), nil, "heating too_cold"},
		{11 * minute, good(18).ahead().kept(), nil, "heating preheat"},
		{12 * minute, good(21.51).ahead().kept(), nil, "idle overrun"}, // a valve that is only held preheats nothing
		{12*minute + 10*second, good(18).ahead().kept(), nil, "idle min_off 2m50s"},
		{15 * minute, good(18).ahead().kept(), nil, "heating preheat"},
		{16 * minute, good(18).ahead().kept().open(), nil, "idle window_open"},
	}},
	{ReasonTooColdSoon, heats, []step{
		{0, good(20.2), to(heat(20)), "idle in_band"},
		{10 * minute, good(19.9), nil, "idle in_band"},
		{20 * minute, good(19.9).foreseen(0), nil, "heating too_cold_soon"},
		{21 * minute, good(19.8), nil, "heating in_band"}, // without a model what is, stays
		{22 * minute, good(20.6), nil, "idle too_warm"},
		{24 * minute, good(19.9).foreseen(0), nil, "idle in_band"}, // six minutes are the shortest stretch
	}},
	{ReasonWarmEnough, heats, []step{
		{0, good(19), to(heat(20)), "heating too_cold"},
		{20 * minute, good(20.1).foreseen(1), nil, "idle warm_enough"},
		{21 * minute, good(20.2).foreseen(1), nil, "idle in_band"},
		{30 * minute, good(19.4).foreseen(1), nil, "heating too_cold"}, // the last word is the band's
		{31 * minute, good(20.6).foreseen(0), nil, "idle too_warm"},
	}},
	{ReasonSetbackSoon, heats, []step{
		{0, good(19), to(heat(20)), "heating too_cold"},
		{20 * minute, good(20).foreseen(0.5).until(0.2, 17), nil, "idle setback_soon"},
		{21 * minute, good(20).foreseen(0.5), nil, "idle in_band"},
	}},
	{ReasonTooWarmSoon, cools, []step{
		{0, good(20), to(cool(20)), "idle in_band"},
		{10 * minute, good(20.1).cooled(0), nil, "cooling too_warm_soon"},
	}},
	{ReasonCoolEnough, cools, []step{
		{0, good(21), to(cool(20)), "cooling too_warm"},
		{20 * minute, good(19.9).cooled(1), nil, "idle cool_enough"},
		{30 * minute, good(19.4).cooled(0), nil, "idle too_cold"},
	}},
	{ReasonPreheat, heats, []step{
		{0, good(17), to(heat(17)), "idle in_band"},
		{minute, good(17).foreseen(0).until(5, 21), nil, "idle in_band"},
		{time.Hour, good(17).foreseen(0).until(1, 21), nil, "heating preheat"},
		{2 * time.Hour, good(20).foreseen(0.5).until(0.2, 21), nil, "heating preheat"},
		{3 * time.Hour, good(20), nil, "idle too_warm"},
	}},
	{ReasonInBand, nil, []step{
		{0, good(20), to(heat(20)), "idle in_band"},
		{10 * second, good(19), nil, "heating too_cold"},
		{20 * second, good(20), nil, "heating in_band"}, // what is, stays
		{30 * second, good(21), nil, "idle too_warm"},
		{40 * second, good(20), nil, "idle in_band"},
	}},
}

func TestLawGivesEveryReason(t *testing.T) {
	shown := map[Reason]bool{ReasonStopped: true, ReasonCrashLoop: true} // the zone gives the one as it leaves, the other as it begins
	for _, row := range reasonRows {
		t.Run(string(row.reason), func(t *testing.T) {
			p := with(row.params)
			play(t, p, row.script)
			if !gives(p, row.script, row.reason) {
				t.Errorf("the row never gives its reason")
			}
		})
		shown[row.reason] = true
	}
	for _, r := range Reasons() {
		if !shown[r] {
			t.Errorf("no row for reason %q", r)
		}
		delete(shown, r)
	}
	for r := range shown {
		t.Errorf("reason %q is not in Reasons()", r)
	}
}

func gives(p Params, script []step, want Reason) bool {
	var s State
	var sp Setpoint
	for _, st := range script {
		if st.set != nil {
			sp = *st.set
		}
		if s = Decide(p, s, st.input(sp)); s.Reason == want {
			return true
		}
	}
	return false
}

// What the law promises beyond its reasons, a sentence a row.
var promises = []struct {
	name   string
	params func(*Params)
	script []step
}{
	{"the first decision may switch at once where there is no min_off", nil, []step{
		{0, good(18), to(heat(20)), "heating too_cold"},
	}},
	{"the duty without a sensor begins once a first reading could have grown stale", duty, []step{
		{0, nothing, to(heat(20)), "idle no_reading"},
		{minute, nothing, nil, "idle sensor_loss"},
		{17*minute - 1, nothing, nil, "idle sensor_loss"},
		{17 * minute, nothing, nil, "heating sensor_loss"},
	}},
	{"the duty ends for good", duty, []step{
		{0, good(18), to(heat(20)), "heating too_cold"},
		{2 * minute, nothing, nil, "idle sensor_loss"},
		{2*time.Hour + 2*minute - 1, nothing, nil, "heating sensor_loss"},
		{2*time.Hour + 2*minute, nothing, nil, "idle stale_reading"},
		{2*time.Hour + 18*minute, nothing, nil, "idle stale_reading"},
	}},
	{"no duty in mode off, nor without a setpoint", duty, []step{
		{0, good(18), to(switchedOff), "off mode_off"},
		{minute + 1, nothing, nil, "off stale_reading"},
		{17*minute + 1, nothing, nil, "off stale_reading"},
		{17*minute + 2, nothing, to(nobodySpoke), "off no_setpoint"},
		{17*minute + 3, nothing, to(heat(20)), "heating sensor_loss"},
	}},
	{"no duty above a cut-out that any sensor opened", duty, []step{
		{0, good(18), to(heat(20)), "heating too_cold"},
		{2 * minute, nothing, nil, "idle sensor_loss"},
		{18 * minute, nothing, nil, "heating sensor_loss"},
		{19 * minute, unverified(35), nil, "idle heat_cutout"},
		{38 * minute, nothing, nil, "idle heat_cutout"},
	}},
	{"the duty cools in mode cool, and only heats in heat_cool", duty, []step{
		{0, good(24), to(cool(20)), "cooling too_warm"},
		{minute + 1, nothing, nil, "idle sensor_loss"},
		{17*minute + 1, nothing, nil, "cooling sensor_loss"},
		{17*minute + 2, nothing, to(both(20)), "idle changeover"}, // no two switches at one instant
		{17*minute + 3, nothing, nil, "heating sensor_loss"},
	}},
	{"the duty serves min_off, and its share gets no longer by that", func(p *Params) { duty(p); p.MinOff = 18 * minute; p.MinOn = 3 * minute }, []step{
		{0, good(18), to(heat(20)), "idle starting 18m0s"},
		{18 * minute, good(18), nil, "heating too_cold"},
		{20 * minute, nothing, nil, "idle sensor_loss"},
		{36 * minute, nothing, nil, "idle min_off 2m0s"},
		{38 * minute, nothing, nil, "heating sensor_loss"},
		{40 * minute, nothing, nil, "idle sensor_loss"},
	}},
	{"an unverified raw value opens the cut-out at once, but is no reading", func(p *Params) { p.MinOn = time.Hour }, []step{
		{0, good(18), to(heat(20)), "heating too_cold"},
		{10 * second, unverified(34.9), nil, "heating too_cold"},
		{20 * second, unverified(80), nil, "idle heat_cutout"},
		{30 * second, good(18), nil, "heating too_cold"}, // a good one 2 K inside lets go
	}},
	{"an unverified value never lets go of a cut-out", nil, []step{
		{0, good(36), to(heat(20)), "idle heat_cutout"},
		{10 * second, unverified(10), nil, "idle heat_cutout"},
		{20 * second, good(10), nil, "heating too_cold"},
	}},
	{"a cut-out that an unverified value opened stays until a newer good reading", nil, []step{
		{0, good(18), to(heat(20)), "heating too_cold"},
		{10 * second, unverified(80), nil, "idle heat_cutout"},
		{20 * second, nothing, nil, "idle heat_cutout"}, // 18 °C is fresh still, but older than the 80
		{30 * second, good(18).measured(30 * second), nil, "idle heat_cutout"},
		{40 * second, good(18), nil, "heating too_cold"},
	}},
	{"a good reading that comes too late lets go of nothing", nil, []step{
		{0, good(36), to(heat(20)), "idle heat_cutout"},
		{10 * minute, good(18).measured(minute + 1), nil, "idle heat_cutout"},
		{11 * minute, good(18).measured(minute), nil, "heating too_cold"},
	}},
	{"the cooler's cut-out means nothing to a zone that heats", nil, []step{
		{0, good(2), to(heat(20)), "heating too_cold"},
		{10 * second, nothing, to(cool(20)), "idle cool_cutout"},
		{minute + 1, nothing, to(heat(20)), "idle stale_reading"},
	}},
	{"a zone without a cooler has no cooler's cut-out, and does not cool", func(p *Params) { p.Cooler = false }, []step{
		{0, good(2), to(both(20)), "heating too_cold"},
		{10 * second, unverified(-40), to(switchedOff), "off mode_off"},
		{20 * second, good(22), to(both(20)), "idle too_warm"},
	}},
	{"an unverified value from the future opens the cut-out, but holds it no longer for that", nil, []step{
		{0, unverified(80).measured(-time.Hour), to(heat(20)), "idle heat_cutout"},
		{10 * second, good(18), nil, "heating too_cold"},
	}},
	{"a leap from one cut-out into the other lets go of the first", nil, []step{
		{0, good(2), to(cool(20)), "idle cool_cutout"},
		{10 * second, good(40), nil, "cooling too_warm"},
		{20 * second, good(2), to(heat(20)), "idle changeover"}, // two switches at one instant there are not
		{30 * second, good(2), nil, "heating too_cold"},
	}},
	{"the cooler's cut-out opens on an unverified value too", nil, []step{
		{0, good(22), to(cool(20)), "cooling too_warm"},
		{10 * second, unverified(-40), nil, "idle cool_cutout"},
	}},
	{"an unverified NaN opens nothing and lets go of nothing", nil, []step{
		{0, good(18), to(heat(20)), "heating too_cold"},
		{10 * second, unverified(math.NaN()), nil, "heating too_cold"},
		{20 * second, good(36), nil, "idle heat_cutout"},
		{30 * second, unverified(math.NaN()), nil, "idle heat_cutout"},
	}},
	{"the heater's cut-out does not stop cooling in heat_cool", nil, []step{
		{0, good(30), to(both(20)), "cooling too_warm"},
		{10 * second, good(36), nil, "cooling too_warm"},
		{20 * second, unverified(80), nil, "cooling too_warm"},
		{30 * second, good(20.1), nil, "cooling in_band"},
	}},
	{"the cooler's cut-out does not stop heating in heat_cool", nil, []step{
		{0, good(10), to(both(20)), "heating too_cold"},
		{10 * second, good(2), nil, "heating too_cold"},
		{20 * second, unverified(-40), nil, "heating too_cold"},
	}},
	{"a cut-out explains an idle heat_cool, and outranks mode off", nil, []step{
		{0, unverified(80), to(both(20)), "idle heat_cutout"},
		{10 * second, nothing, to(switchedOff), "off heat_cutout"},
		{20 * second, nothing, to(cool(20)), "idle no_reading"}, // and means nothing to a cooler
		{30 * second, good(20), to(switchedOff), "off mode_off"},
	}},
	{"a zone without a heater has no heater's cut-out", func(p *Params) { p.Heater = false }, []step{
		{0, good(40), to(cool(20)), "cooling too_warm"},
		{10 * second, unverified(80), to(switchedOff), "off mode_off"},
	}},
	{"a setpoint that is no number switches off", func(p *Params) { p.MinOn = time.Hour }, []step{
		{0, good(18), to(heat(20)), "heating too_cold"},
		{10 * second, good(18), to(heat(math.NaN())), "idle no_setpoint"},
	}},
	{"a delta that is no number switches off", func(p *Params) { p.MinOn = time.Hour }, []step{
		{0, good(18), to(heat(20)), "heating too_cold"},
		{10 * second, good(18), to(Setpoint{Mode: ModeHeat, Desired: 20, UpDelta: math.Inf(1), DownDelta: 1}), "idle no_setpoint"},
		{20 * second, good(18), to(Setpoint{Mode: ModeHeat, Desired: 20, UpDelta: 1, DownDelta: math.NaN()}), "idle no_setpoint"},
	}},
	{"a reading that is no number is dropped", nil, []step{
		{0, good(18), to(heat(20)), "heating too_cold"},
		{10 * second, good(math.NaN()), nil, "heating too_cold"},
		{20 * second, good(math.Inf(1)), nil, "heating too_cold"},
		{30 * second, good(math.Inf(-1)), nil, "heating too_cold"},
		{minute + 1, good(math.NaN()), nil, "idle stale_reading"},
	}},
	{"a reading from the future is dropped", nil, []step{
		{0, good(18), to(heat(20)), "heating too_cold"},
		{10 * second, good(22).measured(-1), nil, "heating too_cold"},
		{minute + 1, good(18).measured(-1), nil, "idle stale_reading"},
	}},
	{"a reading older than the last is dropped, one of the same instant is not", nil, []step{
		{0, good(18), to(heat(20)), "heating too_cold"},
		{10 * second, good(22).measured(10*second + 1), nil, "heating too_cold"},
		{20 * second, good(22).measured(20 * second), nil, "idle too_warm"},
	}},
	{"a reading that comes late is as old as it is", nil, []step{
		{0, good(18).measured(minute + 1), to(heat(20)), "idle stale_reading"},
		{10 * second, good(18).measured(minute), nil, "heating too_cold"},
	}},
	{"a mode that forbids the action ends it at once", func(p *Params) { p.MinOn = time.Hour }, []step{
		{0, good(18), to(heat(20)), "heating too_cold"},
		{10 * second, good(18), to(cool(20)), "idle too_cold"},
		{20 * second, good(22), nil, "cooling too_warm"},
		{30 * second, good(22), to(heat(20)), "idle too_warm"},
	}},
	{"a mere change of setpoint waits for min_on", func(p *Params) { p.MinOn = time.Hour }, []step{
		{0, good(18), to(heat(20)), "heating too_cold"},
		{10 * second, good(18), to(heat(10)), "heating min_on 59m50s"},
		{20 * second, good(18), to(both(10)), "heating min_on 59m40s"},
		{time.Hour, good(18), to(heat(10)), "idle too_warm"},
	}},
	{"no mode skips min_off", func(p *Params) { p.MinOff = 3 * minute }, []step{
		{0, nothing, to(heat(20)), "idle no_reading"},
		{3 * minute, good(18), nil, "heating too_cold"},
		{4 * minute, good(18), to(switchedOff), "off mode_off"},
		{5 * minute, good(18), to(heat(20)), "idle min_off 2m0s"},
		{7 * minute, good(18), nil, "heating too_cold"},
	}},
	{"a safety off is followed by min_off as any other", func(p *Params) { p.MinOff = 3 * minute }, []step{
		{0, nothing, to(heat(20)), "idle no_reading"},
		{3 * minute, good(18), nil, "heating too_cold"},
		{4*minute + 1, nothing, nil, "idle stale_reading"},
		{5*minute + 1, good(18), nil, "idle min_off 2m0s"},
	}},
	{"max_on rests for min_off where that is longer than a tenth", func(p *Params) { p.MaxOn = 30 * minute; p.MinOff = 5 * minute }, []step{
		{0, nothing, to(heat(20)), "idle no_reading"},
		{5 * minute, good(18), nil, "heating too_cold"},
		{35 * minute, good(18), nil, "idle max_on 5m0s"},
		{40 * minute, good(18), nil, "heating too_cold"},
	}},
	{"max_on in the band promises no return", func(p *Params) { p.MaxOn = 30 * minute }, []step{
		{0, good(18), to(heat(20)), "heating too_cold"},
		{30 * minute, good(20), nil, "idle max_on"},
		{31 * minute, good(20), nil, "idle in_band"},
		{33 * minute, good(20), nil, "idle in_band"},
	}},
	{"max_on holds for the cooler too", func(p *Params) { p.MaxOn = 10 * minute }, []step{
		{0, good(22), to(cool(20)), "cooling too_warm"},
		{10 * minute, good(22), nil, "idle max_on 1m0s"},
		{11 * minute, good(22), nil, "cooling too_warm"},
	}},
	{"heat_cool heats until it is above desired, through the whole band", nil, []step{
		{0, good(19.4), to(both(20)), "heating too_cold"},
		{10 * second, good(20), nil, "heating in_band"},
		{20 * second, good(20.01), nil, "idle in_band"},
		{30 * second, good(19.5), nil, "idle in_band"},
	}},
	{"heat_cool cools until it is below desired", nil, []step{
		{0, good(20.6), to(both(20)), "cooling too_warm"},
		{10 * second, good(20), nil, "cooling in_band"},
		{20 * second, good(19.99), nil, "idle in_band"},
		{30 * second, good(20.5), nil, "idle in_band"},
	}},
	{"cooling alone goes through the whole band", nil, []step{
		{0, good(20.5), to(cool(20)), "idle in_band"},
		{10 * second, good(20.51), nil, "cooling too_warm"},
		{20 * second, good(19.5), nil, "cooling in_band"},
		{30 * second, good(19.49), nil, "idle too_cold"},
		{40 * second, good(20), nil, "idle in_band"},
	}},
	{"the changeover needs no pause before the first stretch", func(p *Params) { p.Changeover = time.Hour }, []step{
		{0, good(18), to(both(20)), "heating too_cold"},
	}},
	{"the changeover is kept across a change of mode", func(p *Params) { p.Changeover = 10 * minute }, []step{
		{0, good(18), to(heat(20)), "heating too_cold"},
		{minute, good(18), to(cool(10)), "idle changeover 10m0s"},
		{2 * minute, good(18), to(heat(20)), "heating too_cold"}, // back to heating is no changeover
	}},
	{"of min_off and changeover the longer one is named", func(p *Params) { p.Changeover = 10 * minute; p.MinOff = 20 * minute }, []step{
		{0, good(18), to(both(20)), "idle starting 20m0s"},
		{20 * minute, good(18), nil, "heating too_cold"},
		{21 * minute, good(22), nil, "idle changeover 10m0s"},
		{31 * minute, good(22), nil, "cooling too_warm"},
		{32 * minute, good(18), nil, "idle changeover 10m0s"},
		{33 * minute, good(22), nil, "idle min_off 19m0s"},
	}},
	{"heating waits for its min_on before it gives way to cooling", func(p *Params) { p.MinOn = 5 * minute; p.Changeover = minute }, []step{
		{0, good(18), to(both(20)), "heating too_cold"},
		{minute, good(22), nil, "heating min_on 4m0s"},
		{5 * minute, good(22), nil, "idle changeover 1m0s"},
		{6 * minute, good(22), nil, "cooling too_warm"},
	}},
	{"no two switches at the same instant: on, then off", nil, []step{
		{0, good(18), to(heat(20)), "heating too_cold"},
		{0, good(22), nil, "heating min_on"},
		{1, good(22), nil, "idle too_warm"},
	}},
	{"no two switches at the same instant: off, then on", nil, []step{
		{0, good(18), to(heat(20)), "heating too_cold"},
		{minute, good(22), nil, "idle too_warm"},
		{minute, good(18), nil, "idle min_off"},
		{minute + 1, good(18), nil, "heating too_cold"},
	}},
	{"no two switches at the same instant: heater off, then cooler on", nil, []step{
		{0, good(18), to(both(20)), "heating too_cold"},
		{minute, good(22), nil, "idle changeover"},
		{minute, good(22), nil, "idle changeover"},
		{minute + 1, good(22), nil, "cooling too_warm"},
	}},
	{"safety does not wait even for the same instant to pass", nil, []step{
		{0, good(18), to(heat(20)), "heating too_cold"},
		{0, unverified(80), nil, "idle heat_cutout"},
	}},
	{"and nothing comes back at the instant at which safety switched off", nil, []step{
		{0, good(18), to(heat(20)), "heating too_cold"},
		{0, nothing, to(switchedOff), "off mode_off"},
		{0, nothing, to(heat(20)), "idle min_off"},
		{1, nothing, nil, "heating too_cold"},
	}},
	{"a zone that only cools mirrors one that only heats", func(p *Params) {
		p.Heater, p.MinOn, p.MinOff = false, 2*minute, 3*minute
	}, []step{
		{0, good(22), to(cool(20)), "idle starting 3m0s"},
		{3 * minute, good(22), nil, "cooling too_warm"},
		{4 * minute, good(18), nil, "cooling min_on 1m0s"},
		{5 * minute, good(18), nil, "idle too_cold"},
		{6 * minute, good(22), nil, "idle min_off 2m0s"},
		{8 * minute, good(22), nil, "cooling too_warm"},
		{9*minute + 1, nothing, nil, "idle stale_reading"},
	}},
	{"a mode without its relay switches nothing", func(p *Params) { p.Heater = false }, []step{
		{0, good(18), to(heat(20)), "idle too_cold"},
		{10 * second, good(18), to(both(20)), "idle too_cold"},
		{20 * second, good(22), nil, "cooling too_warm"},
	}},
	{"frost protection heats in every mode, below its band until above it", nil, []step{
		{0, good(4.9).icy(), to(target(ModeOff, 5.5)), "heating too_cold"},
		{10 * second, good(6).icy(), nil, "heating in_band"},
		{20 * second, good(6.01).icy(), nil, "off too_warm"},
		{30 * second, good(5).icy(), nil, "off in_band"},
		{40 * second, good(4.9).icy(), to(cool(5.5)), "heating too_cold"},
		{50 * second, good(6.5).icy(), nil, "idle too_warm"}, // and cools in none
		{60 * second, good(4.9).icy(), to(both(5.5)), "heating too_cold"},
		{70 * second, good(5.9).icy(), nil, "heating in_band"}, // through the whole band
		{80 * second, good(5.9), to(switchedOff), "off mode_off"},
		{90 * second, good(4.9).icy(), to(nobodySpoke), "off no_setpoint"},
		{100 * second, good(4.9).icy(), to(switchedOff), "off no_setpoint"}, // a band that is none
	}},
	{"frost protection skips neither min_off nor max_on nor a cut-out nor a guard", func(p *Params) { p.MinOff, p.MaxOn = minute, 30*minute }, []step{
		{0, good(4).icy(), to(target(ModeOff, 5.5)), "off starting 1m0s"},
		{minute, good(4).icy(), nil, "heating too_cold"},
		{31 * minute, good(4).icy(), nil, "off max_on 3m0s"},
		{34 * minute, good(4).icy(), nil, "heating too_cold"},
		{35 * minute, seen{good: true, celsius: 4, frost: true, tripped: true}, nil, "off not_warming"},
		{37 * minute, good(4).icy(), nil, "heating too_cold"},
		{38 * minute, seen{unverified: true, celsius: 40, frost: true}, nil, "off heat_cutout"},
	}},
	{"frost protection needs a fresh reading, and the duty without one goes by the mode", duty, []step{
		{0, good(4).icy(), to(target(ModeOff, 5.5)), "heating too_cold"},
		{minute + 1, nothing.icy(), nil, "off stale_reading"},
		{17*minute + 1, nothing.icy(), nil, "off stale_reading"},
		{18 * minute, nothing.icy(), to(heat(5.5)), "heating sensor_loss"},
	}},
	{"an open window bars the duty, too", duty, []step{
		{0, good(18), to(heat(20)), "heating too_cold"},
		{minute + 1, nothing, nil, "idle sensor_loss"},
		{18 * minute, nothing, nil, "heating sensor_loss"},
		{19 * minute, nothing.open(), nil, "idle stale_reading"},
		{20 * minute, nothing, nil, "heating sensor_loss"},
	}},
	{"an open window ends cooling, and nothing else gets past it", nil, []step{
		{0, good(22), to(cool(20)), "cooling too_warm"},
		{10 * second, good(22).open(), nil, "idle window_open"},
		{20 * second, seen{good: true, celsius: 4, frost: true, bar: true}, to(heat(20)), "idle window_open"},
		{30 * second, seen{good: true, celsius: 18, tripped: true, bar: true}, nil, "idle not_warming"}, // of higher rank
	}},
	{"a clock that leaps ahead makes the reading stale and serves every rest", func(p *Params) { p.MinOff = 3 * minute }, []step{
		{0, good(18), to(heat(20)), "idle starting 3m0s"},
		{12 * time.Hour, nothing, nil, "idle stale_reading"},
		{12 * time.Hour, good(18), nil, "heating too_cold"},
	}},
}

func TestLawKeepsItsPromises(t *testing.T) {
	for _, row := range promises {
		t.Run(row.name, func(t *testing.T) { play(t, with(row.params), row.script) })
	}
}

// A good reading and an unverified one in the same decision: each may open its cut-out.
func TestReadingAndSuspectTogetherOnlyEverOpen(t *testing.T) {
	p := with(func(p *Params) { p.MinOn = time.Hour })
	for _, row := range []struct{ good, unverified float64 }{{36, 20}, {20, 80}, {36, 80}} {
		s := Decide(p, State{}, Input{Now: morning, Reading: Temperature(18, morning), Setpoint: heat(20)})
		now := morning.Add(10 * second)
		s = Decide(p, s, Input{Now: now, Reading: Temperature(row.good, now), Unverified: []Reading{Temperature(row.unverified, now)}, Setpoint: heat(20)})
		if got := words(s); got != "idle heat_cutout" {
			t.Errorf("good %v, unverified %v: %q", row.good, row.unverified, got)
		}
	}
}

// Decide is a function: it changes nothing but its answer, and the same question gives the same answer.
func TestDecideRemembersNothing(t *testing.T) {
	p := with(func(p *Params) { p.MinOff = minute })
	prev := Decide(p, State{}, Input{Now: morning, Reading: Temperature(18, morning), Setpoint: heat(20)})
	kept := prev
	in := Input{Now: morning.Add(minute), Setpoint: heat(20)}
	once, again := Decide(p, prev, in), Decide(p, prev, in)
	if words(once) != words(again) || words(prev) != words(kept) || prev.Heater != kept.Heater {
		t.Error("a decision left a trace")
	}
}

func TestDecideAllocatesNothing(t *testing.T) {
	decide := decisions()
	if n := testing.AllocsPerRun(1000, decide); n != 0 {
		t.Errorf("%v allocations a decision", n)
	}
}

func BenchmarkDecide(b *testing.B) {
	decide := decisions()
	b.ReportAllocs()
	for b.Loop() {
		decide()
	}
}

// decisions gives a room that swings through its band, a decision a call.
func decisions() func() {
	p := with(func(p *Params) { p.MinOn, p.MinOff, p.Changeover = minute, minute, minute })
	var s State
	now, celsius, sp := morning, 18.0, both(20)
	return func() {
		now = now.Add(p.Sample)
		switch {
		case s.Heater.On:
			celsius += 0.1
		default:
			celsius -= 0.05
		}
		s = Decide(p, s, Input{Now: now, Reading: Temperature(celsius, now), Setpoint: sp})
	}
}

// TestACorrectionHoldsNoCutOutBack: raw or corrected, whichever is warmer counts for the
// heater's cut-out, and whichever is colder for the cooler's, also of what is held back.
func TestACorrectionHoldsNoCutOutBack(t *testing.T) {
	p := with(func(p *Params) { p.Heater, p.Cooler = true, true })
	now := time.Now()
	for _, row := range []struct {
		celsius, correction float64
		heat, cool          bool
	}{
		{34, -1, true, false}, {34, -0.9, false, false}, {35, 1, true, false}, {36, 10, true, false},
		{4, 1, false, true}, {4, 0.9, false, false}, {3, -1, false, true}, {20, -10, false, false},
	} {
		r := Temperature(row.celsius, now)
		r.Correction = row.correction
		for name, in := range map[string]Input{"good": {Now: now, Reading: r}, "held back": {Now: now, Unverified: []Reading{r}}} {
			in.Setpoint = Setpoint{Mode: ModeHeatCool, Desired: 20, UpDelta: 1, DownDelta: 1}
			if s := Decide(p, State{}, in); s.HeatCut != row.heat || s.CoolCut != row.cool {
				t.Errorf("%s, %v °C with %v K: heat %v, cool %v", name, row.celsius, row.correction, s.HeatCut, s.CoolCut)
			}
		}
	}
	cut := State{HeatCut: true, CutAt: now.Add(-time.Second)}
	r := Temperature(32, now)
	r.Correction = -2
	if s := Decide(p, cut, Input{Now: now, Reading: r}); !s.HeatCut {
		t.Error("let go at a raw 34 °C, 1 K below the cut-out")
	}
}
