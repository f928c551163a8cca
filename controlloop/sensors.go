package controlloop

import (
	"context"
	"fmt"
	"time"
)

// sense is one of a zone's sensors and what is known of it.
type sense struct {
	sensor Sensor
	stream bool // its answers come by themselves
	judge  Judge
	health health
	raw    Reading // the last answer, good or not; zero At: it was an error
	woken  chan struct{}
}

// answer is what came of one read of a sensor.
type answer struct {
	sense   *sense
	reading Reading
	err     error
	at      time.Time
	slept   time.Duration // in all, when the sensor was asked
}

func newSense(s Sensor, now time.Time) *sense {
	stream, ok := s.(Stream)
	return &sense{sensor: s, stream: ok && stream.Streams(), woken: make(chan struct{}, 1), health: health{verdict: VerdictNoReading, text: "no reading since the start", since: now, heard: now}}
}

// measure reads the sensor whenever it is woken, or always if it is a stream. It is a goroutine of its own
// since a read may hang; the zone does not wait for it, not even at the end.
func (s *sense) measure(ctx context.Context, out chan<- answer, slept func() time.Duration) {
	for {
		if !s.stream {
			select {
			case <-ctx.Done():
				return
			case <-s.woken:
			}
		}
		asked := slept()
		a := s.ask(ctx, time.Time{})
		a.slept = asked
		select {
		case out <- a:
		case <-ctx.Done():
			return
		}
	}
}

// ask reads the sensor once; the answer is of that time, or with none of when
// the read has ended.
func (s *sense) ask(ctx context.Context, now time.Time) answer {
	r, err := s.sensor.Read(ctx)
	if now.IsZero() {
		now = time.Now()
	}
	if r.At.IsZero() {
		r.At = now
	}
	return answer{sense: s, reading: r, err: err, at: now}
}

// sameMoment is a delay between the arrival of a reading and the decision on it
// that makes it no older.
const sameMoment = 250 * time.Millisecond

// heardAt makes the time of the decision that of an answer of a stream, so that
// one time tells all about it. One that was kept waiting is as old as it is, but
// no older than the one before it: they come in order.
func (a answer) heardAt(now time.Time) answer {
	a.at = now
	switch last := a.sense.judge.Last.At; {
	case a.err != nil:
	case now.Sub(a.reading.At) < sameMoment:
		a.reading.At = now
	case a.reading.At.Before(last):
		a.reading.At = last
	}
	return a
}

// wake lets every sensor be read that is not being read still. It reports
// whether there was one to wake: the answers of streams come by themselves.
func (ss *senses) wake() (any bool) {
	for _, s := range ss.all {
		if s.stream {
			continue
		}
		any = true
		select {
		case s.woken <- struct{}{}:
		default:
		}
	}
	return any
}

// hear judges an answer. heating tells whether an output was ordered on.
func (s *sense) hear(p *Params, a answer, heating bool) {
	s.health.heard = a.at
	s.raw = a.reading
	if a.err != nil {
		s.raw = unverifiedOf(a.err)
		s.health.set(verdictOf(a.err), a.err.Error(), a.at)
		return
	}
	v := s.judge.Weigh(*p, a.reading, a.at, heating)
	if v == VerdictOK {
		s.health.set(VerdictOK, "", a.at)
		return
	}
	s.health.set(v, s.judgement(p, v, a.reading), a.at)
}

func (s *sense) judgement(p *Params, v Verdict, r Reading) string {
	switch v {
	case VerdictError:
		return fmt.Sprintf("a reading of %s that is no number, or from the future or the past", clock(r.At))
	case VerdictTooFast:
		return fmt.Sprintf("jumped to %.2f °C, faster than %v K/min; waits for a second reading that agrees", r.Celsius, p.MaxRate)
	case VerdictUnconfirmed:
		return fmt.Sprintf("the first reading after the start or an absence is %.2f °C; waits for a second one that agrees", r.Celsius)
	case VerdictFrozen:
		return fmt.Sprintf("stands at %.2f °C to the last bit while the heat is on; waits for a change", r.Celsius)
	}
	return fmt.Sprintf("%.2f °C is outside the plausible %v..%v °C", r.Celsius, p.PlausibleMin, p.PlausibleMax)
}

// grow notes what time does to a sensor that says nothing, or nothing good.
func (s *sense) grow(p *Params, now time.Time) {
	if s.health.verdict == VerdictOK && !s.good(p, now) {
		s.health.set(VerdictStale, fmt.Sprintf("no good reading for more than %v", p.StaleAfter), now)
	}
	if now.Sub(s.health.heard) > p.StaleAfter {
		s.health.set(VerdictNoAnswer, fmt.Sprintf("the sensor has not answered since %s", clock(s.health.heard)), now)
	}
}

// good reports whether the sensor's last good reading may still be acted on.
func (s *sense) good(p *Params, now time.Time) bool { return s.judge.Last.fresh(p, now) }

// fails tells a fault from the time before the first good reading.
func (s *sense) fails() bool { return s.health.verdict != VerdictOK && !s.begins() }

// begins reports whether the sensor has said nothing yet, or its first word only.
func (s *sense) begins() bool {
	return s.health.verdict == VerdictNoReading || s.health.verdict == VerdictUnconfirmed && s.judge.Last.At.IsZero()
}

// fail reports whether any of them does.
func (ss *senses) fail() bool {
	for _, s := range ss.all {
		if s.fails() {
			return true
		}
	}
	return false
}

// senses are a zone's sensors, the first choice first.
type senses struct {
	all       []*sense
	streaming bool // every one is a stream
	disagree  bool
	text      string    // which two disagree; empty where none do
	values    []Reading // what [senses.unverified] gave last, to be used again
}

// inForce gives the first sensor in order that may be acted on, and its place.
// Where there is none it is the first of all. At the start a sensor is waited
// for: the quickest to answer is not the first choice.
func (ss *senses) inForce(p *Params, now time.Time) (s *sense, place int, good bool) {
	for i, s := range ss.all {
		if s.good(p, now) {
			return s, i, true
		}
		if s.begins() {
			break
		}
	}
	return ss.all[0], 0, false
}

// reading is what the law is given: that of the sensor in force, and none
// while two sensors disagree, since nobody knows which of them is right.
func (ss *senses) reading(p *Params, now time.Time) Reading {
	s, _, good := ss.inForce(p, now)
	if !good || ss.disagree {
		return Reading{}
	}
	return s.judge.Last
}

// unverified are all values of sensors alive: whatever is wrong with them, be it
// their age, they may open a cut-out. They stand until the next call.
func (ss *senses) unverified(p *Params, now time.Time) []Reading {
	all := ss.values[:0]
	for _, s := range ss.all {
		if !s.raw.At.IsZero() && now.Sub(s.health.heard) <= p.StaleAfter {
			all = append(all, s.raw)
		}
		if s.good(p, now) {
			all = append(all, s.judge.Last)
		}
	}
	ss.values = all
	return all
}

// agreeAgain is the part of max_disagreement within which sensors agree again:
// noise at the bound must not end and begin the fault with every sample.
const agreeAgain = 0.8

// compare finds two good sensors that are too far apart.
func (ss *senses) compare(p *Params, now time.Time) {
	bound := p.MaxDisagreement
	if bound <= 0 {
		return
	}
	if ss.disagree {
		bound *= agreeAgain
	}
	low, high := -1, -1
	for i, s := range ss.all {
		if !s.good(p, now) {
			continue
		}
		if low < 0 || s.celsius() < ss.all[low].celsius() {
			low = i
		}
		if high < 0 || s.celsius() > ss.all[high].celsius() {
			high = i
		}
	}
	ss.disagree, ss.text = false, ""
	if low >= 0 && ss.all[high].celsius()-ss.all[low].celsius() > bound {
		ss.disagree = true
		ss.text = fmt.Sprintf("%s shows %.1f °C and %s %.1f °C, more than %v K apart: neither is believed",
			sensorName(low), ss.all[low].celsius(), sensorName(high), ss.all[high].celsius(), p.MaxDisagreement)
	}
}

func (s *sense) celsius() float64 { return s.judge.Last.Celsius }

// verdict is that of one of the sensors: a good one is not believed while two
// disagree.
func (ss *senses) verdict(of *sense) Verdict {
	if v := of.health.verdict; v != VerdictOK || !ss.disagree {
		return v
	}
	return VerdictDisagree
}

// trouble says what is wrong with the first choice, and what stands in for it.
func (ss *senses) trouble(p *Params, now time.Time) (text string, since time.Time, bad bool) {
	first := ss.all[0]
	text = first.health.text
	if _, place, good := ss.inForce(p, now); good && place > 0 {
		text += "; meanwhile " + sensorName(place) + " is used"
	}
	return text, first.health.since, first.fails()
}

// spareTrouble says which fallback sensors could not stand in now.
func (ss *senses) spareTrouble() (text string, since time.Time, bad bool) {
	for i, s := range ss.all[1:] {
		if !s.fails() {
			continue
		}
		if bad {
			text += "; "
		}
		text += sensorName(i+1) + ": " + s.health.text
		if !bad || s.health.since.Before(since) {
			since = s.health.since
		}
		bad = true
	}
	return text, since, bad
}

func sensorName(place int) string {
	if place == 0 {
		return "the sensor"
	}
	return fmt.Sprintf("fallback sensor %d", place)
}
