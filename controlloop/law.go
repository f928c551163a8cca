package controlloop

import (
	"time"

	"thermostat/controlloop/foresee"
)

// State is all that [Decide] remembers and all that it answers. The zero value
// is the state before the first decision.
type State struct {
	Action Action        // what the zone does
	Since  time.Time     // since when this action
	Reason Reason        // why it is so
	Wait   time.Duration // until the switch that is held back may happen; 0 where none is held

	Heater, Cooler   Output    // what is ordered of each relay
	Call             Output    // what the law alone orders of the heater: a source may hold the relay beside it
	HeatCut, CoolCut bool      // a cut-out has opened and not let go yet
	CutAt            time.Time // of the newest value that opened one
	Reading          Reading   // the newest reading that was taken; zero At: none yet
	Lost             time.Time // since when there is no fresh reading; zero: there is one
	Ahead            bool      // the output works, or has worked, for the transition to come, by the model
}

// Output is the memory of one relay.
type Output struct {
	On    bool          // ordered on
	Since time.Time     // of the last switch, or of the start
	Rest  time.Duration // how long it stays off at least, from Since
	Why   Reason        // what Rest is for: crash_loop, starting, min_off or max_on
}

// Input is what a decision is made from.
type Input struct {
	Now        time.Time // on the monotonic clock
	Reading    Reading   // the newest good reading; zero At: none is new
	Unverified []Reading // held back by the judge, or of sensors not in force: they may open a cut-out, nothing else
	Setpoint   Setpoint  // the one in force

	NoHeat, NoCool bool // a guard has tripped: the output stays off until somebody clears that

	Bar     bool // neither output may be on, such as while a window is open; the mode stays what it is
	Preheat bool // the setpoint is that of a transition to come
	Frost   bool // the setpoint's band is that of frost protection: with a fresh reading it heats in every mode, and cools in none

	Model foresee.Model // of the room; where it is trusted it decides within the band, in mode heat or cool
	Next  foresee.Next  // what it may look ahead to

	Hold ValveHold // what a source asks of the heater, its valve
	Idle bool      // as Bar, but the heater may be held: a window is open, and a source still serves its times through the valve
}

// ValveHold is what the source of a zone's heat asks of the heater, its valve. It
// never makes the zone heat: without it, the law orders the same.
type ValveHold struct {
	Keep bool // if the valve is on and allowed, it stays on
	Move bool // the valve goes on for exercise where no guard is against it, in mode off too
}

// heats and cools report what mode and frost protection let the zone do.
func (in *Input) heats() bool { return in.Frost || in.Setpoint.Mode.Heats() }
func (in *Input) cools() bool { return !in.Frost && in.Setpoint.Mode.Cools() }

// Decide is the law. It answers what the outputs of a zone shall be now.
//
// By rank: a cut-out or the want of a fresh reading switches off at once; mode
// off (but for frost protection) and an open window switch off at once; max_on
// ends a stretch; min_off is never skipped; min_on is cut short by nothing but
// these, and by a mode that forbids the action. Within all this, heat starts below desired - down_delta and stops
// above desired + up_delta, and cooling is the mirror of it. In heat_cool a
// stretch ends as soon as it has crossed desired. In mode heat or cool, in a zone with one output, a model that is
// trusted decides within the band in its place. After all that comes [ValveHold].
func Decide(p Params, prev State, in Input) State {
	s := prev
	if s.Heater.Since.IsZero() {
		s.begin(&p, in.Now)
	}
	s.take(&in)
	s.note(&p, in.Now)
	s.updateCutouts(&p, &in)
	valve := s.Heater
	if s.Call.Since.IsZero() {
		s.Call = valve
	}
	split := in.Hold != ValveHold{} || s.Call != valve
	s.Heater = s.Call
	w := s.demand(&p, &in)
	if split && (valve.On || in.Now.Sub(valve.Since) < p.Changeover && valve.switched()) {
		w.cool = false
	}
	s.Ahead = s.aheadOf(&p, &in, w.reason)
	held, wait := s.move(&p, in.Now, w)
	s.Call = s.Heater
	if split {
		s.Heater = valve
		held, wait = s.follow(&p, &in, w, held, wait)
	}
	s.answer(&in, w, held, wait)
	return s
}

// begin puts both outputs off: the past is not known, so all of min_off is served.
func (s *State) begin(p *Params, now time.Time) {
	off := Output{Since: now, Rest: p.MinOff, Why: ReasonStarting}
	s.Heater, s.Call, s.Cooler, s.Since = off, off, off, now
}

// take keeps the newest reading; one from the future, older than the last or not a number is dropped.
func (s *State) take(in *Input) {
	r := in.Reading
	if r.At.IsZero() || r.At.After(in.Now) || r.At.Before(s.Reading.At) || !finite(r.Celsius) {
		return
	}
	s.Reading = r
}

// fresh reports whether the last reading may still be acted on.
func (s *State) fresh(p *Params, now time.Time) bool {
	return s.Reading.fresh(p, now)
}

// note keeps since when there is no fresh reading.
func (s *State) note(p *Params, now time.Time) {
	switch {
	case s.fresh(p, now):
		s.Lost = time.Time{}
	case s.Lost.IsZero():
		s.Lost = now
	}
}

// updateCutouts opens on any decodable value, even an unverified one, and lets go
// only on a fresh good one that is newer than what opened it and 2 K inside.
func (s *State) updateCutouts(p *Params, in *Input) {
	if s.fresh(p, in.Now) {
		if s.Reading.At.After(s.CutAt) {
			s.HeatCut = s.HeatCut && s.Reading.warmest() > p.HeatCutout-cutoutRelease
			s.CoolCut = s.CoolCut && s.Reading.coldest() < p.CoolCutout+cutoutRelease
		}
		s.openCutouts(p, s.Reading, in.Now)
	}
	for _, r := range in.Unverified {
		s.openCutouts(p, r, in.Now)
	}
}

func (s *State) openCutouts(p *Params, r Reading, now time.Time) {
	hot, cold := p.Heater && r.warmest() >= p.HeatCutout, p.Cooler && r.coldest() <= p.CoolCutout
	if r.At.IsZero() || !hot && !cold {
		return
	}
	s.HeatCut, s.CoolCut = s.HeatCut || hot, s.CoolCut || cold
	switch {
	case r.At.After(now): // a wrong clock must not hold it longer
		s.CutAt = now
	case r.At.After(s.CutAt):
		s.CutAt = r.At
	}
}

// demand is what the outputs should be if there were no timers. An output that is
// not allowed ends at once; one that is merely not wanted serves its min_on.
type demand struct {
	heat, cool       bool
	mayHeat, mayCool bool
	mayHold          bool // an open valve may stay open
	reason           Reason
}

func (s *State) demand(p *Params, in *Input) demand {
	mode := in.Setpoint.Mode
	if mode == ModeNone || (mode != ModeOff || in.Frost) && !in.Setpoint.finite() {
		return demand{reason: ReasonNoSetpoint}
	}
	heatCut := s.HeatCut && (mode != ModeCool || in.Frost)
	coolCut := s.CoolCut && !(mode == ModeHeat)
	w := demand{reason: s.barred(in, heatCut, coolCut)}
	if !s.fresh(p, in.Now) {
		return s.lossDemand(p, in, w)
	}
	switch {
	case mode == ModeOff && !in.Frost:
		return w.because(ReasonModeOff)
	case in.Bar:
		return w.because(ReasonWindowOpen)
	}
	w.mayHeat = in.heats() && p.Heater && !s.HeatCut && !in.NoHeat
	w.mayCool = in.cools() && p.Cooler && !s.CoolCut && !in.NoCool
	if w.mayHold = w.mayHeat; in.Idle {
		w.mayHeat, w.mayCool = false, false
		return w.because(ReasonWindowOpen)
	}
	heat, cool, why := s.within(p, in)
	w.heat, w.cool = heat && w.mayHeat, cool && w.mayCool
	if w.heat || w.cool { // what bars the other output explains nothing
		w.reason = why
	}
	return w.because(why)
}

// lossDemand is what the outputs should be without a fresh reading: off, or the
// duty of on_sensor_loss, for which the mode counts alone. An output is not allowed outside its
// part of the period, so that nothing makes that part longer.
func (s *State) lossDemand(p *Params, in *Input, w demand) demand {
	on, active := p.Loss.at(s.lostFor(p, in.Now))
	active = active && !in.Bar && !in.Idle
	heat := active && in.Setpoint.Mode.Heats() && p.Heater && !s.HeatCut && !in.NoHeat
	cool := active && in.Setpoint.Mode == ModeCool && p.Cooler && !s.CoolCut && !in.NoCool
	if !heat && !cool {
		return w.because(s.staleReason())
	}
	w.heat, w.cool = on && heat, on && cool
	w.mayHeat, w.mayCool = w.heat, w.cool
	return w.because(ReasonSensorLoss)
}

// lostFor is how long a reading has been missed. One that never came is missed
// once it could have grown stale.
func (s *State) lostFor(p *Params, now time.Time) time.Duration {
	lost := now.Sub(s.Lost)
	if s.Reading.At.IsZero() {
		lost -= p.StaleAfter
	}
	return lost
}

// at tells whether the duty is active so long after the loss, and in its on part.
func (d Duty) at(lost time.Duration) (on, active bool) {
	if d.Percent <= 0 || lost < 0 || lost >= d.For {
		return false, false
	}
	return lost%d.Period >= d.Period-d.On(), true
}

// because gives the reason, unless one of higher rank is there already.
func (w demand) because(r Reason) demand {
	if w.reason == "" {
		w.reason = r
	}
	return w
}

// barred gives the reason that bars an output which the mode would allow.
func (s *State) barred(in *Input, heatCut, coolCut bool) Reason {
	switch {
	case heatCut:
		return ReasonHeatCutout
	case coolCut:
		return ReasonCoolCutout
	case in.NoHeat && in.heats():
		return ReasonNotWarming
	case in.NoCool && in.cools():
		return ReasonNotCooling
	}
	return ""
}

func (s *State) staleReason() Reason {
	if s.Reading.At.IsZero() {
		return ReasonNoReading
	}
	return ReasonStale
}

// within asks what decides within the band. The first and the last word are the band's,
// whatever a model says.
func (s *State) within(p *Params, in *Input) (heat, cool bool, why Reason) {
	if !in.foresees(p) || s.outside(p, in) {
		return s.band(in)
	}
	return s.foresee(p, in)
}

// outside reports whether the room needs the zone's one output, or is past all that it may work
// for: what is held, and what is ahead within the model's horizon.
func (s *State) outside(p *Params, in *Input) bool {
	sp, next := &in.Setpoint, &in.Next
	t, goal, ahead, up, down := s.Reading.Celsius, sp.Desired, next.Goal, sp.UpDelta, sp.DownDelta
	if p.Cooler { // the mirror of a heater
		t, goal, ahead, up, down = -t, -goal, -ahead, down, up
	}
	falls := t < goal-down
	if next.Known && next.In >= 0 && next.In < foresee.Horizon && ahead > goal {
		goal = ahead
	}
	return falls || t > goal+up
}

// band is hysteresis: outside the band it asks for an action, inside what is stays.
func (s *State) band(in *Input) (heat, cool bool, why Reason) {
	t, sp := s.Reading.Celsius, &in.Setpoint
	tooCold, tooWarm := t < sp.Desired-sp.DownDelta, t > sp.Desired+sp.UpDelta
	heatEnds, coolEnds := tooWarm, tooCold
	if sp.Mode == ModeHeatCool && !in.Frost {
		heatEnds, coolEnds = t > sp.Desired, t < sp.Desired
	}
	why = ReasonInBand
	switch {
	case tooCold:
		why = ReasonTooCold
	case tooWarm:
		why = ReasonTooWarm
	}
	heat = in.heats() && (tooCold || s.Heater.On && !heatEnds)
	cool = in.cools() && (tooWarm || s.Cooler.On && !coolEnds)
	return heat, cool, why
}

// move brings the outputs as near to the demand as the timers allow: first what
// must go off, then what may go on. It returns what holds a switch back.
func (s *State) move(p *Params, now time.Time, w demand) (Reason, time.Duration) {
	if held, wait := s.Heater.release(p, now, w.heat, w.mayHeat); held != "" {
		return held, wait
	}
	if held, wait := s.Cooler.release(p, now, w.cool, w.mayCool); held != "" {
		return held, wait
	}
	switch {
	case w.heat:
		return s.Heater.engage(p, now, s.Cooler)
	case w.cool:
		return s.Cooler.engage(p, now, s.Heater)
	}
	return "", 0
}

// release ends a stretch that is over.
func (o *Output) release(p *Params, now time.Time, want, may bool) (Reason, time.Duration) {
	if !o.On {
		return "", 0
	}
	on := now.Sub(o.Since)
	switch {
	case !may:
		o.off(now, p.MinOff, ReasonMinOff)
	case p.MaxOn > 0 && on >= p.MaxOn:
		o.off(now, max(p.MinOff, p.MaxOn/10), ReasonMaxOn)
	case want:
	case on < p.MinOn || on <= 0: // also with no min_on: no two switches at one instant
		return ReasonMinOn, p.MinOn - on
	default:
		o.off(now, p.MinOff, ReasonMinOff)
	}
	return "", 0
}

func (o *Output) off(now time.Time, rest time.Duration, why Reason) {
	*o = Output{Since: now, Rest: rest, Why: why}
}

// engage starts a stretch once the rest is served and the other output has
// been off for the changeover.
func (o *Output) engage(p *Params, now time.Time, other Output) (Reason, time.Duration) {
	if o.On {
		return "", 0
	}
	why, wait := o.Why, o.Rest-now.Sub(o.Since)
	if pause := p.Changeover - now.Sub(other.Since); other.switched() && pause > wait {
		why, wait = ReasonChangeover, pause
	}
	if other.On || wait > 0 || o.switchedAt(now) || other.switchedAt(now) {
		return why, wait
	}
	*o = Output{On: true, Since: now}
	return "", 0
}

// follow orders of the heater's relay, a valve, what the law orders (Call), and
// what a source asks beside it. It returns what holds a switch back, or why the
// valve is on without a call.
func (s *State) follow(p *Params, in *Input, w demand, held Reason, wait time.Duration) (Reason, time.Duration) {
	v, now := &s.Heater, in.Now
	overlong := v.On && p.MaxOn > 0 && now.Sub(v.Since) >= p.MaxOn
	moves := in.Hold.Move && s.mayMove(p, in) && !w.cool
	switch {
	case overlong:
		v.off(now, max(p.MinOff, p.MaxOn/10), ReasonMaxOn)
		return ReasonMaxOn, v.Rest
	case s.Call.On && v.On:
	case s.Call.On:
		return v.engage(p, now, s.Cooler)
	case moves && !v.On:
		if why, rest := v.engage(p, now, s.Cooler); why != "" {
			return why, rest
		}
		return ReasonExercise, 0
	case moves:
		return ReasonExercise, 0
	case !v.On:
	case in.Hold.Keep && w.mayHold:
		if held == "" && w.reason != ReasonWindowOpen {
			return ReasonOverrun, 0
		}
	case s.Call.Since.Equal(now):
		*v = s.Call
	default:
		v.off(now, p.MinOff, ReasonMinOff)
	}
	return held, wait
}

// MayMove reports whether the zone's valve may go on with nobody calling, by the law and p.
func (s *Snapshot) MayMove(p *Params) bool {
	return s.State.mayMove(p, &Input{Now: s.Time, Setpoint: s.Setpoint, NoHeat: s.Guard.Heat.Tripped, Bar: s.Target.Bar, Frost: s.Target.Frost})
}

func (s *State) mayMove(p *Params, in *Input) bool {
	return in.Setpoint.Mode != ModeNone && s.fresh(p, in.Now) && p.Heater && !s.HeatCut && !in.NoHeat && !in.Bar && !in.Frost &&
		!s.Cooler.On && s.Reading.Celsius < p.HeatCutout-cutoutRelease
}

// switched tells an output that has been on since the start from one that has not.
func (o Output) switched() bool { return o.Why != ReasonStarting }

func (o Output) switchedAt(now time.Time) bool { return o.switched() && !now.After(o.Since) }

func (s *State) answer(in *Input, w demand, held Reason, wait time.Duration) {
	action := ActionIdle
	switch {
	case s.Heater.On && s.Call.On:
		action = ActionHeating
	case s.Cooler.On:
		action = ActionCooling
	case in.Setpoint.Mode <= ModeOff:
		action = ActionOff
	}
	if action != s.Action {
		s.Action, s.Since = action, in.Now
	}
	s.Reason, s.Wait = w.reason, 0
	if held != "" {
		s.Reason, s.Wait = held, max(wait, 0)
	}
	if in.Preheat && action == ActionHeating && (s.Reason == ReasonTooCold || s.Reason == ReasonInBand) {
		s.Reason = ReasonPreheat
	}
	if held == ReasonMaxOn && w.reason != ReasonTooCold && w.reason != ReasonTooWarm && w.reason != ReasonSensorLoss {
		s.Wait = 0 // it only went on within the band: no switch is due after the rest
	}
}
