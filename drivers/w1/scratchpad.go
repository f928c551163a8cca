package w1

import (
	"encoding/hex"
	"strings"

	"periph.io/x/conn/v3/onewire"

	"thermostat/controlloop"
)

// The page numbers are those of Maxim's DS18B20 datasheet, 19-7487 Rev 6.
const (
	// ScratchpadSize is how many bytes a thermometer answers.
	ScratchpadSize = 9

	powerOnRaw   = 0x0550 // +85 °C, the register's value after a reset (p. 6, table 1)
	powerOnCount = 0x0c   // byte 6 after a reset; a conversion leaves 0x10 minus the low four bits there
	maxRaw       = 0x07ff // 127.9375 °C: what is left where a conversion fails
)

// Measured is what a scratchpad tells.
type Measured struct {
	Celsius float64 // °C
	Step    float64 // K, the least change that it shows
	Bits    int     // of its resolution, 9 to 14; 0 where that cannot be set
	Chip    string  // which of its family it is, where that shows; else empty
}

// Decode judges the nine bytes of a thermometer by its family, which its id
// tells. Every failure has a verdict; none gives a number.
func Decode(id string, pad []byte) (Measured, error) {
	family := FamilyOf(id)
	switch {
	case family.Code == "":
		return Measured{}, controlloop.Bad(controlloop.VerdictWrongChip, "%s", NoThermometer(id))
	case len(pad) != ScratchpadSize:
		return Measured{}, controlloop.Bad(controlloop.VerdictBusError, "%d bytes instead of the scratchpad's %d", len(pad), ScratchpadSize)
	case all(pad, 0x00):
		return Measured{}, controlloop.Bad(controlloop.VerdictShorted, "nine zero bytes: the data line is held low")
	case all(pad, 0xff):
		return Measured{}, controlloop.Bad(controlloop.VerdictAllOnes, "nine bytes 0xff: the thermometer does not answer")
	case !onewire.CheckCRC(pad):
		return Measured{}, controlloop.Bad(controlloop.VerdictCRC, "damaged on the wire: % x", pad)
	}
	m, err := family.decode(pad)
	if err != nil {
		return Measured{}, err
	}
	return m, nil
}

// DecodeText takes the nine bytes out of what the kernel prints:
//
//	53 01 4b 46 7f ff 0d 10 e9 : crc=e9 YES
//	53 01 4b 46 7f ff 0d 10 e9 t=21187
//
// The second line may be of an earlier read, hence only the first counts.
func DecodeText(id, text string) (Measured, error) {
	if strings.TrimSpace(text) == "" {
		return Measured{}, controlloop.Bad(controlloop.VerdictNoAnswer, "the kernel got no answer: unplugged, shorted or disturbed")
	}
	line, _, _ := strings.Cut(text, "\n")
	bytes, _, _ := strings.Cut(line, ":")
	pad, err := hex.DecodeString(strings.Join(strings.Fields(bytes), ""))
	if err != nil {
		return Measured{}, controlloop.Bad(controlloop.VerdictBusError, "the kernel's answer is not understood: %.60q", line)
	}
	return Decode(id, pad)
}

// sixteenths reads what a DS18B20 and its like measure between two bounds.
//
// The value after a reset is 85 °C and a true 85 °C looks the same but for byte
// 6, which is 0x0c only until the first conversion. Clones that always hold
// 0x0c there cannot measure 85.000 °C: better no reading than a false one.
func sixteenths(lowest, highest int) func([]byte) (Measured, error) {
	return func(b []byte) (Measured, error) {
		bits, more, err := decodeConfig(b[4])
		if err != nil {
			return Measured{}, err
		}
		return counted(b, bits, more, lowest, highest)
	}
}

// counted is for sixteenths of a kelvin, of which some low bits are undefined.
func counted(b []byte, bits, more, lowest, highest int) (Measured, error) {
	raw := rawOf(b)
	switch {
	case raw == powerOnRaw && b[6] == powerOnCount:
		return Measured{}, notMeasured()
	case raw == maxRaw:
		return Measured{}, controlloop.Bad(controlloop.VerdictNotConverted, "127.9375 °C, not measured: the chip had too little power")
	case raw < lowest*16 || raw > highest*16:
		return Measured{}, outside(float64(raw)/16, lowest, highest)
	}
	undefined := max(12-bits, 0) // low bits that this resolution does not fill (p. 8)
	return Measured{
		Celsius: float64(raw>>undefined<<undefined)/16 + float64(more)/64,
		Step:    0.5 / float64(int(1)<<(bits-9)),
		Bits:    bits,
	}, nil
}

func rawOf(b []byte) int { return int(int16(uint16(b[1])<<8 | uint16(b[0]))) }

func notMeasured() error {
	return controlloop.Bad(controlloop.VerdictPowerOn, "85 °C as after a reset, not measured: the supply or a contact failed")
}

func outside(celsius float64, lowest, highest int) error {
	return controlloop.Bad(controlloop.VerdictOutOfRange, "%.4f °C is outside the chip's %d..%d °C", celsius, lowest, highest)
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
		return 0, 0, controlloop.Bad(controlloop.VerdictBadConfig, "the configuration register is 0: a copy of a DS18B20 that is set to 9 bits, or is damaged; set its resolution to 12 bits, or replace it")
	}
	return 0, 0, controlloop.Bad(controlloop.VerdictBadConfig, "the configuration register holds %#02x, which no DS18B20 has: another chip, or a damaged one; replace it", c)
}

func all(b []byte, value byte) bool {
	for _, x := range b {
		if x != value {
			return false
		}
	}
	return true
}
