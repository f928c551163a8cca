package program

import (
	"slices"
	"time"
)

// Calendar is what a program says at each time: a week, and intervals in which a preset
// counts instead. The zero value says nothing.
type Calendar struct {
	Week  Week
	Away  []Interval     // of those at one time the last begun counts
	Place *time.Location // on whose clocks all this happens
}

// Empty reports whether it never says anything.
func (c *Calendar) Empty() bool { return c.Week.Empty() && len(c.Away) == 0 }

// InForce is what counts at a time, and whether that is of an interval; ok is false where
// nothing does.
func (c *Calendar) InForce(now time.Time) (target Target, away, ok bool) {
	if i := c.interval(now); i != nil {
		return Target{Preset: i.Preset}, true, true
	}
	step, ok := c.Week.InForce(now, c.Place)
	return step.Target, false, ok
}

// interval is the interval that counts at a time; nil: none does.
func (c *Calendar) interval(now time.Time) (last *Interval) {
	for i := range c.Away {
		a := &c.Away[i]
		if a.Contains(now, c.Place) && (last == nil || !a.From.At(c.Place).Before(last.From.At(c.Place))) {
			last = a
		}
	}
	return last
}

// Next is when the next transition after a time happens: of the week, or the beginning or
// the end of an interval; ok is false where none comes. What an interval covers is none.
func (c *Calendar) Next(now time.Time) (at time.Time, ok bool) {
	sooner := func(t time.Time) {
		if t.After(now) && (!ok || t.Before(at)) {
			at, ok = t, true
		}
	}
	is := c.interval(now)
	if is == nil {
		if next, found := c.Week.Next(now, c.Place); found {
			sooner(next.At)
		}
	}
	for _, a := range c.Away {
		sooner(a.From.At(c.Place))
		sooner(a.To.At(c.Place))
	}
	if !ok || is == nil {
		return at, ok
	}
	if then := c.interval(at); then != nil && then.Preset == is.Preset { // one interval in another
		return c.Next(at)
	}
	return at, true
}

// Used gives each preset that is named once, in the order of the week and the intervals.
func (c *Calendar) Used() (names []string) {
	add := func(name string) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, t := range c.Week.Targets() {
		add(t.Preset)
	}
	for _, i := range c.Away {
		add(i.Preset)
	}
	return names
}
