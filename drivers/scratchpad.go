package drivers

import (
	"thermostat/controlloop"

	"periph.io/x/conn/v3/onewire"
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
// temperature in °C and the resolution in bits, 9 to 12. Every failure has a
// verdict; none gives a number.
//
// The value after a reset is 85 °C and a true 85 °C looks the same but for byte
// 6, which is 0x0c only until the first conversion. Clones that always hold
// 0x0c there cannot measure 85.000 °C: better no reading than a false one.
func decodeScratchpad(b []byte) (celsius float64, bits int, err error) {
	switch {
	case len(b) != scratchpadSize:
		return 0, 0, bad(VerdictBusError, "%d bytes instead of the scratchpad's %d", len(b), scratchpadSize)
	case all(b, 0x00):
		return 0, 0, bad(VerdictShorted, "nine zero bytes: the data line is held low")
	case all(b, 0xff):
		return 0, 0, bad(VerdictAllOnes, "nine bytes 0xff: the thermometer does not answer")
	case !onewire.CheckCRC(b):
		return 0, 0, bad(VerdictCRC, "damaged on the wire: % x", b)
	case b[4]&^0x60 != 0x1f: // 0 R1 R0 1 1 1 1 1 (p. 8, figure 10)
		return 0, 0, bad(VerdictBadConfig, "the configuration register holds %#02x: % x", b[4], b)
	}
	raw := int(int16(uint16(b[1])<<8 | uint16(b[0])))
	switch {
	case raw == powerOnRaw && b[6] == powerOnCount:
		return 0, 0, bad(controlloop.VerdictPowerOn, "85 °C as after a reset, not measured: the supply or a contact failed")
	case raw == maxRaw:
		return 0, 0, bad(VerdictNotConverted, "127.9375 °C, not measured: the chip had too little power")
	case raw < lowestRaw || raw > highestRaw:
		return 0, 0, bad(VerdictOutOfRange, "%.4f °C is outside the chip's -55..125 °C", float64(raw)/16)
	}
	bits = 9 + int(b[4]>>5)
	undefined := 12 - bits // low bits that this resolution does not fill (p. 8)
	return float64(raw>>undefined<<undefined) / 16, bits, nil
}

func all(b []byte, value byte) bool {
	for _, x := range b {
		if x != value {
			return false
		}
	}
	return true
}
