// Package chips models the chips of a thermostat's board: an I2C bus with a
// BME280 and a DS2482 that leads to DS18B20 thermometers, and a bank of GPIO
// lines. A virtual machine uses them through [Bus.Serve] and [Bank.Serve]; a
// test sets their temperatures, breaks them and reads what happened. All of it
// is safe for concurrent use.
package chips

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"
)

// Msg is one message of an I2C transfer: from a start or repeated start to
// the next one, or to the stop.
type Msg struct {
	Read bool   // the master reads
	Data []byte // what is written; or room that the device fills
}

// Device is a chip on an I2C bus.
type Device interface {
	// Transfer answers the messages of one transfer, which have the device's
	// address. An error is a NACK.
	Transfer(msgs []Msg) error
}

// ErrNACK is the answer of a device that does not acknowledge, and of an
// address without a device.
var ErrNACK = errors.New("not acknowledged")

// Transfer is one message that went over a bus.
type Transfer struct {
	Time time.Time // when it ended
	Addr uint16
	Read bool
	Data []byte // what was written, or read; what a NACK read is meaningless
	NACK bool
}

// Bus is an I2C bus.
type Bus struct {
	wires sync.Mutex // held during a transfer: there is one at a time

	mu       sync.Mutex
	devices  map[uint16]Device
	log      []Transfer
	released chan struct{} // closed when the bus stalls no more; nil: it does not stall
}

// NewBus returns a bus without devices.
func NewBus() *Bus {
	return &Bus{devices: make(map[uint16]Device)}
}

// Attach puts a device at a 7-bit address, in place of the one that was there;
// nil takes that one away.
func (b *Bus) Attach(addr uint16, d Device) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if d == nil {
		delete(b.devices, addr)
		return
	}
	b.devices[addr] = d
}

// Log returns every message so far, in order.
func (b *Bus) Log() []Transfer {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Transfer(nil), b.log...)
}

// Stall makes the bus hang: no transfer begins until it is released.
func (b *Bus) Stall(stalled bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if stalled == (b.released != nil) {
		return
	}
	if stalled {
		b.released = make(chan struct{})
		return
	}
	close(b.released)
	b.released = nil
}

// Transfer sends messages to the device at an address. Without a device it is
// [ErrNACK]. While the bus stalls it waits, until ctx ends.
func (b *Bus) Transfer(ctx context.Context, addr uint16, msgs []Msg) error {
	if err := b.waitReleased(ctx); err != nil {
		return err
	}
	b.wires.Lock()
	defer b.wires.Unlock()
	err := ErrNACK
	if d := b.device(addr); d != nil {
		err = d.Transfer(msgs)
	}
	b.record(addr, msgs, err != nil)
	return err
}

// waitReleased waits until the bus does not stall.
func (b *Bus) waitReleased(ctx context.Context) error {
	for {
		b.mu.Lock()
		released := b.released
		b.mu.Unlock()
		if released == nil {
			return ctx.Err()
		}
		select {
		case <-released:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// device is the device at an address, or nil.
func (b *Bus) device(addr uint16) Device {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.devices[addr]
}

// record appends a transfer's messages to the log.
func (b *Bus) record(addr uint16, msgs []Msg, nack bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	for _, m := range msgs {
		b.log = append(b.log, Transfer{Time: now, Addr: addr, Read: m.Read, Data: bytes.Clone(m.Data), NACK: nack})
	}
}
