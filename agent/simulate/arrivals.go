package simulate

import (
	"fmt"
	"math"
	"time"

	"thermostat/controlloop"
	"thermostat/house"
	"thermostat/house/figures"
)

// arrivals tells the house when the transitions of a zone's program come.
type arrivals struct {
	figures.Arrivals
	mode controlloop.Mode // what the program lets the zone do
	next figures.Coming
	at   time.Time // of next, the calendar's
}

// see takes what the zone aims at so long after the start.
func (a *arrivals) see(t controlloop.Target, start time.Time, after time.Duration, m *house.Moment) {
	if !t.Next.At.Equal(a.at) {
		a.at, a.next = t.Next.At, comingOf(t, a.mode, t.Next.At.Sub(start))
	}
	a.Add(m, after, a.next, t.Auto && t.Until.IsZero())
}

// comingOf is the program's next transition. Out of off it is to a warmer temperature,
// or in a zone that only cools to a colder one.
func comingOf(t controlloop.Target, mode controlloop.Mode, at time.Duration) figures.Coming {
	is, will := t.Setpoint, t.Next.Desired
	off := math.IsNaN(is.Desired)
	c := figures.Coming{At: at, Goal: math.NaN()}
	switch {
	case mode.Heats() && (will > is.Desired || off):
		c.Goal = will - is.DownDelta
	case mode.Cools() && (will < is.Desired || off):
		c.Goal, c.Cools = will+is.UpDelta, true
	}
	return c
}

// arrivalsText is the figure for people.
func arrivalsText(p figures.Punctuality, mode controlloop.Mode) string {
	to := "a warmer"
	switch {
	case !mode.Heats():
		to = "a colder"
	case mode.Cools():
		to = "a warmer or colder"
	}
	if p.Transitions == 0 {
		return "none to " + to + " temperature"
	}
	return fmt.Sprintf("%d to %s temperature: on average %.1f min late and %.1f early, at worst %.1f and %.1f", p.Transitions, to,
		each(p.Late, p).Minutes(), each(p.Early, p).Minutes(), p.WorstLate.Minutes(), p.WorstEarly.Minutes())
}

// each is the mean of a sum.
func each(sum time.Duration, p figures.Punctuality) time.Duration {
	return sum / time.Duration(max(p.Transitions, 1))
}

// arrivalsCells are the figure's columns of a grid; empty in a zone that follows no program.
func arrivalsCells(p *figures.Punctuality) string {
	if p == nil || p.Transitions == 0 {
		return "\t\t\t\t"
	}
	return fmt.Sprintf("%.1f\t%.1f\t%.1f\t%.1f\t", each(p.Late, *p).Minutes(), p.WorstLate.Minutes(), each(p.Early, *p).Minutes(), p.WorstEarly.Minutes())
}

// arrivalsJSON is the figure for machines; null where there was no transition that counts.
type arrivalsJSON struct {
	Transitions *int     `json:"transitions"` // null: the zone follows no program
	LateMeanS   *float64 `json:"late_mean_s"`
	LateWorstS  *float64 `json:"late_worst_s"`
	EarlyMeanS  *float64 `json:"early_mean_s"`
	EarlyWorstS *float64 `json:"early_worst_s"`
}

func arrivalsOf(p *figures.Punctuality) (j arrivalsJSON) {
	if p == nil {
		return j
	}
	j.Transitions = &p.Transitions
	if p.Transitions > 0 {
		j.LateMeanS, j.LateWorstS = knownNumber(each(p.Late, *p).Seconds()), knownNumber(p.WorstLate.Seconds())
		j.EarlyMeanS, j.EarlyWorstS = knownNumber(each(p.Early, *p).Seconds()), knownNumber(p.WorstEarly.Seconds())
	}
	return j
}
