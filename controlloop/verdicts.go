package controlloop

// Verdict is the judgement of one answer of a sensor. Only an answer that is
// [VerdictOK] carries a number. The set is closed.
type Verdict string

// The verdicts that any sensor can get.
const (
	VerdictOK          Verdict = "ok"
	VerdictNoReading   Verdict = "no_reading"  // nothing came since the start
	VerdictStale       Verdict = "stale"       // nothing good came for stale_after
	VerdictNoAnswer    Verdict = "no_answer"   // the sensor does not come back from a read
	VerdictAbsent      Verdict = "absent"      // the sensor is not there
	VerdictError       Verdict = "error"       // the sensor answered with an error
	VerdictPowerOn     Verdict = "power_on"    // the chip's value after a reset, not a temperature
	VerdictImplausible Verdict = "implausible" // outside plausible_min..plausible_max
	VerdictTooFast     Verdict = "too_fast"    // jumped faster than max_rate, not yet confirmed
	VerdictUnconfirmed Verdict = "unconfirmed" // the first after the start or an absence, not yet confirmed by a second
	VerdictFrozen      Verdict = "frozen"      // the same to the last bit through hours of heating or cooling
	VerdictDisagree    Verdict = "disagree"    // the zone's sensors are further apart than max_disagreement
	VerdictRetained    Verdict = "retained"    // kept by a broker, of unknown age
)

// The verdicts that drivers find: what only a chip, or the way to it, can get.
const (
	VerdictCRC            Verdict = "crc"             // damaged on the wire
	VerdictShorted        Verdict = "shorted"         // the data line is held low: nine zero bytes, whose checksum is valid
	VerdictAllOnes        Verdict = "all_ones"        // nobody pulls the data line low
	VerdictNotConverted   Verdict = "not_converted"   // 127.9375 °C: the chip did not measure
	VerdictBadConfig      Verdict = "bad_config"      // the configuration register holds what it cannot
	VerdictOutOfRange     Verdict = "out_of_range"    // a temperature that the chip cannot measure
	VerdictWrongChip      Verdict = "wrong_chip"      // another chip answers at this address
	VerdictNoHumidity     Verdict = "no_humidity"     // a BMP280 where a BME280 is configured
	VerdictResetData      Verdict = "reset_data"      // registers as after a reset: nothing was measured
	VerdictBadCalibration Verdict = "bad_calibration" // of a BME280: damaged, or not that of the chip that was there
	VerdictBusy           Verdict = "busy"            // the chip does not finish its measurement
	VerdictBusError       Verdict = "bus_error"       // the bus answered with an error
	VerdictUnchecked      Verdict = "unchecked"       // nobody checks the chip's answers, and its owner has not said that this is known
	VerdictNoPermission   Verdict = "no_permission"   // the agent may not open the device
)
