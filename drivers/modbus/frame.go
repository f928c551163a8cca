package modbus

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"
)

// The functions of a board (MODBUS Application Protocol 1.1b3, 6.1 and 6.5), and what
// boards with a timer make of a coil that lies 0x200 higher: they close its contact for
// so many tenths of a second.
const (
	readCoils  = 0x01
	writeCoil  = 0x05
	refusal    = 0x80 // is added to the function by a board that will not
	flashOn    = 0x0200
	valueOff   = 0x0000
	valueOn    = 0xff00
	flashUnit  = 100 * time.Millisecond
	frameBytes = 8 // of every request
)

// frame is a request, ready for the wire.
type frame [frameBytes]byte

func request(unit int, function byte, address, value int) (f frame) {
	f[0], f[1] = byte(unit), function
	binary.BigEndian.PutUint16(f[2:], uint16(address))
	binary.BigEndian.PutUint16(f[4:], uint16(value))
	Sign(f[:])
	return f
}

// Sign makes the last two bytes the checksum of the others.
func Sign(b []byte) []byte {
	binary.LittleEndian.PutUint16(b[len(b)-2:], checksum(b[:len(b)-2]))
	return b
}

// checksum is the CRC of Modbus (MODBUS over Serial Line 1.02, 6.2.2).
func checksum(b []byte) uint16 {
	crc := uint16(0xffff)
	for _, x := range b {
		crc ^= uint16(x)
		for range 8 {
			odd := crc&1 == 1
			if crc >>= 1; odd {
				crc ^= 0xa001
			}
		}
	}
	return crc
}

// Sound reports whether the last two bytes are the checksum of the others.
func Sound(b []byte) bool {
	return len(b) > 2 && checksum(b[:len(b)-2]) == binary.LittleEndian.Uint16(b[len(b)-2:])
}

// Refused is the error of a board that understood and will not.
type Refused struct{ Code byte }

// Error says why in the words of the protocol.
func (r Refused) Error() string {
	words := map[byte]string{1: "illegal function", 2: "illegal address", 3: "illegal value", 4: "device failure", 6: "busy"}
	if w := words[r.Code]; w != "" {
		return fmt.Sprintf("the board refuses: %s (exception %d)", w, r.Code)
	}
	return fmt.Sprintf("the board refuses (exception %d)", r.Code)
}

// answerIn looks for the answer to a request in what has come. Whatever stands before
// it belongs to somebody else, came too late or is damaged: it is skipped.
func (f frame) answerIn(got []byte) (on, found bool, err error) {
	for i := range got {
		rest := got[i:]
		switch {
		case rest[0] != f[0]:
		case f[1] == writeCoil && bytes.HasPrefix(rest, f[:]):
			return f[4]|f[5] != 0, true, nil
		case f[1] == readCoils && len(rest) >= 6 && rest[1] == readCoils && rest[2] == 1 && Sound(rest[:6]):
			return rest[3]&1 == 1, true, nil
		case len(rest) >= 5 && rest[1] == f[1]|refusal && Sound(rest[:5]):
			return false, true, Refused{rest[2]}
		}
	}
	return false, false, nil
}
