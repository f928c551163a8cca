package controlloop

// Reason says in one word why a zone does what it does. The set is closed.
type Reason string

// Every reason there is, by rank: the first that applies is given.
const (
	ReasonNoSetpoint  Reason = "no_setpoint"   // nobody said yet what to hold
	ReasonHeatCutout  Reason = "heat_cutout"   // at or above the heater's limit, or not yet 2 K below it again
	ReasonCoolCutout  Reason = "cool_cutout"   // at or below the cooler's limit, or not yet 2 K above it again
	ReasonNotWarming  Reason = "not_warming"   // ordered on in vain, and switched off until somebody clears it
	ReasonNotCooling  Reason = "not_cooling"   // the same of a cooler
	ReasonSensorLoss  Reason = "sensor_loss"   // no fresh reading: a small fixed duty, as on_sensor_loss asks
	ReasonNoReading   Reason = "no_reading"    // no good reading since the start
	ReasonStale       Reason = "stale_reading" // the last good reading is too old
	ReasonModeOff     Reason = "mode_off"      // switched off by the setpoint
	ReasonWindowOpen  Reason = "window_open"   // a window is open, and bars every output
	ReasonMaxOn       Reason = "max_on"        // the longest stretch is over, now it rests
	ReasonCrashLoop   Reason = "crash_loop"    // the agent crashed again and again, and a compressor rests
	ReasonStarting    Reason = "starting"      // serves the minimum off time after the start
	ReasonMinOff      Reason = "min_off"       // serves the minimum off time
	ReasonChangeover  Reason = "changeover"    // pauses between heating and cooling
	ReasonOverrun     Reason = "overrun"       // the valve stays open for its source, which serves its times
	ReasonExercise    Reason = "exercise"      // the valve stood still for long, and is moved once
	ReasonMinOn       Reason = "min_on"        // serves the minimum on time
	ReasonTooCold     Reason = "too_cold"      // below desired - down_delta
	ReasonTooWarm     Reason = "too_warm"      // above desired + up_delta
	ReasonPreheat     Reason = "preheat"       // heats, or cools, for a transition to come
	ReasonSetbackSoon Reason = "setback_soon"  // without the output it stays where it shall be until the next transition, which asks for less
	ReasonTooColdSoon Reason = "too_cold_soon" // it would be too cold, if heat began only then
	ReasonTooWarmSoon Reason = "too_warm_soon" // the same of a cooler
	ReasonWarmEnough  Reason = "warm_enough"   // what the emitter still gives brings it to where it shall be
	ReasonCoolEnough  Reason = "cool_enough"   // the same of a cooler
	ReasonInBand      Reason = "in_band"       // within the band: what is, stays
	ReasonStopped     Reason = "stopped"       // the agent left
)

// Reasons lists every reason, by rank.
func Reasons() []Reason {
	return []Reason{
		ReasonNoSetpoint, ReasonHeatCutout, ReasonCoolCutout, ReasonNotWarming, ReasonNotCooling, ReasonSensorLoss, ReasonNoReading, ReasonStale,
		ReasonModeOff, ReasonWindowOpen, ReasonMaxOn, ReasonCrashLoop, ReasonStarting, ReasonMinOff, ReasonChangeover, ReasonOverrun, ReasonExercise, ReasonMinOn,
		ReasonTooCold, ReasonTooWarm, ReasonPreheat,
		ReasonSetbackSoon, ReasonTooColdSoon, ReasonTooWarmSoon, ReasonWarmEnough, ReasonCoolEnough, ReasonInBand, ReasonStopped,
	}
}
