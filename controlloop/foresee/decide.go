package foresee

// Ask is a moment at which the law decides about the heater.
type Ask struct {
	Celsius float64 // fresh
	On      bool    // the heater
	For     float64 // h, since its last switch
	Desired float64 // °C
	Up      float64 // K, above desired: there it ends in any case
	Down    float64 // K, below desired: there it begins in any case
	Next    Next
}

// Next is what the program wants next.
type Next struct {
	Known bool
	In    float64 // h, until then
	Goal  float64 // °C
}

// Why is why a model decides so.
type Why uint8

// The reasons.
const (
	Stays       Why = iota // as it is
	TooCold                // below the band
	TooWarm                // above it
	TooColdSoon            // it would be, if heat began only then
	WarmEnough             // what is in the emitter brings it to where it shall be
	Preheats               // for the next transition
	SetbackSoon            // it stays warm enough until the next transition, which is a lower one
)

// What the rules allow beside the band, K, and where they look.
const (
	firstBand  = 0.3
	leastBand  = 0.1
	mostCold   = 0.25 // of the band's lower half: people feel cold sooner than warm
	earlyBy    = 0.2  // below the goal it counts as reached
	coastOn    = 0.1  // below the lower half a coasting room may get, to begin with it
	coastOff   = 0.15 // and to go on with it
	keepsGoing = 2.5  // shortest stretches before a preheat that are not worth an end
)

// Decide answers whether the heater shall be on. Below desired - down it always shall,
// and above what is aimed at + up it never shall, whatever the model says. A model that is not
// trusted, or is none, decides as hysteresis does.
func (m *Model) Decide(a Ask) (on bool, why Why) {
	if !m.Trusted || !m.possible() {
		return hysteresis(&a)
	}
	w, cold := m.halves(&a)
	preheats := m.preheats(&a, cold)
	aim := a.Desired
	if preheats {
		aim = a.Next.Goal
	}
	switch {
	case a.Celsius < a.Desired-a.Down:
		return true, TooCold
	case a.Celsius > aim+a.Up:
		return false, TooWarm
	case a.On:
		return m.goesOn(&a, aim, w, cold, preheats)
	case preheats && m.Highest(a.Celsius) < aim-earlyBy: // what is in the emitter does not do
		return true, Preheats
	case a.For < m.Least || m.Lowest(a.Celsius) > a.Desired-cold:
		return false, Stays
	case m.setback(&a) && m.Stays(a.Celsius, a.Desired-cold-coastOff, a.Next.In):
		return false, SetbackSoon
	}
	return true, TooColdSoon
}

// hysteresis is the law without a model.
func hysteresis(a *Ask) (on bool, why Why) {
	switch {
	case a.Celsius < a.Desired-a.Down:
		return true, TooCold
	case a.Celsius > a.Desired+a.Up:
		return false, TooWarm
	}
	return a.On, Stays
}

// goesOn decides about a heater that is on, within the band.
func (m *Model) goesOn(a *Ask, aim, w, cold float64, preheats bool) (on bool, why Why) {
	switch {
	case a.For >= m.Least && m.Highest(a.Celsius) >= aim+w:
		return false, WarmEnough
	case preheats:
		return true, Preheats
	case m.setback(a) && m.Stays(a.Celsius, a.Desired-cold-coastOn, a.Next.In):
		return false, SetbackSoon
	}
	return true, Stays
}

// halves are the upper and the lower half of the model's own band, within the user's.
func (m *Model) halves(a *Ask) (w, cold float64) {
	most := min(a.Up, a.Down)
	w = clamp(m.Band, min(leastBand, most), most)
	if m.ahead(a) && a.Next.Goal > a.Desired {
		return w, a.Down // a set-back: nobody is there
	}
	return w, min(w, mostCold)
}

func (m *Model) ahead(a *Ask) bool { return a.Next.Known && a.Next.In >= 0 && a.Next.In < Horizon }

// setback reports whether the next transition is a lower one, and near.
func (m *Model) setback(a *Ask) bool { return m.ahead(a) && a.Next.Goal < a.Desired }

// preheats reports whether it is time to heat for the next transition.
func (m *Model) preheats(a *Ask, cold float64) bool {
	if !m.ahead(a) || a.Next.Goal <= a.Desired {
		return false
	}
	enough := a.Next.In / m.Late // what takes longer is begun now, whatever it takes
	if a.On {
		enough /= 2
	}
	takes := float64(m.Late * m.Reaches(a.Celsius, a.Next.Goal-min(earlyBy, min(cold, mostCold)), enough))
	return takes >= a.Next.In || a.On && (2*takes >= a.Next.In || a.Next.In-takes < float64(keepsGoing*m.Least))
}

// every is how closely [Model.Switches] looks, h.
const every = 2 / 60.

// Switches is how long it takes until the answer to what is asked is another one, if all goes as the model
// has it, h; ok is false where that is not within its horizon.
func (m *Model) Switches(a Ask) (hours float64, ok bool) {
	if !m.Trusted || !m.possible() {
		return 0, false
	}
	later, u := *m, 0.0
	if a.On {
		u = 1
	}
	r := m.from(a.Celsius, u)
	for gone := r.dt; gone < Horizon; gone += r.dt {
		if r.advance(); gone-hours < every {
			continue
		}
		hours = gone
		later.Emitted, later.Shadow = r.h, r.shadow
		then := a
		then.Celsius, then.For, then.Next.In = r.t, a.For+gone, a.Next.In-gone
		if a.Next.Known && then.Next.In < 0 {
			then.Desired, then.Next = a.Next.Goal, Next{}
		}
		if on, _ := later.Decide(then); on != a.On {
			return gone, true
		}
	}
	return 0, false
}
