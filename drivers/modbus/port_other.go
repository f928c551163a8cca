//go:build !linux

package modbus

import (
	"fmt"
	"io/fs"
)

// openSerial fails: a serial port needs Linux.
func openSerial(path string, _ int) (Port, error) {
	return nil, fmt.Errorf("%s needs Linux: %w", path, fs.ErrNotExist)
}
