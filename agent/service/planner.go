package service

import (
	"fmt"
	"sync/atomic"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/program"
)

// Planner chooses what a zone aims at, by its comfort and by what is known of the
// clock. Any goroutine may ask it.
type Planner struct {
	Law     controlloop.Params // what is aimed at fits its limits
	Trust   *ClockTrust
	Contact controlloop.Contact // of its windows; nil: there is none
	Alarms  *controlloop.Alarms // is told when the program cannot follow the clock, or does not fit

	plan   atomic.Pointer[comfort.Plan]
	plans  atomic.Uint64  // that it has gone by
	memory comfort.Memory // the zone's goroutine owns it
	unfit  string         // why the target was brought inside the limits; empty: it fits. The zone's goroutine owns it
	last   atomic.Pointer[program.Target]
	since  time.Time // of the clock's being a guess; zero: it is none. The zone's goroutine owns it
}

// Follow goes by a plan from now on.
func (p *Planner) Follow(plan comfort.Plan) {
	p.plan.Store(&plan)
	p.plans.Add(1)
}

// Plans counts the plans that it has gone by.
func (p *Planner) Plans() uint64 { return p.plans.Load() }

// Plan is what the zone's comfort is made of now.
func (p *Planner) Plan() *comfort.Plan { return p.plan.Load() }

// Recall takes the transition that was in force when the clock could last be
// followed, as [Planner.Last] told it; another text is none. And it takes what was
// learned, before the zone begins.
func (p *Planner) Recall(last string, learned comfort.Learned) {
	p.memory = comfort.Recall(learned)
	if target, err := program.ParseTarget(last); err == nil {
		p.last.Store(&target)
	}
}

// Last tells the transition that was in force when the clock could last be
// followed; empty where none is known.
func (p *Planner) Last() string {
	if last := p.last.Load(); last != nil {
		return last.String()
	}
	return ""
}

// Learned is what the zone has shown of itself. It is for the zone's goroutine.
func (p *Planner) Learned() comfort.Learned { return p.memory.Learned() }

// Clock is what is known of the time.
func (p *Planner) Clock() comfort.Clock { return p.clock(time.Now()) }

func (p *Planner) clock(now time.Time) comfort.Clock {
	return comfort.Clock{Trusted: p.Trust.Look(now) != ClockGuess, Last: p.last.Load()}
}

// Target is what the zone aims at now.
func (p *Planner) Target(said controlloop.Setpoint, look controlloop.Look) controlloop.Target {
	now := look.Now
	plan, clock := p.plan.Load(), p.clock(now)
	if clock.Trusted {
		p.note(plan, now)
	}
	p.tell(plan, now, clock.Trusted)
	t := plan.Target(said, now, clock)
	fits, why := comfort.Fit(p.Law, t.Setpoint)
	p.tellUnfit(fits, why)
	t.Setpoint = fits
	p.memory, t = comfort.Windows(plan, p.memory, t, look, p.window(now))
	p.memory, t = comfort.Preheat(plan, p.memory, t, look)
	t.Setpoint, _ = comfort.Fit(p.Law, t.Setpoint) // the coming temperature may fit no better
	p.memory, t = comfort.Protect(plan, p.memory, t, look)
	return t
}

// window is what the zone's contact says. The fault is raised while it says nothing.
func (p *Planner) window(now time.Time) controlloop.Position {
	if p.Contact == nil {
		return controlloop.WindowUnknown
	}
	is, trouble := p.Contact.Position(now)
	p.Alarms.Set(controlloop.FaultContact, trouble != "", trouble)
	return is
}

// tellUnfit raises the fault that a target was brought inside the limits.
func (p *Planner) tellUnfit(fits controlloop.Setpoint, why error) {
	unfit := ""
	if why != nil {
		unfit = why.Error()
	}
	if unfit == p.unfit {
		return
	}
	p.unfit = unfit
	text := fmt.Sprintf("what is aimed at does not fit the limits (%s), so the zone holds %v °C: mend the program, its presets or the control", unfit, fits.Desired)
	if fits.Mode == controlloop.ModeOff {
		text = fmt.Sprintf("what is aimed at cannot be held (%s), so the zone is off: mend the program, its presets or the control", unfit)
	}
	p.Alarms.Set(controlloop.FaultProgram, unfit != "", text)
}

// guessFor is how long a board may take to find a time server; timeServer asks for one.
const (
	guessFor   = 10 * time.Minute
	timeServer = ": does the board reach a time server? clock: trust in the configuration says that it is right"
)

// tell raises the fault that the program does not step.
func (p *Planner) tell(plan *comfort.Plan, now time.Time, trusted bool) {
	switch {
	case trusted && p.since.IsZero():
	case trusted:
		p.since = time.Time{}
		p.Alarms.Set(controlloop.FaultClock, false, "")
	case p.since.IsZero():
		p.since = now
	case now.Sub(p.since) >= guessFor:
		text := "nobody vouches for the clock, so the program does not step" + timeServer
		if plan.Unsynced == comfort.Follow {
			text = "nobody vouches for the clock, so the program may step at wrong times" + timeServer
		}
		p.Alarms.Set(controlloop.FaultClock, plan.HasProgram(), text)
	}
}

// note keeps the transition that is in force.
func (p *Planner) note(plan *comfort.Plan, now time.Time) {
	target, _, ok := plan.InForce(now)
	if last := p.last.Load(); ok && (last == nil || *last != target) {
		p.last.Store(&target)
	}
}
