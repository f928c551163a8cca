package drivers

import (
	"errors"
	"fmt"
	"io"

	"periph.io/x/conn/v3/gpio"

	"thermostat/controlloop"
	"thermostat/drivers/aside"
)

// GPIO is what a configuration says about a relay on a GPIO line.
type GPIO struct {
	Chip      string `json:"chip,omitempty"` // label, or device such as gpiochip0; empty: the board's header
	Line      string `json:"line"`           // name such as GPIO17, or the number on the chip
	ActiveLow bool   `json:"active_low"`     // the relay is on while the line is low
}

// String names the line as an owner would: GPIO17, or GPIO17 of its chip.
func (g GPIO) String() string {
	if g.Chip == "" {
		return g.Line
	}
	return g.Line + " of " + g.Chip
}

func (g GPIO) text() string {
	if g.ActiveLow {
		return " " + g.String() + ", on while low"
	}
	return " " + g.String()
}

// The kinds of errors in opening a relay, to be told apart by [errors.Is].
var (
	ErrBusy         = errors.New("busy")
	ErrNoPermission = errors.New("no permission")
	ErrNoLine       = errors.New("no such line")
)

// OpenRelay takes a GPIO line, off from the first instant: one request carries
// direction, polarity, bias and level, so that no level but "off" is ever seen
// on the wire. The error is one of [ErrBusy], [ErrNoPermission] and [ErrNoLine]
// where it is one of these, and says how to mend it.
func OpenRelay(g GPIO) (*GPIORelay, error) {
	pin, err := openPin(g)
	if err != nil {
		return nil, err
	}
	return &GPIORelay{pin: pin, activeLow: g.ActiveLow}, nil
}

// openLine opens a relay on a line. One on an expander behind an I2C bus is switched aside,
// since that bus may hang, and read back: most kernels tell of no write that failed.
func openLine(h *Hardware, g GPIO) (controlloop.Relay, error) {
	relay, err := OpenRelay(g)
	if err != nil {
		return nil, err
	}
	at, err := ReadGPIOChips(h.Files.Path("/dev")).Find(g)
	if err != nil || at.Chip.Place == "" {
		return relay, nil
	}
	relay.read, _ = relay.pin.(readable)
	return aside.New(relay, g.String()), nil
}

// readable is a pin that may be read while it is an output.
type readable interface{ On() (bool, error) }

// GPIORelay is a relay on any pin that periph can drive.
type GPIORelay struct {
	pin       gpio.PinOut
	activeLow bool
	read      readable // nil: it is never read back
}

// Set switches the relay.
func (r *GPIORelay) Set(on bool) error {
	if err := r.pin.Out(gpio.Level(on != r.activeLow)); err != nil || r.read == nil {
		return err
	}
	switch is, err := r.read.On(); {
	case err != nil:
		return fmt.Errorf("%s: it was switched, and cannot be read back: %w", r.pin, err)
	case is != on:
		return fmt.Errorf("%s: it was switched, and reads otherwise", r.pin)
	}
	return nil
}

// Close drives the relay off and gives the line back; repeating it is harmless.
func (r *GPIORelay) Close() error {
	return errors.Join(r.Set(false), r.pin.Halt())
}

var (
	_ controlloop.Relay = (*GPIORelay)(nil)
	_ io.Closer         = (*GPIORelay)(nil)
)
