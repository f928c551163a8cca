package figures

import (
	"time"

	"thermostat/house"
)

// Coming is the next transition of a program. It counts where it asks an output for
// more than before: a heater for a warmer room, a cooler for a colder one.
type Coming struct {
	At    time.Duration // since the run began
	Goal  float64       // °C, the end of the new band that the room meets first; NaN: it does not count
	Cools bool          // the room is to be colder
}

// reached reports whether the air is where the transition wants it.
func (c Coming) reached(air float64) bool {
	if c.Cools {
		return air <= c.Goal
	}
	return air >= c.Goal
}

// Punctuality is how late and how early a room was at the transitions that count.
// See docs/simulate.md for what each means.
type Punctuality struct {
	Transitions           int           // that count
	Late, Early           time.Duration // of all together
	WorstLate, WorstEarly time.Duration // of one
}

// add counts a transition.
func (p *Punctuality) add(late, early time.Duration) {
	p.Transitions++
	p.Late, p.Early = p.Late+late, p.Early+early
	p.WorstLate, p.WorstEarly = max(p.WorstLate, late), max(p.WorstEarly, early)
}

// Merge adds the transitions of another run.
func (p *Punctuality) Merge(o Punctuality) {
	p.Transitions += o.Transitions
	p.Late, p.Early = p.Late+o.Late, p.Early+o.Early
	p.WorstLate, p.WorstEarly = max(p.WorstLate, o.WorstLate), max(p.WorstEarly, o.WorstEarly)
}

// Arrivals watches a run for when the room comes to what each transition wants. Its
// memory does not grow.
type Arrivals struct {
	told    Punctuality
	coming  approach
	due     Coming // it has happened, and the room is not there
	waiting bool   // for due
}

// approach is the way to a transition that is to come.
type approach struct {
	Coming
	begun   bool
	there   bool          // the room is
	since   time.Duration // when it came there
	driven  bool          // its output brought it there
	ran     bool          // the output has run since the approach began
	stopped time.Duration // when it ran last
}

// Add takes the next moment, with the transition that is next and whether the zone
// follows its program: what is hidden by a hold does not count.
func (a *Arrivals) Add(m *house.Moment, at time.Duration, next Coming, follows bool) {
	if a.coming.begun && at >= a.coming.At {
		a.happens(follows)
	}
	a.waiting = a.waiting && follows
	if a.waiting && a.due.reached(m.Air) {
		a.told.add(at-a.due.At, 0)
		a.waiting = false
	}
	if !a.coming.begun || a.coming.At != next.At {
		a.coming = approach{Coming: next}
	}
	a.coming.add(m, at)
}

// happens makes the transition that was to come the one in force. The one before it
// that the room has not reached was late for all of its time.
func (a *Arrivals) happens(follows bool) {
	is := a.coming
	if a.waiting {
		a.told.add(is.At-a.due.At, 0)
	}
	counts := follows && is.Goal == is.Goal
	a.due, a.waiting = is.Coming, counts && !is.there
	switch {
	case !counts || a.waiting:
	case is.driven:
		a.told.add(0, is.At-is.since)
	default:
		a.told.add(0, 0)
	}
}

// add takes a moment on the way. What its output has done within the last hour is of
// its making; a room that was there all the time was not brought there.
func (a *approach) add(m *house.Moment, at time.Duration) {
	if on := m.Heating && !a.Cools || m.Cooling && a.Cools; on {
		a.ran, a.stopped = true, at
	}
	there := a.reached(m.Air)
	if there && !a.there {
		a.since, a.driven = at, a.begun && a.ran && at-a.stopped <= overshootWithin
	}
	a.there, a.begun = there, true
}

// Punctuality gives what there is so far. A transition that the room has not reached
// yet is left out.
func (a *Arrivals) Punctuality() Punctuality { return a.told }
