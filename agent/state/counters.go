package state

import (
	"maps"
	"sync"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/report"
)

// Counters counts what a zone does, from its snapshots, and the answers to its
// controls, from the session.
type Counters struct {
	mu     sync.Mutex
	is     controlloop.Counters
	last   controlloop.Snapshot
	heater bool // on at the last snapshot
	cooler bool
}

// NewCounters goes on from what was kept; nil: from nothing.
func NewCounters(kept *controlloop.Counters) *Counters {
	c := &Counters{}
	if kept != nil {
		c.is = *kept
	}
	c.is.Faults = maps.Clone(c.is.Faults)
	if c.is.Faults == nil {
		c.is.Faults = map[controlloop.FaultName]uint64{}
	}
	return c
}

// Now gives the counts; the caller may keep them.
func (c *Counters) Now() controlloop.Counters {
	c.mu.Lock()
	defer c.mu.Unlock()
	copied := c.is
	copied.Faults = maps.Clone(c.is.Faults)
	return copied
}

// Saw takes a snapshot and gives what the outputs have done until then. The
// times in it are of the monotonic clock.
func (c *Counters) Saw(s controlloop.Snapshot) *controlloop.Wear {
	c.mu.Lock()
	defer c.mu.Unlock()
	var since time.Duration
	if !c.last.Time.IsZero() {
		since = s.Time.Sub(c.last.Time)
	}
	heater := s.HeaterRelay
	if s.State.Reason == controlloop.ReasonExercise { // it moves the valve for the valve's own sake
		heater = controlloop.RelayOff
	}
	c.heater = countOutput(&c.is.Heater, c.heater, heater, since)
	c.cooler = countOutput(&c.is.Cooler, c.cooler, s.CoolerRelay, since)
	came, _ := report.FaultChanges(c.last.Faults, s.Faults)
	for _, f := range came {
		c.is.Faults[f.Name]++
	}
	c.last = s
	return &controlloop.Wear{Heater: c.is.Heater, Cooler: c.is.Cooler}
}

// countOutput counts an output that was on, or was not, until now; it gives
// whether it is on. A relay that does not obey is taken to stay as it was.
func countOutput(o *controlloop.OutputCounters, was bool, relay controlloop.RelayState, since time.Duration) bool {
	if was {
		o.On += since
	}
	is := relay == controlloop.RelayOn || was && relay == controlloop.RelayUnknown
	if is && !was {
		o.Cycles++
	}
	return is
}

// Answered takes that a control was answered.
func (c *Counters) Answered(applied bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if applied {
		c.is.Accepted++
	} else {
		c.is.Refused++
	}
}
