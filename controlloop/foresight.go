package controlloop

import (
	"time"

	"thermostat/controlloop/foresee"
)

// Law says what decides within the band. Its zero value is hysteresis.
type Law string

// The laws.
const (
	LawAuto       Law = "auto"       // foresee while the zone follows a program, else hysteresis
	LawHysteresis Law = "hysteresis" // what is, stays
	LawForesee    Law = "foresee"    // what has been learned of the room looks ahead
)

// Laws are the words of all laws.
func Laws() []string { return []string{string(LawAuto), string(LawHysteresis), string(LawForesee)} }

// foresees reports whether the zone may look ahead, towards a target.
func (p *Params) foresees(t *Target) bool {
	switch p.Law {
	case LawForesee:
		return true
	case LawAuto:
		return t.Auto && !t.Next.At.IsZero()
	}
	return false
}

// hours is a time as the room lives it, h.
func (p *Params) hours(d time.Duration) float64 {
	if p.Speed == 0 {
		return d.Hours()
	}
	return float64(d.Hours() * p.Speed)
}

// Foresight is what a zone has learned of its room, and goes on to learn. Its zero value
// knows nothing. A zone with two outputs learns nothing: it decides by hysteresis.
// It moves on with readings and switches alone, so that a log of both makes the same of it.
type Foresight struct {
	learner foresee.Learner
	step    time.Time     // the last one
	read    time.Time     // when the newest reading was measured
	seen    time.Time     // when it came; zero: there is no fresh one
	worked  time.Duration // of the output, since then
	rested  bool          // something else worked on the room, since then
	news    bool          // this step has a reading
	decided time.Time     // the last decision that it has taken in
}

// Recall gives the foresight of a start, by what [Foresight.Known] told before it.
func Recall(known foresee.Known) Foresight {
	return Foresight{learner: foresee.Learner{Known: known}}
}

// Known is what is kept over a start.
func (f *Foresight) Known() foresee.Known { return f.learner.Known }

// Kept is the same in bytes; none where nothing has been learned.
func (f *Foresight) Kept() []byte {
	if f.learner.Segments == 0 {
		return nil
	}
	kept, _ := f.learner.Known.MarshalBinary() // it knows no error
	return kept
}

// Learn takes the time since the last step in. The law goes by the reading; zero At: none is fresh.
// Works tells whether the output was on in that time, as ordered and obeyed, with
// what it needs to work on the room. Rest: something else worked on it, too.
func (f *Foresight) Learn(p Params, r Reading, now time.Time, works, rest bool) {
	if works && !f.step.IsZero() {
		f.worked += now.Sub(f.step)
	}
	f.step, f.news, f.rested = now, r.At.After(f.read), f.rested || rest
	switch {
	case p.Heater == p.Cooler || !f.news && !r.At.IsZero():
		return
	case r.At.IsZero():
		f.seen = time.Time{}
		return
	}
	saw := foresee.Seen{Celsius: p.mirrored(r.Celsius), Spoilt: f.rested}
	if gone := now.Sub(f.seen); !f.seen.IsZero() && gone > 0 {
		saw.Gone, saw.Worked = p.hours(gone), f.worked.Hours()/gone.Hours()
	}
	f.read, f.seen, f.worked, f.rested = r.At, now, 0, false
	f.learner.Learn(saw)
}

// mirrored is a temperature as the model has it, which knows heaters alone.
func (p *Params) mirrored(celsius float64) float64 {
	if p.Cooler {
		return -celsius
	}
	return celsius
}

// Model is what may be foreseen now.
func (f *Foresight) Model(p Params) foresee.Model { return f.learner.Model(p.StartsPerDay) }

// Look puts in what the law may look ahead with, and to.
func (f *Foresight) Look(p Params, t *Target, in *Input) {
	if p.Heater == p.Cooler || !p.foresees(t) {
		return
	}
	in.Model = f.Model(p)
	if t.Ahead {
		in.Next = foresee.Next{Known: true, In: p.hours(t.Next.At.Sub(in.Now)), Goal: t.Next.Desired}
	}
}

// Decided takes in what was decided.
func (f *Foresight) Decided(p Params, was, is *State, in *Input) {
	before, on := &was.Call, is.Call.On
	if p.Cooler {
		before, on = &was.Cooler, is.Cooler.On
	}
	if p.Heater == p.Cooler || !f.news && before.On == on || !is.fresh(&p, in.Now) {
		return
	}
	gone := 0.0
	if !f.decided.IsZero() {
		gone = p.hours(in.Now.Sub(f.decided))
	}
	f.decided = in.Now
	why := foresee.Stays
	if is.Reason == ReasonPreheat && !in.Preheat {
		why = foresee.Preheats
	}
	f.learner.Decided(in.ask(&p, is.Reading.Celsius, before), on, why, gone, p.StartsPerDay)
}

// foresees reports whether the model decides within the band.
func (in *Input) foresees(p *Params) bool {
	wants := ModeHeat
	if p.Cooler {
		wants = ModeCool
	}
	return in.Model.Trusted && p.Heater != p.Cooler && in.Setpoint.Mode == wants && !in.Frost && !in.Preheat
}

// ask is what a model is asked about an output.
func (in *Input) ask(p *Params, celsius float64, o *Output) foresee.Ask {
	sp := &in.Setpoint
	a := foresee.Ask{
		Celsius: celsius, On: o.On, For: p.hours(in.Now.Sub(o.Since)),
		Desired: sp.Desired, Up: sp.UpDelta, Down: sp.DownDelta, Next: in.Next,
	}
	if p.Cooler {
		a.Celsius, a.Desired, a.Next.Goal, a.Up, a.Down = -a.Celsius, -a.Desired, -a.Next.Goal, a.Down, a.Up
	}
	return a
}

// foresee asks the model. Outside the band it answers as hysteresis does.
func (s *State) foresee(p *Params, in *Input) (heat, cool bool, why Reason) {
	o, words := &s.Heater, &heaterWords
	if p.Cooler {
		o, words = &s.Cooler, &coolerWords
	}
	on, because := in.Model.Decide(in.ask(p, s.Reading.Celsius, o))
	return on && in.heats(), on && in.cools(), words[because]
}

var heaterWords = [...]Reason{
	foresee.Stays: ReasonInBand, foresee.TooCold: ReasonTooCold, foresee.TooWarm: ReasonTooWarm,
	foresee.Preheats: ReasonPreheat, foresee.SetbackSoon: ReasonSetbackSoon,
	foresee.TooColdSoon: ReasonTooColdSoon, foresee.WarmEnough: ReasonWarmEnough,
}

var coolerWords = [...]Reason{
	foresee.Stays: ReasonInBand, foresee.TooCold: ReasonTooWarm, foresee.TooWarm: ReasonTooCold,
	foresee.Preheats: ReasonPreheat, foresee.SetbackSoon: ReasonSetbackSoon,
	foresee.TooColdSoon: ReasonTooWarmSoon, foresee.WarmEnough: ReasonCoolEnough,
}

// beyond is by how much what is ahead asks for more than what is held, K: warmer for a heater, colder for a cooler.
func (in *Input) beyond(p *Params) float64 {
	return p.mirrored(in.Next.Goal) - p.mirrored(in.Setpoint.Desired)
}

// aheadOf reports whether the output works, or has worked, for the transition to come.
func (s *State) aheadOf(p *Params, in *Input, why Reason) bool {
	return in.foresees(p) && in.Next.Known && in.beyond(p) > 0 && (s.Ahead || why == ReasonPreheat)
}

// ready reports whether the law would look ahead.
func (f *Foresight) ready(p *Params) bool {
	return p.Heater != p.Cooler && p.foresight() && f.learner.Trusts()
}

// Foreseen is what the law knows of a room and sees coming, for those who look on.
type Foreseen struct {
	Segments int           // that it has learned from; 0: it knows nothing yet
	Looks    bool          // the law goes by the model now
	Model    foresee.Model // of a cooler the mirror: all temperatures have the other sign
	Ask      foresee.Ask   // what it was asked last, as far as there is a fresh reading
	Starts   float64       // a day, over three days
	Budget   float64       // of starts a day
	Speed    float64       // by which the room lives faster than the clock; 0: it does not
	Unmet    bool          // more than the budget, and the deltas do not let it do better
}

// saw is what is told of a decision.
func (f *Foresight) saw(p *Params, s *State, in *Input) Foreseen {
	l := &f.learner
	if l.Segments == 0 || p.Heater == p.Cooler {
		return Foreseen{}
	}
	o := &s.Call
	if p.Cooler {
		o = &s.Cooler
	}
	is := Foreseen{
		Segments: l.Segments, Looks: in.foresees(p) && s.fresh(p, in.Now), Model: f.Model(*p),
		Ask: in.ask(p, s.Reading.Celsius, o), Starts: l.Rate(), Budget: p.StartsPerDay, Speed: p.Speed,
	}
	is.Unmet = p.foresight() && l.Whole() && is.Starts > 1.1*p.StartsPerDay && l.Band >= min(in.Setpoint.UpDelta, in.Setpoint.DownDelta)
	return is
}

// foresight reports whether the law may ever look ahead.
func (p *Params) foresight() bool { return p.Law == LawAuto || p.Law == LawForesee }
