// Package source decides about one source of heat, such as a boiler, that many
// zones share: its relay, its pump, and which valve must stay open for it. It is
// pure and imports only std.
package source

import (
	"cmp"
	"slices"
	"time"
)

// Step is how often a source decides at least.
const Step = 5 * time.Second

// Samples is how many of its samples old a zone's newest snapshot may be; the source's own sample is [Step].
const Samples = 3

// lostSamples is by how many samples more than stale_after the newest reading of
// a zone that hangs is too old.
const lostSamples = 2

// Params are the constants of a source.
type Params struct {
	Pump        bool          // there is one
	ValveOpen   time.Duration // until an opened valve lets water through
	PumpOverrun time.Duration // how long the pump runs on after the source
	MinOn       time.Duration // of the source
	MinOff      time.Duration // of the source
	Call        int           // so many zones must call; at least 1
	Bypass      bool          // water can flow with all valves shut
	Move        time.Duration // how long a valve or the pump is exercised; 0: never
}

// Demand is what the newest snapshot of a zone tells. The zero value is a zone
// that has not said anything yet.
type Demand struct {
	At         time.Time     // of the snapshot
	Sample     time.Duration // of the zone
	StaleAfter time.Duration // of the zone
	Reading    time.Time     // when its newest good reading was measured; zero: there is none
	Valve      bool          // it has a valve
	Calls      bool          // it is to be heated: ordered on by its own law and no window is open
	Open       bool          // its valve is ordered open, and has confirmed that
	Since      time.Time     // since when the valve is, or a zone without one calls
	Kept       bool          // the zone had heard that its valve is to be kept open
	Frost      bool          // its target is that of frost protection
	Cutout     bool          // it is at or above its limit, or not yet 2 K below it again
	Stood      bool          // the valve stood still for so long that it is due for exercise
	Calm       bool          // nothing in the zone is against moving the valve
}

// Hold is what the source asks of a zone's valve.
type Hold struct {
	Keep bool // if it is open and allowed, it stays open
	Move bool // it opens for exercise
}

// State is all that [Source] remembers and all that it answers. The zero value is
// the state before the first decision.
type State struct {
	Began  time.Time     // of the first decision
	On     bool          // the source is ordered on
	Pump   bool          // the pump is ordered on
	Since  time.Time     // of the source's last switch, or of the start
	Rest   time.Duration // how long it stays off at least, from Since
	Why    Reason        // what Rest is for: starting or min_off
	Reason Reason        // why it is so
	Wait   time.Duration // until the switch that is held back may happen; 0 where none is known

	Holds   []Hold // of each zone
	Calling []bool // which zones' demands count

	Stuck bool // filled in by the caller: ordered off, and the relay has not confirmed that
	Stood bool // filled in by the caller: the pump is due for exercise

	moving exercise
	next   int         // the zone that is looked at first for the next exercise
	asked  []time.Time // since when each valve is asked to be kept; zero: it is not
}

// exercise is one movement. The zero value is none.
type exercise struct {
	began time.Time // zero: none
	zone  int       // the valve that opens; -1: none need
	pump  bool      // it is the pump's
	flows time.Time // of the pump's: since when it runs; zero: not yet
}

// Source answers what the relay and the pump of a source shall be now, and what
// it asks of its zones' valves. demands has one row a zone, always in the same
// order.
//
// The source is on only while enough zones call that it can hear, and through
// an open way for the water. min_on and min_off are served, but for a way that
// is shut: then source and pump go off at once. The pump is on with the source
// and for the overrun after it. One open valve is kept for all this time, and it
// is told so before the source goes on.
func Source(p Params, prev State, demands []Demand, now time.Time) State {
	s := prev
	if s.Since.IsZero() {
		s.Since, s.Rest, s.Why = now, p.MinOff, ReasonStarting
	}
	if s.Began.IsZero() {
		s.Began = now
	}
	v := look(&p, &s, demands, now)
	s.Calling = v.counted
	s.turn(&p, &v, now)
	s.pump(&p, &v, now)
	s.exercise(&p, &v, demands, now)
	s.hold(&p, &v, demands, now)
	s.ask(now)
	return s
}

// view is what a step sees of all zones together.
type view struct {
	bar     Reason    // what bars the source; empty: nothing
	counted []bool    // the demand counts
	heard   []bool    // the snapshot is new enough
	keeps   []bool    // the zone has heard that its valve is to be kept
	calls   int       // demands that count, those of frost protection as often as are needed
	coming  int       // and those whose valve still opens
	opening []opening // these
	free    bool      // a zone without a valve lets the water through
	way     bool      // the water has a way
	kept    bool      // and that will not shut but by a guard
}

// opening is a demand whose valve still opens.
type opening struct {
	left   time.Duration // until it is open
	weight int
}

// wait is how long it takes until enough valves are open.
func (v *view) wait(p *Params) (d time.Duration) {
	slices.SortFunc(v.opening, func(a, b opening) int { return cmp.Compare(a.left, b.left) })
	calls := v.calls
	for i := 0; i < len(v.opening) && calls < p.Call; i++ {
		d, calls = v.opening[i].left, calls+v.opening[i].weight
	}
	return d
}

// look makes the view.
func look(p *Params, s *State, demands []Demand, now time.Time) view {
	v := view{counted: make([]bool, len(demands)), heard: make([]bool, len(demands)), keeps: make([]bool, len(demands))}
	for i := range demands {
		d := &demands[i]
		v.heard[i] = !d.At.IsZero() && now.Sub(d.At) <= Samples*d.Sample
		if !d.Valve && d.Cutout { // also of one that hangs: it was too hot when it was last heard
			v.bar = ReasonCutout
			continue
		}
		if !v.heard[i] {
			v.lose(s, d, now)
			continue
		}
		v.keeps[i] = d.Open && d.Kept && s.asks(i) && d.At.After(s.asked[i])
		v.free = v.free || !d.Valve
		v.way = v.way || !d.Valve || d.Open
		v.kept = v.kept || !d.Valve || v.keeps[i] && d.flows(p, now)
		v.count(p, d, i, now)
	}
	return v
}

// asks reports whether a valve is asked to be kept already.
func (s *State) asks(i int) bool { return i < len(s.asked) && !s.asked[i].IsZero() }

// lose bars the source once nobody knows any more what a zone that hangs is like.
func (v *view) lose(s *State, d *Demand, now time.Time) {
	last := d.Reading
	if last.Before(s.Began) {
		last = s.Began
	}
	if v.bar == "" && now.Sub(last) >= d.StaleAfter+lostSamples*d.Sample {
		v.bar = ReasonLost
	}
}

// flows reports whether water comes through the zone.
func (d *Demand) flows(p *Params, now time.Time) bool {
	return !d.Valve || d.Open && now.Sub(d.Since) >= p.ValveOpen
}

// count takes in one demand.
func (v *view) count(p *Params, d *Demand, i int, now time.Time) {
	if !d.Calls || d.Valve && !d.Open {
		return
	}
	weight := 1
	if d.Frost {
		weight = p.Call
	}
	if d.flows(p, now) {
		v.counted[i] = true
		v.calls += weight
		return
	}
	v.coming += weight
	v.opening = append(v.opening, opening{p.ValveOpen - now.Sub(d.Since), weight})
}

// turn switches the source.
func (s *State) turn(p *Params, v *view, now time.Time) {
	s.Wait = 0
	passed := now.Sub(s.Since)
	switch {
	case s.On && v.bar != "":
		s.off(p, now)
		s.Reason = v.bar
	case s.On && !v.way:
		s.off(p, now)
		s.Reason = ReasonNone
	case s.On && v.calls >= p.Call:
		s.Reason = ReasonDemand
	case s.On && (passed < p.MinOn || passed <= 0):
		s.Reason, s.Wait = ReasonMinOn, p.MinOn-passed
	case s.On:
		s.off(p, now)
		s.Reason = ReasonNone
	default:
		s.start(p, v, now)
	}
}

// start switches the source on, or says what holds it back.
func (s *State) start(p *Params, v *view, now time.Time) {
	rest := s.Rest - now.Sub(s.Since)
	switch {
	case v.bar != "":
		s.Reason = v.bar
	case v.calls+v.coming < p.Call:
		s.Reason = ReasonNone
	case rest > 0 || s.Stuck || !now.After(s.Since):
		s.Reason, s.Wait = s.Why, max(rest, 0)
		if v.calls < p.Call {
			s.Wait = max(s.Wait, v.wait(p))
		}
	case v.calls < p.Call:
		s.Reason, s.Wait = ReasonOpening, v.wait(p)
	case !v.kept: // the valve hears of it first
		s.Reason = ReasonOpening
	default:
		s.On, s.Since, s.Rest, s.Why = true, now, 0, ""
		s.Reason = ReasonDemand
	}
}

func (s *State) off(p *Params, now time.Time) {
	s.On, s.Since, s.Rest, s.Why = false, now, p.MinOff, ReasonMinOff
}

// pump runs with the source and after it, where water can flow. A source that
// does not obey its off keeps it as it is.
func (s *State) pump(p *Params, v *view, now time.Time) {
	exercised := !s.moving.flows.IsZero()
	switch {
	case !p.Pump:
		s.Pump = false
	case s.On:
		s.Pump = true
	case !s.Pump || exercised: // the exercise looks after its own
	case !v.way && !p.Bypass:
		s.Pump = false
	case s.Stuck:
	default:
		s.Pump = now.Sub(s.Since) < p.PumpOverrun
	}
	if s.Pump && !s.On && !exercised && s.Reason == ReasonNone {
		s.Reason, s.Wait = ReasonOverrun, max(p.PumpOverrun-now.Sub(s.Since), 0)
	}
}
