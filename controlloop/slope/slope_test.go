package slope

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"thermostat/house"
)

// cell is a room of the house under hysteresis, and its finder.
type cell struct {
	rnd   *rand.Rand
	room  *house.Physical
	p     Params
	s     State
	step  float64 // K
	noise float64
	now   time.Time
	on    bool

	desired, band float64
	mean          float64 // °C, outdoors
	found         int
	was           bool
}

var begin = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

func newCell(preset string, step float64, seed uint64) *cell {
	p := house.DefaultRoom()
	if known, ok := house.Preset(preset); ok {
		p = known
	}
	p.Start, p.OutdoorSwing, p.Sun = 20, 0, 0
	c := &cell{rnd: rand.New(rand.NewPCG(seed, 5)), room: house.NewPhysical(p), step: step, noise: 0.03, now: begin, desired: 20, band: 0.5, p: Params{Max: 30 * time.Minute}}
	c.room.Expose(5, 0, 0)
	return c
}

const tick = 10 * time.Second

func (c *cell) live(lasts time.Duration) {
	for range lasts / tick {
		c.room.Advance(tick)
		c.now = c.now.Add(tick)
		t := c.room.Sensed() + c.noise*c.rnd.NormFloat64()
		t = math.Round(t/c.step) * c.step
		switch {
		case t < c.desired-c.band && !c.s.Open:
			c.on = true
		case t > c.desired+c.band || c.s.Open:
			c.on = false
		}
		c.room.Heat(c.on)
		c.s = See(c.p, c.s, Look{Now: c.now, Celsius: t, On: c.on})
		if c.s.Open && !c.was {
			c.found++
		}
		c.was = c.s.Open
	}
}

// day is one of the week, with a set-back at night and away, and its own weather.
func (c *cell) day(outdoor float64) {
	if c.mean == 0 {
		c.mean = outdoor
	}
	was := c.mean
	c.mean = outdoor
	for hour := range 24 {
		outdoor := was + (c.mean-was)*float64(hour+1)/24
		c.desired = 17
		if hour >= 6 && hour < 9 || hour >= 16 && hour < 22 {
			c.desired = 21
		}
		gain := 0.0
		if hour >= 10 && hour < 16 {
			gain = 150 * c.rnd.Float64() // people, sun
		}
		c.room.Expose(outdoor+4*math.Sin(float64(hour-9)/24*2*math.Pi), gain, 0)
		c.live(time.Hour)
	}
}

// TestAWindowIsFoundInTimeByWhatTheRoomHasLearned: 240 W/K of it at 15 K and with the heater
// off. Timber, and coarse steps in a massive room, need a contact.
func TestAWindowIsFoundInTimeByWhatTheRoomHasLearned(t *testing.T) {
	const fine, coarse = 1.0 / 16, 0.5
	for _, row := range []struct {
		preset string
		step   float64
		within time.Duration
	}{
		{"room", fine, 6 * time.Minute}, {"panel", fine, 6 * time.Minute}, {"radiator", fine, 6 * time.Minute}, {"massive", fine, 10 * time.Minute},
		{"room", coarse, 10 * time.Minute}, {"panel", coarse, 10 * time.Minute}, {"radiator", coarse, 10 * time.Minute},
	} {
		for seed := range uint64(4) {
			c := newCell(row.preset, row.step, seed)
			for d := range 5 {
				c.day(5 + float64(d))
			}
			c.desired, c.on = 5, false
			c.live(time.Hour)
			if c.found > 0 || c.s.Learned.Days < Days {
				t.Fatalf("%s, steps of %v K: %d found before, %+v", row.preset, row.step, c.found, c.s.Learned)
			}
			c.room.Expose(c.room.Air()-15, 0, 240)
			took := time.Duration(0)
			for ; took <= row.within && !c.s.Open; took += tick {
				c.live(tick)
			}
			if took > row.within {
				t.Errorf("%s, steps of %v K, seed %d: not found within %v, learned %+v", row.preset, row.step, seed, row.within, c.s.Learned)
			}
		}
	}
}

// TestNoHealthyDayHasAWindow: over a thousand days of each room and thermometer, from the
// first on, at -15..15 °C outdoors, with a set-back each night and day.
func TestNoHealthyDayHasAWindow(t *testing.T) {
	days := 1000
	if testing.Short() {
		days = 60
	}
	for i, preset := range []string{"room", "panel", "radiator", "massive", "timber"} {
		for j, step := range []float64{1.0 / 16, 0.5} {
			t.Run(fmt.Sprintf("%s, steps of %v K", preset, step), func(t *testing.T) {
				t.Parallel()
				rnd := rand.New(rand.NewPCG(3, uint64(10*i+j)))
				c := newCell(preset, step, rnd.Uint64())
				outdoor := -15 + 30*rnd.Float64()
				for range days {
					if outdoor = min(max(outdoor+6*(rnd.Float64()-0.5), -15), 15); rnd.IntN(10) == 0 {
						outdoor = -15 + 30*rnd.Float64()
					}
					if c.day(outdoor); c.found > 0 {
						t.Fatalf("on %v, learned %+v", c.now, c.s.Learned)
					}
				}
			})
		}
	}
}

// falls lets a thermometer without noise go down by so many K an hour.
func falls(s State, p Params, now *time.Time, celsius *float64, rate float64, lasts time.Duration) (State, time.Duration) {
	for spent := time.Duration(0); spent < lasts; spent += tick {
		*now = now.Add(tick)
		*celsius -= rate * tick.Hours()
		if s = See(p, s, Look{Now: *now, Celsius: *celsius, Step: 0.01}); s.Open {
			return s, spent
		}
	}
	return s, lasts
}

// TestAWindowEndsWithItsSlopeItsTimeOrItsReading: after all its time nothing is found for a
// quarter of an hour.
func TestAWindowEndsWithItsSlopeItsTimeOrItsReading(t *testing.T) {
	p := Params{Threshold: 4, Max: 30 * time.Minute}
	opened := func() (State, *time.Time, *float64) {
		now, celsius := begin, 20.0
		s, _ := falls(State{}, p, &now, &celsius, 0.1, time.Hour)
		s, took := falls(s, p, &now, &celsius, 10, time.Hour)
		if !s.Open || took > 6*time.Minute {
			t.Fatalf("found after %v, %+v", took, s)
		}
		return s, &now, &celsius
	}
	step := func(s State, now *time.Time, celsius *float64, rate float64) State {
		*now = now.Add(tick)
		*celsius -= rate * tick.Hours()
		return See(p, s, Look{Now: *now, Celsius: *celsius, Step: 0.01})
	}
	open := func(s State, now *time.Time, celsius *float64, rate float64) (lasts time.Duration) {
		for ; s.Open && lasts < 2*time.Hour; lasts += tick {
			s = step(s, now, celsius, rate)
		}
		return lasts
	}
	if s, now, celsius := opened(); open(s, now, celsius, -6) > 10*time.Minute {
		t.Error("it stays open though the room warms again")
	}
	if s, now, celsius := opened(); open(s, now, celsius, 8) != p.Max {
		t.Error("it does not end after its time")
	}
	s, now, celsius := opened()
	for s.Open {
		s = step(s, now, celsius, 8)
	}
	if s, blind := falls(s, p, now, celsius, 8, time.Hour); !s.Open || blind < Blind-every {
		t.Errorf("found anew after %v", blind)
	}
	s, now, _ = opened()
	if s = See(p, s, Look{Now: now.Add(tick), Celsius: math.NaN()}); s.Open {
		t.Error("open without a reading")
	}
	s, now, celsius = opened()
	if s = See(p, s, Look{Now: now.Add(time.Hour), Celsius: *celsius}); s.Open {
		t.Error("open after a gap")
	}
}

// TestNothingIsFoundBeforeThreeDaysOfHeat: days without heat show nothing of the room.
func TestNothingIsFoundBeforeThreeDaysOfHeat(t *testing.T) {
	c := newCell("panel", 1.0/16, 1)
	c.room.Expose(30, 0, 0)
	c.live(5 * 24 * time.Hour)
	if c.s.Learned != (Learned{}) || c.s.Learned.Threshold() != 0 {
		t.Errorf("learned %+v in summer", c.s.Learned)
	}
	for i := range 3 {
		if c.s.Learned.Threshold() != 0 {
			t.Errorf("a verdict after %d days", i)
		}
		c.day(0)
	}
	c.day(0)
	if th := c.s.Learned.Threshold(); th < Least || th > Most {
		t.Errorf("%v K/h, learned %+v", th, c.s.Learned)
	}
}

// TestCoolingIsTheMirrorOfHeating: upside down, and in fast room time.
func TestCoolingIsTheMirrorOfHeating(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	p, fast := Params{Threshold: 4, Max: 30 * time.Minute}, Params{Threshold: 4, Max: 30 * time.Minute, Speed: 10}
	var a, b, c State
	celsius, rate := 20.0, 0.0
	seen := 0
	for i := range 100000 {
		if rnd.IntN(200) == 0 {
			rate = 20 * (rnd.Float64() - 0.5)
		}
		celsius -= rate * tick.Hours()
		celsius = min(max(celsius, -20), 40)
		at := time.Duration(i) * tick
		a = See(p, a, Look{Now: begin.Add(at), Celsius: celsius, On: i%7 == 0})
		b = See(p, b, Look{Now: begin.Add(at), Celsius: -celsius, On: i%7 == 0, Cools: true})
		c = See(fast, c, Look{Now: begin.Add(at / 10), Celsius: celsius, On: i%7 == 0})
		if a.Open != b.Open || a.Open != c.Open || a.Learned != b.Learned || a.Learned != c.Learned {
			t.Fatalf("%d: %+v\n%+v\n%+v", i, a, b, c)
		}
		if a.Open {
			seen++
		}
	}
	if seen == 0 {
		t.Error("no window at all")
	}
}

// TestAColdSnapAfterMildDaysIsNoWindow: what the room has shown at 15 °C outdoors does for -15 °C.
func TestAColdSnapAfterMildDaysIsNoWindow(t *testing.T) {
	for _, preset := range []string{"room", "panel", "radiator", "massive", "timber"} {
		for _, step := range []float64{1.0 / 16, 0.5} {
			for seed := range uint64(3) {
				c := newCell(preset, step, seed)
				for range 4 {
					c.day(15)
				}
				for range 3 {
					c.day(-15)
				}
				if c.found > 0 {
					t.Errorf("%s, steps of %v K: %d, learned %+v", preset, step, c.found, c.s.Learned)
				}
			}
		}
	}
}
