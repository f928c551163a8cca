package controlloop

import "slices"

// FaultChanges gives the faults that came and those that went.
func FaultChanges(was, is []Fault) (came, went []Fault) {
	return without(is, was), without(was, is)
}

// without gives the faults of all that are not, by name, among others.
func without(all, others []Fault) (left []Fault) {
	for _, f := range all {
		if !slices.ContainsFunc(others, func(o Fault) bool { return o.Name == f.Name }) {
			left = append(left, f)
		}
	}
	return left
}
