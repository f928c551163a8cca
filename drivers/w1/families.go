package w1

import "thermostat/controlloop"

// halves reads what a DS18S20 or DS1920 measures (datasheet 19-5474, p. 3 and 6):
// halves of a kelvin, and finer what its two counters leave over. An older
// DS1820 has another number in byte 7, where these have 16.
//
// 85 °C is the value after a reset and leaves no trace in the counters: a true
// 85.00 °C looks the same, so that there is none.
func halves(b []byte) (Measured, error) {
	raw, remain, perKelvin := rawOf(b), int(b[6]), int(b[7])
	switch {
	case raw == 85*2 && remain == powerOnCount:
		return Measured{}, notMeasured()
	case perKelvin == 0, remain > perKelvin:
		return Measured{}, controlloop.Bad(controlloop.VerdictBadConfig, "its counters hold %d of %d, which no DS18S20 has: another chip, or a damaged one; replace it", remain, perKelvin)
	}
	celsius := float64(raw>>1) - 0.25 + float64(perKelvin-remain)/float64(perKelvin)
	if celsius < -55 || celsius > 125 {
		return Measured{}, outside(celsius, -55, 125)
	}
	return Measured{Celsius: celsius, Step: 1 / float64(perKelvin)}, nil
}

// of3b tells the chips of family 3b apart by the configuration: a MAX31850 has
// four ones before the four bits of its place, a DS1825 has a resolution there
// (datasheets 19-6266, p. 13, and DS1825, p. 7). A MAX31826 always has 12 bits.
func of3b(b []byte) (Measured, error) {
	config := b[4]
	if config&0xf0 == 0xf0 {
		return thermocouple(b)
	}
	if config&0x80 != 0 {
		return Measured{}, controlloop.Bad(controlloop.VerdictBadConfig, "the configuration register holds %#02x, which no DS1825 has: another chip, or a damaged one; replace it", config)
	}
	m, err := counted(b, 9+int(config>>5), 0, -55, 125)
	m.Chip = "DS1825 or MAX31826"
	return m, err
}

// What a MAX31850 says of its thermocouple (datasheet 19-6266, p. 13, tables 2 to 4).
const (
	coupleFault  = 0x01 // of byte 0
	coupleOpen   = 0x01 // of byte 2
	coupleGround = 0x02
	coupleSupply = 0x04
)

// thermocouple reads a MAX31850 or MAX31851: quarters of a kelvin of the
// thermocouple in the first two bytes, its own temperature in the next two.
func thermocouple(b []byte) (Measured, error) {
	const lowest, highest = -270, 1768 // the widest of its types, K to T and R
	m := Measured{Celsius: float64(rawOf(b)>>2) / 4, Step: 0.25, Chip: "MAX31850"}
	switch {
	case b[2]&coupleOpen != 0:
		return Measured{}, controlloop.Bad(controlloop.VerdictAbsent, "the thermocouple is open: look at its two wires at the MAX31850")
	case b[2]&coupleGround != 0:
		return Measured{}, controlloop.Bad(controlloop.VerdictShorted, "the thermocouple touches ground")
	case b[2]&coupleSupply != 0:
		return Measured{}, controlloop.Bad(controlloop.VerdictShorted, "the thermocouple touches the supply")
	case b[0]&coupleFault != 0:
		return Measured{}, controlloop.Bad(controlloop.VerdictNotConverted, "the MAX31850 says that it measured nothing: % x", b)
	case rawOf(b) == powerOnRaw && rawOf(b[2:])&^0x0f == powerOnRaw&^0x0f:
		return Measured{}, notMeasured()
	case m.Celsius < lowest || m.Celsius > highest:
		return Measured{}, outside(m.Celsius, lowest, highest)
	}
	return m, nil
}
