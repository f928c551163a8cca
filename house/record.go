package house

import (
	"math"
	"time"
)

// Record is what was seen of a real room, pressed into a bounded number of
// spans of equal length.
type Record struct {
	width time.Duration
	spans []span
	begun bool
	first float64 // °C
}

// span is one of them.
type span struct {
	seconds float64
	celsius float64 // sum
	outdoor float64 // sum
	count   float64
	driven  float64 // s, heated
	cooled  float64 // s
	unsure  float64 // s², the variance of driven: of some switches only the readings before and behind are known
	known   bool    // outdoor is
}

// The finest spans, and how many there may be: two weeks of minutes, four of two minutes.
const (
	finestSpan = time.Minute
	mostSpans  = 20160
)

// leastRun is how long an output must have run for a record to show it, s.
const leastRun = 1800

// AddSwitch takes a reading: °C, the time since the one before it, how much of
// that the output ran (1 heating with full power, -1 cooling as much, 0 off), °C
// outdoors, NaN if unknown, and to how many seconds (standard deviation) the
// moment is known at which the output switched, 0 if it did not.
func (r *Record) AddSwitch(celsius float64, since time.Duration, driven, outdoor, doubt float64) {
	if !r.begun { // nothing is known of the time before the first
		r.begun, r.first, r.width = true, celsius, finestSpan
		return
	}
	if since <= 0 {
		return
	}
	n := len(r.spans)
	if n == 0 || r.spans[n-1].seconds >= r.width.Seconds()-1e-9 {
		r.makeRoom()
		r.spans = append(r.spans, span{known: true})
		n = len(r.spans)
	}
	s := &r.spans[n-1]
	s.seconds += since.Seconds()
	s.driven += max(driven, 0) * since.Seconds()
	s.cooled += max(-driven, 0) * since.Seconds()
	s.unsure += doubt * doubt
	s.celsius += celsius
	s.count++
	s.known = s.known && outdoor == outdoor
	if s.known {
		s.outdoor += outdoor
	}
}

// makeRoom joins spans in pairs when there are too many.
func (r *Record) makeRoom() {
	if len(r.spans) < mostSpans {
		return
	}
	for i := 0; i+1 < len(r.spans); i += 2 {
		a, b := r.spans[i], r.spans[i+1]
		r.spans[i/2] = span{a.seconds + b.seconds, a.celsius + b.celsius, a.outdoor + b.outdoor, a.count + b.count, a.driven + b.driven, a.cooled + b.cooled, a.unsure + b.unsure, a.known && b.known}
	}
	r.spans, r.width = r.spans[:len(r.spans)/2], 2*r.width
}

// outdoorKnown reports whether the outdoors were known all the time.
func (r *Record) outdoorKnown() bool {
	for i := range r.spans {
		if !r.spans[i].known {
			return false
		}
	}
	return len(r.spans) > 0
}

// bothRan reports whether heater and cooler ran long enough for each to show what
// it does.
func (r *Record) bothRan() bool {
	var heated, cooled float64
	for i := range r.spans {
		heated, cooled = heated+r.spans[i].driven, cooled+r.spans[i].cooled
	}
	return min(heated, cooled) >= leastRun
}

// noise is the standard deviation of what is not smooth, K: of second
// differences, in which a room's own course hardly shows.
func (r *Record) noise() float64 {
	sum, n := 0.0, 0.0
	for i := 2; i < len(r.spans); i++ {
		d := r.mean(i) - 2*r.mean(i-1) + r.mean(i-2)
		sum += d * d
		n++
	}
	return math.Sqrt(sum / n / 6)
}

func (r *Record) mean(i int) float64 { return r.spans[i].celsius / r.spans[i].count }
