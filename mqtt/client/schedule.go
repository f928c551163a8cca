package client

import (
	"errors"
	"fmt"

	"thermostat/controlloop/report"
	"thermostat/mqtt/broker"
	"thermostat/mqtt/wire"
)

// Schedule is what a zone follows, and how it stands.
type Schedule struct {
	Program  wire.Program // as it is in force; the zero value: none
	Timezone string       // on whose clocks it runs, IANA's name; empty: not known
	State    report.State
}

// schedule is what the broker retains of a zone's program and state.
func (z retainedZone) schedule(zone string) (Schedule, error) {
	switch {
	case z.state == nil || z.info == nil:
		return Schedule{}, fmt.Errorf("%w: the broker retains no state of zone %s: does the agent run?", broker.ErrNoAnswer, zone)
	case z.info.Clock == "": // an agent that follows clocks tells of its own
		return Schedule{}, ErrNoPrograms
	}
	s := Schedule{Timezone: z.info.Timezone, State: *z.state}
	if p := z.info.Zones[zone].Program; p != nil {
		s.Program = *p
	}
	return s, nil
}

// ErrNoPrograms is said of an agent that is too old.
var ErrNoPrograms = errors.New("this agent's version knows no programs")
