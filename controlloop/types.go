package controlloop

import (
	"context"
	"fmt"
	"math"
	"time"
)

// Mode is what a zone is allowed to do. The zero value means that nobody has
// given a setpoint yet; it switches everything off.
type Mode uint8

// The modes, in the order of the wire format.
const (
	ModeNone Mode = iota
	ModeOff
	ModeHeat
	ModeCool
	ModeHeatCool
	ModeAuto // the program chooses; the law never sees it
)

var modeWords = [...]string{"off", "off", "heat", "cool", "heat_cool", "auto"}

// String gives the plain word of a mode; a zone without a setpoint is off.
func (m Mode) String() string {
	if int(m) >= len(modeWords) {
		return fmt.Sprintf("mode(%d)", uint8(m))
	}
	return modeWords[m]
}

// Modes are the words that [ParseMode] reads.
func Modes() []string { return modeWords[ModeOff:] }

// ParseMode reads a mode's plain word: off, heat, cool, heat_cool or auto.
func ParseMode(word string) (Mode, error) {
	for m := ModeOff; m <= ModeAuto; m++ {
		if word == modeWords[m] {
			return m, nil
		}
	}
	return ModeNone, fmt.Errorf("mode %.40q is unknown: off, heat, cool, heat_cool or auto", word)
}

// Heats reports whether the mode may switch a heater on.
func (m Mode) Heats() bool { return m == ModeHeat || m == ModeHeatCool }

// Cools reports whether the mode may switch a cooler on.
func (m Mode) Cools() bool { return m == ModeCool || m == ModeHeatCool }

// Action is what a zone is doing. It is off only where the mode is off.
type Action uint8

// The actions.
const (
	ActionOff Action = iota
	ActionIdle
	ActionHeating
	ActionCooling
)

var actionWords = [...]string{"off", "idle", "heating", "cooling"}

// String gives the plain word of an action.
func (a Action) String() string { return actionWords[a] }

// BadReading is the error of a [Sensor] whose answer is no temperature.
type BadReading struct {
	Verdict Verdict // what is wrong
	Err     error   // what was wrong, for people; may be nil
}

// Bad makes the error of an answer that is no temperature.
func Bad(v Verdict, format string, args ...any) error {
	return &BadReading{Verdict: v, Err: fmt.Errorf(format, args...)}
}

// Error gives the verdict and what was wrong.
func (b *BadReading) Error() string {
	if b.Err == nil {
		return string(b.Verdict)
	}
	return string(b.Verdict) + ": " + b.Err.Error()
}

// Unwrap gives the cause.
func (b *BadReading) Unwrap() error { return b.Err }

// HeldReading is the error of an answer that may be true all the same: what was
// measured may open a cut-out, nothing else.
type HeldReading struct {
	Measured Reading // what the sensor said
	Err      error   // why it is held back, best a [*BadReading]
}

// Error says why the reading is held back.
func (h *HeldReading) Error() string { return h.Err.Error() }

// Unwrap gives why the reading is held back.
func (h *HeldReading) Unwrap() error { return h.Err }

// Reading is one good answer of a sensor.
type Reading struct {
	Celsius  float64   // °C
	Humidity float64   // % relative humidity; NaN where the sensor has none
	Pascal   float64   // Pa; NaN where the sensor has none
	Step     float64   // K, the least change that the thermometer shows; 0: not known
	At       time.Time // when it was measured

	Unchecked bool // nothing tells a damaged answer of the chip from a true one

	Correction float64 // K, in Celsius: what was added to what the chip said
}

// warmest and coldest are what the room may be, by the chip's own word or the corrected
// one: a correction holds no cut-out back.
func (r *Reading) warmest() float64 { return r.Celsius - min(r.Correction, 0) }
func (r *Reading) coldest() float64 { return r.Celsius - max(r.Correction, 0) }

// Temperature is a reading of a sensor that measures nothing else.
func Temperature(celsius float64, at time.Time) Reading {
	return Reading{Celsius: celsius, Humidity: math.NaN(), Pascal: math.NaN(), At: at}
}

// Setpoint says what a zone shall hold. The zero value is "none yet".
type Setpoint struct {
	Mode      Mode      // ModeNone: nobody said one yet
	Desired   float64   // °C; NaN where nobody named one and the mode is off, or auto, which needs none
	Preset    string    // the name of Desired, or in mode auto and without Desired of what its preset says; may be empty
	UpDelta   float64   // K above desired: heating ends, cooling starts
	DownDelta float64   // K below desired: heating starts, cooling ends
	Source    string    // who said it: config, memory, broker, page, home_assistant, …
	ID        string    // the name that its author gave it; may be empty
	Serial    uint64    // counts the words given to a zone: the snapshot that shows it proves that it is obeyed
	At        time.Time // when the zone began to obey it; filled in by the zone
	Accepted  time.Time // by the agent, over restarts; zero: not known
	Hold                // its end, if it has one
}

// SameTarget reports whether two setpoints ask for the same, whoever said so.
func (s Setpoint) SameTarget(o Setpoint) bool {
	return s.Mode == o.Mode && same(s.Desired, o.Desired) && same(s.UpDelta, o.UpDelta) && same(s.DownDelta, o.DownDelta)
}

// Band gives the edges of what a setpoint holds, in °C; NaN where it holds nothing.
func (s Setpoint) Band() (cold, warm float64) {
	if s.Mode <= ModeOff || !s.finite() {
		return math.NaN(), math.NaN()
	}
	return s.Desired - s.DownDelta, s.Desired + s.UpDelta
}

// finite reports whether the band is made of numbers; NaN compares false with
// everything and would leave the heat as it is.
func (s Setpoint) finite() bool {
	return finite(s.Desired) && finite(s.UpDelta) && finite(s.DownDelta)
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

func same(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

// Sensor measures. Read may block as long as the device needs, even for ever:
// a zone reads in a goroutine of its own. It is called by one goroutine at a
// time. A bad answer is an error, best a [*BadReading].
type Sensor interface {
	Read(ctx context.Context) (Reading, error) // takes one reading
}

// Stream is a sensor whose readings come when their maker sends them. Its Read
// waits for the next one and is called again at once. The decisions of a zone
// whose only sensor is a stream follow from the times and values of readings and
// setpoints, the time of its start, and nothing else: no two decisions are made
// at one time, and a tick counts as made when it was due. So a log of both
// streams, replayed, makes the same decisions.
type Stream interface {
	Sensor
	Streams() bool // reports whether readings come by themselves
}

// fresh reports whether a reading may still be acted on.
func (r Reading) fresh(p *Params, now time.Time) bool {
	age := now.Sub(r.At)
	return !r.At.IsZero() && 0 <= age && age <= p.StaleAfter
}

// Relay switches. Set must not block; repeating it is harmless.
type Relay interface {
	Set(on bool) error // switches, and says whether that is known to be done
}

// Unconfirmed is the error of a [Relay] that has been told to go off by all that
// is known, and whose last word is another. That is a fault, but its rest is
// served: what stays silent could else never be switched on again.
type Unconfirmed struct {
	Err   error     // why it is not known
	Since time.Time // when it may have gone off: not before it last said that it is on
}

// Error gives what its relay says.
func (u *Unconfirmed) Error() string { return u.Err.Error() }

// Unwrap gives the cause.
func (u *Unconfirmed) Unwrap() error { return u.Err }
