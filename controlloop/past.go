package controlloop

import (
	"time"

	"thermostat/controlloop/foresee"
	"thermostat/controlloop/guard"
)

// Past is what is known, at the start of a zone, of its outputs before it. The
// zero value is nothing: then all of the minimum off time and of the changeover
// is served. Past relieves of waiting, it never switches anything on.
type Past struct {
	Heater, Cooler PastOutput    // of the relays
	Heat, Cool     PastWatcher   // of their watchers
	Room           foresee.Known // what has been learned of it
	Locked         time.Duration // how long both stay off from the start at least, after a crash loop; 0: no lock
}

// PastWatcher is what a watcher knew before the start.
type PastWatcher struct {
	Learned guard.Learned // before the start
	Tripped bool          // latched, and not cleared yet
}

// guard is what the watchers begin with.
func (p Past) guard() guard.Guard {
	return guard.Guard{Heat: p.Heat.watcher(), Cool: p.Cool.watcher()}
}

func (p PastWatcher) watcher() guard.Watcher {
	return guard.Watcher{Learned: p.Learned, Tripped: p.Tripped, Idle: p.Tripped}
}

// PastOutput is one output before the start. The zero value is "not known".
type PastOutput struct {
	Known bool          // whether anything is
	On    bool          // when it was last heard of: it went off at this start at the latest
	Off   time.Duration // how long it has been off; only where it is not On
	Why   Reason        // what its rest was for: starting, min_off or max_on
}

// Begin is the state with which a zone begins a life of its own: everything off.
func (p Past) Begin(c Params, now time.Time) State { return p.state(c, now) }

// state is what a zone begins with: both outputs off, each with what is left of its rest.
func (p Past) state(c Params, now time.Time) State {
	s := State{Since: now, Heater: p.Heater.output(c, now), Cooler: p.Cooler.output(c, now)}
	if c.Heater {
		s.Heater = p.lock(s.Heater, now)
	}
	if c.Cooler { // one that is not there cannot have been on, and asks for no changeover
		s.Cooler = p.lock(s.Cooler, now)
	}
	s.Call = s.Heater
	return s
}

// lock makes a rest last as long as the lock; one that is longer stays.
func (p Past) lock(o Output, now time.Time) Output {
	if p.Locked <= 0 || o.Rest-now.Sub(o.Since) > p.Locked {
		return o
	}
	return Output{Since: now, Rest: p.Locked, Why: ReasonCrashLoop}
}

// output turns what was into the law's memory of it. All of it goes through
// the relay's being off now: [Zone.Run] asserts that before anything else.
func (o PastOutput) output(c Params, now time.Time) Output {
	switch {
	case o.Known && o.On:
		return Output{Since: now, Rest: c.MinOff, Why: ReasonMinOff}
	case !o.Known || o.Off < 0:
		return Output{Since: now, Rest: c.startRest(), Why: ReasonStarting}
	}
	since := now.Add(-o.Off)
	switch o.Why {
	case ReasonStarting: // it has never been on: its start is what it rests from
		return Output{Since: since, Rest: c.startRest(), Why: ReasonStarting}
	case ReasonMaxOn:
		return Output{Since: since, Rest: max(c.MinOff, c.MaxOn/10), Why: ReasonMaxOn}
	}
	return Output{Since: since, Rest: c.MinOff, Why: ReasonMinOff}
}
