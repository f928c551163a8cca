package controlloop

import "time"

// wakeUp makes up for a suspend: Go's clock stood still, but what the zone
// remembers has grown older, and nobody knows what a relay that was on has done
// meanwhile. A device on the broker has let go after its lease, and a compressor
// must not be switched on again at once: so it goes off and rests. A rest that
// was being served goes on, without the time asleep.
func (z *Zone) wakeUp(now time.Time) {
	slept := z.sleptInAll() - z.slept
	if slept <= 0 {
		return
	}
	z.slept += slept
	for _, s := range z.senses.all {
		s.judge.Last.At = earlier(s.judge.Last.At, slept)
	}
	z.state.Reading.At = earlier(z.state.Reading.At, slept)
	z.state.Lost = earlier(z.state.Lost, slept)
	z.rest(now)
}

// rest ends what is on, without a decision.
func (z *Zone) rest(now time.Time) {
	for _, o := range []*Output{&z.state.Heater, &z.state.Call, &z.state.Cooler} {
		if o.On {
			o.off(now, z.Params.MinOff, ReasonMinOff)
		}
	}
}

// asleep makes an answer older by the suspends that came between its question
// and now: what a chip measured, or a broker sent, before one is as old as that.
func (z *Zone) asleep(a answer) answer {
	a.reading.At = earlier(a.reading.At, z.slept-a.slept)
	return a
}

func (z *Zone) sleptInAll() time.Duration {
	if z.Slept == nil {
		return 0
	}
	return z.Slept()
}

// earlier moves a time back; the zero time means "none" and stays.
func earlier(t time.Time, d time.Duration) time.Time {
	if t.IsZero() || d <= 0 {
		return t
	}
	return t.Add(-d)
}
