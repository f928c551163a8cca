package house

import (
	"math"
	"time"
)

// Weather is a recorded weather: what was measured now and then, with straight
// lines in between. Its last value stands for ever.
type Weather struct {
	// Start is the time of the first row, for the time of the day.
	Start time.Time
	rows  []weatherRow
}

type weatherRow struct {
	at      time.Duration // since the first row
	outdoor float64       // °C
	sun     float64       // W/m²
}

// Lasts is the time from the first to the last row.
func (w *Weather) Lasts() time.Duration { return w.rows[len(w.rows)-1].at }

// stretch is a piece of weather in which outdoors and sun change at constant rates.
type stretch struct {
	since                  time.Duration // the beginning of the room's life
	left                   time.Duration // of the stretch
	outdoor, sun           float64       // °C and W/m², now
	outdoorSlope, sunSlope float64       // a second
}

// pass lets time go by within the stretch.
func (s *stretch) pass(dt time.Duration) {
	seconds := dt.Seconds()
	s.outdoor += seconds * s.outdoorSlope
	s.sun += seconds * s.sunSlope
	s.left -= dt
	s.since = min(s.since, math.MaxInt64-dt) + dt // after centuries it stands still
}

// weatherAt is the stretch that begins then.
func (p *Physical) weatherAt(since time.Duration) stretch {
	switch {
	case p.weather != nil:
		return p.weather.from(since)
	case p.params.Sun != 0:
		s := sunFrom(p.params.Sun, p.clock)
		s.since, s.outdoor = since, p.params.Outdoor
		return s
	}
	return stretch{since: since, left: math.MaxInt64, outdoor: p.params.Outdoor}
}

// from finds the rows around a time.
func (w *Weather) from(since time.Duration) stretch {
	low, high := 0, len(w.rows)
	for high-low > 1 {
		if middle := (low + high) / 2; w.rows[middle].at <= since {
			low = middle
		} else {
			high = middle
		}
	}
	a := w.rows[low]
	if high == len(w.rows) {
		return stretch{since: since, left: math.MaxInt64, outdoor: a.outdoor, sun: a.sun}
	}
	b := w.rows[high]
	s := stretch{since: since, left: b.at - since}
	span := (b.at - a.at).Seconds()
	s.outdoorSlope, s.sunSlope = (b.outdoor-a.outdoor)/span, (b.sun-a.sun)/span
	gone := (since - a.at).Seconds()
	s.outdoor, s.sun = a.outdoor+gone*s.outdoorSlope, a.sun+gone*s.sunSlope
	return s
}

// sunFrom is the sun of a clear day from six to six, drawn in straight lines of
// a quarter of an hour.
func sunFrom(noon float64, clock time.Duration) stretch {
	const quarter = 15 * time.Minute
	start := clock - clock%quarter
	at := func(c time.Duration) float64 {
		return noon * max(0, -math.Cos(2*math.Pi*c.Seconds()/day.Seconds()))
	}
	s := stretch{left: start + quarter - clock, sunSlope: (at(start+quarter) - at(start)) / quarter.Seconds()}
	s.sun = at(start) + (clock-start).Seconds()*s.sunSlope
	return s
}
