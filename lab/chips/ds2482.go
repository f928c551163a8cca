package chips

import (
	"slices"
	"sync"
)

// The commands of a DS2482-100 (datasheet 19-4930, "Function commands").
const (
	bridgeReset       = 0xf0
	bridgeSetPointer  = 0xe1
	bridgeWriteConfig = 0xd2
	bridgeLineReset   = 0xb4
	bridgeSingleBit   = 0x87
	bridgeWriteByte   = 0xa5
	bridgeReadByte    = 0x96
	bridgeTriplet     = 0x78
)

// The codes of its read pointer.
const (
	pointStatus = 0xf0
	pointData   = 0xe1
	pointConfig = 0xc3
)

// The bits of its status register.
const (
	statusBusy     = 0x01 // 1WB: the line is busy
	statusPresence = 0x02 // PPD: a part answered the reset pulse
	statusShort    = 0x04 // SD: the line was low when it should not
	statusLevel    = 0x08 // LL: the line's level now
	statusReset    = 0x10 // RST: it was reset and not configured since
	statusBit      = 0x20 // SBR: the bit read
	statusSecond   = 0x40 // TSB: a triplet's second bit
	statusDir      = 0x80 // DIR: the direction a triplet took
)

// DS2482 is a DS2482-100, a bridge from I2C (address 0x18 to 0x1b) to one
// 1-Wire line. A command on the line is finished at once.
type DS2482 struct {
	mu      sync.Mutex
	parts   []*DS18B20
	fault   Fault
	pointer byte
	status  byte // without the bits that are made up when it is read
	config  byte
	data    byte
}

// NewDS2482 returns a bridge with nothing on its line.
func NewDS2482() *DS2482 {
	b := &DS2482{}
	b.reset()
	return b
}

// Plug connects a thermometer, which gets its supply now.
func (b *DS2482) Plug(d *DS18B20) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if slices.Contains(b.parts, d) {
		return
	}
	d.connect()
	b.parts = append(b.parts, d)
}

// Unplug takes a thermometer off the line.
func (b *DS2482) Unplug(d *DS18B20) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.parts = slices.DeleteFunc(b.parts, func(p *DS18B20) bool { return p == d })
}

// Break gives the bridge a fault, or lifts it with [NoFault]. It knows Short,
// Gone and StuckBusy.
func (b *DS2482) Break(f Fault) {
	f.mustBeOneOf("DS2482", NoFault, Short, Gone, StuckBusy)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fault = f
}

// Transfer implements [Device].
func (b *DS2482) Transfer(msgs []Msg) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fault == Gone {
		return ErrNACK
	}
	for _, m := range msgs {
		if m.Read {
			b.read(m.Data)
		} else if err := b.write(m.Data); err != nil {
			return err
		}
	}
	return nil
}

// read reads the register at the pointer, again and again.
func (b *DS2482) read(p []byte) {
	for i := range p {
		p[i] = b.register()
	}
}

func (b *DS2482) register() byte {
	switch b.pointer {
	case pointData:
		return b.data
	case pointConfig:
		return b.config
	}
	status := b.status
	if b.fault != Short {
		status |= statusLevel // nothing pulls the line down between two slots
	}
	if b.fault == StuckBusy {
		status |= statusBusy
	}
	return status
}

// write does a command. A message without bytes only asks whether the bridge
// is there.
func (b *DS2482) write(p []byte) error {
	switch len(p) {
	case 0:
		return nil
	case 1:
		return b.command(p[0])
	case 2:
		return b.commandWith(p[0], p[1])
	}
	return ErrNACK
}

// command does a command without a parameter.
func (b *DS2482) command(command byte) error {
	switch {
	case command == bridgeReset:
		b.reset()
	case b.fault == StuckBusy:
		// A command on the line is not acknowledged while that is busy.
		return ErrNACK
	case command == bridgeLineReset:
		b.lineReset()
	case command == bridgeReadByte:
		b.data = b.readByte()
	default:
		return ErrNACK
	}
	b.pointer = pointStatus
	return nil
}

// commandWith does a command with a parameter. The commands of the bridge's
// relatives (0xc3: choose a channel, adjust the port) are not acknowledged,
// which is how drivers tell them apart.
func (b *DS2482) commandWith(command, parameter byte) error {
	switch {
	case command == bridgeSetPointer:
		return b.setPointer(parameter)
	case b.fault == StuckBusy:
		return ErrNACK
	case command == bridgeWriteConfig:
		b.writeConfig(parameter)
		return nil
	case command == bridgeSingleBit:
		b.setBits(statusBit, b.slot(parameter&0x80 != 0))
	case command == bridgeWriteByte:
		b.writeByte(parameter)
	case command == bridgeTriplet:
		b.triplet(parameter&0x80 != 0)
	default:
		return ErrNACK
	}
	b.pointer = pointStatus
	return nil
}

func (b *DS2482) reset() {
	b.status, b.config, b.data, b.pointer = statusReset, 0, 0, pointStatus
}

func (b *DS2482) setPointer(code byte) error {
	switch code {
	case pointStatus, pointData, pointConfig:
		b.pointer = code
		return nil
	}
	return ErrNACK
}

// writeConfig takes a configuration, whose high bits must be the complement of
// its low ones, and points at it.
func (b *DS2482) writeConfig(parameter byte) {
	if parameter>>4^parameter&0xf == 0xf {
		b.config = parameter & 0xf
		b.status &^= statusReset
	}
	b.pointer = pointConfig
}

// setBits sets or clears bits of the status.
func (b *DS2482) setBits(bits byte, on bool) {
	b.status &^= bits
	if on {
		b.status |= bits
	}
}

// lineReset sends a reset pulse. While the line is shorted nothing is said to
// be present.
func (b *DS2482) lineReset() {
	short := b.fault == Short
	b.setBits(statusShort, short)
	b.setBits(statusPresence, !short && len(b.parts) > 0)
	if short {
		return
	}
	for _, d := range b.parts {
		d.reset()
	}
}

// slot is one time slot on the line, which is low if anyone pulls it down.
func (b *DS2482) slot(master bool) bool {
	if b.fault == Short {
		return false
	}
	level := master
	for _, d := range b.parts {
		if !d.slot(master) {
			level = false
		}
	}
	return level
}

func (b *DS2482) writeByte(v byte) {
	for i := range 8 {
		b.slot(v>>i&1 != 0)
	}
}

func (b *DS2482) readByte() byte {
	var v byte
	for i := range 8 {
		if b.slot(true) {
			v |= 1 << i
		}
	}
	return v
}

// triplet does a step of a search: it reads a bit and its complement and
// writes the direction, which is the wish only if parts disagree.
func (b *DS2482) triplet(wish bool) {
	first, second := b.slot(true), b.slot(true)
	direction := first
	if !first && !second {
		direction = wish
	}
	b.slot(direction)
	b.setBits(statusBit, first)
	b.setBits(statusSecond, second)
	b.setBits(statusDir, direction)
}
