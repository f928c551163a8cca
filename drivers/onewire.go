package drivers

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/onewire"
	"periph.io/x/devices/v3/ds248x"
	"periph.io/x/host/v3/netlink"

	"thermostat/controlloop"
	"thermostat/drivers/w1"
)

// The DS18B20's function commands (datasheet p. 10..12).
const (
	commandConvert         = 0x44
	commandWriteScratchpad = 0x4e
	commandReadScratchpad  = 0xbe
)

// longestConversion is that of 12 bits (datasheet p. 8); each bit less halves it.
const longestConversion = 750 * time.Millisecond

// DS2482Address is that of a bridge whose address pins are grounded
// (DS2482-100 datasheet p. 8).
const DS2482Address = 0x18

// What is asked of a DS2482 that periph gave up (its datasheet p. 6, 10).
const (
	bridgeReadPointer = 0xe1 // command: set the read pointer
	bridgeStatus      = 0xf0 // its code for the status register
	bridgeLineHigh    = 0x08 // LL: the logic level of the line
	bridgeWasReset    = 0x10 // RST: no command on the line since a reset
)

func (h *Hardware) openBridged(d DS18B20) (controlloop.Sensor, error) {
	address, err := w1.Address(d.ID)
	if err != nil {
		return nil, err
	}
	return &bridgedThermometer{
		bus: h.oneWireBus(d), address: address, resolution: d.Resolution,
		readLimit: readLimit{limit: oneWireLimit, queue: h.oneWireQueue(d)},
	}, nil
}

// oneWireBus is a bus outside the kernel's w1_therm; all its thermometers share
// it, one at a time.
type oneWireBus struct {
	connect func() (onewire.Bus, func() error, error)
	queue   queue

	turns turns
	bus   onewire.Bus // nil until connected, and after any error
	close func() error
}

// oneWireBus gives the bus of a thermometer, the same for all that are on it.
func (h *Hardware) oneWireBus(d DS18B20) *oneWireBus {
	if d.Bus == "netlink" {
		return h.shared("netlink "+d.ID, func() (onewire.Bus, func() error, error) { return h.connectNetlink(d.ID) })
	}
	return h.shared("ds2482 "+strconv.Itoa(d.I2CBus), func() (onewire.Bus, func() error, error) { return h.connectDS2482(d.I2CBus) })
}

// oneWireQueue counts the thermometers that a thermometer's bus serves one after
// another: a bridge always does, the kernel those that are fed by the data line,
// on all its masters together.
func (h *Hardware) oneWireQueue(d DS18B20) *queue {
	if d.Bus == "ds2482" {
		return &h.oneWireBus(d).queue
	}
	return &h.kernelQueue
}

func (h *Hardware) shared(name string, connect func() (onewire.Bus, func() error, error)) *oneWireBus {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.buses[name] == nil {
		h.buses[name] = &oneWireBus{connect: connect}
	}
	return h.buses[name]
}

func (h *Hardware) connectDS2482(number int) (onewire.Bus, func() error, error) {
	bus, err := h.openChip(number, DS2482Address)
	if err != nil {
		return nil, nil, err
	}
	bridge, err := ds248x.New(bus, DS2482Address, &ds248x.DefaultOpts)
	if err != nil {
		err = bridgeError(bus, number, err)
		_ = bus.Close() // the error that counts is the first
		return nil, nil, err
	}
	return bridge, bus.Close, nil
}

// bridgeError tells a bridge that is not there from one whose line is shorted:
// periph takes both for a chip of another kind.
func bridgeError(bus i2c.Bus, number int, err error) error {
	var status [1]byte
	if bus.Tx(DS2482Address, []byte{bridgeReadPointer, bridgeStatus}, status[:]) != nil {
		return bad(controlloop.VerdictAbsent, "no DS2482 answers at %#x on /dev/i2c-%d: %w", DS2482Address, number, err)
	}
	if status[0]&bridgeWasReset != 0 && status[0]&bridgeLineHigh == 0 {
		return bad(controlloop.VerdictShorted, "the data line is held low: %w", err)
	}
	return bad(controlloop.VerdictBusError, "the DS2482 at %#x on /dev/i2c-%d does not work: %w", DS2482Address, number, err)
}

// connectNetlink finds the kernel's master that a thermometer hangs on.
func (h *Hardware) connectNetlink(id string) (onewire.Bus, func() error, error) {
	found, _ := filepath.Glob(h.Files.Path("/sys/bus/w1/devices/w1_bus_master*", id)) // the pattern is well formed
	if len(found) == 0 {
		return nil, nil, absentOf(id, w1.IDs(h.Files))
	}
	master := strings.TrimPrefix(filepath.Base(filepath.Dir(found[0])), "w1_bus_master")
	number, err := strconv.ParseUint(master, 10, 32)
	if err != nil {
		return nil, nil, bad(controlloop.VerdictBusError, "%s is no 1-Wire master: %w", filepath.Dir(found[0]), err)
	}
	bus, err := netlink.New(uint32(number))
	if err != nil {
		return nil, nil, bad(controlloop.VerdictBusError, "%w (systemd: RestrictAddressFamilies= must allow AF_NETLINK)", err)
	}
	return bus, bus.Close, nil
}

// with gives the connected bus to f and drops it after an error of its own, so
// that the next read begins anew. A thermometer's failure is none of the bus's.
func (b *oneWireBus) with(f func(onewire.Bus) error) error {
	b.turns.take()
	defer b.turns.give()
	if b.bus == nil {
		var err error
		if b.bus, b.close, err = b.connect(); err != nil {
			b.bus = nil
			return err
		}
	}
	err := f(b.bus)
	var bad *controlloop.BadReading
	if errors.As(err, &bad) && bad.Verdict == controlloop.VerdictBusError {
		_ = b.close() // the error that counts is the first
		b.bus = nil
	}
	return err
}

// bridgedThermometer reads a 1-Wire thermometer behind a periph 1-Wire bus.
type bridgedThermometer struct {
	bus        *oneWireBus
	address    onewire.Address
	resolution int // bits; 0 leaves the chip's own
	bits       int // as last read; 0 before that
	readLimit  readLimit
}

// Read measures, which takes 0.1 to 0.8 s for each thermometer on the bus.
func (b *bridgedThermometer) Read(ctx context.Context) (controlloop.Reading, error) {
	return b.readLimit.read(ctx, b.measure)
}

func (b *bridgedThermometer) measure() (controlloop.Reading, error) {
	var r controlloop.Reading
	err := b.bus.with(func(bus onewire.Bus) error {
		began := time.Now() // the value is at least as young as this
		m, err := b.convert(&onewire.Dev{Bus: bus, Addr: b.address})
		if err != nil {
			return b.missing(bus, err)
		}
		r = oneWireReading(m, began)
		return nil
	})
	return r, err
}

// missing names the others on the bus beside a thermometer that does not answer
// while somebody is there.
func (b *bridgedThermometer) missing(bus onewire.Bus, err error) error {
	var reading *controlloop.BadReading
	if !errors.As(err, &reading) || reading.Verdict != controlloop.VerdictAllOnes {
		return err
	}
	found, _ := bus.Search(false) // what was found counts
	var others []string
	for _, a := range found {
		if a == b.address {
			return err
		}
		others = append(others, w1.IDOf(a))
	}
	return bad(controlloop.VerdictAllOnes, "%s does not answer%s", w1.IDOf(b.address), successors(others))
}

// convert has the chip measure and reads what it found. The bus is its alone
// meanwhile, since the strong pull-up that feeds it takes the whole line.
func (b *bridgedThermometer) convert(dev *onewire.Dev) (w1.Measured, error) {
	waited := conversion(b.bits)
	b.bits = 0 // after any error the next conversion may take the longest
	if err := dev.TxPower([]byte{commandConvert}, nil); err != nil {
		return w1.Measured{}, oneWireError(err)
	}
	time.Sleep(waited)
	pad := make([]byte, w1.ScratchpadSize)
	if err := dev.Tx([]byte{commandReadScratchpad}, pad); err != nil {
		return w1.Measured{}, oneWireError(err)
	}
	m, err := w1.Decode(w1.IDOf(b.address), pad)
	if err != nil {
		return w1.Measured{}, err
	}
	if conversion(m.Bits) > waited {
		return w1.Measured{}, bad(controlloop.VerdictNotConverted, "it measures with %d bits now, for which %v were too short: it was reset, or another program has set it", m.Bits, waited)
	}
	b.bits = m.Bits
	return m, b.resolve(dev, pad)
}

// resolve sets the resolution for the next conversion, in the chip's scratchpad
// alone: its EEPROM wears, and the alarm bytes may be the owner's.
func (b *bridgedThermometer) resolve(dev *onewire.Dev, pad []byte) error {
	if b.resolution == 0 || b.bits == 0 || b.resolution == b.bits {
		return nil
	}
	b.bits = 0 // the next conversion may take the longest
	config := byte(b.resolution-9)<<5 | 0x1f
	if err := dev.Tx([]byte{commandWriteScratchpad, pad[2], pad[3], config}, nil); err != nil {
		return oneWireError(err)
	}
	return nil
}

// conversion is how long a conversion takes; 0 bits are not known yet.
func conversion(bits int) time.Duration {
	if bits == 0 {
		return longestConversion
	}
	return longestConversion >> max(12-bits, 0)
}

func oneWireError(err error) error {
	var shorted onewire.ShortedBusError
	var bus onewire.BusError
	switch {
	case errors.As(err, &shorted) && shorted.IsShorted():
		return bad(controlloop.VerdictShorted, "the data line is held low: %w", err)
	case errors.As(err, &bus) && bus.BusError():
		return bad(controlloop.VerdictNoAnswer, "nobody answers on the 1-Wire bus: %w", err)
	}
	return bad(controlloop.VerdictBusError, "%w", err)
}
