package main

import (
	"thermostat/controlloop/foresee"
	"thermostat/house/figures"
)

// moment is what a law sees.
type moment struct {
	celsius float64
	on      bool
	since   float64 // h, since its last switch
	gone    float64 // h, since the moment before
	desired float64 // °C
	next    foresee.Next
}

// law decides about a heater.
type law interface{ decide(m moment) bool }

// plain is hysteresis; with a lead it begins so many hours before a warmer step.
type plain struct{ half, lead float64 }

func (l plain) decide(m moment) bool {
	desired := m.desired
	if m.next.Known && m.next.In <= l.lead {
		desired = max(desired, m.next.Goal)
	}
	return m.celsius < desired-l.half || m.on && m.celsius <= desired+l.half
}

// duty is a PI controller whose output is the share of each quarter of an hour in
// which the heater is on. Gain and integral time are those that a room with a radiator is usually given.
type duty struct{ sum, into, share float64 }

const (
	dutyGain   = 0.5 // 1/K
	dutyReset  = 2.0 // h
	dutyPeriod = 0.25
)

func (l *duty) decide(m moment) bool {
	e := m.desired - m.celsius
	l.into += m.gone
	if l.into >= dutyPeriod || l.share == 0 && e > 0.5 {
		l.into = 0
		l.sum = min(max(l.sum+dutyGain*e*dutyPeriod/dutyReset, 0), 1)
		l.share = min(max(dutyGain*e+l.sum, 0), 1)
	}
	return l.into < l.share*dutyPeriod
}

// foreseen is the law that learns its room, within the same deltas as [plain].
type foreseen struct {
	foresee.Learner
	half, budget float64
	turns        figures.Turns
}

func (l *foreseen) decide(m moment) bool {
	worked := 0.0
	if m.on {
		worked = 1
	}
	l.Learn(foresee.Seen{Gone: m.gone, Celsius: m.celsius, Worked: worked})
	model := l.Model(l.budget)
	ask := foresee.Ask{Celsius: m.celsius, On: m.on, For: m.since, Desired: m.desired, Up: l.half, Down: l.half, Next: m.next}
	on, why := model.Decide(ask)
	l.Decided(ask, on, why, m.gone, l.budget)
	return on
}

// saw holds what was foreseen against what the room really does, °C.
func (l *foreseen) saw(m moment, on bool, real float64) {
	if !l.turns.Add(real, on) {
		return
	}
	switch model := l.Model(l.budget); {
	case model.Trusted && on:
		l.turns.Foresee(model.Lowest(m.celsius))
	case model.Trusted:
		l.turns.Foresee(model.Highest(m.celsius))
	}
}
