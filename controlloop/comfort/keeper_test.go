package comfort

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"thermostat/controlloop"
)

// keeper is an oracle of what a zone does by itself, beside the books of what was asked
// for: frost protection, its windows, and what may be said of a preheat without knowing
// how the room warms.
type keeper struct {
	contact controlloop.Position
	turns   time.Duration // when it last began to say something else
	opens   bool          // what it then said
	open    bool          // the window counts as open
	blind   time.Duration // since when it is open without a reading; less than 0: it is not so
	icy     bool          // frost protection is at work
	barred  bool
	due     time.Time // of the transition that is preheated for; zero: none is
	want    aim       // of the last decision
	wrong   error     // what the zone said of a preheat and the books do not
}

// protect gives the plan frost protection, a contact and preheating, each or none.
func (d *day) protect() {
	minutes := func(most int) time.Duration { return time.Duration(d.rnd.IntN(most)) * time.Minute }
	d.blind = -1
	if d.rnd.IntN(3) > 0 {
		d.plan.Frost = Frost{Below: MinFrostBelow + 9*d.rnd.Float64(), Rise: 0.5 + d.rnd.Float64(), InOff: d.rnd.IntN(2) == 0}
	}
	if d.rnd.IntN(3) > 0 {
		d.plan.Window = Window{Contact: true, Delay: minutes(3), CloseDelay: minutes(3), Max: 30 * time.Minute}
	}
	if d.rnd.IntN(3) > 0 {
		d.plan.Warming = Warming{Rate: 0.5 + 5*d.rnd.Float64(), Dead: minutes(60)}
	}
}

// windows are opened and shut, and the contact is heard or not.
func (d *day) windows(rnd *rand.Rand) {
	if (d.plan.Window == Window{}) {
		return
	}
	switch rnd.IntN(200) {
	case 0:
		d.contact = controlloop.WindowOpen
	case 1, 2, 3, 4, 5, 6:
		d.contact = controlloop.WindowClosed
	case 7:
		d.contact = controlloop.WindowUnknown
	}
}

// shadows is what the shadow aims at.
func (d *day) shadows(look controlloop.Look) controlloop.Target {
	a, fresh, celsius := d.aims(), !look.Reading.At.IsZero(), look.Reading.Celsius
	d.counts()
	preheats := d.preheats(&a, fresh)
	inOff := d.plan.Frost.InOff || d.top().auto || a.mode != controlloop.ModeOff
	below := d.plan.Frost.Below
	d.icy = below > 0 && fresh && inOff && (celsius < below || d.icy && celsius <= below+d.plan.Frost.Rise)
	if d.barred = d.bars(fresh, celsius); d.barred {
		a.why = WindowOpen
	}
	delta := 0.5
	if d.icy {
		if a.mode == controlloop.ModeOff {
			d.seen["frost out of off"]++
		}
		delta = d.plan.Frost.Rise / 2
		a.celsius, a.preset, a.why = below+delta, "", Frosty
	}
	d.want = a
	t := controlloop.Target{
		Setpoint: controlloop.Setpoint{Mode: a.mode, Desired: a.celsius, UpDelta: delta, DownDelta: delta},
		Bar:      d.barred, Frost: d.icy, Preheat: preheats && !d.icy,
	}
	next, wait := d.coming(d.wall)
	if celsius := d.celsius(next.word); d.plan.Warming != (Warming{}) && d.follows() && !math.IsNaN(celsius) {
		t.Ahead, t.Next = true, controlloop.Change{At: look.Now.Add(wait), Desired: celsius}
	}
	return t
}

// follows reports whether the program chooses, and its next transition is known.
func (d *day) follows() bool {
	return (d.trusted || d.unsynced == Follow) && d.top().auto && math.IsNaN(d.top().celsius) && !d.held()
}

// counts lets the window count as the contact says, once that has said so for long enough.
func (d *day) counts() {
	if says := d.contact == controlloop.WindowOpen; says != d.opens {
		d.opens, d.turns = says, d.boot
	}
	wait := d.plan.Window.Delay
	if d.open {
		wait = d.plan.Window.CloseDelay
	}
	if d.opens != d.open && d.boot-d.turns >= wait {
		d.open = d.opens
	}
}

// bars reports whether the window bars both outputs: no frost may be near, and without a
// reading and frost protection it does for half an hour.
func (d *day) bars(fresh bool, celsius float64) bool {
	below := d.plan.Frost.Below
	switch {
	case !d.open || fresh:
		d.blind = -1
		return d.open && !d.icy && (below == 0 || celsius >= below)
	case d.blind < 0:
		d.blind = d.boot
	}
	if below > 0 || d.boot-d.blind >= 30*time.Minute {
		return false
	}
	d.seen["barred and lost"]++
	return true
}

// preheats makes of an aim that of a preheat if the zone says that it preheats, and holds
// that against the books: in auto and in no hold, with a reading and the window shut, for
// nothing but the very next transition, to a warmer temperature and at most six hours
// before it.
func (d *day) preheats(a *aim, fresh bool) bool {
	t := d.zone
	if t == nil {
		return false
	}
	is := t.Target()
	next, wait := d.coming(d.wall)
	due, celsius := d.wall.Add(wait), d.celsius(next.word)
	switch {
	case is.Frost: // it hides whether it does
		d.due = due
		if d.top().auto && is.Setpoint.Mode == d.usual {
			a.mode = d.usual
		}
		return false
	case is.Why != Preheating && !is.Preheat:
		d.due = time.Time{}
		return false
	}
	followed := d.follows()
	switch begins := !due.Equal(d.due); {
	case d.plan.Warming == Warming{}, !followed, !fresh, d.open, d.usual == controlloop.ModeCool, math.IsNaN(celsius), celsius <= a.celsius:
		d.wrong = fmt.Errorf("preheats for %v in %v: in auto %v, a reading %v, a window open %v", next, wait, followed, fresh, d.open)
	case begins && (wait > 6*time.Hour || wait > is.Next.Lead):
		d.wrong = fmt.Errorf("begins to preheat %v before %v, %v would do", wait, next, is.Next.Lead)
	}
	d.due = due
	a.mode, a.celsius, a.preset, a.why = d.usual, celsius, "", Preheating
	if _, named := d.presets[next.word]; named {
		a.preset = next.word
	}
	return true
}

// mayHeat reports whether anything allows the zone to heat: the mode of what it aims at, or
// with a reading frost protection. No cut-out is open, and above both bands min_on alone
// keeps it on.
func (d *day) mayHeat(s *controlloop.State) bool {
	return !s.HeatCut && !d.barred && (d.want.mode.Heats() || d.icy && s.Lost.IsZero())
}
