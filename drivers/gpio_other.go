//go:build !linux

package drivers

import (
	"fmt"

	"periph.io/x/conn/v3/gpio"

	"thermostat/drivers/aside"
)

// Only Linux has the GPIO character device; elsewhere the simulated devices work.

func openPin(g GPIO) (gpio.PinOut, error) {
	return nil, fmt.Errorf("%w: %v needs Linux", ErrNoLine, g)
}

func openInput(c Contact) (aside.Pin, error) {
	return nil, fmt.Errorf("%w: %v needs Linux", ErrNoLine, c.GPIO)
}

// ReadGPIOChip fails: a GPIO chip needs Linux.
func ReadGPIOChip(path string) (GPIOChip, error) {
	return GPIOChip{}, fmt.Errorf("%w: %s needs Linux", ErrNoLine, path)
}
