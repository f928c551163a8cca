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
}

// weigh gives a reading's verdict. A reading that is not good is still allowed
// to open a cut-out.
func (j *judge) weigh(p Params, r Reading, now time.Time) Verdict {
	switch {
	case !finite(r.Celsius), r.At.After(now), r.At.Before(j.last.At):
		return VerdictError // no number, or a time that cannot be: it must not become the yardstick
	case r.Celsius < p.PlausibleMin || r.Celsius > p.PlausibleMax:
		return VerdictImplausible
	case j.last.At.IsZero(), reachable(p, j.last, r):
	case !j.held.At.IsZero() && r.At.After(j.held.At) && reachable(p, j.held, r):
	default:
		j.held = r
		return VerdictTooFast
	}
	j.last, j.held = r, Reading{}
	return VerdictOK
}

// reachable reports whether a room can get from one reading to the next.
func reachable(p Params, from, to Reading) bool {
	minutes := max(to.At.Sub(from.At), 0).Minutes()
	return math.Abs(to.Celsius-from.Celsius) <= p.MaxRate*minutes+rateSlack
}

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
