package drivers

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"thermostat/controlloop"
	"thermostat/drivers/modbus"
)

// openModbus opens a relay of a Modbus board, off. Its port must be there; the board may
// be silent: that is a fault of its zone.
func openModbus(h *Hardware, s modbus.Spec) (controlloop.Relay, error) {
	relay, err := h.Boards.Open(s)
	if err != nil {
		return nil, portError(s.Port, err)
	}
	return relay, nil
}

// portError says what keeps a serial port from being opened.
func portError(port string, err error) error {
	switch {
	case errors.Is(err, syscall.EBUSY):
		return fmt.Errorf("%s is %w: another program holds it (fuser -v %s names it); end that program first", port, ErrBusy, port)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w to open %s: add the user to the group dialout, or hand the device to the container", ErrNoPermission, port)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENXIO), errors.Is(err, syscall.ENODEV), errors.Is(err, syscall.ENOTTY):
		return fmt.Errorf("%w: %s is no serial port that is there (ls -l /dev/serial/by-id lists the adapters): %w", ErrNoLine, port, err)
	}
	return fmt.Errorf("%s: %w", port, err)
}

// Held is a relay of this machine that an agent holds, and that must be told to go off
// once the agent has died.
type Held struct {
	GPIO                  // a line
	Modbus modbus.Address `json:"modbus,omitzero"` // or, where the line has no name, a relay of a board
}

// String names it as an owner would.
func (h Held) String() string {
	if h.Modbus.Port != "" {
		return h.Modbus.String()
	}
	return h.GPIO.String()
}

// SwitchOff drives it off and gives it back. The error is one of [ErrBusy],
// [ErrNoPermission] and [ErrNoLine] where it is one of these.
func (h Held) SwitchOff() error {
	if h.Modbus.Port == "" {
		relay, err := OpenRelay(h.GPIO)
		if err != nil {
			return err
		}
		return relay.Close()
	}
	if err := modbus.Off(h.Modbus); err != nil {
		return portError(h.Modbus.Port, err)
	}
	return nil
}

// Board names the board that a relay is on; empty for a line.
func (h Held) Board() string {
	if h.Modbus.Port == "" {
		return ""
	}
	return fmt.Sprintf("unit %d on %s", h.Modbus.Unit, h.Modbus.Port)
}

// SameAs reports whether two are one relay of this machine, however they are written.
func (h Held) SameAs(o Held) bool {
	if h.Modbus.Port != "" || o.Modbus.Port != "" {
		return h.Modbus.Same(o.Modbus)
	}
	return SameLine("/", h.GPIO, o.GPIO)
}

// heldLine is that of a line; of one without a name nothing.
func heldLine(g GPIO) Held {
	if g.Line == "" {
		return Held{}
	}
	return Held{GPIO: g}
}

// heldCoil is that of a relay of a board; of one without a port nothing.
func heldCoil(a modbus.Address) Held {
	if a.Port == "" {
		return Held{}
	}
	return Held{Modbus: a}
}
