package comfort

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/program"
)

// night is an oracle of a zone in nights in which the clocks change. It goes on minute by
// minute and looks at the clocks: what they have not shown yet, or have passed over, happens.
type night struct {
	place *time.Location
	week  map[int]float64 // °C, by minutes from Monday 00:00 on the clocks
	now   time.Time
	high  int64   // the latest that the clocks have shown, in minutes
	is    float64 // °C, by the week
	fired int     // how often something has happened
}

// shows is what the clocks of the place show, in minutes, as if the place were UTC.
func (n *night) shows() int64 {
	_, ahead := n.now.In(n.place).Zone()
	return (n.now.Unix() + int64(ahead)) / 60
}

// minute goes on by one.
func (n *night) minute() {
	const monday, week = 4 * 24 * 60, 7 * 24 * 60 // 5 January 1970 was one
	n.now = n.now.Add(time.Minute)
	for is := n.shows(); n.high < is; {
		n.high++
		if celsius, is := n.week[int(((n.high-monday)%week+week)%week)]; is {
			n.is = celsius
			n.fired++
		}
	}
}

// TestHoldsAndTransitionsInNightsInWhichTheClocksChange: those that end in a missing or a doubled
// hour, too. A hold until a time of day ends when the clocks show that next.
func TestHoldsAndTransitionsInNightsInWhichTheClocksChange(t *testing.T) {
	rnd := rand.New(rand.NewPCG(27, 11))
	for _, row := range [][2]string{
		{"Europe/Berlin", "2027-03-28"}, {"Europe/Berlin", "2027-10-31"}, {"America/Santiago", "2027-04-04"}, {"America/Santiago", "2027-09-05"},
		{"Africa/Cairo", "2027-04-30"}, {"Africa/Cairo", "2027-10-29"}, {"Australia/Lord_Howe", "2027-04-04"}, {"Australia/Lord_Howe", "2027-10-03"},
	} {
		place, err := time.LoadLocation(row[0])
		if err != nil {
			t.Fatal(err) // Go brings the zones itself
		}
		day, _ := time.Parse(time.DateOnly, row[1])
		for range 12 {
			liveANight(t, rnd, place, day)
		}
	}
}

func liveANight(t *testing.T, rnd *rand.Rand, place *time.Location, day time.Time) {
	t.Helper()
	n := &night{place: place, week: map[int]float64{}, now: day.Add(-9 * 24 * time.Hour)}
	for d := range 7 {
		for _, at := range []int{rnd.IntN(60), 60 + rnd.IntN(60), 120 + rnd.IntN(60), 180 + rnd.IntN(1000), 1380 + rnd.IntN(60)} {
			if d == 0 || rnd.IntN(3) > 0 {
				n.week[d*1440+at] = 15 + float64(len(n.week))/4
			}
		}
	}
	week, err := program.Parse(weekOf(n.week))
	if err != nil {
		t.Fatal(err)
	}
	p := &Plan{Calendar: program.Calendar{Week: week, Place: place}, Presets: map[string]float64{}, Mode: controlloop.ModeHeat, HoldMax: 5 * time.Hour}
	auto := controlloop.Setpoint{Mode: controlloop.ModeAuto, Desired: math.NaN(), UpDelta: 0.5, DownDelta: 0.5}
	n.high = n.shows()
	for n.now.Before(day.Add(-30 * time.Hour)) {
		n.minute()
	}
	said, over := auto, func() bool { return true }
	for n.now.Before(day.Add(36 * time.Hour)) {
		n.minute()
		now := n.now
		want := n.is
		if !over() {
			want = 25
		}
		if got := p.Target(said, now, Clock{Trusted: true}).Setpoint.Desired; got != want {
			t.Fatalf("%v: %v, want %v; said %+v\n%s", now.In(place), got, want, said, week)
		}
		if rnd.IntN(40) > 0 {
			continue
		}
		begin, fired := now, n.fired
		untilNext := func() bool { return n.fired > fired || n.now.Sub(begin) >= p.HoldMax }
		held := auto
		held.Desired, held.Accepted = 25, now
		switch kind := rnd.IntN(4); kind {
		case 0: // as a foreign control says it: until the next transition, which its word does not tell
			said, over = held, untilNext
		case 1:
			said, over = p.Desire(auto, 25, now, Clock{Trusted: true}), untilNext
		case 2:
			lasts := time.Duration(1+rnd.IntN(300)) * time.Minute
			if said, err = p.Keep(held, controlloop.Hold{For: lasts, Until: now.Add(lasts)}, false, now, Clock{Trusted: true}); err != nil {
				t.Fatal(err)
			}
			said.Then, over = nil, func() bool { return n.now.Sub(begin) >= lasts }
		case 3: // until the clocks show a time of day
			minute := rnd.IntN(300)
			said, over = held, untilShown(n, minute)
			said.Until = program.Coming(now, minute, place)
		}
		said.Accepted = now
	}
}

// untilShown tells whether the clocks have shown a minute of the day since, or passed over it.
func untilShown(n *night, minute int) func() bool {
	before, is := n.shows(), false
	return func() bool {
		for shown := n.shows(); !is && shown != before; {
			if shown < before { // put back
				before = shown - 1
			}
			before++
			is = int(before%1440) == minute
		}
		return is
	}
}

// weekOf writes a week.
func weekOf(week map[int]float64) (text string) {
	for d, word := range []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} {
		part := ""
		for minute := range 1440 {
			if celsius, is := week[d*1440+minute]; is {
				part += fmt.Sprintf(", %02d:%02d %v", minute/60, minute%60, celsius)
			}
		}
		if part != "" {
			text += "; " + word + part[1:]
		}
	}
	return text[min(len(text), 2):]
}
