package source

import (
	"math/rand/v2"
	"time"
)

const minute = time.Minute

var morning = time.Date(2026, 1, 5, 6, 0, 0, 0, time.UTC)

// zone is one zone of a random house, and what is true of it, whatever it tells.
type zone struct {
	valve         bool
	sample, stale time.Duration
	phase         time.Duration // of its next decision
	wants, frost  bool          // what its law would order
	allowed, cut  bool          // no guard is against its heat
	window, hangs bool
	due           bool
	open          bool // the valve's order; of a zone without one: it calls
	since         time.Time
	wanted        time.Time // when it last called
	shutBy        string    // why it closed last
	at            time.Time // of its last decision
	reading       time.Time
	held          Hold
	missed        bool
	told          Demand // its newest snapshot
	moves         int
}

// house is a source and its zones over a random time.
type house struct {
	rng   *rand.Rand
	p     Params
	now   time.Time
	zones []*zone
	state State
	stuck bool // the source's relay does not obey its off
}

func pick[T any](rng *rand.Rand, of ...T) T { return of[rng.IntN(len(of))] }

func newHouse(seed uint64, zones int) *house {
	rng := rand.New(rand.NewPCG(seed, 25))
	h := &house{rng: rng, now: morning}
	h.p = Params{
		Pump: rng.IntN(4) > 0, ValveOpen: pick(rng, 0, minute, 210*time.Second, 15*minute), PumpOverrun: pick(rng, 0, minute, 5*minute, time.Hour),
		MinOn: pick(rng, 0, minute, 5*minute, 20*minute), MinOff: pick(rng, 0, minute, 5*minute, 20*minute),
		Call: 1 + rng.IntN(min(zones, pick(rng, 1, 1, 3))), Bypass: rng.IntN(4) == 0, Move: pick(rng, 0, 30*time.Second, 5*minute),
	}
	if !h.p.Pump {
		h.p.PumpOverrun = 0
	}
	for range zones {
		z := &zone{valve: rng.IntN(6) > 0 || zones == 1 && rng.IntN(3) > 0, sample: time.Duration(1+rng.IntN(30)) * time.Second, allowed: true, since: h.now, reading: h.now}
		z.stale = z.sample * time.Duration(2+rng.IntN(10))
		z.phase = time.Duration(rng.Int64N(int64(z.sample)))
		z.told = Demand{Sample: z.sample, StaleAfter: z.stale, Valve: z.valve}
		h.zones = append(h.zones, z)
	}
	return h
}

// live lets one random event happen, and every zone that is due decide.
func (h *house) live() {
	if h.rng.IntN(20) > 0 { // else twice at one instant
		h.now = h.now.Add(time.Duration(h.rng.Int64N(int64(5 * time.Second))))
	}
	if h.rng.IntN(2000) == 0 {
		h.now = h.now.Add(time.Duration(h.rng.Int64N(int64(10 * minute))))
	}
	z := pick(h.rng, h.zones...)
	switch h.rng.IntN(120) {
	case 0, 1, 2, 3:
		z.wants = !z.wants
	case 4:
		z.allowed = !z.allowed || h.rng.IntN(3) > 0
		z.cut = !z.allowed && h.rng.IntN(2) == 0
	case 5:
		z.window = h.rng.IntN(3) == 0
	case 6:
		z.frost = h.rng.IntN(4) == 0
	case 7:
		z.due = true
	case 8:
		z.hangs = h.rng.IntN(6) == 0
	case 9:
		h.state.Stood = true
	case 10:
		if !h.state.On {
			h.stuck = h.rng.IntN(20) == 0
		}
	case 11:
		for _, z := range h.zones {
			z.allowed, z.cut, z.window, z.hangs = true, false, false, false
		}
	case 12:
		for _, z := range h.zones {
			z.wants = false
		}
	}
	for i, z := range h.zones {
		if !z.hangs && (h.now.Sub(morning) >= z.phase || h.rng.IntN(200) == 0) {
			z.phase = h.now.Sub(morning) + z.sample
			h.decide(i, z)
		}
	}
}

// decide is a zone's law in small, and its snapshot.
func (h *house) decide(i int, z *zone) {
	z.missed = !z.missed && h.rng.IntN(5) == 0 // it has just missed the newest
	if i < len(h.state.Holds) && !z.missed {
		z.held = h.state.Holds[i]
	}
	z.at, z.reading = h.now, h.now
	calls := z.wants && z.allowed && !z.window
	kept := z.valve && z.open && z.held.Keep && z.allowed
	moves := z.valve && z.held.Move && z.allowed && !z.window && !z.frost
	open := calls || kept || moves
	if open != z.open {
		z.open, z.since = open, h.now
		z.shutBy = map[bool]string{true: "itself", false: "a guard"}[z.allowed]
		z.due = z.due && !open
	}
	if calls {
		z.wanted = h.now
	}
	z.told = Demand{
		At: h.now, Sample: z.sample, StaleAfter: z.stale, Reading: z.reading, Valve: z.valve, Calls: calls, Open: z.valve && z.open, Since: z.since,
		Kept: z.valve && z.held.Keep, Frost: z.frost && calls, Cutout: z.cut, Stood: z.due, Calm: z.allowed && !z.window && !z.frost,
	}
}

// step is one step of the source.
func (h *house) step() (was State) {
	was = h.state
	var demands []Demand
	for _, z := range h.zones {
		demands = append(demands, z.told)
	}
	h.state.Stuck = h.stuck && !h.state.On
	h.state = Source(h.p, h.state, demands, h.now)
	if h.state.Pump {
		h.state.Stood = false
	}
	return was
}
