package figures

import (
	"math"
	"strings"
	"testing"
	"time"

	"thermostat/house"
)

// TestARoomIsLateOrEarlyByTheMinutesBetweenItsArrivalAndTheTransition: by hand, with a
// sample a minute. A digit is the air, ^ is heat, h a hold; transitions happen at the
// minutes given and want the digit beside them, - where they do not count.
func TestARoomIsLateOrEarlyByTheMinutesBetweenItsArrivalAndTheTransition(t *testing.T) {
	const m = time.Minute
	rest := strings.Repeat("5", 61)
	for name, c := range map[string]struct {
		air, heat, hold string
		at              []int
		wants           string
		want            Punctuality
	}{
		"late":                       {"223456", "  ^^^^", "", []int{2}, "5", Punctuality{1, 2 * m, 0, 2 * m, 0}},
		"on time to the minute":      {"2255", " ^^^", "", []int{2}, "5", Punctuality{Transitions: 1}},
		"early by its heater":        {"2355566", "^^^  ^^", "", []int{5}, "5", Punctuality{1, 0, 3 * m, 0, 3 * m}},
		"early, and cold again":      {"25525566", "^^^ ^   ", "", []int{7}, "5", Punctuality{1, 0, 3 * m, 0, 3 * m}},
		"early by the sun":           {"235556", "      ", "", []int{4}, "5", Punctuality{Transitions: 1}},
		"warmed by heat of before":   {"22" + rest + "5", "^^" + rest, "", []int{62}, "5", Punctuality{1, 0, 60 * m, 0, 60 * m}},
		"an hour after the heat":     {"22" + strings.ReplaceAll(rest, "5", "2") + "55", "^^", "", []int{64}, "5", Punctuality{Transitions: 1}},
		"was never cold":             {"6666", "^^^^", "", []int{2}, "5", Punctuality{Transitions: 1}},
		"cold at the transition":     {"255425", "^^^^^^", "", []int{4}, "5", Punctuality{1, m, 0, m, 0}},
		"twice, with mean and worst": {"2325222255", "^^^^^^^^^^", "", []int{2, 4, 7}, "5-5", Punctuality{2, 2 * m, 0, m, 0}},
		"overtaken":                  {"222222", "^^^^^^", "", []int{1, 4}, "5-", Punctuality{1, 3 * m, 0, 3 * m, 0}},
		"the run ends before":        {"222222", "^^^^^^", "", []int{1}, "5", Punctuality{}},
		"a hold hides it":            {"222255", "^^^^^^", "hhhh  ", []int{2}, "5", Punctuality{}},
		"a hold hides an early one":  {"225555", "^^^   ", "    h ", []int{4}, "5", Punctuality{}},
		"warmed late in the night":   {strings.ReplaceAll(rest, "5", "2") + "2255", strings.Repeat(" ", 61) + " ^  ", "", []int{64}, "5", Punctuality{1, 0, m, 0, m}},
		"a hold comes meanwhile":     {"222255", "^^^^^^", "   h  ", []int{2}, "5", Punctuality{}},
		"a hold ended before":        {"222255", "^^^^^^", "hh    ", []int{2}, "5", Punctuality{1, 2 * m, 0, 2 * m, 0}},
		"to a colder one":            {"6655", "    ", "", []int{2}, "-", Punctuality{}},
	} {
		heats, cools := new(Arrivals), new(Arrivals)
		is := func(marks string, i int) bool { return i < len(marks) && marks[i] != ' ' }
		next := 0
		for i, digit := range c.air {
			for next < len(c.at) && c.at[next] <= i {
				next++
			}
			warm := Coming{At: time.Hour * 1000, Goal: math.NaN()}
			if next < len(c.at) {
				warm = Coming{At: time.Duration(c.at[next]) * m, Goal: math.NaN()}
				if c.wants[next] != '-' {
					warm.Goal = float64(c.wants[next] - '0')
				}
			}
			cold := Coming{At: warm.At, Goal: -warm.Goal, Cools: true}
			air, after := float64(digit-'0'), time.Duration(i)*m
			heats.Add(&house.Moment{Air: air, Heating: is(c.heat, i)}, after, warm, !is(c.hold, i))
			cools.Add(&house.Moment{Air: -air, Cooling: is(c.heat, i)}, after, cold, !is(c.hold, i))
		}
		if h, k := heats.Punctuality(), cools.Punctuality(); h != c.want || k != c.want {
			t.Errorf("%s: heating %+v, cooling %+v, want %+v", name, h, k, c.want)
		}
	}
}
