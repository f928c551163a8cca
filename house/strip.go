package house

import (
	"math"
	"math/bits"
	"time"
)

// Moment is what one sample of a run looks like from outside.
type Moment struct {
	Span     time.Duration // since the last one
	Air      float64       // °C
	Desired  float64       // °C; NaN where nothing is asked for
	High     float64       // °C, above which heat ends; of a cooler's zone above which cold begins
	Low      float64       // °C, the other way round
	Outdoor  float64       // °C; NaN where it is not known
	Comfort  float64       // °C, the middle of what is comfortable; NaN where nobody is there
	Heating  bool          // the heater runs
	Cooling  bool          // the cooler runs
	Early    bool          // for a transition to come: High and Low are then those of the wider band
	FaultSet uint64        // one bit a fault
}

// Strip is a run pressed into as many columns as a picture has: each keeps the
// extremes of its time, so that no peak is lost and the memory does not grow.
type Strip struct {
	total   time.Duration
	at      time.Duration
	columns []column
}

// column is the time of one column.
type column struct {
	air, outdoor, low, high, desired extent
	heated, cooled, seen             time.Duration
	faults                           uint64
}

// extent is the least and the most of what was seen; min > max: nothing.
type extent struct{ min, max float64 }

func (e *extent) add(x float64) {
	if x < e.min {
		e.min = x
	}
	if x > e.max {
		e.max = x
	}
}

func (e extent) empty() bool { return e.min > e.max }

// NewStrip makes an empty strip for a run of that length.
func NewStrip(total time.Duration, columns int) *Strip {
	s := &Strip{total: total, columns: make([]column, columns)}
	nothing := extent{math.Inf(1), math.Inf(-1)}
	for i := range s.columns {
		c := &s.columns[i]
		c.air, c.outdoor, c.low, c.high, c.desired = nothing, nothing, nothing, nothing, nothing
	}
	return s
}

// Add takes the next moment.
func (s *Strip) Add(m *Moment) {
	s.at += m.Span
	i := int(float64(s.at) / float64(s.total) * float64(len(s.columns)))
	c := &s.columns[min(i, len(s.columns)-1)]
	c.air.add(m.Air)
	c.outdoor.add(m.Outdoor) // NaN is neither less nor more
	c.low.add(m.Low)
	c.high.add(m.High)
	c.desired.add(m.Desired)
	c.seen += m.Span
	if m.Heating {
		c.heated += m.Span
	}
	if m.Cooling {
		c.cooled += m.Span
	}
	c.faults |= m.FaultSet
}

// faults are the bits that any column has.
func (s *Strip) faults() []int {
	var set uint64
	for i := range s.columns {
		set |= s.columns[i].faults
	}
	var which []int
	for ; set != 0; set &= set - 1 {
		which = append(which, bits.TrailingZeros64(set))
	}
	return which
}

// extentOf is the extent of all columns.
func (s *Strip) extentOf(of func(*column) extent) extent {
	all := extent{math.Inf(1), math.Inf(-1)}
	for i := range s.columns {
		if e := of(&s.columns[i]); !e.empty() {
			all.add(e.min)
			all.add(e.max)
		}
	}
	return all
}
