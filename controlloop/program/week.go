package program

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxPerDay bounds the transitions of one day.
const maxPerDay = 10

// Target is what a transition begins: a preset, a temperature, or off.
type Target struct {
	Preset  string  // its name; empty: Celsius counts
	Celsius float64 // °C, with at most 2 decimals
	Off     bool    // neither: nothing is heated or cooled
}

// String gives the target as it stands in a week's text.
func (t Target) String() string {
	switch {
	case t.Off:
		return "off"
	case t.Preset != "":
		return t.Preset
	}
	return strconv.FormatFloat(t.Celsius, 'f', -1, 64)
}

// Transition is a change of the target, each week anew.
type Transition struct {
	Minute int    // of the day, 0..1439, on the clocks of the place
	Target Target // what begins
}

// String gives the transition as it stands in a week's text.
func (t Transition) String() string {
	return fmt.Sprintf("%02d:%02d %s", t.Minute/60, t.Minute%60, t.Target)
}

// Week is a week of transitions. The zero value has none.
type Week struct {
	days [7][]Transition // by [time.Weekday], ascending
}

// Empty reports whether the week has no transition.
func (w Week) Empty() bool {
	return !slices.ContainsFunc(w.days[:], func(d []Transition) bool { return len(d) > 0 })
}

// Day gives the transitions of a day of the week, ascending.
func (w Week) Day(d time.Weekday) []Transition { return w.days[d] }

// Targets gives each target of the week once, by its first place in the week from Monday on.
func (w Week) Targets() (all []Target) {
	for _, d := range mondayFirst {
		for _, t := range w.days[d] {
			if !slices.Contains(all, t.Target) {
				all = append(all, t.Target)
			}
		}
	}
	return all
}

// Group is days of the same transitions.
type Group struct {
	Days        string // as [Parse] reads them; empty: every day
	Transitions []Transition
}

// Groups gives the days that have transitions, those alike together, by the first of them
// from Monday on.
func (w Week) Groups() (all []Group) {
	var told [7]bool
	for i, d := range mondayFirst {
		if told[d] || len(w.days[d]) == 0 {
			continue
		}
		var alike [7]bool
		for j, other := range mondayFirst[i:] {
			if slices.Equal(w.days[other], w.days[d]) {
				alike[i+j], told[other] = true, true
			}
		}
		all = append(all, Group{daysText(alike), w.days[d]})
	}
	return all
}

// String gives a text that [Parse] reads as the same week: days of the same
// transitions share a part.
func (w Week) String() string {
	var parts []string
	for _, g := range w.Groups() {
		transitions := make([]string, len(g.Transitions))
		for i, t := range g.Transitions {
			transitions[i] = t.String()
		}
		parts = append(parts, strings.TrimPrefix(g.Days+" ", " ")+strings.Join(transitions, ", "))
	}
	return strings.Join(parts, "; ")
}

// daysText names days, counted from Monday, as [Parse] reads them; empty where it is
// every day.
func daysText(which [7]bool) string {
	var names []string
	for from := 0; from < 7; from++ {
		if !which[from] {
			continue
		}
		to := from
		for to < 6 && which[to+1] {
			to++
		}
		switch {
		case from == 0 && to == 6:
			return ""
		case to-from >= 2:
			names = append(names, dayWords[from]+"-"+dayWords[to])
		default:
			names = append(names, dayWords[from:to+1]...)
		}
		from = to
	}
	return strings.Join(names, ",")
}
