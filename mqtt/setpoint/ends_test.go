package setpoint

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
)

// untilNext is somebody's control that holds a temperature until the next transition, and
// does not tell when that is.
func (w *world) untilNext(desired float64) {
	w.note("foreign until next %v", desired)
	w.brokerGets(fmt.Appendf(nil, `{"program":true,"desired":%v}`, desired), true)
}

// everyFiveMinutes is a world whose program steps so from 8 o'clock, when it begins.
func everyFiveMinutes(t *testing.T, seed uint64) *world {
	w := newWorld(t, 2*seed+1)
	w.weekText = "08:05 16, 08:10 17, 08:15 16, 08:20 17, 08:25 16, 08:30 17, 08:35 16, 08:40 17, 08:45 16, 08:50 17"
	w.wipe()
	w.run(20*time.Second, true)
	return w
}

// TestTheEndOfAHoldUntilTheNextTransitionIsSaid: nobody can read that end from the control,
// so the agent says what follows, once, by the name of the program, and answers.
func TestTheEndOfAHoldUntilTheNextTransitionIsSaid(t *testing.T) {
	w := everyFiveMinutes(t, 0)
	w.untilNext(21)
	w.run(4*time.Minute, true)
	before := w.retained
	if w.obeyed.Desired != 21 || !bytes.Contains(before, []byte("21")) {
		t.Fatalf("obeys %+v, retained %q", w.obeyed, before)
	}
	published := w.published
	w.run(2*time.Minute, true)
	c, err := DecodeControl(w.retained)
	if err != nil || !c.GetProgram() || c.HoldUntil != nil || c.HoldS != nil || c.GetSource() != "program" || c.GetDesired() != 16 || w.published != published+1 {
		t.Errorf("%d messages, the last %v (%v)", w.published-published, c, err)
	}
	if w.obeyed.Source != "program" {
		t.Errorf("obeys %+v", w.obeyed)
	}
	w.run(20*time.Minute, true)
	if w.published != published+1 {
		t.Errorf("%d more messages", w.published-published-1)
	}
}

// TestTheEndOfAHoldIsSaidAfterANightWithoutABroker: the target changed at its moment; the
// word for it follows with the connection, if nobody has spoken since.
func TestTheEndOfAHoldIsSaidAfterANightWithoutABroker(t *testing.T) {
	for _, spoken := range []bool{false, true} {
		w := everyFiveMinutes(t, 0)
		w.untilNext(21)
		w.run(time.Second, true)
		w.cut()
		w.run(5*time.Minute, false)
		if p := w.zone().Comfort; p.Target(w.obeyed, w.now, comfort.Clock{Trusted: true}).Setpoint.Desired != 16 {
			t.Errorf("obeys %+v", w.obeyed)
		}
		w.boot() // what is over is on the disk
		if spoken {
			w.foreign(23, true)
		}
		w.run(time.Minute, true)
		c, _ := DecodeControl(w.retained)
		if spoken && (c.GetDesired() != 23 || w.obeyed.Desired != 23) || !spoken && c.GetSource() != "program" {
			t.Errorf("spoken %v: retained %v, obeys %+v", spoken, c, w.obeyed)
		}
	}
}

// TestAPersonsControlIsNotLostToTheEndOfAHold: whenever it comes, and whichever of the two
// the broker hears first. Only where the connection ends before the agent has heard a control that the
// broker has given up already for the agent's own, nobody is left who knows it.
func TestAPersonsControlIsNotLostToTheEndOfAHold(t *testing.T) {
	for seed := range worlds() {
		w := everyFiveMinutes(t, seed)
		w.note("seed %d", seed)
		for range 3 {
			w.untilNext(w.desired())
			w.run(10*time.Second, true)
			p := w.zone().Comfort
			next, _ := p.Next(w.now)
			w.run(next.Sub(w.now)-time.Duration(w.rnd.IntN(3000))*time.Millisecond, true)
			w.lag(time.Duration(w.rnd.IntN(9000)) * time.Millisecond)
			want := w.desired()
			if w.rnd.IntN(2) == 0 {
				w.foreign(want, true)
			} else {
				w.act(w.arbiter.Submit(w.now, "page", fmt.Appendf(nil, `{"mode":"heat","desired":%v}`, want)))
			}
			w.lag(time.Duration(w.rnd.IntN(9000)) * time.Millisecond)
			if w.rnd.IntN(4) == 0 {
				w.drain()
				w.stumble(false)
			}
			w.run(90*time.Second, true)
			c, _ := DecodeControl(w.retained)
			if w.obeyed.Desired != want || c.GetDesired() != want {
				w.fail("a person said %v; obeyed is %+v, retained %v", want, w.obeyed, c)
			}
		}
	}
}

// TestOnlyWhatAPersonSaidLastWinsWhenItComesBack: and only the first time. What else of
// ours comes back after somebody's control is answered with what is obeyed.
func TestOnlyWhatAPersonSaidLastWinsWhenItComesBack(t *testing.T) {
	w := settled(t)
	foreign := func(desired float64) []byte { return fmt.Appendf(nil, `{"mode":"heat","desired":%v}`, desired) }
	w.act(w.arbiter.Submit(w.now, "page", foreign(21)))
	ours := w.arbiter.mem.Cur
	w.act(w.arbiter.Message(w.now, foreign(22), false)) // the broker heard it before ours
	w.act(w.arbiter.Message(w.now, ours, false))
	if w.obeyed.Desired != 21 {
		t.Errorf("the person's came back: obeys %v", w.obeyed.Desired)
	}
	w.act(w.arbiter.Message(w.now, foreign(23), false))
	d := w.arbiter.Message(w.now, ours, false)
	w.act(d)
	if w.obeyed.Desired != 23 || !d.Publish {
		t.Errorf("it came back again: obeys %v, %+v", w.obeyed.Desired, d)
	}
	again := w.arbiter.mem.Cur // nobody said this
	w.act(w.arbiter.Message(w.now, foreign(24), false))
	d = w.arbiter.Message(w.now, again, false)
	w.act(d)
	if w.obeyed.Desired != 24 || !d.Publish {
		t.Errorf("what nobody said came back: obeys %v, %+v", w.obeyed.Desired, d)
	}
}

// TestALiveControlThatIsNotObeyedIsNoRedelivery: somebody says the same again, after a change here.
func TestALiveControlThatIsNotObeyedIsNoRedelivery(t *testing.T) {
	w := settled(t)
	m := []byte(`{"mode":"heat","desired":21}`)
	w.brokerGets(m, true)
	w.run(10*time.Second, true)
	w.toBroker = nil
	w.local(23)
	if d := w.arbiter.Message(w.now, m, false); d.Obey == nil || d.Obey.Desired != 21 {
		t.Errorf("%+v", d)
	}
}

// TestAHoldBeginsAnewOnlyWithANewControl: however often its control is given again.
func TestAHoldBeginsAnewOnlyWithANewControl(t *testing.T) {
	w := everyFiveMinutes(t, 0)
	hold := []byte(`{"mode":"heat","desired":25,"hold_s":120}`)
	w.brokerGets(hold, true)
	w.run(3*time.Minute, true)
	for range 4 {
		w.stumble(false)
		w.brokerGets(hold, true)
		w.run(20*time.Second, true)
		if w.obeyed.Desired == 25 {
			w.fail("obeys %+v", w.obeyed)
		}
	}
	w.brokerGets([]byte(`{"mode":"heat","desired":25,"hold_s":120,"id":"anew"}`), true)
	w.run(20*time.Second, true)
	if w.obeyed.Desired != 25 || w.obeyed.Mode != controlloop.ModeHeat {
		t.Errorf("obeys %+v", w.obeyed)
	}
}
