package report

import (
	"math"
	"slices"

	"thermostat/controlloop"
)

// FaultChanges gives the faults that came and those that went.
func FaultChanges(was, is []controlloop.Fault) (came, went []controlloop.Fault) {
	return without(is, was), without(was, is)
}

// SameTarget reports whether two targets are alike in all that is published at once.
func SameTarget(a, b controlloop.Target) bool {
	same := a.Next.Desired == b.Next.Desired || math.IsNaN(a.Next.Desired) && math.IsNaN(b.Next.Desired)
	return same && a.Setpoint.SameTarget(b.Setpoint) && a.Setpoint.Preset == b.Setpoint.Preset && a.Auto == b.Auto && a.Why == b.Why && a.Window == b.Window &&
		a.Until.Equal(b.Until) && a.Next.At.Equal(b.Next.At)
}

// without gives the faults of all that are not, by name, among others.
func without(all, others []controlloop.Fault) (left []controlloop.Fault) {
	for _, f := range all {
		if !slices.ContainsFunc(others, func(o controlloop.Fault) bool { return o.Name == f.Name }) {
			left = append(left, f)
		}
	}
	return left
}
