package drivers

import (
	"encoding/hex"
	"errors"
	"math"
	"strings"
	"testing"

	"periph.io/x/conn/v3/onewire"

	"thermostat/controlloop"
)

// pad makes a scratchpad with a valid checksum.
func pad(raw int16, config, byte6 byte) []byte {
	b := []byte{byte(raw), byte(uint16(raw) >> 8), 0x4b, 0x46, config, 0xff, byte6, 0x10}
	return append(b, onewire.CalcCRC(b))
}

// measured makes the scratchpad of a true measurement at 12 bits.
func measured(celsius float64) []byte {
	raw := int16(math.Round(celsius * 16))
	return pad(raw, 0x7f, 0x10-byte(raw&0x0f))
}

func judged(err error) controlloop.Verdict {
	var bad *controlloop.BadReading
	if errors.As(err, &bad) {
		return bad.Verdict
	}
	if err != nil {
		return "an error without a verdict: " + controlloop.Verdict(err.Error())
	}
	return controlloop.VerdictOK
}

// The temperatures of the datasheet's table 1 (p. 6) and the resolutions of its
// table 2 (p. 8).
func TestScratchpadGivesTheDatasheetsTemperatures(t *testing.T) {
	for _, row := range []struct {
		raw     uint16
		config  byte
		celsius float64
		bits    int
	}{
		{0x07d0, 0x7f, 125, 12},
		{0x0191, 0x7f, 25.0625, 12},
		{0x00a2, 0x7f, 10.125, 12},
		{0x0008, 0x7f, 0.5, 12},
		{0x0000, 0x7f, 0, 12},
		{0xfff8, 0x7f, -0.5, 12},
		{0xff5e, 0x7f, -10.125, 12},
		{0xfe6f, 0x7f, -25.0625, 12},
		{0xfc90, 0x7f, -55, 12},
		{0xffff, 0x7f, -0.0625, 12},
		{0x0157, 0x1f, 21, 9},       // the three low bits are undefined
		{0x0157, 0x3f, 21.25, 10},   // the two low bits
		{0x0157, 0x5f, 21.375, 11},  // the lowest bit
		{0x0157, 0x7f, 21.4375, 12}, // all count
		{0xff5f, 0x1f, -10.5, 9},
		{0x0157, 0x60, 21.4375, 12}, // zeros where the datasheet has ones
		{0x0157, 0x20, 21.25, 10},
		{0x0157, 0xff, 21.484375, 14}, // GX20MH01: two more bits
		{0x0157, 0x9f, 21.46875, 13},
		{0xfff8, 0xfd, -0.484375, 14},
	} {
		celsius, bits, err := decodeScratchpad(pad(int16(row.raw), row.config, 0x01))
		if err != nil || celsius != row.celsius || bits != row.bits {
			t.Errorf("%#04x at %#02x: %v °C, %d bits, %v; want %v °C, %d bits", row.raw, row.config, celsius, bits, err, row.celsius, row.bits)
		}
	}
}

func TestEachUnusableScratchpadHasItsVerdict(t *testing.T) {
	damaged := measured(21.5)
	damaged[0] ^= 1
	for name, row := range map[string]struct {
		pad  []byte
		want controlloop.Verdict
	}{
		"nothing":               {nil, controlloop.VerdictBusError},
		"too short":             {measured(20)[:8], controlloop.VerdictBusError},
		"shorted":               {make([]byte, 9), controlloop.VerdictShorted},
		"nobody":                {[]byte(strings.Repeat("\xff", 9)), controlloop.VerdictAllOnes},
		"damaged":               {damaged, controlloop.VerdictCRC},
		"power on":              {pad(0x0550, 0x7f, 0x0c), controlloop.VerdictPowerOn},
		"power on at 9 bits":    {pad(0x0550, 0x1f, 0x0c), controlloop.VerdictPowerOn},
		"true 85":               {measured(85), controlloop.VerdictOK},
		"0x0c elsewhere":        {pad(0x0554, 0x7f, 0x0c), controlloop.VerdictOK},
		"127.9375":              {pad(0x07ff, 0x7f, 0x01), controlloop.VerdictNotConverted},
		"127.5 at 9 bits":       {pad(0x07f8, 0x1f, 0x01), controlloop.VerdictOutOfRange},
		"configuration zero":    {pad(0x0158, 0x00, 0x08), controlloop.VerdictBadConfig},
		"configuration bit 7":   {pad(0x0158, 0x8f, 0x08), controlloop.VerdictBadConfig},
		"configuration bit 0":   {pad(0x0158, 0x7e, 0x08), controlloop.VerdictBadConfig},
		"configuration half":    {pad(0x0158, 0x6f, 0x08), controlloop.VerdictBadConfig},
		"a sixteenth above 125": {pad(125*16+1, 0x7f, 0x0f), controlloop.VerdictOutOfRange},
		"a sixteenth below -55": {pad(-55*16-1, 0x7f, 0x01), controlloop.VerdictOutOfRange},
	} {
		celsius, _, err := decodeScratchpad(row.pad)
		if judged(err) != row.want {
			t.Errorf("%s: %v, want %s", name, err, row.want)
		}
		if err != nil && celsius != 0 {
			t.Errorf("%s: a bad answer carries the number %v", name, celsius)
		}
	}
}

// Whatever nine bytes come, a number is in the chip's range, on the grid of its
// resolution, and from bytes whose checksum is right.
func FuzzScratchpad(f *testing.F) {
	for _, b := range [][]byte{measured(21.5), measured(-10.125), pad(0x0550, 0x7f, 0x0c), make([]byte, 9), nil} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		celsius, bits, err := decodeScratchpad(b)
		if err != nil {
			if v := judged(err); v == controlloop.VerdictOK || strings.Contains(string(v), "without") || celsius != 0 {
				t.Fatalf("% x: %v with %v", b, err, celsius)
			}
			return
		}
		step := math.Pow(2, float64(8-bits)) // 0.5 K at 9 bits to 0.0625 K at 12
		if celsius < -55 || celsius >= 125.0625 || math.Mod(celsius, step) != 0 || !onewire.CheckCRC(b) {
			t.Fatalf("% x: %v °C at %d bits", b, celsius, bits)
		}
	})
}

// Any one bit that turns on the wire is found.
func TestScratchpadFindsEveryTurnedBit(t *testing.T) {
	for bit := range 72 {
		b := measured(21.5)
		b[bit/8] ^= 1 << (bit % 8)
		if _, _, err := decodeScratchpad(b); judged(err) != controlloop.VerdictCRC {
			t.Errorf("bit %d turned: %v", bit, err)
		}
	}
}

func TestTheKernelsTextIsJudgedByItsBytes(t *testing.T) {
	for name, row := range map[string]struct {
		text    string
		celsius float64
		want    controlloop.Verdict
	}{
		"good":              {w1Slave(measured(21.5)), 21.5, controlloop.VerdictOK},
		"the kernel's NO":   {"00 00 4b 46 7f ff 0d 10 e9 : crc=aa NO\n53 01 4b 46 7f ff 0d 10 e9 t=21187\n", 0, controlloop.VerdictCRC},
		"empty":             {"", 0, controlloop.VerdictNoAnswer},
		"a line break":      {"\n", 0, controlloop.VerdictNoAnswer},
		"not hex":           {"zz 01 : crc", 0, controlloop.VerdictBusError},
		"cut":               {"53 01 4b", 0, controlloop.VerdictBusError},
		"shorted":           {w1Slave(make([]byte, 9)), 0, controlloop.VerdictShorted},
		"the text's t lies": {strings.Replace(w1Slave(measured(21.5)), "t=", "t=99", 1), 21.5, controlloop.VerdictOK},
	} {
		celsius, _, err := decodeW1Slave(row.text)
		if judged(err) != row.want || celsius != row.celsius {
			t.Errorf("%s: %v °C, %v; want %v °C, %s", name, celsius, err, row.celsius, row.want)
		}
	}
}

// w1Slave prints bytes as the kernel does.
func w1Slave(b []byte) string {
	var spaced strings.Builder
	for _, x := range b {
		spaced.WriteString(hex.EncodeToString([]byte{x}) + " ")
	}
	return spaced.String() + ": crc=" + hex.EncodeToString(b[8:]) + " YES\n" + spaced.String() + "t=0\n"
}
