package controlloop

import "time"

// Hold is the end of a setpoint that somebody chose for a time. Its zero value is
// none; in mode auto a temperature or a preset then holds until the next transition.
type Hold struct {
	Until time.Time     // by the wall clock
	For   time.Duration // from its acceptance on; of both the earlier end counts
	Then  *Setpoint     // what counts afterwards; nil: the program, else the configured default
}

// Target is what a zone aims at: what its comfort makes of what was said.
type Target struct {
	Setpoint Setpoint  // for the law, so never in mode auto
	Bar      bool      // a window is open: neither output may be on, whatever the setpoint asks for
	Frost    bool      // the setpoint's band is that of frost protection, which heats in every mode
	Preheat  bool      // for a transition to come
	Ahead    bool      // the law may look ahead to Next: the program chooses, and the zone may preheat
	Auto     bool      // the program chooses, now or after a hold
	Why      string    // frost, window_open, manual, hold, boost, away, preheat, program or default; empty: nobody said anything
	Until    time.Time // the end of the hold; zero: it has none
	Next     Change    // of the program; zero: none is known
	Window   Position  // of the zone's windows, as it counts; unknown where nothing tells it
	Control  Setpoint  // as it is obeyed, without the holds that are over
}

// band gives the edges of what is held, in °C; NaN where nothing is.
func (t *Target) band() (cold, warm float64) {
	sp := t.Setpoint
	if t.Frost {
		sp.Mode = ModeHeat
	}
	return sp.Band()
}

// off reports whether nothing is to be switched on: the contacts of all may be open.
func (t *Target) off() bool { return t.Setpoint.Mode <= ModeOff && !t.Frost }

// Look is what a zone sees when it chooses its target.
type Look struct {
	Now              time.Time // on both clocks
	Reading          Reading   // the one that the law goes by; zero At: none is fresh
	Heating, Cooling bool      // the output is on, as ordered and as its relay says
	Foresees         bool      // the law will look ahead by itself
}

// Position is what is known of a window.
type Position uint8

// The positions of a window.
const (
	WindowUnknown Position = iota // it counts as closed
	WindowClosed
	WindowOpen
)

// Contact tells whether a window is open.
type Contact interface {
	// Position must not block. Trouble says why nobody knows the position any more;
	// empty: it is known, or not yet to be wondered at.
	Position(now time.Time) (is Position, trouble string)
}

// Change is a change of the target at a moment.
type Change struct {
	At      time.Time // zero: there is none
	Desired float64   // °C; NaN where it goes off
	Preset  string    // its name; may be empty

	Lead time.Duration // so long before it the zone begins to preheat for it; 0: it does not
}
