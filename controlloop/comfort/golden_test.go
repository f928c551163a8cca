package comfort

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/clocktest"
	"thermostat/controlloop/foresee"
	"thermostat/controlloop/program"
	"thermostat/controlloop/roomtest"
)

// answers is a sensor that says what a day puts into it.
type answers struct {
	celsius float64
	lost    bool
	at      time.Time
}

func (a *answers) Read(context.Context) (controlloop.Reading, error) {
	if a.lost {
		return controlloop.Reading{}, &controlloop.BadReading{Verdict: controlloop.VerdictError, Err: errors.New("lost")}
	}
	return controlloop.Temperature(a.celsius, a.at), nil
}

type obedient struct{}

func (obedient) Set(bool) error { return nil }

// room is a plan and the word that is obeyed in it, beside the books that are kept of both.
type room struct {
	rnd  *rand.Rand
	plan *Plan
	law  controlloop.Params
	said controlloop.Setpoint
	*books
}

// newRoom has a random week, clock and law, and is in auto or in a manual mode.
func newRoom(rnd *rand.Rand) *room {
	presets := map[string]float64{"comfort": 20.5, "eco": 18, "sleep": 16.5, Away: 12, Boost: 23}
	week, text := randomWeek(rnd, []string{"comfort", "eco", "sleep", Away})
	if rnd.IntN(3) == 0 {
		delete(presets, Boost)
	}
	parsed, err := program.Parse(text)
	if err != nil {
		panic(err) // the books' week is none
	}
	east := time.Duration(rnd.IntN(105)-48) * 15 * time.Minute
	d := &room{rnd: rnd, law: randomLaw(rnd)}
	stands := []controlloop.Setpoint{{Mode: controlloop.ModeOff, Desired: math.NaN()}, {Mode: controlloop.ModeHeat, Desired: 16}, {Mode: controlloop.ModeAuto, Desired: 15.5}}[rnd.IntN(3)]
	stands.UpDelta, stands.DownDelta = 0.5, 0.5
	d.plan = &Plan{
		Calendar: program.Calendar{Week: parsed, Place: time.FixedZone("there", int(east/time.Second))}, Presets: presets, HoldMax: time.Duration(1+rnd.IntN(24)) * time.Hour,
		Mode: controlloop.ModeHeat, Unsynced: []Unsynced{Last, Stated, Follow}[rnd.IntN(3)], Default: stands,
	}
	if d.law.Cooler {
		d.plan.Mode = []controlloop.Mode{controlloop.ModeHeat, controlloop.ModeCool, controlloop.ModeHeatCool}[rnd.IntN(3)]
	}
	d.books = &books{
		week: week, east: east, presets: presets, usual: d.plan.Mode, holdMax: d.plan.HoldMax, unsynced: d.plan.Unsynced,
		stands: thing{mode: stands.Mode, celsius: stands.Desired}, pile: []thing{theProgram},
	}
	if stands.Mode == controlloop.ModeAuto {
		d.stands.mode = d.usual
	}
	d.said = controlloop.Setpoint{Mode: controlloop.ModeAuto, Desired: math.NaN(), UpDelta: 0.5, DownDelta: 0.5, Source: "page"}
	if rnd.IntN(3) == 0 {
		d.said.Mode, d.said.Desired = controlloop.ModeHeat, 19
		d.base(thing{mode: controlloop.ModeHeat, celsius: 19})
	}
	d.now(0, time.Unix(1_800_000_000+rnd.Int64N(7*24*3600), 0), rnd.IntN(4) > 0)
	return d
}

// day is a zone with comfort, and beside it a shadow without any, to which the books say
// what it aims at. Both hear the same readings at the same times.
type day struct {
	*room
	keeper
	memory       Memory
	zone, shadow *controlloop.Stepper
	sensor       answers
	until        time.Duration // of a lost sensor
	seen         map[string]int
}

// claimed is what both know of the room where their law looks ahead. No reading moves it.
func claimed(rnd *rand.Rand) foresee.Known {
	return roomtest.Known(3+9*rnd.Float64(), 0.3+1.5*rnd.Float64(), rnd.IntN(8), 1)
}

// randomLaw is a heater with or without a cooler beside it.
func randomLaw(rnd *rand.Rand) controlloop.Params {
	p := law()
	p.Cooler = rnd.IntN(3) == 0
	p.PlausibleMin, p.PlausibleMax, p.MaxRate = -40, 80, 1000
	p.Sample, p.StaleAfter = time.Minute, 5*time.Minute
	p.MinOn, p.MinOff, p.Changeover = time.Duration(rnd.IntN(5))*time.Minute, time.Duration(rnd.IntN(5))*time.Minute, time.Duration(rnd.IntN(9))*time.Minute
	if rnd.IntN(2) == 0 {
		p.MaxOn = 40 * time.Minute
	}
	if rnd.IntN(2) == 0 {
		p.Loss = controlloop.Duty{Percent: 30, Period: 20 * time.Minute, For: 2 * time.Hour}
	}
	return p
}

func newDay(rnd *rand.Rand, seen map[string]int) *day {
	d := &day{room: newRoom(rnd), seen: seen}
	d.protect()
	d.sensor = answers{celsius: 15 + rnd.Float64()*7, at: d.clocks()}
	var past controlloop.Past
	if rnd.IntN(2) == 0 {
		d.law.Law, d.law.StartsPerDay, past.Room = controlloop.LawForesee, 100, claimed(rnd)
	}
	var cooler controlloop.Relay
	if d.law.Cooler {
		cooler = obedient{}
	}
	d.zone = controlloop.NewStepper(&controlloop.Zone{
		Params: d.law, Sensor: &d.sensor, Heater: obedient{}, Cooler: cooler, Past: past,
		Plan: func(said controlloop.Setpoint, look controlloop.Look) controlloop.Target {
			t := d.plan.Target(said, look.Now, d.clock())
			d.memory, t = Windows(d.plan, d.memory, t, look, d.contact)
			d.memory, t = Preheat(d.plan, d.memory, t, look)
			d.memory, t = Protect(d.plan, d.memory, t, look)
			return t
		},
	}, d.said, d.clocks())
	d.shadow = controlloop.NewStepper(&controlloop.Zone{
		Params: d.law, Sensor: &d.sensor, Heater: obedient{}, Cooler: cooler, Past: past,
		Plan: func(_ controlloop.Setpoint, look controlloop.Look) controlloop.Target { return d.shadows(look) },
	}, d.said, d.clocks())
	return d
}

// clocks is what time.Now gives.
func (d *room) clocks() time.Time { return clocktest.Shown(d.boot, d.wall) }

// clock is what is known of the time; what the program said last is the books'.
func (d *room) clock() Clock {
	c := Clock{Trusted: d.trusted}
	if last, err := program.ParseTarget(d.last); err == nil {
		c.Last = &last
	}
	return c
}

// hand is what somebody does, and what the books make of it; false: it is refused.
type hand struct {
	does  func(p *Plan, said controlloop.Setpoint, now time.Time, clock Clock) (controlloop.Setpoint, error)
	books func(b *books) bool
}

// applied is a hand that nobody refuses.
func applied(does func(p *Plan, said controlloop.Setpoint, now time.Time, clock Clock) controlloop.Setpoint, books func(b *books) bool) hand {
	return hand{func(p *Plan, said controlloop.Setpoint, now time.Time, clock Clock) (controlloop.Setpoint, error) {
		return does(p, said, now, clock), nil
	}, books}
}

// randomHand is one of all that a person, or a word from elsewhere, can do.
func randomHand(rnd *rand.Rand, law controlloop.Params) hand {
	celsius, lasts := 15+float64(rnd.IntN(24))/2, time.Duration(5+rnd.IntN(8<<rnd.IntN(8)))*time.Minute // long ones and short ones, so that they lie on each other
	switch rnd.IntN(11) {
	case 0, 1:
		return hand{func(p *Plan, said controlloop.Setpoint, now time.Time, clock Clock) (controlloop.Setpoint, error) {
			return p.Boost(said, lasts, now, clock, law)
		}, func(b *books) bool { return b.boost(lasts) }}
	case 2:
		return keeping(lasts)
	case 3:
		return keeping(0)
	case 4:
		return hand{func(p *Plan, said controlloop.Setpoint, now time.Time, clock Clock) (controlloop.Setpoint, error) {
			return p.Keep(said, controlloop.Hold{}, true, now, clock)
		}, (*books).keepForEver}
	case 5:
		return applied(func(p *Plan, said controlloop.Setpoint, now time.Time, clock Clock) controlloop.Setpoint {
			return p.Desire(said, celsius, now, clock)
		}, func(b *books) bool { b.desire(celsius, ""); return true })
	case 6:
		preset := []string{"comfort", "eco", Away, Away}[rnd.IntN(4)]
		return hand{func(p *Plan, said controlloop.Setpoint, now time.Time, clock Clock) (controlloop.Setpoint, error) {
			return p.Prefer(said, preset, now, clock)
		}, func(b *books) bool { b.desire(b.celsius(preset), preset); return true }}
	case 7:
		return hand{(*Plan).Resume, (*books).resume}
	case 8:
		return powering(rnd.IntN(2) == 0)
	case 9:
		return choosing(rnd, law)
	}
	return foreign(rnd.IntN(4), celsius, lasts)
}

// keeping holds what is aimed at for a while; 0: until the next transition.
func keeping(lasts time.Duration) hand {
	return hand{func(p *Plan, said controlloop.Setpoint, now time.Time, clock Clock) (controlloop.Setpoint, error) {
		end := controlloop.Hold{For: lasts}
		if lasts > 0 && clock.Trusted {
			end.Until = now.Add(lasts)
		}
		return p.Keep(said, end, false, now, clock)
	}, func(b *books) bool { return b.keep(lasts) }}
}

func powering(on bool) hand {
	return applied(func(p *Plan, said controlloop.Setpoint, now time.Time, clock Clock) controlloop.Setpoint {
		return p.Power(said, on, now, clock)
	}, func(b *books) bool {
		if on {
			return b.turnOn()
		}
		return b.choose(controlloop.ModeOff)
	})
}

func choosing(rnd *rand.Rand, law controlloop.Params) hand {
	modes := []controlloop.Mode{controlloop.ModeAuto, controlloop.ModeHeat, controlloop.ModeOff, controlloop.ModeCool}
	if !law.Cooler {
		modes = modes[:3]
	}
	mode := modes[rnd.IntN(len(modes))]
	return applied(func(p *Plan, said controlloop.Setpoint, now time.Time, clock Clock) controlloop.Setpoint {
		return p.Choose(said, mode, now, clock)
	}, func(b *books) bool {
		if mode == controlloop.ModeAuto {
			b.base(theProgram)
			return true
		}
		return b.choose(mode)
	})
}

// foreign is a word of somebody else, which tells its own end, or only that it is a
// temperature in auto.
func foreign(kind int, celsius float64, lasts time.Duration) hand {
	t := thing{auto: true, celsius: celsius, toNext: kind == 0, mode: controlloop.ModeHeat}
	return applied(func(p *Plan, said controlloop.Setpoint, now time.Time, clock Clock) controlloop.Setpoint {
		said.Mode, said.Desired, said.Preset, said.Hold = controlloop.ModeAuto, celsius, "", controlloop.Hold{}
		switch kind {
		case 1:
			said.Until = now.Add(lasts)
		case 2:
			said.For = lasts
		case 3:
			said.Mode, said.Until = controlloop.ModeHeat, now.Add(lasts)
		}
		return said
	}, func(b *books) bool {
		t := t
		t.from = b.boot
		if t.auto = kind < 3; kind == 1 || kind == 3 {
			t.until = b.wall.Add(lasts)
		} else if kind == 2 {
			t.lasts = lasts
		}
		b.pile = []thing{theProgram, t}
		return true
	})
}

// takes lets a hand do its work in the plan and in the books.
func (d *room) takes(h hand) error {
	now := d.clocks()
	said, err := h.does(d.plan, d.said, now, d.clock())
	if said.Mode != controlloop.ModeAuto && said.Mode != controlloop.ModeOff && math.IsNaN(said.Desired) && said.Preset == "" {
		err = errors.New("a mode without a temperature") // as the setpoint's rules refuse it
	}
	if ok := h.books(d.books); ok != (err == nil) {
		return fmt.Errorf("the plan says %v, the books %v", err, ok)
	}
	if err != nil {
		return nil
	}
	d.now(d.boot, d.wall, d.trusted) // what comes to lie on top may be over
	said.Accepted = now
	d.said = said
	return nil
}

// passes lets time pass, and tells how many holds ended. What is over then stays over.
func (d *room) passes(lasts time.Duration, wall time.Time, trusted bool) (ended int) {
	d.now(d.boot+lasts, wall, trusted)
	d.said, ended = d.plan.Over(d.said, d.clocks(), d.clock())
	return ended
}

// differs says where a target is not as the books have it.
func (d *room) differs(is controlloop.Target, want aim) error {
	got := aim{is.Setpoint.Mode, is.Setpoint.Desired, is.Setpoint.Preset, is.Why, is.Until}
	if got.mode != want.mode || !sameCelsius(got.celsius, want.celsius) && (got.mode != controlloop.ModeOff || want.why == Frosty) ||
		got.preset != want.preset || got.why != want.why || got.until.Unix() != want.until.Unix() {
		return fmt.Errorf("aims at %v, want %v", got, want)
	}
	return d.comes(is.Next)
}

// comes holds what is told of the next transition against the books.
func (d *room) comes(is controlloop.Change) error {
	if !d.trusted && d.unsynced != Follow {
		if !is.At.IsZero() {
			return fmt.Errorf("tells of %+v, and nobody vouches for the clock", is)
		}
		return nil
	}
	next, wait := d.coming(d.wall)
	if is.At.Unix() != d.wall.Add(wait).Unix() || !sameCelsius(is.Desired, d.celsius(next.word)) {
		return fmt.Errorf("next is %+v, want %v in %v", is, next, wait)
	}
	return nil
}

func sameCelsius(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

// acts is a hand in the zone; the shadow decides at the same time.
func (d *day) acts(h hand) error {
	err := d.takes(h)
	d.step()
	return err
}

func (d *day) step() {
	d.zone.Set(d.said, d.clocks())
	d.shadow.Set(d.said, d.clocks())
}

// minute passes; the clock may be set, believed no more, or believed again.
func (d *day) minute() {
	wall, trusted := d.wall.Add(time.Minute), d.trusted
	switch d.rnd.IntN(2000) {
	case 0:
		wall = wall.Add(time.Hour)
	case 1:
		wall = wall.Add(-time.Hour)
	case 2:
		wall = wall.AddDate(10, 0, 0)
	case 3:
		wall = wall.AddDate(-10, 0, 0)
	case 4, 5, 6, 7, 8, 9:
		trusted = !trusted
	}
	if d.passes(time.Minute, wall, trusted) > 0 {
		d.step()
	}
	d.measure()
	d.windows(d.rnd)
	d.zone.Tick(d.clocks())
	d.shadow.Tick(d.clocks())
}

// measure makes a reading: of a room that follows its relays, of one that is on fire or
// in the frost, or none.
func (d *day) measure() {
	s := d.zone.State()
	d.sensor.celsius += d.rnd.Float64()*0.3 - 0.15
	switch {
	case s.Heater.On:
		d.sensor.celsius += 0.2
	case s.Cooler.On:
		d.sensor.celsius -= 0.2
	default:
		d.sensor.celsius += (17 - d.sensor.celsius) * 0.03
	}
	switch d.rnd.IntN(400) {
	case 0:
		d.sensor.celsius = 36
	case 1:
		d.sensor.celsius = 2
	case 2:
		d.sensor.celsius = 17 + d.rnd.Float64()*5
	case 3:
		d.until = d.boot + time.Duration(d.rnd.IntN(180))*time.Minute
	}
	d.sensor.lost, d.sensor.at = d.boot < d.until, d.clocks()
}

// breaks says where the zone is not as its shadow.
func (d *day) breaks() error {
	zone, shadow := d.zone.State(), d.shadow.State()
	d.seen[d.want.why]++
	d.seen[string(zone.Reason)]++
	if zone.Ahead {
		d.seen["the law works ahead"]++
	}
	d.seen[zone.Action.String()]++
	switch {
	case d.wrong != nil:
		return d.wrong
	case d.barred && (zone.Heater.On || zone.Cooler.On):
		return errors.New("on while an open window bars it")
	case zone.Heater.On && !d.mayHeat(zone), zone.Cooler.On && d.icy:
		return fmt.Errorf("%v by %s, aiming at %v: nothing allows that", zone.Action, zone.Reason, d.want)
	case zone.Heater.On && !shadow.Heater.On, zone.Cooler.On && !shadow.Cooler.On:
		return fmt.Errorf("on where the shadow may not be: %v by %s, want %v by %s", zone.Action, zone.Reason, shadow.Action, shadow.Reason)
	case zone.Ahead && (!d.follows() || d.plan.Warming == Warming{}):
		return fmt.Errorf("works for a transition, aiming at %v", d.want)
	case zone.Heater != shadow.Heater || zone.Cooler != shadow.Cooler || zone.Reason != shadow.Reason:
		return fmt.Errorf("decides %v by %s, its shadow %v by %s", zone.Action, zone.Reason, shadow.Action, shadow.Reason)
	}
	return nil
}

// TestComfortHeatsNoRoomThatItsTargetWouldNot is the golden rule over random days: comfort
// chooses the target and nothing else. A shadow without any comfort gets the same readings
// at the same times, and its target of the books. At each minute the zone aims at what the
// books say, and its relays are as the shadow's, through random weeks, hands, losses of the
// sensor, cut-outs, clocks that are set by an hour or ten years, and clocks that nobody
// vouches for; with frost protection, a contact of the windows and preheating or without; by
// hysteresis, and by a law that looks ahead to the transition that the books say.
func TestComfortHeatsNoRoomThatItsTargetWouldNot(t *testing.T) {
	days := uint64(150)
	switch {
	case os.Getenv("THERMOSTAT_CI") != "":
		days = 1000
	case testing.Short():
		days = 40
	}
	seen := map[string]int{}
	for seed := range days {
		d := newDay(rand.New(rand.NewPCG(seed, 22)), seen)
		for range 24 * 60 {
			d.minute()
			var err error
			if d.rnd.IntN(150) == 0 {
				err = d.acts(randomHand(d.rnd, d.law))
			}
			if err := errors.Join(err, d.differs(d.zone.Target(), d.want), d.breaks()); err != nil {
				t.Fatalf("day %d, after %v, %v, trusted %v: %v\nsaid %+v", seed, d.boot, d.wall, d.trusted, err, d.said)
			}
		}
	}
	t.Logf("%d days: %v", days, seen)
	for _, must := range []string{Manual, Held, Boost, Away, Program, Default, Frosty, WindowOpen, Preheating, "heating", "cooling", "idle", "off", "heat_cutout", "stale_reading", "sensor_loss", "min_off", "max_on", "preheat", "frost out of off", "barred and lost", "the law works ahead", "warm_enough", "too_cold_soon", "setback_soon"} {
		if seen[must] == 0 {
			t.Errorf("no minute of %s: this shows little", must)
		}
	}
}
