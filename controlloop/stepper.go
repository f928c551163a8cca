package controlloop

import (
	"context"
	"errors"
	"time"
)

// Stepper is a zone in its caller's time: no goroutine and no clock, but the
// very steps that [Zone.Run] makes, in the order in which it makes them when
// every sensor answers at once. It is for simulation; it is not safe for use by
// several goroutines at once.
type Stepper struct {
	zone *Zone
	read context.Context // cancelled: a read that would wait ends at once
}

// NewStepper begins a zone's life at now, with everything off, and makes its
// first decision, which needs no reading.
func NewStepper(z *Zone, start Setpoint, now time.Time) *Stepper {
	read, cancel := context.WithCancel(context.Background())
	cancel()
	z.begin(start, now)
	z.step(now)
	return &Stepper{zone: z, read: read}
}

// Set gives the zone a new setpoint, and decides.
func (s *Stepper) Set(sp Setpoint, now time.Time) {
	s.zone.said = sp
	s.zone.step(now)
}

// Tick is one sample: every sensor is read, and each answer is decided upon. A
// sensor that does not come back at once brings nothing; without any answer
// the zone decides all the same.
func (s *Stepper) Tick(now time.Time) {
	heard := false
	for _, sense := range s.zone.senses.all {
		a := sense.ask(s.read, now)
		if errors.Is(a.err, context.Canceled) {
			continue
		}
		heard = true
		s.zone.hear(a)
		s.zone.step(now)
	}
	if !heard {
		s.zone.step(now)
	}
}

// State is what the zone remembers and answers, until the next step.
func (s *Stepper) State() *State { return &s.zone.state }

// Target is what the zone aims at, and why.
func (s *Stepper) Target() Target { return s.zone.target }

// Faults calls back with each fault of the zone, by no order.
func (s *Stepper) Faults(each func(Fault)) {
	for _, f := range s.zone.faults {
		each(f)
	}
}
