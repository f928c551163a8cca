package controlloop

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/controlloop/mailbox"
)

// A bubble's clock cannot stand still, but a suspend of no time on it is one in
// which only the clock of the boot went on.
func sleeper(t *testing.T, p Params, celsius float64) (b *bench, suspend func(time.Duration)) {
	b = onBench(t, p, celsius)
	var slept atomic.Int64
	b.zone.Slept = func() time.Duration { return time.Duration(slept.Load()) }
	b.zone.Woken = mailbox.New[struct{}]()
	return b, func(d time.Duration) { slept.Add(int64(d)) }
}

func resting() Params {
	p := room()
	p.MinOff = 5 * minute
	return p
}

// woken tells the zone and gives what it decided.
func (b *bench) woken() Snapshot {
	b.zone.Woken.Put(struct{}{})
	return b.wait(0)
}

// warming is a zone that heats, with a reading of now.
func warming(t *testing.T) (b *bench, suspend func(time.Duration)) {
	b, suspend = sleeper(t, resting(), 18)
	expect(t, b.run(both(20)).wait(resting().MinOff+time.Minute), "heating too_cold")
	return b, suspend
}

func TestAfterASuspendReadingsOfBeforeAreOldAndTheRelayRestsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, suspend := warming(t)
		suspend(8 * time.Hour)
		s := b.woken()
		expect(t, s, "idle stale_reading")
		if age, ok := s.Age(); !ok || age < 8*time.Hour || s.Fresh || s.HeaterRelay != RelayOff {
			t.Errorf("a reading of before is %v old, fresh %v; the relay is %v", age, s.Fresh, s.HeaterRelay)
		}
	})
}

func TestAfterASuspendTheNextReadingCountsAndTheOutputServesItsRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, suspend := warming(t)
		suspend(8 * time.Hour)
		b.woken()
		s := b.wait(room().Sample)
		expect(t, s, "idle min_off")
		if !s.Fresh {
			t.Error("a reading of after is not fresh")
		}
		suspend(time.Hour) // asleep, no rest is served
		b.woken()
		expect(t, b.wait(resting().MinOff-3*room().Sample), "idle min_off")
		expect(t, b.wait(3*room().Sample), "heating too_cold")
	})
}

// Nobody tells the zone, but its next tick finds out.
func TestATickFindsASuspendByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, suspend := warming(t)
		before := len(b.sets())
		suspend(8 * time.Hour)
		expect(t, b.wait(room().Sample), "idle min_off")
		for _, e := range b.sets()[before:] {
			if e.what == "heater" && e.on {
				t.Errorf("on after the suspend: %v", e)
			}
		}
	})
}

// Also a suspend within which no reading grew stale ends what was on: nobody
// knows what the relay has done.
func TestAfterAShortSuspendAReadingIsAsOldAsItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, suspend := warming(t)
		suspend(room().StaleAfter / 2)
		s := b.woken()
		expect(t, s, "idle min_off")
		if age, _ := s.Age(); age < room().StaleAfter/2 || !s.Fresh {
			t.Errorf("%v old, fresh %v", age, s.Fresh)
		}
	})
}

func TestAnAnswerAskedForBeforeASuspendIsOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, suspend := warming(t)
		give := make(chan struct{})
		b.answers(func(context.Context) (Reading, error) { <-give; return Temperature(10, time.Time{}), nil })
		b.wait(room().Sample)
		suspend(time.Hour)
		b.woken()
		close(give)
		s := b.wait(0)
		if s.Fresh {
			t.Errorf("what was measured before the suspend counts: %+v", s.State.Reading)
		}
		if s = b.wait(2 * room().Sample); !s.Fresh {
			t.Error("what is measured after it does not count")
		}
	})
}

// heldBack is a stream whose messages wait on their way.
type heldBack struct{ messages chan float64 }

func (s heldBack) Streams() bool { return true }

func (s heldBack) Read(ctx context.Context) (Reading, error) {
	select {
	case c := <-s.messages:
		return Temperature(c, time.Now()), nil
	case <-ctx.Done():
		return Reading{}, ctx.Err()
	}
}

func TestAMessageThatWasOnItsWayThroughASuspendIsOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stream := heldBack{make(chan float64)}
		b, suspend := sleeper(t, room(), 18)
		b.zone.Sensor = stream
		b.run(both(20))
		stream.messages <- 18
		b.wait(room().Sample)
		stream.messages <- 18
		if s := b.wait(0); !s.Fresh {
			t.Fatal("two messages that agree do not count")
		}
		suspend(time.Hour)
		stream.messages <- 10
		if s := b.wait(0); s.Fresh {
			t.Errorf("it counts: %+v", s.State.Reading)
		}
		stream.messages <- 18
		if s := b.wait(0); !s.Fresh {
			t.Error("the next one does not count")
		}
	})
}
