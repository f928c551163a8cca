package comfort

import (
	"thermostat/controlloop"
	"thermostat/controlloop/slope"
)

// Memory is what a zone's comfort remembers from one step to the next; the zero value is
// that of a start.
type Memory struct {
	frost   bool // the zone is protected against frost
	window  windowMemory
	slope   slope.State
	preheat preheating
}

// Learned is what a room has shown of itself, which is kept over restarts.
type Learned struct {
	Slope   slope.Learned `json:"slope,omitzero"`   // how fast it cools
	Warming Warmings      `json:"warming,omitzero"` // how fast it warms
}

// Learned is what of the memory is kept.
func (m Memory) Learned() Learned { return Learned{m.slope.Learned, m.preheat.learned} }

// Recall is the memory of a start with what was kept.
func Recall(l Learned) Memory {
	return Memory{slope: slope.State{Learned: l.Slope}, preheat: preheating{learned: l.Warming}}
}

// Protects reports whether a zone looks after itself beside its program.
func Protects(p *Plan) bool {
	return p.Frost != Frost{} || p.Window != Window{} || p.Warming != Warming{} && p.HasProgram()
}

// Windows is the first step of what a zone does by itself: it notes in the target that
// program and hands have chosen whether a window is open, by what the zone sees and its
// contact tells. [Preheat] and [Protect] go by that. It is pure.
func Windows(p *Plan, m Memory, t controlloop.Target, look controlloop.Look, contact controlloop.Position) (Memory, controlloop.Target) {
	m.window = p.Window.step(m.window, contact, look.Now)
	m.slope = p.Window.look(m.slope, &t, &look)
	switch {
	case m.window.open || m.slope.Open:
		t.Window = controlloop.WindowOpen
	case contact != controlloop.WindowUnknown || p.Window.BySlope:
		t.Window = controlloop.WindowClosed
	}
	return m, t
}

// Protect is the last step: it makes of the target the one that counts, by frost and by the
// windows. It is pure.
func Protect(p *Plan, m Memory, t controlloop.Target, look controlloop.Look) (Memory, controlloop.Target) {
	m.frost = p.Frost.step(m.frost, &t, look.Reading)
	if bars(p, &m, &t, &look) {
		t.Bar, t.Why = true, WindowOpen
	}
	if m.frost {
		p.Frost.protect(&t)
	}
	return m, t
}
