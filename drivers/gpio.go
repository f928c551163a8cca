package drivers

import (
	"errors"
	"io"

	"periph.io/x/conn/v3/gpio"

	"thermostat/controlloop"
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
	return &GPIORelay{pin, g.ActiveLow}, nil
}

// GPIORelay is a relay on any pin that periph can drive.
type GPIORelay struct {
	pin       gpio.PinOut
	activeLow bool
}

// Set switches the relay.
func (r *GPIORelay) Set(on bool) error { return r.pin.Out(gpio.Level(on != r.activeLow)) }

// Close drives the relay off and gives the line back; repeating it is harmless.
func (r *GPIORelay) Close() error {
	return errors.Join(r.Set(false), r.pin.Halt())
}

var (
	_ controlloop.Relay = (*GPIORelay)(nil)
	_ io.Closer         = (*GPIORelay)(nil)
)
