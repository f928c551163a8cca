package drivers

import (
	"context"
	"encoding/binary"
	"time"

	"periph.io/x/conn/v3/i2c"

	"thermostat/controlloop"
)

// DefaultSHT3x is an SHT3x as most boards carry it.
func DefaultSHT3x() I2CPlace { return I2CPlace{Bus: 1, Address: 0x44} }

// The commands of an SHT3x and what is in its status (Sensirion's datasheet
// SHT3x-DIS, version 6, p. 10..13).
const (
	sht3xMeasure   = 0x2400 // once, as finely as it can, without holding the clock
	sht3xStatus    = 0xf32d
	sht3xBreak     = 0x3093 // ends a series that another program began
	sht3xHeaterOff = 0x3066

	sht3xHeats   = 1 << 13
	sht3xRefused = 1<<1 | 1<<0 // the last command was not understood, or its checksum was wrong

	sht3xTakes = 16 * time.Millisecond // the longest measurement is 15 ms (p. 7)
	sht3xLimit = 2 * time.Second       // and the kernel's own second for a transfer that hangs
)

func openSHT3x(h *Hardware, at I2CPlace) controlloop.Sensor {
	return &sht3x{at: at, open: h.openChip, memory: h.chip(at), readLimit: readLimit{limit: sht3xLimit}}
}

// sht3x measures with an SHT30, SHT31 or SHT35, once a read. Each word of its
// answers has a checksum, which the kernel's own driver does not look at.
type sht3x struct {
	at        I2CPlace
	open      func(number int, address uint16) (i2c.BusCloser, error)
	memory    *chipMemory // two zones may share one chip
	readLimit readLimit

	bus i2c.BusCloser // nil until set up, and after any error
}

// Read measures, which takes some 20 ms.
func (s *sht3x) Read(ctx context.Context) (controlloop.Reading, error) {
	return s.readLimit.read(ctx, s.measure)
}

func (s *sht3x) measure() (controlloop.Reading, error) {
	s.memory.turns.take()
	defer s.memory.turns.give()
	r, err := s.sense()
	if err != nil && s.bus != nil {
		_ = s.bus.Close() // the error that counts is the first
		s.bus = nil
	}
	return r, err
}

func (s *sht3x) sense() (controlloop.Reading, error) {
	if s.bus == nil {
		if err := s.setUp(); err != nil {
			return controlloop.Reading{}, err
		}
	}
	began := time.Now() // the value is at least as young as this
	if err := s.send(sht3xMeasure); err != nil {
		return controlloop.Reading{}, err
	}
	time.Sleep(sht3xTakes)
	words, err := sht3xWords(s.bus, s.at.Address, nil, 2)
	if err != nil {
		return controlloop.Reading{}, err
	}
	if err := s.obeyed(); err != nil {
		return controlloop.Reading{}, err
	}
	r := controlloop.Temperature(-45+175*float64(words[0])/65535, began) // p. 14
	r.Humidity, r.Step = 100*float64(words[1])/65535, 175./65535
	if r.Celsius < -40 || r.Celsius > 125 {
		return controlloop.Reading{}, bad(controlloop.VerdictOutOfRange, "%.2f °C is outside the chip's -40..125 °C", r.Celsius)
	}
	return r, nil
}

// setUp asks for the status first: only a chip that answers it with a right
// checksum is given any other command.
func (s *sht3x) setUp() (err error) {
	if s.bus, err = s.open(s.at.Bus, s.at.Address); err != nil {
		s.bus = nil
		return err
	}
	if _, err := SHT3xStatus(s.bus, s.at.Address); err != nil {
		return err
	}
	if err := s.send(sht3xBreak); err != nil {
		return err
	}
	time.Sleep(time.Millisecond) // p. 12
	return nil
}

// obeyed finds a measurement that was none, and the chip's own heater, which is
// for tests: it makes the air around it warmer than the room.
func (s *sht3x) obeyed() error {
	status, err := SHT3xStatus(s.bus, s.at.Address)
	switch {
	case err != nil:
		return err
	case status&sht3xRefused != 0:
		return bad(controlloop.VerdictNotConverted, "the chip has not understood what it was told, its status is %#04x: the wires are disturbed", status)
	case status&sht3xHeats != 0:
		_ = s.send(sht3xHeaterOff) // the next read finds whether it went off
		return bad(controlloop.VerdictBadConfig, "the chip's own heater was on, which another program or a disturbance has switched on: it is switched off")
	}
	return nil
}

func (s *sht3x) send(command uint16) error {
	if err := s.bus.Tx(s.at.Address, binary.BigEndian.AppendUint16(nil, command), nil); err != nil {
		return sht3xSilent(s.at.Address, err)
	}
	return nil
}

func sht3xSilent(address uint16, err error) error {
	return bad(controlloop.VerdictBusError, "no SHT3x answers at %#x, or the bus is disturbed (an SHT4x is read with driver: kernel): %w", address, err)
}

// SHT3xStatus asks an SHT3x for its status, which changes nothing in it.
func SHT3xStatus(bus i2c.Bus, address uint16) (uint16, error) {
	words, err := sht3xWords(bus, address, binary.BigEndian.AppendUint16(nil, sht3xStatus), 1)
	if err != nil {
		return 0, err
	}
	return words[0], nil
}

// sht3xWords reads words, each with its checksum.
func sht3xWords(bus i2c.Bus, address uint16, ask []byte, n int) ([]uint16, error) {
	b := make([]byte, 3*n)
	if err := bus.Tx(address, ask, b); err != nil {
		return nil, sht3xSilent(address, err)
	}
	var words []uint16
	for i := 0; i < len(b); i += 3 {
		if sht3xCRC(b[i:i+2]) != b[i+2] {
			return nil, bad(controlloop.VerdictCRC, "damaged on the wire, or another chip than an SHT3x: % x", b)
		}
		words = append(words, binary.BigEndian.Uint16(b[i:]))
	}
	return words, nil
}

// sht3xCRC is the checksum of a word: x⁸+x⁵+x⁴+1, most significant bit first,
// from 0xff on (p. 14).
func sht3xCRC(word []byte) byte {
	crc := byte(0xff)
	for _, b := range word {
		crc ^= b
		for range 8 {
			carry := crc & 0x80
			if crc <<= 1; carry != 0 {
				crc ^= 0x31
			}
		}
	}
	return crc
}
