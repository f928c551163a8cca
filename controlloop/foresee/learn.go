package foresee

import "math"

// sqrt is exact on every machine (IEEE 754).
func sqrt(x float64) float64 { return math.Sqrt(x) }

// Known is what is kept of a room over a restart.
type Known struct {
	Sums     [len(lags)]sums
	Minutes  float64 // in the sums, the older ones counting less
	Segments int     // that were learned from
	Lag      int     // the index of the lag
	Gain     float64 // K/h
	Loss     float64 // 1/h
	Residual float64 // K, of a minute
	Trusted  bool

	Cycle float64 // h, of the heater; 0: not known
	Adapted
}

// Learner is what is known of a room, and what is being seen. Its zero value knows nothing.
type Learner struct {
	Known
	seg     segment
	length  float64            // h, of the segment when it is whole
	gone    float64            // h, of it so far
	emitted [len(lags)]float64 // what the emitter gives, for each lag, at the last minute
	now     float64            // what it gives now, for the lag that is taken
	shadow  float64            // °C
	begun   bool               // there was a reading
	settled float64            // h, since the start or the last gap
	on      bool               // the heater, in the time before the last reading
	started float64            // h, since the last start of the heater; negative: there was none

	celsius, drift float64 // the observer's: °C, K/h
	disturbed      float64 // h, for which the room still counts as disturbed
	strange        float64 // 0..1, the share of the last hours in which it did
	minute         minute
	expected
}

// minute is what went by of a minute.
type minute struct{ gone, warmth, heat float64 } // h, °C h, h

// Seen is one reading and what went by since the one before.
type Seen struct {
	Gone    float64 // h, since the reading before
	Celsius float64
	Worked  float64 // 0..1, of that time the heater was on: as ordered and obeyed, and with a source behind it
	Spoilt  bool    // a window is open, a valve is exercised: not the room's own doing
}

func (s *Seen) on() bool { return s.Worked > 0.5 }

// Bounds of what is taken as one stretch, and how long nothing is foreseen after a start.
const (
	longGap   = 0.25 // h
	settling  = 0.5  // h
	firstSpan = 1.5  // h, of a segment while no cycle is known
	leastSpan = 0.5  // h
	mostSpan  = 6    // h
	minuteOf  = 1/60. - 1e-9
	leastOn   = 0.05 // of a segment, and of it off
	keepCycle = 0.7  // of what is known of a cycle, at each new one
	pause     = 0.25 // h, of a disturbance

	memory       = 24  // h, over which it is seen how often the room is disturbed
	oftenStrange = 0.1 // from then on it is another room, and must be learned
)

// Learn takes a reading in.
func (l *Learner) Learn(s Seen) {
	if !l.begun || !(s.Gone > 0) || s.Gone > longGap {
		l.restart(s)
		return
	}
	l.settled += s.Gone
	l.cycles(s)
	l.observe(s)
	m := &l.minute
	m.gone += s.Gone
	m.warmth += float64(s.Celsius * s.Gone)
	m.heat += float64(s.Worked * s.Gone)
	l.seg.spoilt = l.seg.spoilt || s.Spoilt || l.disturbed > 0 && l.strange < oftenStrange
	if m.gone >= minuteOf {
		l.close(*m)
		*m = minute{}
	}
}

// restart begins anew after a start, or a time in which nothing was seen.
func (l *Learner) restart(s Seen) {
	if !l.begun {
		l.shadow = s.Celsius
	}
	l.begun, l.settled, l.on, l.started = true, 0, s.on(), -1
	l.celsius, l.minute, l.disturbed = s.Celsius, minute{}, 0
	l.seg, l.gone, l.length = segment{}, 0, l.span()
}

// span is how long the next segment is: over a cycle, so that heat comes and goes in it.
func (l *Learner) span() float64 {
	if l.Cycle == 0 {
		return firstSpan
	}
	return clamp(1.2*l.Cycle, leastSpan, mostSpan)
}

// cycles notes a start of the heater.
func (l *Learner) cycles(s Seen) {
	if l.started >= 0 {
		l.started += s.Gone
	}
	if s.on() && !l.on {
		switch {
		case l.started < 0:
		case l.Cycle == 0:
			l.Cycle = l.started
		default:
			l.Cycle = float64(keepCycle*l.Cycle) + float64((1-keepCycle)*l.started)
		}
		l.started = 0
	}
	l.on = s.on()
}

// close takes a whole minute in.
func (l *Learner) close(m minute) {
	mean, u := m.warmth/m.gone, m.heat/m.gone
	l.seg.minute(l.gone+float64(m.gone/2), m.gone, mean, l.shadow, u, &l.emitted)
	l.shadow += float64((mean - l.shadow) * m.gone / shadowLag)
	l.gone += m.gone
	if l.gone < l.length {
		return
	}
	if on := l.seg.on / l.gone; !l.seg.spoilt && on >= leastOn && on <= 1-leastOn {
		l.add(&l.seg)
		l.refit()
		l.now = l.emitted[l.Lag]
	}
	l.seg, l.gone, l.length = segment{}, 0, l.span()
}

// observe follows the room by the model, and learns what else is at work.
func (l *Learner) observe(s Seen) {
	if l.Gain == 0 {
		l.celsius, l.drift = s.Celsius, 0
		return
	}
	lag := lags[l.Lag]
	gave := emit(&l.now, s.Worked, s.Gone, lag)
	pace := min(s.Gone/clamp(lag, 5/60., 0.5), 0.5) // of the observer in this time
	l.celsius += float64(l.Gain*gave) - float64((float64(l.Loss*(l.celsius-l.shadow))+l.drift)*s.Gone)
	e := s.Celsius - l.celsius
	l.celsius += float64(1.6 * float64(pace*e))
	l.drift -= float64(float64(pace*pace)*e) / s.Gone
	l.disturbed = max(l.disturbed-s.Gone, 0)
	share := min(s.Gone/memory, 1)
	l.strange -= float64(share * l.strange)
	if l.disturbed > 0 {
		l.strange += share
	}
	if l.Trusted && math.Abs(e) > max(0.5, 4*l.Residual) {
		l.disturbed = pause
	}
}

// Trusts reports whether anything may be foreseen now.
func (l *Learner) Trusts() bool { return l.Trusted && l.settled >= settling && !(l.disturbed > 0) }

// Model is what may be foreseen now, within a budget of starts a day.
func (l *Learner) Model(budget float64) Model {
	band := l.Band
	if band == 0 {
		band = firstBand
	}
	return Model{
		Trusted: l.Trusts(),
		Lag:     lags[l.Lag], Gain: l.Gain, Loss: l.Loss, Emitted: l.now, Shadow: l.shadow, Drift: l.drift,
		Band: band, Peak: l.Peak, Trough: l.Trough, Late: late(l.Late), Least: 24 / budget / 8,
	}
}
