package source

import (
	"slices"
	"time"
)

// exercise moves what stood still: one at a time, with the source off and
// nobody calling.
func (s *State) exercise(p *Params, v *view, demands []Demand, now time.Time) {
	m := &s.moving
	mayMove := p.Move > 0 && !s.On && !s.Stuck && v.bar == "" && v.calls+v.coming == 0 && !anyCalls(demands)
	if !m.began.IsZero() && (!mayMove || s.moved(p, v, demands, now)) {
		if !m.flows.IsZero() {
			s.Pump = s.On
		}
		*m = exercise{}
	}
	if m.began.IsZero() && mayMove && !s.Pump {
		s.choose(p, v, demands, now)
	}
	if m.began.IsZero() {
		return
	}
	if s.Reason == ReasonNone {
		s.Reason = ReasonExercise
	}
	if m.pump && m.flows.IsZero() && s.flows(p, v, demands, now) {
		m.flows = now
	}
	if !m.flows.IsZero() {
		s.Pump = true
	}
}

// anyCalls reports whether a zone wants heat, be its valve shut yet.
func anyCalls(demands []Demand) bool {
	for i := range demands {
		if demands[i].Calls {
			return true
		}
	}
	return false
}

// choose begins the exercise of the first that is due. A pump without a way of
// its own takes a valve's, and both have been moved then.
func (s *State) choose(p *Params, v *view, demands []Demand, now time.Time) {
	pump := p.Pump && s.Stood
	if pump && (p.Bypass || v.free) {
		s.moving = exercise{began: now, zone: -1, pump: true}
		return
	}
	if slices.ContainsFunc(demands, func(d Demand) bool { return d.Open }) {
		return // the one before has not shut yet
	}
	for n := range demands {
		i := (s.next + n) % len(demands)
		if d := &demands[i]; v.heard[i] && d.Valve && d.Calm && (d.Stood || pump) {
			s.moving, s.next = exercise{began: now, zone: i, pump: pump}, i+1
			return
		}
	}
}

// flows reports whether the pump that is exercised can move water.
func (s *State) flows(p *Params, v *view, demands []Demand, now time.Time) bool {
	i := s.moving.zone
	if i < 0 {
		return p.Bypass || v.free
	}
	return v.heard[i] && demands[i].flows(p, now)
}

// moved reports whether the exercise is over, or cannot go on.
func (s *State) moved(p *Params, v *view, demands []Demand, now time.Time) bool {
	m := &s.moving
	if i := m.zone; i >= 0 && (!v.heard[i] || !demands[i].Calm) {
		return true
	}
	if !m.flows.IsZero() {
		return !s.flows(p, v, demands, now) || now.Sub(m.flows) >= p.Move
	}
	longest := p.Move
	if m.pump {
		longest += p.ValveOpen
	}
	return now.Sub(m.began) >= longest
}

// hold asks of the valves what source, pump and exercise need.
func (s *State) hold(p *Params, v *view, demands []Demand, now time.Time) {
	s.Holds = make([]Hold, len(demands))
	works := s.On || s.Pump
	switch i := s.moving.zone; {
	case !s.moving.began.IsZero():
		if i >= 0 {
			s.Holds[i].Move = true
		}
	case s.Stuck: // all stay as they are
		for i := range demands {
			s.Holds[i].Keep = v.heard[i] && demands[i].Open
		}
	case v.free:
	case works || v.bar == "" && v.calls+v.coming >= p.Call:
		s.keep(p, v, demands, now, works)
	}
}

// keep asks one valve to stay open, and until that has heard of it those that were
// asked before. While nothing works yet, none is asked that does not call itself.
func (s *State) keep(p *Params, v *view, demands []Demand, now time.Time, works bool) {
	best, rank := -1, 0
	for i := range demands {
		d := &demands[i]
		if r := v.rank(p, d, i, now); v.heard[i] && d.Valve && d.Open && (works || d.Calls) && r > rank {
			best, rank = i, r
		}
	}
	if best < 0 {
		return
	}
	for i := range demands {
		s.Holds[i].Keep = i == best || works && v.keeps[i] && !v.keeps[best]
	}
}

// rank tells how good an open valve is to be kept: one through which water
// comes is best, one that is called for costs nothing, one that is kept already
// need not be told.
func (v *view) rank(p *Params, d *Demand, i int, now time.Time) int {
	r := 1
	for n, good := range []bool{v.keeps[i], d.Calls, d.flows(p, now)} {
		if good {
			r += 1 << n
		}
	}
	return r
}

// ask notes since when each valve is asked to be kept.
func (s *State) ask(now time.Time) {
	asked := make([]time.Time, len(s.Holds))
	for i, h := range s.Holds {
		switch {
		case h.Keep && s.asks(i):
			asked[i] = s.asked[i]
		case h.Keep:
			asked[i] = now
		}
	}
	s.asked = asked
}
