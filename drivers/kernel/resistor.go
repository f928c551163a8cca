package kernel

import (
	"math"
	"strings"

	"thermostat/controlloop"
)

// rtd gives the temperature of a platinum resistor by the code of a MAX31865:
// of 32768 steps, how large the resistor is against the reference. What the
// kernel makes of the code is a straight line for another reference.
func rtd(d device, c channel, r0, rRef float64) (float64, error) {
	fault, err := readSmall(d.files, c.folder, "fault_ovuv")
	switch {
	case err != nil:
		return 0, d.verdict(err)
	case strings.TrimSpace(fault) != "0":
		return 0, controlloop.Bad(controlloop.VerdictNotConverted, "the MAX31865 sees too high or too low a voltage: look at the resistor's wires")
	}
	code, err := d.number(c.folder, c.name+"_raw")
	switch {
	case err != nil:
		return 0, err
	case code <= 0:
		return 0, controlloop.Bad(controlloop.VerdictShorted, "the resistor is shorted, or the MAX31865 does not answer")
	case code >= 32767:
		return 0, controlloop.Bad(controlloop.VerdictAbsent, "the resistor is open: look at its wires, and at the board's jumpers for 2, 3 or 4 of them")
	}
	ratio := code / 32768 * rRef / r0
	celsius := platinum(ratio)
	if celsius < -200 || celsius > 850 {
		return 0, controlloop.Bad(controlloop.VerdictOutOfRange, "%.1f °C is outside a platinum resistor's -200..850 °C: a broken wire, or r0 and r_ref are not those of the board", celsius)
	}
	return celsius, nil
}

// platinum solves the equation of Callendar and Van Dusen for a resistance as a
// multiple of that at 0 °C, with the coefficients of IEC 60751.
func platinum(ratio float64) float64 {
	const a, b, c = 3.9083e-3, -5.775e-7, -4.183e-12
	t := (-a + math.Sqrt(max(a*a-4*b*(1-ratio), 0))) / (2 * b)
	if ratio >= 1 {
		return t
	}
	for range 8 { // below 0 °C the equation is of the fourth order; this starts near its root
		r := 1 + a*t + b*t*t + c*(t-100)*t*t*t
		t -= (r - ratio) / (a + 2*b*t + c*(4*t-300)*t*t)
	}
	return t
}

// Of the supply's voltage less or more than this comes from no thermistor, but
// from a wire that is shorted or broken.
const leastShare, mostShare = 0.004, 0.996

// celsius is the temperature at which the thermistor leaves so many volts.
func (n NTC) celsius(volts float64) (float64, error) {
	switch share := volts / n.VCC; {
	case share < leastShare:
		return 0, controlloop.Bad(controlloop.VerdictShorted, "%.3f V of %v V: the thermistor is shorted, or the input is not connected", volts, n.VCC)
	case share > mostShare:
		return 0, controlloop.Bad(controlloop.VerdictAbsent, "%.3f V of %v V: the thermistor is not connected, or a wire is broken", volts, n.VCC)
	}
	ohm := n.Pullup * volts / (n.VCC - volts)
	return 1/(1/298.15+math.Log(ohm/n.R25)/n.Beta) - 273.15, nil
}
