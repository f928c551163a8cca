package drivers

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/host/v3/sysfs"

	"thermostat/controlloop"
)

// OpenI2C opens /dev/i2c-N. periph hides why that failed, and the cure hangs on
// it, so the device is tried first.
func (h *Hardware) OpenI2C(number int) (i2c.BusCloser, error) {
	if h.I2C != nil {
		return h.I2C(number)
	}
	path := fmt.Sprintf("/dev/i2c-%d", number)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, i2cError(path, err)
	}
	_ = f.Close()
	bus, err := sysfs.NewI2C(number)
	if err != nil {
		return nil, bad(controlloop.VerdictBusError, "%s: %w", path, err)
	}
	return bus, nil
}

// openChip opens the bus of a chip, unless a driver of the kernel's works with
// that chip: two masters of one chip would spoil each other's answers.
func (h *Hardware) openChip(number int, address uint16) (i2c.BusCloser, error) {
	if name, held := h.HeldI2C(number, address); held {
		return nil, bad(controlloop.VerdictBusError, "the kernel's driver %s holds the chip at %#x on i2c-%d: take its overlay out of config.txt, or for a DS2482 use bus: kernel", name, address, number)
	}
	return h.OpenI2C(number)
}

func i2cError(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return bad(controlloop.VerdictAbsent, "%s is not there: add dtparam=i2c_arm=on to config.txt, modprobe i2c-dev, or start anew", path)
	case errors.Is(err, fs.ErrPermission):
		return bad(controlloop.VerdictNoPermission, "%s may not be opened: add the user to the group i2c", path)
	}
	return bad(controlloop.VerdictBusError, "%w", err)
}

// HeldI2C reports whether a driver of the kernel's works with a chip, and what
// it calls it.
func (h *Hardware) HeldI2C(number int, address uint16) (name string, held bool) {
	device := fmt.Sprintf("%d-%04x", number, address)
	if !h.Files.Exists("/sys/bus/i2c/devices", device, "driver") {
		return "", false
	}
	name, _ = h.Files.Value("/sys/bus/i2c/devices", device, "name")
	return name, true
}
