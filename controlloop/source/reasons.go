package source

// Reason says in one word why a source does what it does. The set is closed.
type Reason string

// Every reason there is, by rank: the first that applies is given.
const (
	ReasonCutout   Reason = "zone_cutout"   // a zone that has no valve is at its limit
	ReasonLost     Reason = "zone_lost"     // a zone hangs, and what it is like is not known any more
	ReasonMinOff   Reason = "min_off"       // serves the minimum off time
	ReasonOpening  Reason = "valve_opening" // waits until a valve lets water through
	ReasonDemand   Reason = "demand"        // enough zones call
	ReasonMinOn    Reason = "min_on"        // serves the minimum on time
	ReasonOverrun  Reason = "overrun"       // off, and its pump carries the rest of the heat away
	ReasonExercise Reason = "exercise"      // off, and a valve or the pump that stood still for long is moved
	ReasonNone     Reason = "no_demand"     // too few zones call
	ReasonStarting Reason = "starting"      // serves the minimum off time after the start
	ReasonStopped  Reason = "stopped"       // the agent left
)

// Reasons lists every reason, by rank.
func Reasons() []Reason {
	return []Reason{
		ReasonCutout, ReasonLost, ReasonMinOff, ReasonOpening, ReasonDemand, ReasonMinOn,
		ReasonOverrun, ReasonExercise, ReasonNone, ReasonStarting, ReasonStopped,
	}
}
