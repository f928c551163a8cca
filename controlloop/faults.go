package controlloop

import "time"

// Fault is something a person should know of, and maybe mend.
type Fault struct {
	Name  FaultName // one of the table
	Since time.Time // when it was found
	Text  string    // a sentence for people
}

// FaultName names a fault, as the state, the metrics and docs/safety.md do. The
// set is closed.
type FaultName string

// Every fault there is. What people read is made where a fault is found: of the zone in
// zone_faults.go, for a reading that does not count in sensors.go.
const (
	FaultSensor              FaultName = "sensor"               // the zone's sensor gives no good reading
	FaultFallbackSensor      FaultName = "fallback_sensor"      // a fallback sensor gives none
	FaultSensorsDisagree     FaultName = "sensors_disagree"     // two sensors are further apart than max_disagreement
	FaultRelay               FaultName = "relay"                // a relay does not obey, or says so
	FaultHeatCutout          FaultName = "heat_cutout"          // at or above the heater's limit
	FaultCoolCutout          FaultName = "cool_cutout"          // at or below the cooler's limit
	FaultNotWarming          FaultName = "not_warming"          // heat is ordered on, and the room does not follow
	FaultNotCooling          FaultName = "not_cooling"          // the same of a cooler
	FaultStillWarming        FaultName = "still_warming"        // heat is ordered off, and the room goes on warming
	FaultStillCooling        FaultName = "still_cooling"        // the same of a cooler
	FaultContact             FaultName = "window_contact"       // nobody knows whether a window is open
	FaultMemory              FaultName = "memory"               // something cannot be kept over a restart
	FaultCrashLoop           FaultName = "crash_loop"           // the agent crashed again and again, and a compressor rests
	FaultControlNotRetained  FaultName = "control_not_retained" // the broker keeps no retained control, or another one
	FaultControlNotReadable  FaultName = "control_not_readable" // the broker does not let the agent read the control topic
	FaultBrokerRefused       FaultName = "broker_refused"       // the broker lets the agent in no more, until somebody mends it
	FaultSubscriptionRefused FaultName = "subscription_refused" // the broker's rules forbid the agent to read
	FaultPublishRefused      FaultName = "publish_refused"      // the broker's rules forbid the agent to write
	FaultDuplicateDevice     FaultName = "duplicate_device"     // a second agent has this name
	FaultClock               FaultName = "clock"                // a program cannot follow the clock
	FaultProgram             FaultName = "program"              // what is aimed at does not fit the limits, and is brought inside
	FaultProgramNotRetained  FaultName = "program_not_retained" // as control_not_retained, of the program topic
	FaultProgramNotReadable  FaultName = "program_not_readable" // as control_not_readable, of the program topic
	FaultInternalError       FaultName = "internal_error"       // a part beside the zones failed by a mistake of the program
)

// FaultNames lists every fault.
func FaultNames() []FaultName {
	return []FaultName{
		FaultSensor, FaultFallbackSensor, FaultSensorsDisagree, FaultRelay, FaultHeatCutout, FaultCoolCutout,
		FaultNotWarming, FaultNotCooling, FaultStillWarming, FaultStillCooling, FaultContact, FaultMemory, FaultCrashLoop,
		FaultControlNotRetained, FaultControlNotReadable, FaultBrokerRefused, FaultSubscriptionRefused, FaultPublishRefused,
		FaultDuplicateDevice, FaultClock, FaultProgram, FaultProgramNotRetained, FaultProgramNotReadable, FaultInternalError,
	}
}
