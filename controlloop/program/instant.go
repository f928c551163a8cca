package program

import "time"

// Step is a transition on one day.
type Step struct {
	At     time.Time // its instant
	Target Target    // what begins
}

// A week comes round after 7 days; a place may leave out or repeat nearly a day
// when it changes its clocks, and each end may fall on another date than now.
const daysAround = 9

// InForce gives the newest transition not after now, on the clocks of a place; ok
// is false where the week has none. Times of a day that the clocks pass over happen
// at the end of the gap, those that come twice the first time; of two that happen
// at one instant the later one in the day is in force.
func (w Week) InForce(now time.Time, place *time.Location) (s Step, ok bool) {
	if w.Empty() {
		return s, false
	}
	today := dateOf(now, place)
	for day := 1; day >= -daysAround; day-- { // clocks put back over midnight: tomorrow may have been already
		date := today.AddDate(0, 0, day)
		transitions := w.days[date.Weekday()]
		for i := len(transitions) - 1; i >= 0; i-- {
			if at := instant(date, transitions[i].Minute, place); !at.After(now) {
				return Step{at, transitions[i].Target}, true
			}
		}
	}
	return Step{}, false
}

// Next gives the first transition after now, on the clocks of a place; ok is false
// where the week has none.
func (w Week) Next(now time.Time, place *time.Location) (s Step, ok bool) {
	if w.Empty() {
		return s, false
	}
	today := dateOf(now, place)
	for day := -1; day <= daysAround; day++ {
		date := today.AddDate(0, 0, day)
		for _, t := range w.days[date.Weekday()] {
			at := instant(date, t.Minute, place)
			if ok && at.After(s.At) {
				return s, true
			}
			if at.After(now) { // of those at one instant the last one begins
				s, ok = Step{at, t.Target}, true
			}
		}
	}
	return s, ok
}

// Coming gives the next moment after now at which the clocks of a place show a minute
// of the day, be it for the second time; of one that they pass over, the end of the gap.
func Coming(now time.Time, minute int, place *time.Location) time.Time {
	for date := dateOf(now, place).AddDate(0, 0, -1); ; date = date.AddDate(0, 0, 1) {
		first := instant(date, minute, place)
		for _, at := range []time.Time{first, again(first)} {
			if at.After(now) {
				return at
			}
		}
	}
}

// again is when the clocks of a place show once more what they do at a time, since they
// were put back; that time where they do not.
func again(at time.Time) time.Time {
	_, end := at.ZoneBounds()
	_, was := at.Zone()
	_, is := end.Zone()
	if second := at.Add(time.Duration(was-is) * time.Second); !end.IsZero() && !second.Before(end) {
		return second
	}
	return at
}

// dateOf is the date on the clocks of a place, as the beginning of that day in UTC.
func dateOf(now time.Time, place *time.Location) time.Time {
	year, month, day := now.In(place).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// instant is the time at which the clocks of a place first show a date and a minute
// of the day, or a later time: the end of a gap, the first of two. Date is in UTC.
// (time.Date takes either side of a gap.)
func instant(date time.Time, minute int, place *time.Location) time.Time {
	shown := date.Add(time.Duration(minute) * time.Minute) // as if the place were UTC
	t := shown.Add(-26 * time.Hour).In(place)              // no place is 26 h ahead: not shown yet
	for {
		_, ahead := t.Zone()
		at := shown.Add(-time.Duration(ahead) * time.Second)
		if at.Before(t) { // the clocks were put forward over it
			return t
		}
		_, end := t.ZoneBounds()
		if end.IsZero() || at.Before(end) {
			return at.In(place)
		}
		t = end
	}
}
