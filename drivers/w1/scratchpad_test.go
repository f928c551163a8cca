package w1

import (
	"math"
	"strings"
	"testing"

	"periph.io/x/conn/v3/onewire"

	"thermostat/controlloop"
	"thermostat/drivers/w1/w1test"
)

const someID = "28-0316a2795bff"

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
		m, err := Decode(someID, w1test.Pad(int16(row.raw), row.config, 0x01))
		if err != nil || m.Celsius != row.celsius || m.Bits != row.bits {
			t.Errorf("%#04x at %#02x: %v °C, %d bits, %v; want %v °C, %d bits", row.raw, row.config, m.Celsius, m.Bits, err, row.celsius, row.bits)
		}
	}
}

func TestEachUnusableScratchpadHasItsVerdict(t *testing.T) {
	damaged := w1test.Measured(21.5)
	damaged[0] ^= 1
	for name, row := range map[string]struct {
		pad  []byte
		want controlloop.Verdict
	}{
		"nothing":               {nil, controlloop.VerdictBusError},
		"too short":             {w1test.Measured(20)[:8], controlloop.VerdictBusError},
		"shorted":               {make([]byte, 9), controlloop.VerdictShorted},
		"nobody":                {[]byte(strings.Repeat("\xff", 9)), controlloop.VerdictAllOnes},
		"damaged":               {damaged, controlloop.VerdictCRC},
		"power on":              {w1test.Pad(0x0550, 0x7f, 0x0c), controlloop.VerdictPowerOn},
		"power on at 9 bits":    {w1test.Pad(0x0550, 0x1f, 0x0c), controlloop.VerdictPowerOn},
		"true 85":               {w1test.Measured(85), controlloop.VerdictOK},
		"0x0c elsewhere":        {w1test.Pad(0x0554, 0x7f, 0x0c), controlloop.VerdictOK},
		"127.9375":              {w1test.Pad(0x07ff, 0x7f, 0x01), controlloop.VerdictNotConverted},
		"127.5 at 9 bits":       {w1test.Pad(0x07f8, 0x1f, 0x01), controlloop.VerdictOutOfRange},
		"configuration zero":    {w1test.Pad(0x0158, 0x00, 0x08), controlloop.VerdictBadConfig},
		"configuration bit 7":   {w1test.Pad(0x0158, 0x8f, 0x08), controlloop.VerdictBadConfig},
		"configuration bit 0":   {w1test.Pad(0x0158, 0x7e, 0x08), controlloop.VerdictBadConfig},
		"configuration half":    {w1test.Pad(0x0158, 0x6f, 0x08), controlloop.VerdictBadConfig},
		"a sixteenth above 125": {w1test.Pad(125*16+1, 0x7f, 0x0f), controlloop.VerdictOutOfRange},
		"a sixteenth below -55": {w1test.Pad(-55*16-1, 0x7f, 0x01), controlloop.VerdictOutOfRange},
	} {
		m, err := Decode(someID, row.pad)
		if w1test.Judged(err) != row.want {
			t.Errorf("%s: %v, want %s", name, err, row.want)
		}
		if err != nil && m != (Measured{}) {
			t.Errorf("%s: a bad answer carries the number %v", name, m)
		}
	}
}

// Whatever nine bytes come, a number is in the family's range, on the grid of its
// resolution, and from bytes whose checksum is right.
func FuzzScratchpad(f *testing.F) {
	for _, b := range [][]byte{w1test.Measured(21.5), w1test.Measured(-10.125), w1test.Pad(0x0550, 0x7f, 0x0c), make([]byte, 9), nil} {
		for family := range families() {
			f.Add(b, uint8(family))
		}
	}
	bounds := map[string][2]float64{"28": {-55, 125.0625}, "22": {-55, 125.0625}, "42": {-40, 85.0625}, "10": {-55, 125}, "3b": {-270, 1768}}
	f.Fuzz(func(t *testing.T, b []byte, which uint8) {
		family := families()[int(which)%len(families())]
		if len(b) == ScratchpadSize && which >= 128 { // else nearly no checksum is right
			b[8] = onewire.CalcCRC(b[:8])
		}
		m, err := Decode(family.Code+"-000000000000", b)
		if err != nil {
			if v := w1test.Judged(err); v == controlloop.VerdictOK || strings.Contains(string(v), "without") || m != (Measured{}) {
				t.Fatalf("% x: %v with %v", b, err, m)
			}
			return
		}
		steps := m.Celsius / m.Step
		if family.Code == "10" {
			steps = (m.Celsius + 0.25) / m.Step
		}
		in := bounds[family.Code]
		if m.Celsius < in[0] || m.Celsius > in[1] || math.Abs(steps-math.Round(steps)) > 1e-6 || !onewire.CheckCRC(b) {
			t.Fatalf("%s, % x: %+v", family.Code, b, m)
		}
	})
}

// Any one bit that turns on the wire is found.
func TestScratchpadFindsEveryTurnedBit(t *testing.T) {
	for bit := range 72 {
		b := w1test.Measured(21.5)
		b[bit/8] ^= 1 << (bit % 8)
		if _, err := Decode(someID, b); w1test.Judged(err) != controlloop.VerdictCRC {
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
		"good":              {w1test.Printed(w1test.Measured(21.5)), 21.5, controlloop.VerdictOK},
		"the kernel's NO":   {"00 00 4b 46 7f ff 0d 10 e9 : crc=aa NO\n53 01 4b 46 7f ff 0d 10 e9 t=21187\n", 0, controlloop.VerdictCRC},
		"empty":             {"", 0, controlloop.VerdictNoAnswer},
		"a line break":      {"\n", 0, controlloop.VerdictNoAnswer},
		"not hex":           {"zz 01 : crc", 0, controlloop.VerdictBusError},
		"cut":               {"53 01 4b", 0, controlloop.VerdictBusError},
		"shorted":           {w1test.Printed(make([]byte, 9)), 0, controlloop.VerdictShorted},
		"the text's t lies": {strings.Replace(w1test.Printed(w1test.Measured(21.5)), "t=", "t=99", 1), 21.5, controlloop.VerdictOK},
	} {
		m, err := DecodeText(someID, row.text)
		if w1test.Judged(err) != row.want || m.Celsius != row.celsius {
			t.Errorf("%s: %v °C, %v; want %v °C, %s", name, m.Celsius, err, row.celsius, row.want)
		}
	}
}
