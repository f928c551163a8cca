package main

import (
	"slices"
	"time"
)

// order brings lines into the order of their own times. The answer to a control
// is in the log only once the agent has it on disk, behind later readings.
type order struct {
	waiting []line
	given   map[int32]time.Time // of the last line, by sensor
	targets map[int32]time.Time // of the newest target, by sensor
	late    int                 // lines that came when a later one had been given
}

func (o *order) add(l line) {
	if l.Target != nil && o.again(l) {
		return
	}
	if l.Time.Before(o.given[l.SensorID]) {
		o.late++
		return
	}
	o.waiting = append(o.waiting, l)
}

// again reports whether a target is the newest one, which an agent says again on each
// of its connections.
func (o *order) again(l line) bool {
	if o.targets == nil {
		o.targets = map[int32]time.Time{}
	}
	newest := o.targets[l.SensorID]
	if l.Time.After(newest) {
		o.targets[l.SensorID] = l.Time
	}
	return l.Time.Equal(newest)
}

// take gives the lines up to a time, the oldest first; at the same time, in the
// order of the log.
func (o *order) take(until time.Time) []line {
	slices.SortFunc(o.waiting, func(a, b line) int {
		if c := a.Time.Compare(b.Time); c != 0 {
			return c
		}
		return int(a.seq) - int(b.seq)
	})
	n := 0
	for n < len(o.waiting) && !o.waiting[n].Time.After(until) {
		n++
	}
	due := slices.Clone(o.waiting[:n])
	o.waiting = slices.Delete(o.waiting, 0, n)
	if o.given == nil {
		o.given = map[int32]time.Time{}
	}
	for _, l := range due {
		o.given[l.SensorID] = l.Time
	}
	return due
}
