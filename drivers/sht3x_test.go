package drivers

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"

	"thermostat/controlloop"
	"thermostat/drivers/w1/w1test"
)

// fakeSHT3x answers as the datasheet says; the bus does what it is told to its answers.
type fakeSHT3x struct {
	celsius, humidity float64
	status            uint16
	measured          bool
	garble            func(answer []byte) // nil: nothing
	err               error
	hung              chan struct{}
	told              []uint16
}

func (f *fakeSHT3x) Tx(address uint16, w, r []byte) error {
	if f.hung != nil {
		<-f.hung
	}
	if f.err != nil || address != 0x44 {
		return errors.Join(f.err, errors.New("remote I/O error"))
	}
	var words []uint16
	if len(w) == 2 {
		command := binary.BigEndian.Uint16(w)
		f.told = append(f.told, command)
		switch command {
		case sht3xStatus:
			words = []uint16{f.status}
		case sht3xMeasure:
			f.measured = true
		case sht3xHeaterOff:
			f.status &^= sht3xHeats
		}
	} else if len(r) == 6 {
		if !f.measured {
			return errors.New("remote I/O error") // it does not acknowledge
		}
		words = []uint16{uint16(math.Round((f.celsius + 45) / 175 * 65535)), uint16(math.Round(f.humidity / 100 * 65535))}
		f.measured = false
	}
	var answer []byte
	for _, x := range words {
		b := binary.BigEndian.AppendUint16(nil, x)
		answer = append(append(answer, b...), sht3xCRC(b))
	}
	if len(r) > 0 && f.garble != nil {
		f.garble(answer)
	}
	copy(r, answer)
	return nil
}

func (f *fakeSHT3x) SetSpeed(physic.Frequency) error { return nil }
func (f *fakeSHT3x) String() string                  { return "fake" }
func (f *fakeSHT3x) Close() error                    { return nil }

func openFakeSHT3x(t *testing.T, f *fakeSHT3x) controlloop.Sensor {
	t.Helper()
	h := NewHardware(t.TempDir())
	h.I2C = func(int) (i2c.BusCloser, error) { return f, nil }
	s, err := h.Sensor(DefaultSensor("sht3x"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The datasheet's example of its checksum (p. 14): 0xbeef has 0x92.
func TestAnSHT3xGivesTemperatureAndHumidity(t *testing.T) {
	if got := sht3xCRC([]byte{0xbe, 0xef}); got != 0x92 {
		t.Errorf("the checksum of beef is %#x", got)
	}
	synctest.Test(t, func(t *testing.T) {
		f := &fakeSHT3x{}
		s := openFakeSHT3x(t, f)
		for _, celsius := range []float64{-39.5, 0, 21.375, 124} {
			f.celsius, f.humidity = celsius, 45
			r, err := s.Read(t.Context())
			if err != nil || math.Abs(r.Celsius-celsius) > 0.002 || math.Abs(r.Humidity-45) > 0.01 || r.Unchecked {
				t.Errorf("%+v, %v; want %v °C and 45 %%", r, err, celsius)
			}
		}
	})
}

// Whichever bit turns in whichever answer, it is crc and no number.
func TestEveryTurnedBitOfAnSHT3xIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeSHT3x{celsius: 21, humidity: 45}
		s := openFakeSHT3x(t, f)
		for _, size := range []int{3, 6} {
			for bit := range 8 * size {
				f.garble = func(b []byte) {
					if len(b) == size {
						b[bit/8] ^= 1 << (bit % 8)
					}
				}
				if r, err := s.Read(t.Context()); w1test.Judged(err) != controlloop.VerdictCRC || r != (controlloop.Reading{}) {
					t.Fatalf("bit %d of %d bytes: %+v, %v", bit, size, r, err)
				}
			}
		}
		f.garble = nil
		if _, err := s.Read(t.Context()); err != nil {
			t.Errorf("does not heal: %v", err)
		}
	})
}

func TestEachFaultOfAnSHT3xHasItsVerdictAndHeals(t *testing.T) {
	for name, row := range map[string]struct {
		spoil, mend func(*fakeSHT3x)
		want        controlloop.Verdict
		says        string
	}{
		"nobody there": {func(f *fakeSHT3x) { f.err = errors.New("nack") }, func(f *fakeSHT3x) { f.err = nil }, controlloop.VerdictBusError, "driver: kernel"},
		"held low":     {func(f *fakeSHT3x) { f.garble = func(b []byte) { clear(b) } }, func(f *fakeSHT3x) { f.garble = nil }, controlloop.VerdictCRC, "another chip"},
		"held high": {func(f *fakeSHT3x) {
			f.garble = func(b []byte) {
				for i := range b {
					b[i] = 0xff
				}
			}
		}, func(f *fakeSHT3x) { f.garble = nil }, controlloop.VerdictCRC, "another chip"},
		"its heater":     {func(f *fakeSHT3x) { f.status = sht3xHeats }, func(*fakeSHT3x) {}, controlloop.VerdictBadConfig, "heater was on"},
		"not understood": {func(f *fakeSHT3x) { f.status = 1 }, func(f *fakeSHT3x) { f.status = 0 }, controlloop.VerdictNotConverted, "not understood"},
		"too hot":        {func(f *fakeSHT3x) { f.celsius = 126 }, func(f *fakeSHT3x) { f.celsius = 21 }, controlloop.VerdictOutOfRange, "-40..125"},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := &fakeSHT3x{celsius: 21, humidity: 45}
			s := openFakeSHT3x(t, f)
			if _, err := s.Read(t.Context()); err != nil {
				t.Fatal(err)
			}
			row.spoil(f)
			if r, err := s.Read(t.Context()); w1test.Judged(err) != row.want || !strings.Contains(err.Error(), row.says) || r != (controlloop.Reading{}) {
				t.Errorf("%s: %+v, %v; want %s", name, r, err, row.want)
			}
			row.mend(f)
			if _, err := s.Read(t.Context()); err != nil {
				t.Errorf("%s does not heal: %v", name, err)
			}
		})
	}
}

// A chip that does not answer the status with a right checksum gets no other command.
func TestAnotherChipAtAnSHT3xsAddressIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeSHT3x{garble: func(b []byte) { b[2] ^= 0x55 }}
		if _, err := openFakeSHT3x(t, f).Read(t.Context()); w1test.Judged(err) != controlloop.VerdictCRC || len(f.told) != 1 {
			t.Errorf("%v after %#x", err, f.told)
		}
		f = &fakeSHT3x{hung: make(chan struct{})}
		if _, err := openFakeSHT3x(t, f).Read(t.Context()); w1test.Judged(err) != controlloop.VerdictNoAnswer {
			t.Errorf("%v of a hung bus", err)
		}
		close(f.hung)
		time.Sleep(time.Second) // the overdue read ends
	})
}
