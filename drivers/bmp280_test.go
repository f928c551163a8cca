package drivers

import (
	"math"
	"strings"
	"testing"
	"testing/synctest"

	"periph.io/x/conn/v3/i2c"

	"thermostat/controlloop"
	"thermostat/drivers/w1/w1test"
)

// newFakeBMP280 is a BMP280: it has neither the registers of humidity nor their calibration.
func newFakeBMP280(id byte) *fakeChip {
	f := newFakeChip()
	f.reg[RegChipID], f.reg[0xa0], f.reg[0xa1] = id, 0, 0
	clear(f.reg[0xe1:0xe8])
	return f
}

func openFakeBMP280(t *testing.T, f *fakeChip) controlloop.Sensor {
	t.Helper()
	h := NewHardware(t.TempDir())
	h.I2C = func(int) (i2c.BusCloser, error) { return f, nil }
	s, err := h.Sensor(DefaultSensor("bmp280"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The worked example of the datasheet, 25.08 °C and 100653 Pa, of each id that was sold.
func TestABMP280GivesTemperatureAndPressureWithoutHumidity(t *testing.T) {
	for _, id := range []byte{0x58, 0x57, 0x56} {
		synctest.Test(t, func(t *testing.T) {
			r, err := openFakeBMP280(t, newFakeBMP280(id)).Read(t.Context())
			if err != nil || math.Abs(r.Celsius-25.08) > 0.005 || math.Abs(r.Pascal-100653) > 1 || !math.IsNaN(r.Humidity) {
				t.Errorf("%#x: %+v, %v", id, r, err)
			}
		})
	}
}

func TestEachFaultOfABMP280HasItsVerdictAndHeals(t *testing.T) {
	for name, row := range map[string]struct {
		spoil func(*fakeChip)
		want  controlloop.Verdict
		says  string
	}{
		"a BME280":              {func(f *fakeChip) { f.reg[RegChipID] = chipBME280 }, controlloop.VerdictWrongChip, "write {driver: bme280, bus: 1, address: 0x76}"},
		"held low":              {func(f *fakeChip) { f.reg[RegChipID] = 0 }, controlloop.VerdictWrongChip, "nobody drives the line"},
		"nothing measured":      {func(f *fakeChip) { copy(f.raw[:], []byte{0x80, 0, 0, 0x80, 0, 0}) }, controlloop.VerdictResetData, "nothing was measured"},
		"a calibration of zero": {func(f *fakeChip) { clear(f.reg[0x88:0xa0]) }, controlloop.VerdictBadCalibration, "t1"},
		"busy":                  {func(f *fakeChip) { f.busy = true }, controlloop.VerdictBusy, "finish"},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := newFakeBMP280(chipBMP280)
			s := openFakeBMP280(t, f)
			if _, err := s.Read(t.Context()); err != nil {
				t.Fatal(err)
			}
			row.spoil(f)
			if r, err := s.Read(t.Context()); w1test.Judged(err) != row.want || !strings.Contains(err.Error(), row.says) || r != (controlloop.Reading{}) {
				t.Errorf("%s: %+v, %v; want %s", name, r, err, row.want)
			}
			sound := newFakeBMP280(chipBMP280)
			f.reg, f.raw, f.busy = sound.reg, sound.raw, false
			if _, err := s.Read(t.Context()); err != nil {
				t.Errorf("%s does not heal: %v", name, err)
			}
		})
	}
}
