package survey

import (
	"os"
	"testing"

	"periph.io/x/conn/v3/physic"

	"thermostat/drivers"
)

// fakeBME280 is a BME280's register file: enough of one to be found and read
// once. Its many ways to fail are those of package drivers' own tests.
type fakeBME280 struct {
	reg [256]byte
	raw [8]byte // what a measurement brings
}

// newFakeBME280 has the calibration and the raw values of the worked example in
// Bosch's BMP280 datasheet (rev 1.14, p. 23): 25.08 °C and 100653 Pa.
func newFakeBME280() *fakeBME280 {
	f := &fakeBME280{raw: [8]byte{0x65, 0x5a, 0xc0, 0x7e, 0xed, 0x00, 0x6e, 0x1c}}
	f.reg[0xd0] = 0x60
	for i, w := range []int{27504, 26435, -1000, 36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000} {
		f.reg[0x88+2*i], f.reg[0x89+2*i] = byte(w), byte(w>>8)
	}
	f.reg[0xa1] = 75
	copy(f.reg[0xe1:], []byte{0x6a, 0x01, 0x00, 0x13, 0x2f, 0x03, 0x1e})
	return f
}

func (f *fakeBME280) Tx(_ uint16, w, r []byte) error {
	if len(r) > 0 {
		copy(r, f.reg[w[0]:])
		return nil
	}
	for i := 0; i+1 < len(w); i += 2 {
		f.reg[w[i]] = w[i+1]
		if w[i] == 0xf4 && w[i+1]&3 == 1 { // a measurement is asked for
			copy(f.reg[0xf7:], f.raw[:])
		}
	}
	return nil
}

func (f *fakeBME280) SetSpeed(physic.Frequency) error { return nil }
func (f *fakeBME280) String() string                  { return "fake" }

func chipWith(name, label string, lines ...string) drivers.GPIOChip {
	c := drivers.GPIOChip{Name: name, Label: label}
	for _, l := range lines {
		c.Lines = append(c.Lines, drivers.GPIOLine{Name: l})
	}
	return c
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
