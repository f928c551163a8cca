package boiler

import (
	"fmt"
	"os"
	"testing"
	"time"

	"thermostat/agent/config/sources"
)

// result is what came of the days of one rule.
type result struct {
	starts, trips    int     // of the flame; of the boiler's own thermostat
	cold, warm, days float64 // K·h below and above the band, of all rooms
	energy           float64 // kWh
	hottest          float64 // °C
}

// add takes in one sample of a site.
func (r *result) add(s *site) {
	for _, p := range s.zones {
		air := p.room.Air()
		r.cold += max(0, p.desired-0.3-air) * tick.Hours()
		r.warm += max(0, air-p.desired-0.3) * tick.Hours()
	}
}

// begin leaves out what went before.
func (r *result) begin(s *site) {
	f := s.loop.Figures()
	r.starts, r.trips, r.energy = r.starts-f.Starts, r.trips-f.Trips, r.energy-f.Energy/3.6e6
}

func (r *result) end(s *site, days float64) {
	f := s.loop.Figures()
	r.starts += f.Starts
	r.trips += f.Trips
	r.energy += f.Energy / 3.6e6
	r.days += days
	r.hottest = max(r.hottest, f.Hottest)
}

func (r *result) String() string {
	return fmt.Sprintf("%.2f starts an hour, %.2f trips a day, %.2f K·h too cold and %.2f K·h too warm a day, %.1f kWh a day, at most %.0f °C",
		float64(r.starts)/r.days/24, float64(r.trips)/r.days, r.cold/r.days, r.warm/r.days, r.energy/r.days, r.hottest)
}

// rules are what bench/README.md compares; nil is the plain rule, by which boiler and pump run
// whenever a room's valve is told to open.
var rules = []struct {
	name   string
	change func(*sources.Source)
}{
	{"any zone calls", nil},
	{"source, defaults", func(*sources.Source) {}},
	{"source, min_off 15m", func(s *sources.Source) { s.Law.MinOff = 15 * minute }},
	{"source, call 2", func(s *sources.Source) { s.Law.Call = 2 }},
}

// TestALongerRestOrTwoCallsSaveStartsOfTheBoiler in a mild climate, where it starts most: bench/README.md has the table. The
// defaults save none.
func TestALongerRestOrTwoCallsSaveStartsOfTheBoiler(t *testing.T) {
	const settle, perDay = int(24 * time.Hour / tick), int(24 * time.Hour / tick)
	seeds, days := 2, 1
	if os.Getenv("THERMOSTAT_CI") != "" && !testing.Short() {
		seeds, days = 8, 3 // those of the table
	}
	results := make([]result, len(rules))
	for i, rule := range rules {
		r := &results[i]
		for seed := range uint64(seeds) {
			s := newSite(1000+seed, climate{6, 14, 0.1}, rule.change)
			for k := range settle + days*perDay {
				if rule.change == nil {
					s.livePlainly()
				} else if complaint := s.live(); complaint != "" {
					t.Fatal(complaint)
				}
				if k == settle {
					r.begin(s)
				}
				if k > settle {
					r.add(s)
				}
			}
			r.end(s, float64(days))
		}
		t.Logf("%s: %v", rule.name, r)
	}
	plain, calmest, careful := &results[0], &results[2], &results[3]
	if calmest.starts*10 > plain.starts*9 || careful.starts*10 > plain.starts*8 {
		t.Error("neither a longer rest nor two calls save a tenth of the starts")
	}
	if careful.cold/careful.days > 2 || calmest.cold/calmest.days > 0.5 || careful.energy > plain.energy {
		t.Error("they cost comfort or energy")
	}
}

// livePlainly is a sample in which boiler and pump follow the valves at once.
func (s *site) livePlainly() {
	s.now = s.now.Add(tick)
	calls := false
	for i, p := range s.zones {
		s.loop.Valve(i, p.valve.on)
		calls = calls || p.valve.on
	}
	s.loop.Call(calls)
	s.loop.Pump(calls)
	s.loop.Advance(tick)
	for _, p := range s.zones {
		p.Tick(s.now)
	}
}
