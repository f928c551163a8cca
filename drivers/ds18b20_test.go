package drivers

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/onewire"
	"periph.io/x/conn/v3/physic"

	"thermostat/controlloop"
	"thermostat/drivers/w1"
	"thermostat/drivers/w1/w1test"
)

const someID = "28-0316a2795bff"

// kernelBus makes a /sys with one thermometer.
func kernelBus(t *testing.T, text string) (h *Hardware, dir string) {
	t.Helper()
	root := t.TempDir()
	dir = filepath.Join(root, "sys/bus/w1/devices", someID)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "w1_slave"), text)
	return NewHardware(root), dir
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func openThermometer(t *testing.T, h *Hardware, spec DS18B20) controlloop.Sensor {
	t.Helper()
	s, err := h.Sensor(SensorSpec{Driver: "ds18b20", DS18B20: spec})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAKernelThermometerGivesItsTemperatureOrTheCure(t *testing.T) {
	h, dir := kernelBus(t, w1test.Printed(w1test.Measured(-10.125)))
	s := openThermometer(t, h, DS18B20{ID: someID, Bus: "kernel"})
	r, err := s.Read(t.Context())
	if err != nil || r.Celsius != -10.125 || time.Since(r.At) > time.Minute || !math.IsNaN(r.Humidity) {
		t.Errorf("%+v, %v: want -10.125 °C of now", r, err)
	}
	for _, step := range []struct {
		change func()
		want   controlloop.Verdict
		cure   string
	}{
		{func() { writeFile(t, filepath.Join(dir, "w1_slave"), "") }, controlloop.VerdictNoAnswer, "unplugged"},
		{func() { writeFile(t, filepath.Join(dir, "w1_slave"), w1test.Printed(w1test.Pad(0x0550, 0x7f, 0x0c))) }, controlloop.VerdictPowerOn, "reset"},
		{func() { os.RemoveAll(dir) }, controlloop.VerdictAbsent, "wires"},
		{func() { os.RemoveAll(filepath.Dir(dir)) }, controlloop.VerdictAbsent, "dtoverlay=w1-gpio"},
	} {
		step.change()
		r, err := s.Read(t.Context())
		if w1test.Judged(err) != step.want || !strings.Contains(err.Error(), step.cure) || r != (controlloop.Reading{}) {
			t.Errorf("%v, %v: want %s and a word of %q", r, err, step.want, step.cure)
		}
	}
}

func TestKernelThermometerIsToldItsResolution(t *testing.T) {
	h, dir := kernelBus(t, w1test.Printed(w1test.Measured(20)))
	set := filepath.Join(dir, "resolution")
	for _, row := range []struct {
		bits int
		want string
	}{{0, ""}, {12, ""}, {10, "10"}} {
		writeFile(t, set, "")
		if _, err := openThermometer(t, h, DS18B20{ID: someID, Bus: "kernel", Resolution: row.bits}).Read(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(set); string(got) != row.want {
			t.Errorf("resolution %d: %q was written, want %q", row.bits, got, row.want)
		}
	}
}

// The address of a thermometer as a DS18B20's datasheet builds it: family code
// first, checksum last.
func TestAnAddressIsBuiltAsTheDatasheetSays(t *testing.T) {
	a, err := w1.Address(someID)
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(a))
	want := []byte{0x28, 0xff, 0x5b, 0x79, 0xa2, 0x16, 0x03}
	if err != nil || string(b[:7]) != string(want) || !onewire.CheckCRC(b[:]) {
		t.Errorf("% x, %v: want % x and its checksum", b, err, want)
	}
	for _, id := range []string{"", "28-", "26-0316a2795bff", "28-0316a2795b", "28-0316a2795bffff", "28-zzzzzzzzzzzz", "0316a2795bff"} {
		if _, err := w1.Address(id); err == nil {
			t.Errorf("%q was taken for an id", id)
		}
	}
}

// fakeWire is a 1-Wire bus with thermometers, as periph sees it.
type fakeWire struct {
	pads    map[onewire.Address][]byte
	err     error
	opened  int
	written []byte
	power   []onewire.Pullup
	hung    chan struct{} // non-nil: a transfer waits for it
	there   []onewire.Address
}

func (f *fakeWire) String() string { return "fake" }

func (f *fakeWire) Search(bool) ([]onewire.Address, error) { return f.there, f.err }

func (f *fakeWire) Tx(w, r []byte, power onewire.Pullup) error {
	if f.hung != nil {
		<-f.hung
	}
	if f.err != nil {
		return f.err
	}
	address := onewire.Address(binary.LittleEndian.Uint64(w[1:]))
	switch w[9] {
	case commandConvert:
		f.power = append(f.power, power)
	case commandWriteScratchpad:
		f.written = append([]byte{}, w[10:]...)
	case commandReadScratchpad:
		for i := range r {
			r[i] = 0xff // nobody pulls the line low
		}
		copy(r, f.pads[address])
	}
	return nil
}

func bridged(f *fakeWire, id string, resolution int, shared *oneWireBus) *bridgedThermometer {
	address, err := w1.Address(id)
	if err != nil {
		panic(err)
	}
	return &bridgedThermometer{bus: shared, address: address, resolution: resolution, readLimit: readLimit{limit: oneWireLimit}}
}

func sharedWire(f *fakeWire) *oneWireBus {
	return &oneWireBus{connect: func() (onewire.Bus, func() error, error) {
		f.opened++
		return f, func() error { return nil }, nil
	}}
}

type shortedBus struct{ error }

func (shortedBus) IsShorted() bool { return true }
func (shortedBus) BusError() bool  { return true }

type emptyBus struct{ error }

func (emptyBus) BusError() bool { return true }

func TestEachThermometerOfABridgeGivesItsOwnTemperature(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeWire{pads: map[onewire.Address][]byte{}}
		bus := sharedWire(f)
		one, two := bridged(f, someID, 0, bus), bridged(f, "28-000000000001", 0, bus)
		f.pads[one.address], f.pads[two.address] = w1test.Measured(21.5), w1test.Measured(60)
		for sensor, want := range map[*bridgedThermometer]float64{one: 21.5, two: 60} {
			began := time.Now()
			r, err := sensor.Read(t.Context())
			if err != nil || r.Celsius != want || !r.At.Equal(began) {
				t.Errorf("%+v, %v: want %v °C of the conversion's beginning", r, err, want)
			}
			if took := time.Since(began); took != longestConversion {
				t.Errorf("a conversion of 12 bits took %v", took)
			}
		}
		if f.opened != 1 {
			t.Errorf("the bus was opened %d times for two thermometers", f.opened)
		}
		for _, p := range f.power {
			if p != onewire.StrongPullup {
				t.Error("a conversion without the strong pull-up that feeds parasite power")
			}
		}
	})
}

func TestEachFaultBehindABridgeHasItsVerdictAndHeals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeWire{pads: map[onewire.Address][]byte{}}
		s := bridged(f, someID, 0, sharedWire(f))
		f.pads[s.address] = w1test.Measured(20)
		for i, row := range []struct {
			err    error
			pad    []byte
			want   controlloop.Verdict
			reopen int
		}{
			{nil, nil, controlloop.VerdictAllOnes, 0},
			{nil, make([]byte, 9), controlloop.VerdictShorted, 0},
			{shortedBus{errors.New("short")}, nil, controlloop.VerdictShorted, 0},
			{emptyBus{errors.New("nobody")}, nil, controlloop.VerdictNoAnswer, 0},
			{errors.New("remote I/O error"), nil, controlloop.VerdictBusError, 1},
		} {
			f.err, f.pads[s.address] = row.err, row.pad
			if r, err := s.Read(t.Context()); w1test.Judged(err) != row.want || r != (controlloop.Reading{}) {
				t.Errorf("%d: %v, %v: want %s", i, r, err, row.want)
			}
			f.err, f.pads[s.address] = nil, w1test.Measured(20)
			opened := f.opened
			if r, err := s.Read(t.Context()); err != nil || r.Celsius != 20 || f.opened != opened+row.reopen {
				t.Errorf("%d: %v, %v after the fault, bus opened %d times more; want 20 °C and %d", i, r, err, f.opened-opened, row.reopen)
			}
		}
	})
}

// The resolution is set in the scratchpad, the owner's alarm bytes stay, and
// the shorter conversion is used from then on.
func TestBridgedThermometerSetsItsResolution(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeWire{pads: map[onewire.Address][]byte{}}
		s := bridged(f, someID, 9, sharedWire(f))
		f.pads[s.address] = w1test.Measured(20)
		if _, err := s.Read(t.Context()); err != nil || string(f.written) != "\x4b\x46\x1f" {
			t.Fatalf("% x was written, %v; want TH, TL and 1f", f.written, err)
		}
		f.written, f.pads[s.address] = nil, w1test.Pad(20*16, 0x1f, 0x10)
		for _, want := range []time.Duration{longestConversion, longestConversion / 8} {
			began := time.Now()
			if _, err := s.Read(t.Context()); err != nil || time.Since(began) != want || f.written != nil {
				t.Errorf("took %v, wrote % x, %v; want %v and nothing", time.Since(began), f.written, err, want)
			}
		}
	})
}

// statusOnly is an I2C bus with something that knows no more than a DS2482's
// status register.
type statusOnly struct {
	status byte
	err    error
}

func (s statusOnly) Tx(_ uint16, _, r []byte) error {
	for i := range r {
		r[i] = s.status
	}
	return s.err
}
func (statusOnly) SetSpeed(physic.Frequency) error { return nil }
func (statusOnly) String() string                  { return "fake" }
func (statusOnly) Close() error                    { return nil }

func TestABridgeThatCannotBeUsedHasItsVerdict(t *testing.T) {
	for _, row := range []struct {
		bus  statusOnly
		want controlloop.Verdict
	}{
		{statusOnly{err: errors.New("remote I/O error")}, controlloop.VerdictAbsent},
		{statusOnly{status: 0x10}, controlloop.VerdictShorted},
		{statusOnly{status: 0x19}, controlloop.VerdictBusError},
		{statusOnly{status: 0xff}, controlloop.VerdictBusError},
	} {
		h := NewHardware("")
		h.I2C = func(int) (i2c.BusCloser, error) { return row.bus, nil }
		s := openThermometer(t, h, DS18B20{ID: someID, Bus: "ds2482", I2CBus: 1})
		if _, err := s.Read(t.Context()); w1test.Judged(err) != row.want {
			t.Errorf("%+v: %v, want %s", row.bus, err, row.want)
		}
	}
}

func TestNetlinkFindsTheMaster(t *testing.T) {
	h, dir := kernelBus(t, "")
	_, _, err := h.connectNetlink(someID)
	if w1test.Judged(err) != controlloop.VerdictAbsent {
		t.Errorf("%v without a master, want absent", err)
	}
	if err := os.MkdirAll(filepath.Join(filepath.Dir(dir), "w1_bus_masterx", someID), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, _, err = h.connectNetlink(someID); w1test.Judged(err) != controlloop.VerdictBusError {
		t.Errorf("%v with a master that has no number, want bus_error", err)
	}
}

func TestThermometersOfABridgeShareItsBus(t *testing.T) {
	h := NewHardware("")
	a := h.oneWireBus(DS18B20{ID: someID, Bus: "ds2482", I2CBus: 1})
	b := h.oneWireBus(DS18B20{ID: "28-000000000001", Bus: "ds2482", I2CBus: 1})
	c := h.oneWireBus(DS18B20{ID: "28-000000000001", Bus: "ds2482", I2CBus: 3})
	if a != b || a == c {
		t.Error("two thermometers of one bridge must share its bus, those of two must not")
	}
}

// thermometers opens so many on the bus of one bridge.
func thermometers(t *testing.T, f *fakeWire, n int) (all []controlloop.Sensor) {
	t.Helper()
	h := NewHardware("")
	h.buses["ds2482 1"] = sharedWire(f)
	for i := range n {
		id := fmt.Sprintf("28-0000000000%02x", i)
		address, err := w1.Address(id)
		if err != nil {
			t.Fatal(err)
		}
		f.pads[address] = w1test.Measured(20 + float64(i)/16)
		all = append(all, openThermometer(t, h, DS18B20{ID: id, Bus: "ds2482", I2CBus: 1}))
	}
	return all
}

// readTogether lets all be read at each sample, as their zones do, and gives how
// often each was.
func readTogether(t *testing.T, all []controlloop.Sensor, sample time.Duration, rounds int) []int {
	good := make([]int, len(all))
	began := time.Now()
	var wait sync.WaitGroup
	for i, s := range all {
		wait.Go(func() {
			for round := 0; round < rounds; round = int((time.Since(began) + sample - 1) / sample) {
				order := time.Duration(i) * time.Millisecond // at one and the same instant chance would give the turns
				time.Sleep(time.Until(began.Add(time.Duration(round)*sample + order)))
				if r, err := s.Read(t.Context()); err == nil && r.Celsius == 20+float64(i)/16 {
					good[i]++
				}
			}
		})
	}
	wait.Wait()
	return good
}

// However many thermometers a bridge has, and whatever sample is, each is read.
// Eight conversions take 6 s: at 5 s the last ones miss every second sample.
func TestEachOfManyThermometersOnABridgeIsRead(t *testing.T) {
	for _, row := range []struct {
		n      int
		sample time.Duration
		want   int // good readings of ten samples at least
	}{{8, 20 * time.Second, 10}, {8, 5 * time.Second, 5}, {8, time.Second, 1}, {20, 20 * time.Second, 10}, {40, 5 * time.Second, 1}} {
		synctest.Test(t, func(t *testing.T) {
			f := &fakeWire{pads: map[onewire.Address][]byte{}}
			for i, got := range readTogether(t, thermometers(t, f, row.n), row.sample, 10) {
				if got < row.want {
					t.Errorf("%+v: thermometer %d was read %d times", row, i, got)
				}
			}
		})
	}
}

// A bridge that hangs is told of each of its thermometers, and forgotten when it
// comes back.
func TestABridgeThatHangsIsToldOfEachOfItsThermometers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeWire{pads: map[onewire.Address][]byte{}, hung: make(chan struct{})}
		all := thermometers(t, f, 8)
		var wait sync.WaitGroup
		for _, s := range all {
			wait.Go(func() {
				if _, err := s.Read(t.Context()); w1test.Judged(err) != controlloop.VerdictNoAnswer {
					t.Errorf("%v, want no_answer", err)
				}
			})
		}
		wait.Wait()
		close(f.hung)
		time.Sleep(time.Minute)
		for i, got := range readTogether(t, all, 20*time.Second, 5) {
			if got != 5 {
				t.Errorf("thermometer %d was read %d times of 5", i, got)
			}
		}
	})
}

// The kernel lets those that are fed by the data line wait for each other, unseen.
func TestKernelThermometersMayWaitForEachOther(t *testing.T) {
	h, _ := kernelBus(t, w1test.Printed(w1test.Measured(20)))
	var last controlloop.Sensor
	for range 8 {
		last = openThermometer(t, h, DS18B20{ID: someID, Bus: "kernel"})
	}
	if p := last.(*kernelThermometer).readLimit; p.queue.length() != 8 || p.limit != oneWireLimit {
		t.Errorf("%d times %v for eight thermometers", p.queue.length(), p.limit)
	}
}
