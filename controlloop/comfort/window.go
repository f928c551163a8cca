package comfort

import (
	"math"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/slope"
)

// Window is what a zone does about its windows. The zero value is nothing.
type Window struct {
	Contact    bool          // a contact tells whether one is open
	BySlope    bool          // one is found by how fast the room cools
	Slope      slope.Params  // of that
	Delay      time.Duration // a window must be open so long to count
	CloseDelay time.Duration // and closed so long
	Max        time.Duration // so long one found by slope may last, and any keep back the duty of a zone without a reading
}

// windowMemory is what is remembered of a window from one step to the next.
type windowMemory struct {
	open  bool      // as it counts
	other time.Time // since when its contact says otherwise; zero: it agrees
	blind time.Time // since when it is open and there is no reading; zero: it is not so
}

// step looks at the contact once more. What it does not tell counts as closed.
func (w Window) step(m windowMemory, is controlloop.Position, now time.Time) windowMemory {
	open := is == controlloop.WindowOpen
	wait := w.Delay
	if m.open {
		wait = w.CloseDelay
	}
	switch {
	case open == m.open:
		m.other = time.Time{}
		return m
	case m.other.IsZero():
		m.other = now
	}
	if now.Sub(m.other) >= wait {
		m.open, m.other = open, time.Time{}
	}
	return m
}

// look lets the finder of windows by slope see what there is to see.
func (w Window) look(s slope.State, t *controlloop.Target, look *controlloop.Look) slope.State {
	if !w.BySlope {
		return s
	}
	celsius := math.NaN()
	if !look.Reading.At.IsZero() {
		celsius = look.Reading.Celsius
	}
	return slope.See(w.Slope, s, slope.Look{
		Now: look.Now, Celsius: celsius, Step: look.Reading.Step, On: look.Heating || look.Cooling, Cools: t.Setpoint.Mode == controlloop.ModeCool,
	})
}

// bars reports whether an open window keeps both outputs off. With frost protection it does
// only while a reading says that there is no frost; without, at most for Max once there is
// no reading any more.
func bars(p *Plan, m *Memory, t *controlloop.Target, look *controlloop.Look) bool {
	w := &m.window
	r := look.Reading
	open := t.Window == controlloop.WindowOpen
	if !open || !r.At.IsZero() {
		w.blind = time.Time{}
		return open && !m.frost && (p.Frost == Frost{} || r.Celsius >= p.Frost.Below)
	}
	if w.blind.IsZero() {
		w.blind = look.Now
	}
	return p.Frost == Frost{} && look.Now.Sub(w.blind) < p.Window.Max
}
