package drivers

import (
	"fmt"

	"thermostat/controlloop"
)

// The verdicts that only chips can get, beside those of package controlloop.
const (
	VerdictCRC            controlloop.Verdict = "crc"             // damaged on the wire
	VerdictShorted        controlloop.Verdict = "shorted"         // the data line is held low: nine zero bytes, whose checksum is valid
	VerdictAllOnes        controlloop.Verdict = "all_ones"        // nobody pulls the data line low
	VerdictNotConverted   controlloop.Verdict = "not_converted"   // 127.9375 °C: the chip did not measure
	VerdictBadConfig      controlloop.Verdict = "bad_config"      // the configuration register holds what it cannot
	VerdictOutOfRange     controlloop.Verdict = "out_of_range"    // a temperature that the chip cannot measure
	VerdictWrongChip      controlloop.Verdict = "wrong_chip"      // another chip answers at this address
	VerdictNoHumidity     controlloop.Verdict = "no_humidity"     // a BMP280 where a BME280 is configured
	VerdictResetData      controlloop.Verdict = "reset_data"      // registers as after a reset: nothing was measured
	VerdictBadCalibration controlloop.Verdict = "bad_calibration" // of a BME280: damaged, or not that of the chip that was there
	VerdictBusy           controlloop.Verdict = "busy"            // the chip does not finish its measurement
	VerdictBusError       controlloop.Verdict = "bus_error"       // the bus answered with an error
	VerdictNoPermission   controlloop.Verdict = "no_permission"   // the agent may not open the device
)

// bad makes the error of an answer that is no temperature.
func bad(v controlloop.Verdict, format string, args ...any) error {
	return &controlloop.BadReading{Verdict: v, Err: fmt.Errorf(format, args...)}
}
