package chips

import (
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"
)

// master is a small 1-Wire master behind the bridge.
type master struct {
	t *testing.T
	b *DS2482
}

// newMaster sets a bridge up as the kernel's driver does.
func newMaster(t *testing.T, parts ...*DS18B20) master {
	t.Helper()
	m := master{t, NewDS2482()}
	for _, d := range parts {
		m.b.Plug(d)
	}
	m.write(0xf0)
	if got := m.read(); got != 0x18 {
		t.Fatalf("status after reset %#x, want RST and LL", got)
	}
	m.write(0xd2, 0xe1)
	if got := m.read(); got != 0x01 {
		t.Fatalf("configuration %#x", got)
	}
	return m
}

func (m master) write(p ...byte) {
	m.t.Helper()
	transfer(m.t, m.b, Msg{Data: p})
}

func (m master) read() byte {
	m.t.Helper()
	p := make([]byte, 1)
	transfer(m.t, m.b, Msg{Read: true, Data: p})
	return p[0]
}

// reset sends a reset pulse and returns the status.
func (m master) reset() byte {
	m.t.Helper()
	m.write(0xb4)
	return m.read()
}

// send writes bytes to the line.
func (m master) send(p ...byte) {
	m.t.Helper()
	for _, v := range p {
		m.write(0xa5, v)
	}
}

// receive reads bytes from the line.
func (m master) receive(n int) []byte {
	m.t.Helper()
	var p []byte
	for range n {
		m.write(0x96)
		m.write(0xe1, 0xe1)
		p = append(p, m.read())
	}
	return p
}

// bit reads one bit.
func (m master) bit() bool {
	m.t.Helper()
	m.write(0x87, 0x80)
	return m.read()&0x20 != 0
}

// search finds all ROM codes (Maxim application note 187).
func (m master) search() [][8]byte {
	m.t.Helper()
	var found [][8]byte
	var rom [8]byte
	lastZero := -1
	for {
		if m.reset()&2 == 0 {
			return found
		}
		m.send(0xf0)
		branch := -1
		for i := range 64 {
			wish := i == lastZero || i < lastZero && bitOf(rom[:], i)
			parameter := byte(0)
			if wish {
				parameter = 0x80
			}
			m.write(0x78, parameter)
			status := m.read()
			if status&0x60 == 0x60 {
				return found
			}
			if status&0x60 == 0 && !wish {
				branch = i
			}
			rom[i/8] &^= 1 << (i % 8)
			if status&0x80 != 0 {
				rom[i/8] |= 1 << (i % 8)
			}
		}
		found = append(found, rom)
		if lastZero = branch; lastZero < 0 {
			return found
		}
	}
}

// command selects one part and sends a command.
func (m master) command(d *DS18B20, p ...byte) {
	m.t.Helper()
	if m.reset()&2 == 0 {
		m.t.Fatal("nobody is present")
	}
	m.send(0x55)
	m.send(d.rom[:]...)
	m.send(p...)
}

// pad reads a part's scratchpad.
func (m master) pad(d *DS18B20) [9]byte {
	m.t.Helper()
	m.command(d, 0xbe)
	return [9]byte(m.receive(9))
}

// convert converts, polls for the end and returns how long it took.
func (m master) convert(d *DS18B20) time.Duration {
	m.t.Helper()
	m.command(d, 0x44)
	begin := time.Now()
	for !m.bit() {
		time.Sleep(time.Millisecond)
	}
	return time.Since(begin)
}

// remainder is the checksum's shift register (Maxim application note 27), bit
// by bit: 0 behind a good checksum.
func remainder(p []byte) byte {
	var shift byte
	for i := range 8 * len(p) {
		feedback := shift&1 != 0
		shift >>= 1
		if feedback != bitOf(p, i) {
			shift ^= 0x8c
		}
	}
	return shift
}

// celsius is the temperature of a scratchpad.
func celsius(pad [9]byte) float64 {
	return float64(int16(uint16(pad[0])|uint16(pad[1])<<8)) / 16
}

func TestTheChecksumIsThatOfTheApplicationNote(t *testing.T) {
	// The example of application note 27.
	if got := crc8([]byte{0x02, 0x1c, 0xb8, 0x01, 0, 0, 0}); got != 0xa2 {
		t.Errorf("checksum %#x, want 0xa2", got)
	}
}

func TestAnIDIsSpelledFromItsROM(t *testing.T) {
	d := NewDS18B20(0x0316a2795bff)
	if got := d.ID(); got != "28-0316a2795bff" {
		t.Errorf("id %s", got)
	}
	if want := [7]byte{0x28, 0xff, 0x5b, 0x79, 0xa2, 0x16, 0x03}; [7]byte(d.rom[:7]) != want || remainder(d.rom[:]) != 0 {
		t.Errorf("rom %x", d.rom)
	}
}

func TestSearchFindsAll(t *testing.T) {
	parts := []*DS18B20{NewDS18B20(0x0316a2795bff), NewDS18B20(0x0316a2795bfe), NewDS18B20(0x800000000000)}
	m := newMaster(t, parts...)
	found := m.search()
	if len(found) != len(parts) {
		t.Fatalf("found %x", found)
	}
	for _, d := range parts {
		count := 0
		for _, rom := range found {
			if rom == d.rom {
				count++
			}
		}
		if count != 1 {
			t.Errorf("%s was found %d times", d.ID(), count)
		}
	}
	m.b.Unplug(parts[1])
	if found := m.search(); len(found) != 2 {
		t.Errorf("one unplugged: %x", found)
	}
}

func TestNobodyAnswersOnAnEmptyLine(t *testing.T) {
	m := newMaster(t)
	if got := m.reset(); got&0x06 != 0 {
		t.Errorf("status %#x", got)
	}
	m.write(0x78, 0)
	if got := m.read(); got&0xe0 != 0xe0 {
		t.Errorf("triplet %#x", got)
	}
}

func TestAConversionTakesItsTimeAndGivesTheTemperature(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, other := NewDS18B20(1), NewDS18B20(2)
		other.Set(99)
		m := newMaster(t, d, other)
		for _, want := range []float64{-55, -10.125, -0.0625, 0, 21.5, 25.25, 60, 85, 125} {
			d.Set(want)
			if took := m.convert(d); took < 750*time.Millisecond || took > 752*time.Millisecond {
				t.Errorf("%v °C: took %v", want, took)
			}
			pad := m.pad(d)
			if got := celsius(pad); got != want || remainder(pad[:]) != 0 {
				t.Errorf("%v °C: scratchpad %x", want, pad)
			}
			if got := pad[6]; got != 0x10-pad[0]&0xf {
				t.Errorf("%v °C: byte 6 %#x", want, got)
			}
		}
		if got := celsius(m.pad(other)); got != 85 {
			t.Errorf("the other converted to %v", got)
		}
		if got := d.Counts(); got != (DS18B20Counts{Conversions: 9, ScratchpadReads: 9}) {
			t.Errorf("counts %+v", got)
		}
	})
}

// A scratchpad read too early has the old value, and what is set after a
// conversion is not in it.
func TestConversionTakesEffectWhenItEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := NewDS18B20(1)
		m := newMaster(t, d)
		d.Set(30)
		m.command(d, 0x44)
		time.Sleep(750*time.Millisecond - time.Nanosecond)
		if m.bit() {
			t.Error("ready before its time")
		}
		if got := celsius(m.pad(d)); got != 85 {
			t.Errorf("%v °C before the end", got)
		}
		time.Sleep(time.Nanosecond)
		d.Set(40)
		if got := celsius(m.pad(d)); got != 30 {
			t.Errorf("%v °C, want 30", got)
		}
	})
}

// All parts at once by skip ROM.
func TestSkipROMSpeaksToAllPartsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := NewDS18B20(1), NewDS18B20(2)
		m := newMaster(t, a, b)
		a.Set(10)
		b.Set(20)
		m.reset()
		m.send(0xcc, 0x44)
		time.Sleep(time.Second)
		if ga, gb := celsius(m.pad(a)), celsius(m.pad(b)); ga != 10 || gb != 20 {
			t.Errorf("%v and %v °C", ga, gb)
		}
	})
}

func TestAPartTellsItsROMAndItsPower(t *testing.T) {
	d := NewDS18B20(7)
	m := newMaster(t, d)
	m.reset()
	m.send(0x33)
	if got := [8]byte(m.receive(8)); got != d.rom {
		t.Errorf("rom %x", got)
	}
	m.command(d, 0xb4)
	if !m.bit() {
		t.Error("parasite power")
	}
}

func TestTheEEPROMKeepsTheResolutionOverAPowerCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := NewDS18B20(1)
		m := newMaster(t, d)
		d.Set(21.9375)
		for _, test := range []struct {
			config byte
			want   float64
			took   time.Duration
		}{{0x1f, 21.5, 93750}, {0x3f, 21.75, 187500}, {0x5f, 21.875, 375000}, {0x7f, 21.9375, 750000}} {
			m.command(d, 0x4e, 1, 2, test.config)
			took := m.convert(d)
			if want := test.took * time.Microsecond; took < want || took > want+2*time.Millisecond {
				t.Errorf("config %#x: took %v", test.config, took)
			}
			if pad := m.pad(d); celsius(pad) != test.want || pad[2] != 1 || pad[3] != 2 || pad[4] != test.config {
				t.Errorf("config %#x: scratchpad %x", test.config, pad)
			}
		}
		m.command(d, 0x4e, 1, 2, 0x00)
		if got := m.pad(d)[4]; got != 0x1f {
			t.Errorf("config %#x: only the resolution can be written", got)
		}
		m.command(d, 0x48)
		if m.bit() {
			t.Error("the EEPROM was written at once")
		}
		time.Sleep(10 * time.Millisecond)
		if !m.bit() {
			t.Error("the EEPROM takes too long")
		}
		m.command(d, 0x4e, 3, 4, 0x7f)
		m.command(d, 0xb8)
		if pad := m.pad(d); pad[2] != 1 || pad[3] != 2 || pad[4] != 0x1f {
			t.Errorf("recalled scratchpad %x", pad)
		}
		m.command(d, 0x4e, 3, 4, 0x7f)
		m.b.Unplug(d)
		m.b.Plug(d)
		m.b.Plug(d) // twice changes nothing
		if got, want := m.pad(d), ([9]byte{0x50, 5, 1, 2, 0x1f, 0xff, 0x0c, 0x10}); [8]byte(got[:8]) != [8]byte(want[:8]) {
			t.Errorf("after power-on %x", got)
		}
		if got := d.Counts(); got.EEPROMCopies != 1 || got.ScratchpadWrites != 7 {
			t.Errorf("counts %+v", got)
		}
	})
}

func TestEachFaultOfADS18B20ShowsInItsScratchpadAlone(t *testing.T) {
	zeros, ones := [9]byte{}, [9]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	tests := []struct {
		fault Fault
		check func(pad [9]byte) bool
		crc   bool
	}{
		{BadCRC, func(p [9]byte) bool { return celsius(p) == 21.5 }, false},
		{AllOnes, func(p [9]byte) bool { return p == ones }, false},
		{AllZero, func(p [9]byte) bool { return p == zeros }, true},
		{PowerOn, func(p [9]byte) bool { return celsius(p) == 85 && p[6] == 0x0c }, true},
		{Value127, func(p [9]byte) bool { return celsius(p) == 127.9375 && p[6] == 0x0c }, true},
		{ReservedConfig, func(p [9]byte) bool { return p[4] == 0 && celsius(p) == 21.5 }, true},
		{TooHot, func(p [9]byte) bool { return celsius(p) == 150 && p[6] == 0x10 }, true},
		{TooCold, func(p [9]byte) bool { return celsius(p) == -60 && p[6] == 0x10 }, true},
		{NoFault, func(p [9]byte) bool { return celsius(p) == 21.5 && p[6] == 0x08 }, true},
	}
	synctest.Test(t, func(t *testing.T) {
		d, healthy := NewDS18B20(1), NewDS18B20(2)
		d.Set(21.5)
		healthy.Set(-10.125)
		m := newMaster(t, d, healthy)
		for _, test := range tests {
			d.Break(test.fault)
			m.convert(d)
			m.convert(healthy)
			pad := m.pad(d)
			if !test.check(pad) || (remainder(pad[:]) == 0) != test.crc {
				t.Errorf("fault %d: scratchpad %x", test.fault, pad)
			}
			if got := m.pad(healthy); celsius(got) != -10.125 || remainder(got[:]) != 0 {
				t.Errorf("fault %d: the healthy part has %x", test.fault, got)
			}
			if got := len(m.search()); got != 2 {
				t.Errorf("fault %d: a search finds %d", test.fault, got)
			}
		}
	})
}

// A conversion that a reset undid stays undone when the fault is lifted.
func TestAConversionThatAResetUndidStaysUndone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := NewDS18B20(1)
		m := newMaster(t, d)
		d.Break(PowerOn)
		m.convert(d)
		d.Break(NoFault)
		if got := celsius(m.pad(d)); got != 85 {
			t.Errorf("%v °C, want 85 until the next conversion", got)
		}
		m.convert(d)
		if got := celsius(m.pad(d)); got != 20 {
			t.Errorf("%v °C after it", got)
		}
	})
}

func TestAShortedLineIsToldAndHeals(t *testing.T) {
	d := NewDS18B20(1)
	m := newMaster(t, d)
	m.b.Break(Short)
	if got := m.reset(); got != statusShort {
		t.Errorf("status %#x, want SD alone", got)
	}
	if got := m.receive(2); got[0]|got[1] != 0 {
		t.Errorf("read %x", got)
	}
	m.write(0x78, 0x80)
	if got := m.read(); got&0x60 != 0 {
		t.Errorf("triplet %#x", got)
	}
	m.b.Break(NoFault)
	if got := len(m.search()); got != 1 {
		t.Errorf("afterwards a search finds %d", got)
	}
}

func TestABridgeThatIsGoneAcknowledgesNothing(t *testing.T) {
	m := newMaster(t)
	m.b.Break(Gone)
	for _, msg := range []Msg{{Data: []byte{0xf0}}, {Read: true, Data: make([]byte, 1)}} {
		if err := m.b.Transfer([]Msg{msg}); !errors.Is(err, ErrNACK) {
			t.Errorf("%+v: %v", msg, err)
		}
	}
	m.b.Break(NoFault)
	m.reset()
}

func TestABusyBridgeTakesNoCommand(t *testing.T) {
	m := newMaster(t, NewDS18B20(1))
	m.b.Break(StuckBusy)
	m.write(0xe1, 0xf0)
	if got := m.read() & 1; got != 1 {
		t.Error("not busy")
	}
	for _, p := range [][]byte{{0xb4}, {0x96}, {0xa5, 0}, {0x87, 0}, {0x78, 0}, {0xd2, 0xe1}} {
		if err := m.b.Transfer([]Msg{{Data: p}}); !errors.Is(err, ErrNACK) {
			t.Errorf("%x: %v", p, err)
		}
	}
	m.b.Break(NoFault)
	if got := len(m.search()); got != 1 {
		t.Errorf("afterwards a search finds %d", got)
	}
}

// What the bridge does not know is not acknowledged; drivers tell its
// relatives from it that way.
func TestABridgeAcknowledgesOnlyWhatItKnows(t *testing.T) {
	m := newMaster(t)
	for _, p := range [][]byte{{0x00}, {0xc3, 0xf0}, {0xe1, 0xb4}, {0xe1, 0xd2}, {0xf0, 0, 0}} {
		if err := m.b.Transfer([]Msg{{Data: p}}); !errors.Is(err, ErrNACK) {
			t.Errorf("%x: %v", p, err)
		}
	}
	m.write() // is it there?
	m.write(0xd2, 0xe2)
	if got := m.read(); got != 1 {
		t.Errorf("configuration %#x of a parameter that is no complement", got)
	}
}

func TestTemperatureIsClampedAndRounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := NewDS18B20(1)
		m := newMaster(t, d)
		for set, want := range map[float64]float64{-300: -55, 300: 125, 20.03: 20, 20.04: 20.0625, -20.04: -20.0625} {
			d.Set(set)
			m.convert(d)
			if got := celsius(m.pad(d)); math.Abs(got-want) > 1e-9 {
				t.Errorf("set %v, read %v", set, got)
			}
		}
	})
}
