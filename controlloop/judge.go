package controlloop

import (
	"cmp"
	"errors"
	"math"
	"time"
)

// rateSlack is the step in K that no rate limit holds back: two steps of a
// DS18B20 at 9 bits are 1 K (datasheet DS18B20 rev. 6, table 2: 0.5 °C a step).
const rateSlack = 1.0

// rateConfirms is the longest gap for which a reading that confirms another one
// is allowed to have moved on at max_rate: over more, any two would agree.
const rateConfirms = time.Minute

// repeatWindow is the time within which a second message is the first one said
// again, as brokers and radios do: it confirms nothing.
const repeatWindow = 100 * time.Millisecond

// Judge weighs a sequence of readings: a single one may be decodable and still
// be no temperature of this room.
type Judge struct {
	Last Reading   // the last good one
	Held Reading   // not believed yet: it waits for the next one to confirm it
	Why  Verdict   // of held
	Same Stillness // how long it has shown the same
}

// Weigh gives a reading's verdict. A reading that is not good is still allowed
// to open a cut-out. heating tells whether an output is ordered on.
func (j *Judge) Weigh(p Params, r Reading, now time.Time, heating bool) Verdict {
	switch {
	case !finite(r.Celsius), r.At.After(now), r.At.Before(j.Last.At):
		return VerdictError // no number, or a time that cannot be: it must not become the yardstick
	case r.Celsius < p.PlausibleMin || r.Celsius > p.PlausibleMax:
		return VerdictImplausible
	case j.Same.frozen(&p, r, heating):
		return VerdictFrozen
	case j.follows(&p, r), j.confirms(&p, r):
		j.Last, j.Held = r, Reading{}
		return VerdictOK
	}
	return j.hold(&p, r)
}

// follows reports whether a reading is believed at once, for what came before
// it. After an absence only one that is near the last one is: a lie that was
// believed would make the truth after it the jump.
func (j *Judge) follows(p *Params, r Reading) bool {
	if j.absent(p, r) {
		return !j.Last.At.IsZero() && math.Abs(r.Celsius-j.Last.Celsius) <= rateSlack
	}
	return reachable(p, j.Last, r, r.At.Sub(j.Last.At))
}

// absent reports whether a reading is the first one, or the first after so long
// that the one before it counts no more.
func (j *Judge) absent(p *Params, r Reading) bool {
	return j.Last.At.IsZero() || r.At.Sub(j.Last.At) > p.StaleAfter
}

// confirms reports whether a reading agrees with the one that is held.
func (j *Judge) confirms(p *Params, r Reading) bool {
	gap := r.At.Sub(j.Held.At)
	return !j.Held.At.IsZero() && gap >= repeatWindow && reachable(p, j.Held, r, min(gap, rateConfirms))
}

// hold keeps a reading until another one confirms it. What is said again within
// the same word stays of the time when it was said first.
func (j *Judge) hold(p *Params, r Reading) Verdict {
	if gap := r.At.Sub(j.Held.At); !j.Held.At.IsZero() && gap < repeatWindow && reachable(p, j.Held, r, gap) {
		return j.Why
	}
	j.Why = VerdictTooFast
	if j.Held.At.IsZero() && j.absent(p, r) {
		j.Why = VerdictUnconfirmed
	}
	j.Held = r
	return j.Why
}

// reachable reports whether a room can get from one reading to another in a time.
func reachable(p *Params, from, to Reading, gap time.Duration) bool {
	return math.Abs(to.Celsius-from.Celsius) <= float64(p.MaxRate*max(gap, 0).Minutes())+rateSlack
}

// Stillness is how long a sensor has shown the same temperature to the last bit.
// What else the device measures proves nothing: a dead thermometer may sit beside
// a live hygrometer.
type Stillness struct {
	Shown  Reading       // with the time when it was last shown
	Heated time.Duration // of it, with an output ordered on
	Step   float64       // K, the smallest change seen since the start; 0: none
}

// A healthy thermometer with fine steps does not stand still for frozen_after
// of heating; one with coarse steps may, so it is given more time: in proportion
// to its steps, of which the finest known is a DS18B20's at 12 bits and the
// coarsest its at 9 bits (datasheet DS18B20 rev. 6, table 2). A mistake costs
// little: the heat goes off, the room cools by one step, and that ends it.
const (
	finestStep   = 0.0625
	coarsestStep = 0.5
)

// frozen reports whether a value has stood still too long under heat or cold.
func (q *Stillness) frozen(p *Params, r Reading, heating bool) bool {
	if q.Shown.At.IsZero() || q.Shown.Celsius != r.Celsius {
		q.change(r)
		return false
	}
	if heating { // a gap between two readings is no time that it stood still
		q.Heated += min(max(r.At.Sub(q.Shown.At), 0), p.StaleAfter)
	}
	q.Shown.At = r.At
	return p.FrozenAfter > 0 && q.Heated >= q.limit(p)
}

func (q *Stillness) change(r Reading) {
	if step := math.Abs(r.Celsius - q.Shown.Celsius); !q.Shown.At.IsZero() && step > 0 && (q.Step == 0 || step < q.Step) {
		q.Step = step
	}
	q.Shown, q.Heated = r, 0
}

// limit is how long a reading may stand still. It goes by the step that the driver
// knows of its chip, else by the smallest that was seen, else by the coarsest.
func (q *Stillness) limit(p *Params) time.Duration {
	step := cmp.Or(q.Shown.Step, q.Step, coarsestStep)
	step = min(max(step, finestStep), coarsestStep)
	return time.Duration(float64(p.FrozenAfter) * step / finestStep)
}

// verdictOf names what was wrong with an answer that is no reading.
func verdictOf(err error) Verdict {
	var bad *BadReading
	if errors.As(err, &bad) {
		return bad.Verdict
	}
	return VerdictError
}

// unverifiedOf is what an answer that is no reading may have measured all the same.
func unverifiedOf(err error) Reading {
	var held *HeldReading
	if errors.As(err, &held) {
		return held.Measured
	}
	return Reading{}
}

// health is what a zone knows of its sensor.
type health struct {
	verdict Verdict   // of the last answer
	text    string    // for people; empty when all is well
	since   time.Time // when the verdict became this
	heard   time.Time // when the sensor last answered at all
}

func (h *health) set(v Verdict, text string, now time.Time) {
	if v != h.verdict {
		h.since = now
	}
	h.verdict, h.text = v, text
}
