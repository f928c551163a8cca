package drivers

import (
	"periph.io/x/conn/v3/onewire"

	"thermostat/controlloop"
)

// The page numbers are those of Maxim's DS18B20 datasheet, 19-7487 Rev 6.
const (
	scratchpadSize = 9

	powerOnRaw   = 0x0550 // +85 °C, the register's value after a reset (p. 6, table 1)
	powerOnCount = 0x0c   // byte 6 after a reset; a conversion leaves 0x10 minus the low four bits there
	maxRaw       = 0x07ff // 127.9375 °C: what is left where a conversion fails
	lowestRaw    = -55 * 16
	highestRaw   = 125 * 16
)

// decodeScratchpad judges the nine bytes of a DS18B20 and gives the
// temperature in °C and the resolution in bits, 9 to 14. Every failure has a
// verdict; none gives a number.
//
// The value after a reset is 85 °C and a true 85 °C looks the same but for byte
// 6, which is 0x0c only until the first conversion. Clones that always hold
// 0x0c there cannot measure 85.000 °C: better no reading than a false one.
func decodeScratchpad(b []byte) (celsius float64, bits int, err error) {
	switch {
	case len(b) != scratchpadSize:
		return 0, 0, bad(controlloop.VerdictBusError, "%d bytes instead of the scratchpad's %d", len(b), scratchpadSize)
	case all(b, 0x00):
		return 0, 0, bad(controlloop.VerdictShorted, "nine zero bytes: the data line is held low")
	case all(b, 0xff):
		return 0, 0, bad(controlloop.VerdictAllOnes, "nine bytes 0xff: the thermometer does not answer")
	case !onewire.CheckCRC(b):
		return 0, 0, bad(controlloop.VerdictCRC, "damaged on the wire: % x", b)
	}
	bits, more, err := decodeConfig(b[4])
	if err != nil {
		return 0, 0, err
	}
	raw := int(int16(uint16(b[1])<<8 | uint16(b[0])))
	switch {
	case raw == powerOnRaw && b[6] == powerOnCount:
		return 0, 0, bad(controlloop.VerdictPowerOn, "85 °C as after a reset, not measured: the supply or a contact failed")
	case raw == maxRaw:
		return 0, 0, bad(controlloop.VerdictNotConverted, "127.9375 °C, not measured: the chip had too little power")
	case raw < lowestRaw || raw > highestRaw:
		return 0, 0, bad(controlloop.VerdictOutOfRange, "%.4f °C is outside the chip's -55..125 °C", float64(raw)/16)
	}
	undefined := max(12-bits, 0) // low bits that this resolution does not fill (p. 8)
	return float64(raw>>undefined<<undefined)/16 + float64(more)/64, bits, nil
}

// decodeConfig gives the resolution in bits, and what a GX20MH01 measures below
// a sixteenth, in 1/64 K.
func decodeConfig(c byte) (bits, more int, err error) {
	switch {
	case c&^0x60 == 0x1f, c&^0x60 == 0 && c != 0: // 0 R1 R0 1 1 1 1 1 (p. 8, figure 10); some parts have zeros there
		return 9 + int(c>>5), 0, nil
	case c&0x9c == 0x9c && c>>5 == 4: // GX20MH01, of family 28 as well: R2 R1 R0 1 1 1 T1 T0, as Linux reads it (w1_therm.c)
		return 13, int(c & 0x02), nil
	case c&0x9c == 0x9c:
		return 14, int(c & 0x03), nil
	case c == 0:
		return 0, 0, bad(controlloop.VerdictBadConfig, "the configuration register is 0: a copy of a DS18B20 that is set to 9 bits, or is damaged; set its resolution to 12 bits, or replace it")
	}
	return 0, 0, bad(controlloop.VerdictBadConfig, "the configuration register holds %#02x, which no DS18B20 has: another chip, or a damaged one; replace it", c)
}

// stepOf is the least change that a resolution shows, in K.
func stepOf(bits int) float64 { return 0.5 / float64(int(1)<<(bits-9)) }

func all(b []byte, value byte) bool {
	for _, x := range b {
		if x != value {
			return false
		}
	}
	return true
}
