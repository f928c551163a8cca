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

// openI2C opens /dev/i2c-N. periph hides why that failed, and the cure hangs on
// it, so the device is tried first.
func (h *Hardware) openI2C(number int) (i2c.BusCloser, error) {
	if h.i2c != nil {
		return h.i2c(number)
	}
	path := fmt.Sprintf("/dev/i2c-%d", number)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, i2cError(path, err)
	}
	_ = f.Close()
	bus, err := sysfs.NewI2C(number)
	if err != nil {
		return nil, bad(VerdictBusError, "%s: %w", path, err)
	}
	return bus, nil
}

func i2cError(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return bad(controlloop.VerdictAbsent, "%s is not there: add dtparam=i2c_arm=on to config.txt, modprobe i2c-dev, or start anew", path)
	case errors.Is(err, fs.ErrPermission):
		return bad(VerdictNoPermission, "%s may not be opened: add the user to the group i2c", path)
	}
	return bad(VerdictBusError, "%w", err)
}
