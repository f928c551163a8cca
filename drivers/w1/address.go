package w1

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"periph.io/x/conn/v3/onewire"
)

// Address makes the 64-bit address of a kernel's id: family, six bytes
// of serial number, most significant first, and the checksum of both.
func Address(id string) (onewire.Address, error) {
	if other := NoThermometer(id); other != "" {
		return 0, errors.New(other)
	}
	named, err := hex.DecodeString(strings.Replace(id, "-", "", 1))
	if err != nil || !IsID(id) {
		return 0, fmt.Errorf("%.40q is no thermometer's id such as 28-0316a2795bff", id)
	}
	b := make([]byte, 8)
	b[0] = named[0]
	for i, x := range named[1:] {
		b[6-i] = x
	}
	b[7] = onewire.CalcCRC(b[:7])
	return onewire.Address(binary.LittleEndian.Uint64(b)), nil
}

// IDOf is the id of an address, as the kernel would write it.
func IDOf(a onewire.Address) string {
	return fmt.Sprintf("%02x-%012x", uint64(a)&0xff, uint64(a)>>8&0xffffffffffff)
}
