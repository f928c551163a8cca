package chips

import (
	"fmt"
	"math"
	"sync"
	"time"
)

// The families of the models.
const (
	ds18s20Family  = 0x10
	ds1822Family   = 0x22
	ds18b20Family  = 0x28
	max31850Family = 0x3b
)

// The commands of a DS18B20 (datasheet 19-7487, tables "ROM commands" and
// "Function commands").
const (
	cmdSearchROM       = 0xf0
	cmdReadROM         = 0x33
	cmdMatchROM        = 0x55
	cmdSkipROM         = 0xcc
	cmdConvert         = 0x44
	cmdWriteScratchpad = 0x4e
	cmdReadScratchpad  = 0xbe
	cmdCopyScratchpad  = 0x48
	cmdRecall          = 0xb8
	cmdReadPower       = 0xb4
)

const (
	rawPowerOn = 0x0550 // 85 °C, what the temperature register has after power-on
	raw127     = 0x07ff
	rawTooHot  = 150 * 16
	rawTooCold = -60 * 16

	// reservedPowerOn is byte 6 after power-on.
	reservedPowerOn = 0x0c

	// eepromTime is the longest time of a copy to the EEPROM.
	eepromTime = 10 * time.Millisecond
)

// registers are the bytes a DS18B20 keeps in its EEPROM.
type registers struct {
	high, low, config byte
}

// DS18B20Counts are what a DS18B20 has been asked for.
type DS18B20Counts struct {
	Conversions      int
	ScratchpadReads  int // that began
	ScratchpadWrites int // that were complete
	EEPROMCopies     int // a part bears about 50,000
}

// DS18B20 is a thermometer on a 1-Wire line, with a supply of its own (no
// parasite power). [DS2482.Plug] connects it.
type DS18B20 struct {
	mu      sync.Mutex
	rom     [8]byte
	celsius float64
	fault   Fault
	counts  DS18B20Counts

	ram        registers
	eeprom     registers
	raw        int16
	reserved   byte // byte 6 of the scratchpad, see latch
	converting bool
	done       time.Time // when the conversion ends

	// step takes one time slot: what the master writes, and what this part
	// leaves on the wire (true: it does not pull it down). A slot in which the
	// master reads is one in which it writes a 1.
	step func(master bool) bool
}

// NewDS18B20 returns a thermometer at 20 °C with a 48-bit serial number.
func NewDS18B20(serial uint64) *DS18B20 {
	return newThermometer(ds18b20Family, serial)
}

// NewDS1822 returns a DS1822, which differs by its family alone.
func NewDS1822(serial uint64) *DS18B20 { return newThermometer(ds1822Family, serial) }

// NewDS18S20 returns a DS18S20, which counts halves of a kelvin and what is left (its datasheet, p. 6).
func NewDS18S20(serial uint64) *DS18B20 { return newThermometer(ds18s20Family, serial) }

// NewMAX31850 returns a MAX31850 with a thermocouple, which knows [Open] beside the faults of a DS18B20.
func NewMAX31850(serial uint64) *DS18B20 { return newThermometer(max31850Family, serial) }

func newThermometer(family byte, serial uint64) *DS18B20 {
	d := &DS18B20{celsius: 20, eeprom: registers{high: 0x4b, low: 0x46, config: 0x7f}}
	d.rom[0] = family
	for i := range 6 {
		d.rom[1+i] = byte(serial >> (8 * i))
	}
	d.rom[7] = crc8(d.rom[:7])
	d.powerOn()
	return d
}

// ID is the part's name in the kernel's form, such as 28-0316a2795bff.
func (d *DS18B20) ID() string {
	serial := uint64(0)
	for i := range 6 {
		serial |= uint64(d.rom[1+i]) << (8 * i)
	}
	return fmt.Sprintf("%02x-%012x", d.rom[0], serial)
}

// Set sets the physical temperature in °C.
func (d *DS18B20) Set(celsius float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	// A conversion that has ended shows what was before.
	d.settle()
	d.celsius = celsius
}

// Break gives the part a fault, or lifts it with [NoFault]. It knows BadCRC,
// AllOnes, AllZero, PowerOn, Value127, ReservedConfig, TooHot and TooCold. A
// lifted PowerOn leaves 85 °C until the next conversion.
func (d *DS18B20) Break(f Fault) {
	f.mustBeOneOf("DS18B20", NoFault, BadCRC, AllOnes, AllZero, PowerOn, Value127, ReservedConfig, TooHot, TooCold, Open)
	d.mu.Lock()
	defer d.mu.Unlock()
	// A conversion that has ended did so with the fault there was.
	d.settle()
	d.fault = f
	if f == PowerOn {
		d.powerOn()
	}
}

// Counts returns what the part has been asked for so far.
func (d *DS18B20) Counts() DS18B20Counts {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.counts
}

// connect is the moment in which the part gets its supply.
func (d *DS18B20) connect() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.powerOn()
}

// powerOn puts everything to what it is after power-on.
func (d *DS18B20) powerOn() {
	d.ram = d.eeprom
	d.raw, d.reserved = rawPowerOn, reservedPowerOn
	d.converting = false
	d.deselect()
}

// reset is a reset pulse: the part awaits a ROM command. A conversion goes on.
func (d *DS18B20) reset() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.receive(1, d.romCommand)
}

// slot is one time slot on the wire.
func (d *DS18B20) slot(master bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.step(master)
}

// deselect ignores everything until the next reset pulse.
func (d *DS18B20) deselect() {
	d.step = func(bool) bool { return true }
}

// receive collects n bytes of the master and goes on with them.
func (d *DS18B20) receive(n int, next func([]byte)) {
	got, bits := make([]byte, n), 0
	d.step = func(master bool) bool {
		if master {
			got[bits/8] |= 1 << (bits % 8)
		}
		if bits++; bits == 8*n {
			next(got)
		}
		return true
	}
}

// send sends bytes and goes on.
func (d *DS18B20) send(p []byte, next func()) {
	bits := 0
	d.step = func(bool) bool {
		bit := bitOf(p, bits)
		if bits++; bits == 8*len(p) {
			next()
		}
		return bit
	}
}

// romCommand does a ROM command.
func (d *DS18B20) romCommand(command []byte) {
	switch command[0] {
	case cmdSearchROM:
		d.search(0)
	case cmdReadROM:
		d.send(d.rom[:], d.selected)
	case cmdMatchROM:
		d.receive(8, func(rom []byte) {
			if [8]byte(rom) == d.rom {
				d.selected()
			} else {
				d.deselect()
			}
		})
	case cmdSkipROM:
		d.selected()
	default:
		d.deselect()
	}
}

// search answers bit i of a search: the bit, its complement, and then the part
// stays only if the master chose its bit.
func (d *DS18B20) search(i int) {
	if i == 8*len(d.rom) {
		d.deselect()
		return
	}
	bit, slots := bitOf(d.rom[:], i), 0
	d.step = func(master bool) bool {
		slots++
		switch {
		case slots == 1:
			return bit
		case slots == 2:
			return !bit
		case master == bit:
			d.search(i + 1)
		default:
			d.deselect()
		}
		return true
	}
}

// selected awaits a function command.
func (d *DS18B20) selected() {
	d.receive(1, d.functionCommand)
}

// functionCommand does a function command.
func (d *DS18B20) functionCommand(command []byte) {
	d.settle()
	switch command[0] {
	case cmdConvert:
		d.convert()
	case cmdReadScratchpad:
		d.counts.ScratchpadReads++
		pad := d.scratchpad()
		d.send(pad[:], d.deselect)
	case cmdWriteScratchpad:
		d.receive(3, d.writeScratchpad)
	case cmdCopyScratchpad:
		d.counts.EEPROMCopies++
		d.eeprom = d.ram
		d.busyUntil(time.Now().Add(eepromTime))
	case cmdRecall:
		d.ram = d.eeprom
		d.deselect() // reads as 1: done
	case cmdReadPower:
		d.deselect() // reads as 1: not parasite powered
	default:
		d.deselect()
	}
}

// busyUntil answers 0 until a moment, then 1.
func (d *DS18B20) busyUntil(end time.Time) {
	d.step = func(bool) bool { return !time.Now().Before(end) }
}

// writeScratchpad takes the alarm bytes and the configuration, of which only
// the resolution can be written.
func (d *DS18B20) writeScratchpad(p []byte) {
	d.counts.ScratchpadWrites++
	d.ram = registers{high: p[0], low: p[1], config: p[2]&0x60 | 0x1f}
	d.deselect()
}

// resolution is the number of bits of a conversion, 9 to 12.
func (d *DS18B20) resolution() int {
	return 9 + int(d.ram.config>>5&3)
}

// convert begins a conversion: 750 ms at 12 bits, half of that for each bit
// less.
func (d *DS18B20) convert() {
	d.counts.Conversions++
	d.converting = true
	d.done = time.Now().Add(750 * time.Millisecond >> (12 - d.resolution()))
	d.busyUntil(d.done)
}

// settle ends a conversion whose time has come.
func (d *DS18B20) settle() {
	if !d.converting || time.Now().Before(d.done) {
		return
	}
	d.converting = false
	if d.fault != PowerOn {
		d.latch()
	}
}

// latch puts the temperature into the scratchpad; bits below the resolution
// are 0. The datasheet calls byte 6 reserved. On a genuine part it counts what
// is left of a sixteenth (the DS18S20's COUNT_REMAIN), 0x10 less the low four
// bits of the reading, while after power-on it is 0x0c: so a conversion that
// really saw 85 °C has 0x10 there, and a 0x0c beside 85 °C means that there
// was no conversion. The kernel's w1_therm makes the same check if bit 1 of
// "features" is set. 0x0c alone proves nothing, 25.25 °C has it too.
func (d *DS18B20) latch() {
	raw := int16(math.Round(max(-55, min(d.celsius, 125)) * 16))
	d.raw = raw &^ (1<<(12-d.resolution()) - 1)
	d.reserved = reservedOf(d.raw)
}

// reservedOf is byte 6 after a conversion.
func reservedOf(raw int16) byte {
	return 0x10 - byte(raw&0xf)
}

// scratchpad is what the master reads: the part's own bytes, or what the fault
// makes of them.
func (d *DS18B20) scratchpad() [9]byte {
	raw, reserved, config := d.raw, d.reserved, d.ram.config
	switch d.fault {
	case AllOnes:
		return [9]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	case AllZero:
		return [9]byte{}
	case Value127:
		raw, reserved = raw127, reservedPowerOn
	case TooHot:
		raw, reserved = rawTooHot, reservedOf(rawTooHot)
	case TooCold:
		raw, reserved = rawTooCold, reservedOf(rawTooCold)
	case ReservedConfig:
		config = 0
	}
	pad := [9]byte{byte(raw), byte(raw >> 8), d.ram.high, d.ram.low, config, 0xff, reserved, 0x10}
	switch d.rom[0] {
	case ds18s20Family:
		pad = halves(raw, d.ram)
	case max31850Family:
		pad = d.thermocouple(raw)
	}
	pad[8] = crc8(pad[:8])
	if d.fault == BadCRC {
		pad[8] ^= 0xff
	}
	return pad
}

// halves is the scratchpad of a DS18S20: the temperature without its quarter, and
// the count that is left of a kelvin.
func halves(raw int16, ram registers) [9]byte {
	counted := raw + 4 // a quarter more, as the formula takes it off again
	whole := counted >> 4
	pad := [9]byte{byte(whole << 1), byte(whole >> 7), ram.high, ram.low, 0xff, 0xff, byte(16 - counted&0xf), 0x10}
	if raw == rawPowerOn {
		pad[0], pad[1], pad[6] = 0xaa, 0, reservedPowerOn
	}
	return pad
}

// thermocouple is the scratchpad of a MAX31850 (19-6266, p. 13), whose own
// temperature is 20 °C.
func (d *DS18B20) thermocouple(raw int16) [9]byte {
	low := byte(raw) &^ 3
	pad := [9]byte{low, byte(raw >> 8), 0x40, 0x01, 0xf0, 0xff, 0xff, 0xff}
	if d.fault == Open {
		pad[0], pad[2] = low|1, 0x41
	}
	return pad
}
