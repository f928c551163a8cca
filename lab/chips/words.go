package chips

import (
	"encoding/binary"
	"math"
	"sync"
)

// WordSensor is a thermometer and hygrometer that answers commands by words of 16
// bits, each with a checksum: an SHT3x, an SHT4x or an HTU21. A measurement is
// finished at once.
type WordSensor struct {
	mu                sync.Mutex
	celsius, humidity float64
	fault             Fault
	begin             byte // what the checksum starts from
	answer            func(c *WordSensor, command []byte) (words []uint16, understood bool)
	pending           []byte // what the next read gets
}

// NewSHT3x returns a chip at 20 °C and 50 % (Sensirion's datasheet SHT3x-DIS; address 0x44 or 0x45).
func NewSHT3x() *WordSensor {
	return newWordSensor(0xff, func(c *WordSensor, command []byte) ([]uint16, bool) {
		if len(command) != 2 {
			return nil, false
		}
		switch binary.BigEndian.Uint16(command) {
		case 0x2400, 0x2c06: // measure
			return []uint16{share((c.celsius + 45) / 175), share(c.humidity / 100)}, true
		case 0xf32d, 0xe102, 0xe11f, 0xe114, 0xe109: // the status, the limits of alerts
			return []uint16{0}, true
		}
		return nil, true // reset, clear, break
	})
}

// NewSHT4x returns a chip at 20 °C and 50 % (datasheet SHT4x; address 0x44).
func NewSHT4x() *WordSensor {
	return newWordSensor(0xff, func(c *WordSensor, command []byte) ([]uint16, bool) {
		switch {
		case len(command) != 1:
			return nil, false
		case command[0] == 0xfd: // measure
			return []uint16{share((c.celsius + 45) / 175), share((c.humidity + 6) / 125)}, true
		}
		return nil, command[0] == 0x94 // reset
	})
}

// NewHTU21 returns a chip at 20 °C and 50 % (datasheet HTU21D; address 0x40).
func NewHTU21() *WordSensor {
	return newWordSensor(0, func(c *WordSensor, command []byte) ([]uint16, bool) {
		switch {
		case len(command) == 2: // a part of the serial number, which is 0 and so are its checksums
			return []uint16{0, 0, 0}, true
		case len(command) != 1:
			return nil, false
		case command[0] == 0xf3:
			return []uint16{share((c.celsius + 46.85) / 175.72)}, true
		case command[0] == 0xf5:
			return []uint16{share((c.humidity + 6) / 125)}, true
		}
		return nil, true // reset, user register
	})
}

func newWordSensor(begin byte, answer func(*WordSensor, []byte) ([]uint16, bool)) *WordSensor {
	return &WordSensor{celsius: 20, humidity: 50, begin: begin, answer: answer}
}

// share is a part of the whole range of a word.
func share(x float64) uint16 { return uint16(math.Round(max(0, min(x, 1)) * 65535)) }

// Set sets what is around the chip: °C, % relative humidity.
func (c *WordSensor) Set(celsius, humidityPercent float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.celsius, c.humidity = celsius, humidityPercent
}

// Break gives the chip a fault, or lifts it with [NoFault]. It knows Gone, and
// BadCRC, which turns one bit of each first word.
func (c *WordSensor) Break(f Fault) {
	f.mustBeOneOf("sensor of words", NoFault, Gone, BadCRC)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fault, c.pending = f, nil
}

// Transfer implements [Device].
func (c *WordSensor) Transfer(msgs []Msg) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fault == Gone {
		return ErrNACK
	}
	for _, m := range msgs {
		if !m.Read {
			words, understood := c.answer(c, m.Data)
			if !understood {
				return ErrNACK
			}
			c.pending = c.coded(words)
			continue
		}
		if len(c.pending) == 0 {
			return ErrNACK
		}
		clear(m.Data)
		copy(m.Data, c.pending)
		c.pending = nil
	}
	return nil
}

// coded are words with their checksums, as they go over the wire.
func (c *WordSensor) coded(words []uint16) (b []byte) {
	for _, w := range words {
		b = binary.BigEndian.AppendUint16(b, w)
		b = append(b, wordCRC(c.begin, b[len(b)-2:]))
	}
	if c.fault == BadCRC && len(b) > 0 {
		b[0] ^= 0x10
	}
	return b
}

// wordCRC is x⁸+x⁵+x⁴+1, most significant bit first.
func wordCRC(crc byte, word []byte) byte {
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
