package controlloop

import "time"

// Counters is what a zone has done in all its life, over restarts.
type Counters struct {
	Heater   OutputCounters       `json:"heater"`   // of the heater
	Cooler   OutputCounters       `json:"cooler"`   // of the cooler
	Accepted uint64               `json:"accepted"` // controls, answered as applied
	Refused  uint64               `json:"refused"`  // controls
	Faults   map[FaultName]uint64 `json:"faults"`   // how often each was raised, by name
}

// Wear is what the outputs of a zone have done in all its life, over restarts.
type Wear struct {
	Heater, Cooler OutputCounters // since they are counted
}

// OutputCounters is the wear of one output.
type OutputCounters struct {
	Cycles uint64        `json:"cycles"` // how often it went on
	On     time.Duration `json:"on"`     // ns; while its relay does not obey it counts as it was
}
