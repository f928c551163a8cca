package controlloop

// Reason says in one word why a zone does what it does. The set is closed.
type Reason string

// Every reason there is, by rank: the first that applies is given.
const (
	ReasonNoSetpoint Reason = "no_setpoint"   // nobody said yet what to hold
	ReasonHeatCutout Reason = "heat_cutout"   // at or above the heater's limit, or not yet 2 K below it again
	ReasonCoolCutout Reason = "cool_cutout"   // at or below the cooler's limit, or not yet 2 K above it again
	ReasonNotWarming Reason = "not_warming"   // ordered on in vain, and switched off until somebody clears it
	ReasonNotCooling Reason = "not_cooling"   // the same of a cooler
	ReasonSensorLoss Reason = "sensor_loss"   // no fresh reading: a small fixed duty, as on_sensor_loss asks
	ReasonNoReading  Reason = "no_reading"    // no good reading since the start
	ReasonStale      Reason = "stale_reading" // the last good reading is too old
	ReasonModeOff    Reason = "mode_off"      // switched off by the setpoint
	ReasonMaxOn      Reason = "max_on"        // the longest stretch is over, now it rests
	ReasonCrashLoop  Reason = "crash_loop"    // the agent crashed again and again, and a compressor rests
	ReasonStarting   Reason = "starting"      // serves the minimum off time after the start
	ReasonMinOff     Reason = "min_off"       // serves the minimum off time
	ReasonChangeover Reason = "changeover"    // pauses between heating and cooling
	ReasonMinOn      Reason = "min_on"        // serves the minimum on time
	ReasonTooCold    Reason = "too_cold"      // below desired - down_delta
	ReasonTooWarm    Reason = "too_warm"      // above desired + up_delta
	ReasonInBand     Reason = "in_band"       // within the band: what is, stays
	ReasonStopped    Reason = "stopped"       // the agent left
)

// Reasons lists every reason, by rank.
func Reasons() []Reason {
	return []Reason{
		ReasonNoSetpoint, ReasonHeatCutout, ReasonCoolCutout, ReasonNotWarming, ReasonNotCooling, ReasonSensorLoss, ReasonNoReading, ReasonStale,
		ReasonModeOff, ReasonMaxOn, ReasonCrashLoop, ReasonStarting, ReasonMinOff, ReasonChangeover, ReasonMinOn,
		ReasonTooCold, ReasonTooWarm, ReasonInBand, ReasonStopped,
	}
}
