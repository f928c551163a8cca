package drivers

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"

	"thermostat/controlloop"
	"thermostat/drivers/w1/w1test"
)

// fakeChip is a BME280's register file on a bus of its own.
type fakeChip struct {
	mu     sync.Mutex // of all below: a zone's reads go on beside the test
	reg    [256]byte
	raw    [8]byte // what a measurement brings; the data registers hold a reset's values before it
	broken error
	busy   bool
	hung   chan struct{} // non-nil: a transfer waits for it
	closed int
	asked  []uint16
	garble func(register byte, r []byte) // what the wire does to an answer; nil: nothing
}

// newFakeChip has the calibration and the raw values of the worked example in
// Bosch's BMP280 datasheet (rev 1.14, p. 23): 25.08 °C and 100653 Pa.
func newFakeChip() *fakeChip {
	f := &fakeChip{raw: [8]byte{0x65, 0x5a, 0xc0, 0x7e, 0xed, 0x00, 0x6e, 0x1c}}
	f.reg[0xd0] = chipBME280
	words := []int{27504, 26435, -1000, 36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000}
	for i, w := range words {
		f.reg[0x88+2*i], f.reg[0x89+2*i] = byte(w), byte(w>>8)
	}
	// Humidity as in a part on the author's desk: H1 75, H2 362, H3 0, H4 319, H5 50, H6 30.
	f.reg[0xa1] = 75
	copy(f.reg[0xe1:], []byte{0x6a, 0x01, 0x00, 0x13, 0x2f, 0x03, 0x1e})
	f.reset()
	return f
}

func (f *fakeChip) reset() {
	f.reg[0xf2], f.reg[0xf4] = 0, 0
	copy(f.reg[regData:], []byte{0x80, 0, 0, 0x80, 0, 0, 0x80, 0})
}

// change alters a chip that may be read at the same time.
func (f *fakeChip) change(how func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	how()
}

func (f *fakeChip) Tx(address uint16, w, r []byte) error {
	var hung chan struct{}
	f.change(func() {
		f.asked = append(f.asked, address)
		hung = f.hung
	})
	if hung != nil {
		<-hung
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil {
		return f.broken
	}
	if len(r) > 0 {
		copy(r, f.reg[w[0]:])
		if f.garble != nil {
			f.garble(w[0], r)
		}
		return nil
	}
	for i := 0; i+1 < len(w); i += 2 {
		f.write(w[i], w[i+1])
	}
	return nil
}

func (f *fakeChip) write(reg, value byte) {
	f.reg[reg] = value
	if reg != 0xf4 || value&3 != 1 {
		return
	}
	if copy(f.reg[regData:], f.raw[:]); f.reg[0xf2] == 0 {
		copy(f.reg[0xfd:], []byte{0x80, 0})
	}
	if f.reg[regStatus] = 0; f.busy {
		f.reg[regStatus] = statusBusy
	}
}

func (f *fakeChip) SetSpeed(physic.Frequency) error { return nil }
func (f *fakeChip) String() string                  { return "fake" }
func (f *fakeChip) Close() error                    { f.change(func() { f.closed++ }); return nil }

func openFake(t *testing.T, f *fakeChip) (s controlloop.Sensor, opened *int) {
	t.Helper()
	h := NewHardware("")
	opened = new(int)
	h.I2C = func(bus int) (i2c.BusCloser, error) {
		if bus != 1 {
			t.Errorf("bus %d was opened, want 1", bus)
		}
		*opened++
		return f, nil
	}
	s, err := h.Sensor(DefaultSensor("bme280"))
	if err != nil {
		t.Fatal(err)
	}
	return s, opened
}

func TestABME280ReadsAndIsSetUpAnewEachHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeChip()
		s, opened := openFake(t, f)
		for range 3 {
			r, err := s.Read(t.Context())
			if err != nil || math.Abs(r.Celsius-25.08) > 0.005 || math.Abs(r.Pascal-100653) > 1 || r.Humidity < 20 || r.Humidity > 80 {
				t.Fatalf("%+v, %v: want 25.08 °C, 100653 Pa and some humidity", r, err)
			}
		}
		if *opened != 1 {
			t.Errorf("opened %d times for three reads", *opened)
		}
		time.Sleep(time.Hour + time.Second)
		if _, err := s.Read(t.Context()); err != nil || *opened != 2 || f.closed != 1 {
			t.Errorf("opened %d, closed %d, %v: want a new setup after an hour", *opened, f.closed, err)
		}
		for _, a := range f.asked {
			if a != 0x76 {
				t.Fatalf("address %#x was asked", a)
			}
		}
	})
}

func TestEachFaultOfABME280HasItsVerdictAndHeals(t *testing.T) {
	for name, row := range map[string]struct {
		spoil func(f *fakeChip)
		want  controlloop.Verdict
	}{
		"bus error":               {func(f *fakeChip) { f.broken = errors.New("remote I/O error") }, controlloop.VerdictBusError},
		"another chip":            {func(f *fakeChip) { f.reg[RegChipID] = 0x61 }, controlloop.VerdictWrongChip},
		"a BMP280 instead":        {func(f *fakeChip) { f.reg[RegChipID] = 0x58 }, controlloop.VerdictNoHumidity},
		"busy for ever":           {func(f *fakeChip) { f.busy = true }, controlloop.VerdictBusy},
		"raw values of a reset":   {func(f *fakeChip) { copy(f.raw[:], []byte{0x80, 0, 0, 0x80, 0, 0, 0x80, 0}) }, controlloop.VerdictResetData},
		"brown-out lost ctrl_hum": {func(f *fakeChip) { f.reset() }, controlloop.VerdictResetData},
		"too hot for the chip":    {func(f *fakeChip) { copy(f.raw[3:], []byte{0xff, 0xff, 0xf0}) }, controlloop.VerdictOutOfRange},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFakeChip()
				s, opened := openFake(t, f)
				wantNumber(t, s)
				row.spoil(f)
				if r, err := s.Read(t.Context()); w1test.Judged(err) != row.want || r != (controlloop.Reading{}) {
					t.Fatalf("%v, %v: want %s", r, err, row.want)
				}
				f.broken, f.busy, f.raw, f.reg[RegChipID] = nil, false, newFakeChip().raw, chipBME280
				wantNumber(t, s)
				if *opened != 2 || f.closed != 1 {
					t.Errorf("opened %d, closed %d: want a new setup after an error", *opened, f.closed)
				}
			})
		})
	}
}

func wantNumber(t *testing.T, s controlloop.Sensor) {
	t.Helper()
	if r, err := s.Read(t.Context()); err != nil || math.Abs(r.Celsius-25.08) > 0.005 {
		t.Fatalf("%+v, %v: want 25.08 °C", r, err)
	}
}

func TestBME280RefusesOtherChips(t *testing.T) {
	for name, row := range map[string]struct {
		spoil func(f *fakeChip)
		want  controlloop.Verdict
		word  string
	}{
		"BMP280":     {func(f *fakeChip) { f.reg[0xd0] = 0x58 }, controlloop.VerdictNoHumidity, "BMP280"},
		"another":    {func(f *fakeChip) { f.reg[0xd0] = 0x62 }, controlloop.VerdictWrongChip, "0x62"},
		"BMP280, to": {func(f *fakeChip) { f.reg[0xd0] = 0x57 }, controlloop.VerdictNoHumidity, "write {driver: bmp280, bus: 1, address: 0x76}"},
		"BMP180":     {func(f *fakeChip) { f.reg[0xd0] = 0x55 }, controlloop.VerdictWrongChip, "dtoverlay=i2c-sensor,bmp180"},
		"BMP388": {func(f *fakeChip) { f.reg[0xd0], f.reg[0x00] = 0, 0x50 }, controlloop.VerdictWrongChip,
			"is a BMP388, not a BME280: write dtoverlay=i2c-sensor,bmp380 into config.txt, reboot, and write {driver: kernel, device: i2c-1/0x76, unchecked: true}"},
		"held low":    {func(f *fakeChip) { f.reg = [256]byte{} }, controlloop.VerdictWrongChip, "0x00: nobody drives the line"},
		"nobody":      {func(f *fakeChip) { f.reg[0xd0] = 0xff }, controlloop.VerdictWrongChip, "0xff: nobody drives the line"},
		"starting up": {func(f *fakeChip) { f.reg[regStatus] = statusCopying }, controlloop.VerdictBusy, "starting"},
	} {
		f := newFakeChip()
		row.spoil(f)
		s, _ := openFake(t, f)
		if r, err := s.Read(t.Context()); w1test.Judged(err) != row.want || !strings.Contains(err.Error(), row.word) || r != (controlloop.Reading{}) {
			t.Errorf("%s: %v, %v: want %s", name, r, err, row.want)
		}
	}
}

// A true measurement may hit a reset's value by chance.
func TestBME280KeepsATrueMeasurementThatLooksReset(t *testing.T) {
	for _, at := range []struct {
		from int
		raw  []byte
	}{{3, []byte{0x80, 0, 0}}, {0, []byte{0x80, 0, 0}}, {6, []byte{0x80, 0}}} {
		f := newFakeChip()
		copy(f.raw[at.from:], at.raw)
		s, _ := openFake(t, f)
		if r, err := s.Read(t.Context()); err != nil {
			t.Errorf("% x: %+v, %v: want a reading", f.raw, r, err)
		}
	}
}

func TestAHungBusIsNoAnswerUntilItReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeChip()
		s, _ := openFake(t, f)
		wantNumber(t, s)
		hung := make(chan struct{})
		f.hung = hung
		if _, err := s.Read(t.Context()); w1test.Judged(err) != controlloop.VerdictNoAnswer {
			t.Fatalf("%v, want no_answer", err)
		}
		close(hung)
		synctest.Wait()
		wantNumber(t, s)
	})
}

func TestI2CErrorsSayHowToMend(t *testing.T) {
	h := NewHardware("")
	_, err := h.OpenI2C(250)
	if w1test.Judged(err) != controlloop.VerdictAbsent || !strings.Contains(err.Error(), "dtparam=i2c_arm=on") {
		t.Errorf("%v", err)
	}
}

func TestAChipThatTheKernelHoldsIsLeftAlone(t *testing.T) {
	root := t.TempDir()
	for _, device := range []string{"1-0076", "1-0018"} {
		if err := os.MkdirAll(filepath.Join(root, "sys/bus/i2c/devices", device, "driver"), 0o755); err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(root, "sys/bus/i2c/devices", device, "name"), "held\n")
	}
	h := NewHardware(root)
	h.I2C = func(int) (i2c.BusCloser, error) { t.Error("the bus was opened"); return newFakeChip(), nil }
	for _, spec := range []SensorSpec{
		{Driver: "bme280", BME280: DefaultBME280()},
		{Driver: "ds18b20", DS18B20: DS18B20{ID: someID, Bus: "ds2482", I2CBus: 1}},
	} {
		s, err := h.Sensor(spec)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Read(t.Context()); w1test.Judged(err) != controlloop.VerdictBusError || !strings.Contains(err.Error(), "driver held holds") {
			t.Errorf("%s: %v", spec.Driver, err)
		}
	}
}
