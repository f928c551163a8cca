package comfort

import (
	"math"
	"time"

	"thermostat/controlloop"
)

// The bounds of preheating.
const (
	preheatMost  = 6 * time.Hour // before a transition
	preheatShare = 0.5           // of a new course in what is known
	deadRise     = 0.1           // K that the room has warmed once its heater is felt
	slowestRate  = 0.1           // K/h
	fastestRate  = 60.0          // K/h
)

// Warming is how a room follows its heater; the zero value is not known.
type Warming struct {
	Rate float64       `json:"rate"` // K/h, once the heater is felt
	Dead time.Duration `json:"dead"` // until it is, ns
}

// lead is how long the room takes to warm by so many K.
func (w Warming) lead(kelvin float64) time.Duration {
	if kelvin <= 0 || w.Rate <= 0 {
		return 0
	}
	return w.Dead + time.Duration(kelvin/w.Rate*float64(time.Hour))
}

// Warmings are what a room has shown before the transitions of its days, the last used
// last: a morning after a night without heat needs more time than an afternoon.
type Warmings [8]struct {
	Minute int `json:"minute"` // of the day, of the transition
	Warming
}

// of gives what is known for a transition; else what the newest other one says, else nothing.
func (w *Warmings) of(minute int) Warming {
	for _, each := range w {
		if each.Minute == minute && each.Rate > 0 {
			return each.Warming
		}
	}
	return w[len(w)-1].Warming
}

// put keeps what is known for a transition.
func (w *Warmings) put(minute int, is Warming) {
	place := 0
	for i, each := range w {
		if each.Minute == minute && each.Rate > 0 {
			place = i
		}
	}
	copy(w[place:], w[place+1:])
	w[len(w)-1].Minute, w[len(w)-1].Warming = minute, is
}

// preheating is what is remembered of the way to a warmer transition.
type preheating struct {
	learned Warmings
	on      time.Time // the transition that the zone preheats for; zero: none
	slow    float64   // °C, the room without the waves of its hysteresis
	last    time.Time // of slow; zero: not known

	since  time.Time // when the course began that is watched; zero: none is
	minute int       // of its transition
	known  Warming   // what was known before it
	from   float64   // °C, where it began
	goal   float64   // °C, where it ends
	felt   time.Time // when the room had warmed by deadRise; zero: not yet
}

// Preheat is the second step, between [Windows] and [Protect]: before a transition of the program to a warmer
// temperature it aims at that, so early that the room is there in time by what it has shown
// of itself. It never begins before the transition in force, nor in a hold. Now and the
// plan's transitions are of one clock. It is pure.
func Preheat(p *Plan, m Memory, t controlloop.Target, look controlloop.Look) (Memory, controlloop.Target) {
	h := &m.preheat
	if p.Warming == (Warming{}) {
		return m, t
	}
	t.Ahead = Ahead(p, &t)
	if t.Window == controlloop.WindowOpen || look.Reading.At.IsZero() {
		h.on, h.since, h.last = time.Time{}, time.Time{}, time.Time{}
		return m, t
	}
	h.smooth(&look)
	h.watch(&t, &look)
	minute := minuteOf(t.Next.At.In(p.Place))
	known := h.learned.of(minute)
	if known.Rate == 0 {
		known = p.Warming
	}
	goal := t.Next.Desired - t.Setpoint.DownDelta
	if !preheats(p, &t) || look.Foresees && t.Setpoint.Mode.Heats() { // then the law does
		h.on = time.Time{}
		return m, t
	}
	t.Next.Lead = min(known.lead(goal-h.slow), preheatMost)
	if !h.on.Equal(t.Next.At) {
		if h.on = (time.Time{}); t.Next.Lead == 0 || t.Next.At.Sub(look.Now) > t.Next.Lead {
			return m, t
		}
		h.on = t.Next.At
		h.since, h.minute, h.known, h.from, h.goal, h.felt = look.Now, minute, known, h.slow, goal, time.Time{}
	}
	t.Setpoint.Mode, t.Setpoint.Desired, t.Setpoint.Preset = p.Mode, t.Next.Desired, t.Next.Preset
	t.Why, t.Preheat = Preheating, true
	return m, t
}

// Ahead reports whether the law may look ahead to the transition after a target.
func Ahead(p *Plan, t *controlloop.Target) bool {
	return p.Warming != (Warming{}) && follows(t) && !math.IsNaN(t.Next.Desired)
}

// smooth takes a reading into the mean of about an hour.
func (h *preheating) smooth(look *controlloop.Look) {
	if h.last.IsZero() {
		h.slow, h.last = look.Reading.Celsius, look.Now
		return
	}
	share := min(max(look.Now.Sub(h.last).Hours(), 0), 1)
	h.slow, h.last = h.slow+float64(share*(look.Reading.Celsius-h.slow)), look.Now
}

func minuteOf(t time.Time) int { return t.Hour()*60 + t.Minute() }

// preheats reports whether the next transition is one to preheat for: to a warmer
// temperature, in auto, and while nothing is held.
func preheats(p *Plan, t *controlloop.Target) bool {
	return follows(t) && p.Mode.Heats() && !math.IsNaN(t.Next.Desired) && !(t.Next.Desired <= t.Setpoint.Desired)
}

// follows reports whether the program chooses now, and after the next transition.
func follows(t *controlloop.Target) bool {
	return t.Auto && t.Until.IsZero() && !t.Next.At.IsZero()
}

// watch learns from a course from the beginning of a preheat to where the band begins.
func (h *preheating) watch(t *controlloop.Target, look *controlloop.Look) {
	celsius := look.Reading.Celsius
	switch {
	case h.since.IsZero():
		return
	case h.on.IsZero() && t.Setpoint.Desired-t.Setpoint.DownDelta != h.goal: // somebody wants something else
		h.since = time.Time{}
		return
	case h.felt.IsZero() && celsius >= h.from+deadRise:
		h.felt = look.Now
	}
	if celsius < h.goal || h.felt.IsZero() {
		return
	}
	dead, took, kelvin := h.felt.Sub(h.since), look.Now.Sub(h.since), h.goal-h.from
	h.since = time.Time{}
	if kelvin < 1 { // too little to tell
		return
	}
	mix := func(old, is float64) float64 { return old + float64(preheatShare*(is-old)) }
	perKelvin := max((took-dead).Hours()/kelvin, 1/fastestRate)
	h.learned.put(h.minute, Warming{
		Rate: max(1/mix(1/h.known.Rate, perKelvin), slowestRate), Dead: time.Duration(mix(float64(h.known.Dead), float64(dead))),
	})
}
