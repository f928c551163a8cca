// Package w1test makes the answers of 1-Wire thermometers, for tests.
package w1test

import (
	"encoding/hex"
	"errors"
	"math"
	"strings"

	"periph.io/x/conn/v3/onewire"

	"thermostat/controlloop"
)

// Pad makes a scratchpad with a valid checksum.
func Pad(raw int16, config, byte6 byte) []byte {
	b := []byte{byte(raw), byte(uint16(raw) >> 8), 0x4b, 0x46, config, 0xff, byte6, 0x10}
	return append(b, onewire.CalcCRC(b))
}

// Measured makes the scratchpad of a true measurement at 12 bits, °C.
func Measured(celsius float64) []byte {
	raw := int16(math.Round(celsius * 16))
	return Pad(raw, 0x7f, 0x10-byte(raw&0x0f))
}

// Printed gives bytes as the kernel prints them.
func Printed(b []byte) string {
	var spaced strings.Builder
	for _, x := range b {
		spaced.WriteString(hex.EncodeToString([]byte{x}) + " ")
	}
	return spaced.String() + ": crc=" + hex.EncodeToString(b[8:]) + " YES\n" + spaced.String() + "t=0\n"
}

// Judged gives the verdict of a read's error.
func Judged(err error) controlloop.Verdict {
	var bad *controlloop.BadReading
	if errors.As(err, &bad) {
		return bad.Verdict
	}
	if err != nil {
		return "an error without a verdict: " + controlloop.Verdict(err.Error())
	}
	return controlloop.VerdictOK
}
