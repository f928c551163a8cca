package source

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// books are the oracle's own: what the relays did, and when.
type books struct {
	h        *house
	on, pump bool
	switched time.Time // of the source
	everOn   bool
	freedAt  time.Time // when the source last was seen to obey
	ready    int       // steps in a row in which nothing held the source back
	ways     []*zone   // through which water could flow at the step before
	guarded  time.Time // when a guard has last shut one
	moving   time.Time // since when something is exercised; zero: nothing is
	stopped  bool      // the pump has been stopped in this overrun
	seen     map[Reason]int
	holds    int
}

func (b *books) heard(z *zone) bool { return !z.at.IsZero() && b.h.now.Sub(z.at) <= 3*z.sample }

// way tells whether water can flow through a zone that is heard.
func (b *books) way() bool { return slices.ContainsFunc(b.h.zones, b.isWay) }

func (b *books) isWay(z *zone) bool {
	return b.heard(z) && (z.valve && z.open || !z.valve && !z.told.Cutout)
}

// calls counts the demands that count.
func (b *books) calls() (n int) {
	for _, z := range b.h.zones {
		// what the zone has told, and not what came after
		if !b.heard(z) || !z.told.Calls || !z.open || !z.valve && z.told.Cutout || z.valve && b.h.now.Sub(z.since) < b.h.p.ValveOpen {
			continue
		}
		if n++; z.told.Frost {
			n += b.h.p.Call
		}
	}
	return n
}

// bars tells what must keep the source off.
func (b *books) bars() bool {
	return slices.ContainsFunc(b.h.zones, func(z *zone) bool {
		if !z.valve && z.told.Cutout { // heard of or not: it was too hot when it told last
			return true
		}
		return !b.heard(z) && b.h.now.Sub(z.reading) >= z.stale+2*z.sample
	})
}

// check holds one step against the books, and then writes it down.
func (b *books) check() string {
	s, h, now := &b.h.state, b.h, b.h.now
	b.seen[s.Reason]++
	if slices.ContainsFunc(b.ways, func(z *zone) bool { return !b.isWay(z) && (!b.heard(z) || z.shutBy == "a guard") }) {
		b.guarded = now
	}
	for _, rule := range []func() string{b.safe, b.times, b.pumps, b.valves, b.exercise, b.words, b.lives} {
		if complaint := rule(); complaint != "" {
			return complaint
		}
	}
	if s.On != b.on {
		b.on, b.switched, b.everOn, b.stopped = s.On, now, b.everOn || s.On, false
	}
	if h.stuck && !s.On {
		b.freedAt = now
	}
	b.stopped = b.stopped || !s.Pump
	b.pump, b.ways = s.Pump, slices.DeleteFunc(slices.Clone(h.zones), func(z *zone) bool { return !b.isWay(z) })
	return ""
}

// safe: no heat that is not called for, none against shut valves, none that is barred.
func (b *books) safe() string {
	s := &b.h.state
	switch {
	case s.On && b.bars():
		return "on though it is barred"
	case s.On && !b.way():
		return "source against shut valves"
	case s.On && b.calls() < b.h.p.Call && b.h.now.Sub(b.switched) >= b.h.p.MinOn && b.h.now.After(b.switched):
		return "on without a demand, past its min_on"
	case s.On && !b.on && b.calls() < b.h.p.Call:
		return "goes on without a demand"
	case s.Pump && !b.way() && !b.h.p.Bypass:
		return "pump against shut valves"
	case s.On && b.h.p.Pump && !s.Pump:
		return "on without its pump"
	case s.Pump && !b.h.p.Pump:
		return "a pump that is not there"
	}
	return ""
}

// times: min_off always, min_on but for safety.
func (b *books) times() string {
	s, age := &b.h.state, b.h.now.Sub(b.switched)
	switch {
	case s.On && !b.on && age < b.h.p.MinOff:
		return fmt.Sprintf("on %v after it went off", age)
	case s.On && !b.on && b.everOn && age <= 0:
		return "two switches at one instant"
	case s.On && !b.on && b.h.stuck:
		return "on while it does not obey"
	case !s.On && b.on && age < b.h.p.MinOn && !b.bars() && b.way():
		return fmt.Sprintf("off %v after it went on", age)
	case !s.On && b.on && age < b.h.p.MinOn && !b.bars() && !b.shutByGuards():
		return fmt.Sprintf("off %v after it went on: all valves had shut, and not all by a guard", age)
	}
	return ""
}

// shutByGuards tells whether a guard, or a zone that hangs, has just shut one of the last ways,
// so that the zone of another need not have heard yet that its valve is to be kept.
func (b *books) shutByGuards() bool {
	return b.h.now.Sub(b.guarded) <= 3*30*time.Second // samples of the slowest
}

// pumps: all of the overrun, and no more.
func (b *books) pumps() string {
	s, age := &b.h.state, b.h.now.Sub(b.switched)
	if b.on { // it has just gone off
		age = 0
	}
	over := age >= b.h.p.PumpOverrun
	switch {
	case s.Stuck && b.pump && !s.Pump && b.way() && b.moving.IsZero():
		return "pump off though the source does not obey"
	case s.On || !b.h.p.Pump || s.Reason == ReasonExercise || s.Stuck || b.h.stuck:
	case b.pump && !s.Pump && b.everOn && !over && !b.stopped && (b.h.p.Bypass || b.way()):
		return fmt.Sprintf("pump off %v after the source, overrun %v", age, b.h.p.PumpOverrun)
	case s.Pump && b.h.now.Sub(later(b.switched, b.freedAt)) >= b.h.p.PumpOverrun+time.Hour && !b.on:
		return "pump still on"
	case s.Pump && !b.pump && !b.on:
		return "pump on again after it had stopped"
	}
	return ""
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// valves: one is held while it is needed, and none for longer than min_on and overrun after its call.
func (b *books) valves() string {
	s, kept := &b.h.state, 0
	works := s.On || s.Pump
	for i, z := range b.h.zones {
		if !s.Holds[i].Keep {
			if s.Stuck && b.heard(z) && z.valve && z.open {
				return "lets a valve go though the source does not obey"
			}
			continue
		}
		kept++
		b.holds++
		idle := b.h.now.Sub(later(z.wanted, b.freedAt))
		switch {
		case !z.valve:
			return "holds a valve that is not there"
		case !works && !b.h.stuck && b.calls() == 0 && !z.told.Calls:
			return "holds a valve for nothing"
		case !b.h.stuck && idle > b.h.p.MinOn+b.h.p.PumpOverrun+10*minute+15*z.sample: // the clock leaps by 10 minutes
			return fmt.Sprintf("holds a valve %v after its call", idle)
		}
	}
	free := slices.ContainsFunc(b.h.zones, func(z *zone) bool { return b.heard(z) && !z.valve && !z.told.Cutout })
	if works && kept == 0 && !free && b.way() && s.moving.began.IsZero() {
		return "works, and holds no valve"
	}
	return ""
}

// exercise: one at a time, source off and nobody calling, never against a guard.
func (b *books) exercise() string {
	s, moves := &b.h.state, 0
	for i, z := range b.h.zones {
		if !s.Holds[i].Move {
			continue
		}
		moves++
		z.moves++
		switch {
		case !z.valve || !b.heard(z) || !z.told.Calm:
			return "moves a valve against a guard"
		case s.On || b.calls() > 0:
			return "moves a valve while somebody calls"
		case b.h.p.Move == 0:
			return "moves, though it never shall"
		}
	}
	switch since := b.moving; {
	case moves > 1:
		return "moves two at once"
	case s.Reason != ReasonExercise:
		b.moving = time.Time{}
	case since.IsZero() || s.moving.began.After(since):
		b.moving = b.h.now
	case b.h.now.Sub(since) > 2*b.h.p.Move+b.h.p.ValveOpen+11*minute: // the clock leaps by 10 minutes
		return fmt.Sprintf("moves for %v", b.h.now.Sub(since))
	}
	return ""
}

// words: reason and wait fit what is done.
func (b *books) words() string {
	s := &b.h.state
	on := []Reason{ReasonDemand, ReasonMinOn}
	switch {
	case !slices.Contains(Reasons(), s.Reason) || s.Reason == ReasonStopped:
		return fmt.Sprintf("reason %q", s.Reason)
	case s.On != slices.Contains(on, s.Reason):
		return fmt.Sprintf("on %v with reason %s", s.On, s.Reason)
	case (s.Reason == ReasonDemand) != (s.On && b.calls() >= b.h.p.Call):
		return "demand that is none, or none that is"
	case (s.Reason == ReasonCutout || s.Reason == ReasonLost) != b.bars():
		return fmt.Sprintf("reason %s, barred %v", s.Reason, b.bars())
	case s.Reason == ReasonOverrun && !s.Pump:
		return "overrun without the pump"
	case s.Wait < 0 || s.Wait > 0 && slices.Contains([]Reason{ReasonDemand, ReasonNone, ReasonCutout, ReasonLost, ReasonExercise}, s.Reason):
		return fmt.Sprintf("reason %s with a wait of %v", s.Reason, s.Wait)
	}
	return ""
}

// lives: what is called for and free to go on is on after each zone has heard of it.
func (b *books) lives() string {
	s := &b.h.state
	free := b.calls() >= b.h.p.Call && !b.bars() && !b.h.stuck && b.h.now.Sub(later(b.switched, b.freedAt)) > b.h.p.MinOff
	if s.On || !free {
		b.ready = 0
		return ""
	}
	if b.ready++; b.ready > 100 {
		return "off for 100 steps though it is called for and free"
	}
	return ""
}

// TestASourceKeepsItsRulesOverRandomHouses: 1 to 50 zones that call, hang, open windows and
// trip guards at any time, and an oracle that keeps its own books of relays and times.
func TestASourceKeepsItsRulesOverRandomHouses(t *testing.T) {
	total, each := 1_000_000, 20_000
	if testing.Short() {
		total = 100_000
	}
	seen, moves, holds := map[Reason]int{}, 0, 0
	for seed := range uint64(total / each) {
		h := newHouse(seed, zonesOf(seed))
		b := &books{h: h, switched: morning, freedAt: morning, seen: seen}
		for n := range each {
			if n > 0 {
				h.live()
			}
			was := h.step()
			if complaint := b.check(); complaint != "" {
				t.Fatalf("house %d of %d zones, step %d, after %v: %s\n%+v\nwas %+v\nis  %+v", seed, len(h.zones), n, h.now.Sub(morning), complaint, h.p, was, h.state)
			}
		}
		holds += b.holds
		for _, z := range h.zones {
			moves += z.moves
		}
	}
	t.Logf("%d steps: %v, %d holds, %d moves", total, seen, holds, moves)
	for _, r := range Reasons() {
		if seen[r] < 100 && r != ReasonStopped {
			t.Errorf("reason %s only %d times", r, seen[r])
		}
	}
	if holds < 1000 || moves < 1000 {
		t.Error("the houses show little")
	}
}

// zonesOf gives the number of zones: few in most houses, and 50 in some.
func zonesOf(seed uint64) int { return []int{1, 2, 4, 4, 8, 50, 3, 20}[seed%8] }
