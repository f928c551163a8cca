package controlloop

import (
	"errors"
	"math"
	"time"
)

// rateSlack is the step in K that no rate limit holds back: two steps of a
// DS18B20 at 9 bits are 1 K (datasheet DS18B20 rev. 6, table 2: 0.5 °C a step).
const rateSlack = 1.0

// judge weighs a sequence of readings: a single one may be decodable and still
// be no temperature of this room.
type judge struct {
	last Reading // the last good one
	held Reading // jumped too fast and waits for the next one to confirm it
	same stillness
}

// weigh gives a reading's verdict. A reading that is not good is still allowed
// to open a cut-out. heating tells whether an output is ordered on.
func (j *judge) weigh(p Params, r Reading, now time.Time, heating bool) Verdict {
	switch {
	case !finite(r.Celsius), r.At.After(now), r.At.Before(j.last.At):
		return VerdictError // no number, or a time that cannot be: it must not become the yardstick
	case r.Celsius < p.PlausibleMin || r.Celsius > p.PlausibleMax:
		return VerdictImplausible
	case j.same.frozen(&p, r, heating):
		return VerdictFrozen
	case j.last.At.IsZero(), reachable(&p, j.last, r):
	case !j.held.At.IsZero() && r.At.After(j.held.At) && reachable(&p, j.held, r):
	default:
		j.held = r
		return VerdictTooFast
	}
	j.last, j.held = r, Reading{}
	return VerdictOK
}

// reachable reports whether a room can get from one reading to the next.
func reachable(p *Params, from, to Reading) bool {
	minutes := max(to.At.Sub(from.At), 0).Minutes()
	return math.Abs(to.Celsius-from.Celsius) <= p.MaxRate*minutes+rateSlack
}

// stillness is how long a sensor has shown the same to the last bit.
type stillness struct {
	shown  Reading       // with the time when it was last shown
	heated time.Duration // of it, with an output ordered on
	step   float64       // K, the smallest change seen since the start; 0: none
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
func (q *stillness) frozen(p *Params, r Reading, heating bool) bool {
	if !sameBits(q.shown, r) {
		q.change(r)
		return false
	}
	if heating { // a gap between two readings is no time that it stood still
		q.heated += min(max(r.At.Sub(q.shown.At), 0), p.StaleAfter)
	}
	q.shown.At = r.At
	return p.FrozenAfter > 0 && q.heated >= q.patience(p)
}

func (q *stillness) change(r Reading) {
	if step := math.Abs(r.Celsius - q.shown.Celsius); !q.shown.At.IsZero() && step > 0 && (q.step == 0 || step < q.step) {
		q.step = step
	}
	q.shown, q.heated = r, 0
}

func (q *stillness) patience(p *Params) time.Duration {
	step := coarsestStep
	if q.step > 0 {
		step = min(max(q.step, finestStep), coarsestStep)
	}
	return time.Duration(float64(p.FrozenAfter) * step / finestStep)
}

func sameBits(a, b Reading) bool {
	return !a.At.IsZero() && bits(a.Celsius, b.Celsius) && bits(a.Humidity, b.Humidity) && bits(a.Pascal, b.Pascal)
}

// bits compares two values; NaN, for what a sensor does not measure, equals itself.
func bits(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }

// verdictOf names what was wrong with an answer that is no reading.
func verdictOf(err error) Verdict {
	var bad *BadReading
	if errors.As(err, &bad) {
		return bad.Verdict
	}
	return VerdictError
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
