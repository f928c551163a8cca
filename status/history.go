package status

import (
	"math"
	"time"

	"thermostat/controlloop"
)

// A zone's history is at most historyPoints points. The first are one second
// each, so that a new agent has something to show; whenever they are full, two
// become one, until a point is coarsest and all of them are 24 hours.
const (
	historyPoints = 675
	finest        = time.Second
	coarsest      = 128 * time.Second
)

// unknown stands for a temperature, and unknownShare for a share, that is not known.
const (
	unknown      = math.MinInt16
	unknownShare = math.MaxUint8
)

// point is what a zone did in one step: temperatures in hundredths of °C, how
// much of the time the outputs were on in %, and the band at its end. The band
// is unknown where nothing was to be held.
type point struct {
	Mean, Low, High   int16
	Desired, From, To int16
	Heat, Cool        uint8
}

var gap = point{unknown, unknown, unknown, unknown, unknown, unknown, unknownShare, unknownShare}

// history is a zone's last 24 hours in bounded memory. It counts the time of
// the monotonic clock, which a jump of the wall clock does not tear.
type history struct {
	hold   time.Duration // how long a snapshot holds if no other follows
	step   time.Duration
	begin  time.Time // of the first point
	points []point   // oldest first
	open   sum       // the point being made
	last   controlloop.Snapshot
}

func newHistory(hold time.Duration) *history {
	return &history{hold: hold, step: finest, points: make([]point, 0, historyPoints)}
}

// take lets the last snapshot hold until this one.
func (h *history) take(s controlloop.Snapshot) {
	if h.begin.IsZero() {
		h.begin = s.Time
	}
	h.fill(s.Time)
	h.last = s
}

func (h *history) fill(until time.Time) {
	if h.last.Time.IsZero() {
		return
	}
	held := h.last.Time.Add(h.hold)
	for at := h.last.Time; at.Before(until); {
		end := earlier(until, h.end().Add(h.step))
		if at.Before(held) {
			h.open.add(h.last, earlier(end, held).Sub(at))
		}
		if end.Equal(h.end().Add(h.step)) {
			h.close()
		}
		at = end
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// end is where the last whole point ends.
func (h *history) end() time.Time { return h.begin.Add(time.Duration(len(h.points)) * h.step) }

// close ends the open point and makes room for the next.
func (h *history) close() {
	h.points = append(h.points, h.open.point())
	h.open = sum{}
	if len(h.points) < historyPoints {
		return
	}
	if h.step < coarsest {
		h.halve()
		return
	}
	h.points = h.points[:copy(h.points, h.points[1:])]
	h.begin = h.begin.Add(h.step)
}

// halve makes one point of each two. A last one without a partner goes on as
// the open one, so that no time is lost.
func (h *history) halve() {
	n := len(h.points) / 2
	for i := range n {
		h.points[i] = merge(h.points[2*i], h.points[2*i+1])
	}
	if len(h.points)%2 == 1 {
		h.open = sumOf(h.points[2*n], h.step)
	}
	h.points = h.points[:n]
	h.step *= 2
}

// merge makes one point of two that follow each other.
func merge(a, b point) point {
	s := sumOf(a, time.Second)
	s.join(sumOf(b, time.Second))
	return s.point()
}

// sum is a point in the making.
type sum struct {
	known     time.Duration // with a temperature
	celsius   float64       // its integral, °C s
	low, high float64       // °C
	heat      share
	cool      share
	band      controlloop.Setpoint
}

// share is how long an output was on, out of the time in which that is known.
type share struct{ on, known time.Duration }

// add lets a snapshot hold for some time.
func (s *sum) add(snap controlloop.Snapshot, d time.Duration) {
	part := sum{heat: shareOf(snap.HeaterRelay, d), cool: shareOf(snap.CoolerRelay, d), band: snap.Setpoint}
	if t := snap.Temperature(); !math.IsNaN(t) {
		part.known, part.celsius, part.low, part.high = d, t*d.Seconds(), t, t
	}
	s.join(part)
}

func shareOf(r controlloop.RelayState, d time.Duration) share {
	switch r {
	case controlloop.RelayOn:
		return share{d, d}
	case controlloop.RelayOff:
		return share{0, d}
	}
	return share{}
}

// join takes what comes later in.
func (s *sum) join(o sum) {
	switch {
	case s.known == 0:
		s.low, s.high = o.low, o.high
	case o.known > 0:
		s.low, s.high = min(s.low, o.low), max(s.high, o.high)
	}
	s.known += o.known
	s.celsius += o.celsius
	s.heat.on, s.heat.known = s.heat.on+o.heat.on, s.heat.known+o.heat.known
	s.cool.on, s.cool.known = s.cool.on+o.cool.on, s.cool.known+o.cool.known
	s.band = o.band
}

func (s sum) point() point {
	p := gap
	if s.known > 0 {
		p.Mean, p.Low, p.High = hundredths(s.celsius/s.known.Seconds()), hundredths(s.low), hundredths(s.high)
	}
	p.Heat, p.Cool = s.heat.percent(), s.cool.percent()
	if s.band.Mode > controlloop.ModeOff {
		p.Desired = hundredths(s.band.Desired)
		p.From, p.To = hundredths(s.band.Desired-s.band.DownDelta), hundredths(s.band.Desired+s.band.UpDelta)
	}
	return p
}

// sumOf takes a point of a length apart again.
func sumOf(p point, d time.Duration) sum {
	s := sum{heat: partOf(p.Heat, d), cool: partOf(p.Cool, d)}
	if p.Mean != unknown {
		s.known, s.celsius, s.low, s.high = d, celsius(p.Mean)*d.Seconds(), celsius(p.Low), celsius(p.High)
	}
	if p.Desired != unknown {
		s.band = controlloop.Setpoint{
			Mode: controlloop.ModeHeat, Desired: celsius(p.Desired),
			UpDelta: celsius(p.To - p.Desired), DownDelta: celsius(p.Desired - p.From),
		}
	}
	return s
}

func partOf(percent uint8, d time.Duration) share {
	if percent == unknownShare {
		return share{}
	}
	return share{d * time.Duration(percent) / 100, d}
}

func (s share) percent() uint8 {
	if s.known == 0 {
		return unknownShare
	}
	return uint8(math.Round(100 * float64(s.on) / float64(s.known)))
}

// hundredths keeps a temperature in 16 bits; what does not fit is not known.
func hundredths(celsius float64) int16 {
	x := math.Round(celsius * 100)
	if !(x > unknown && x <= math.MaxInt16) {
		return unknown
	}
	return int16(x)
}

func celsius(hundredths int16) float64 { return float64(hundredths) / 100 }
