// Package periphbus lets periph's drivers use a modelled I2C bus without any
// kernel between.
package periphbus

import (
	"context"
	"errors"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"

	"thermostat/lab/chips"
)

// New returns the bus as periph has one.
func New(bus *chips.Bus) i2c.Bus {
	return adapter{bus}
}

type adapter struct {
	bus *chips.Bus
}

// String implements [i2c.Bus].
func (a adapter) String() string {
	return "modelled bus"
}

// Tx implements [i2c.Bus]: a write, a read, or both in one transfer.
func (a adapter) Tx(addr uint16, w, r []byte) error {
	var msgs []chips.Msg
	if len(w) > 0 {
		msgs = append(msgs, chips.Msg{Data: w})
	}
	if len(r) > 0 {
		msgs = append(msgs, chips.Msg{Read: true, Data: r})
	}
	return a.bus.Transfer(context.Background(), addr, msgs)
}

// SetSpeed implements [i2c.Bus]: a modelled bus has no clock.
func (a adapter) SetSpeed(physic.Frequency) error {
	return errors.New("a modelled bus has no clock to set")
}
