package drivers

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"time"

	"periph.io/x/conn/v3/i2c"

	"thermostat/controlloop"
)

// I2CBus is an I2C bus and the chips that were found on it.
type I2CBus struct {
	Number int       // N of /dev/i2c-N
	Chips  []I2CChip // those that are there
	Err    error     // why it could not be asked, or not to the end
}

// I2CChip is a chip that answers at one of the addresses that are asked.
type I2CChip struct {
	Address uint16 // 7 bits
	Chip    string // bme280, bmp280 or unknown; or as the kernel's driver calls it
	Held    bool   // by a driver of the kernel's, hence not asked
	Answer
}

// i2cBusLimit is how long one bus may take: the kernel's second for each of
// three transfers that hang, and two measurements.
const i2cBusLimit = 3*time.Second + 2*bme280Limit

// Other chips than ours live at other addresses, and may take any transfer
// amiss: so only these are asked.
var askedAddresses = []uint16{ds2482Address, 0x76, 0x77}

func (h *Hardware) i2cBuses(ctx context.Context) []I2CBus {
	var all []I2CBus
	for _, name := range h.names("/dev", "i2c-") {
		n, err := strconv.ParseUint(strings.TrimPrefix(name, "i2c-"), 10, 8)
		if err == nil {
			all = append(all, h.askBus(ctx, int(n)))
		}
	}
	return all
}

// askBus asks a bus, but does not wait for ever.
func (h *Hardware) askBus(ctx context.Context, number int) I2CBus {
	if !h.real() && h.i2c == nil {
		return I2CBus{Number: number, Err: ErrNotAsked}
	}
	ctx, cancel := context.WithTimeout(ctx, i2cBusLimit)
	defer cancel()
	asked := make(chan I2CBus, 1) // never blocks, even if nobody waits any more
	go func() { asked <- h.scan(ctx, number) }()
	select {
	case b := <-asked:
		return b
	case <-ctx.Done():
		return I2CBus{Number: number, Err: bad(controlloop.VerdictNoAnswer, "the bus does not come back: look for a data line that is held low")}
	}
}

func (h *Hardware) scan(ctx context.Context, number int) I2CBus {
	b := I2CBus{Number: number}
	bus, err := h.openI2C(number)
	if err != nil {
		b.Err = err
		return b
	}
	defer bus.Close()
	for _, address := range askedAddresses {
		if name, held := h.heldI2C(number, address); held {
			b.Chips = append(b.Chips, I2CChip{Address: address, Chip: name, Held: true, Answer: Answer{Text: "a driver of the kernel's holds it"}})
			continue
		}
		id, err := chipID(bus, address)
		if err != nil {
			b.Err = err
			return b
		}
		if id != 0x00 && id != 0xff { // what an empty bus reads as
			b.Chips = append(b.Chips, h.identify(ctx, number, address, id))
		}
	}
	return b
}

// heldI2C reports whether a driver of the kernel's works with a chip, and what
// it calls it.
func (h *Hardware) heldI2C(number int, address uint16) (name string, held bool) {
	device := fmt.Sprintf("%d-%04x", number, address)
	if !exists(h.path("/sys/bus/i2c/devices", device, "driver")) {
		return "", false
	}
	name, _ = h.value("/sys/bus/i2c/devices", device, "name")
	return name, true
}

// chipID asks who is there; 0 is nobody. A DS2482 has no id, and a register's
// number would be a command to it: it is only read, which changes nothing in it
// nor in what else may live at its address.
func chipID(bus i2c.Bus, address uint16) (byte, error) {
	var ask []byte
	if address != ds2482Address {
		ask = []byte{regChipID}
	}
	var id [1]byte
	err := bus.Tx(address, ask, id[:])
	switch {
	case err == nil:
		return id[0], nil
	case strings.Contains(err.Error(), syscall.ETIMEDOUT.Error()): // periph hides the errno
		return 0, bad(VerdictBusError, "the bus is stuck, look for a data line that is held low: %w", err)
	}
	return 0, nil // nobody there
}

func (h *Hardware) identify(ctx context.Context, number int, address uint16, id byte) I2CChip {
	c := I2CChip{Address: address, Chip: "unknown"}
	switch {
	case address == ds2482Address:
		c.Text = "if it is a DS2482, thermometers behind it are read with bus: ds2482"
	case id == chipBME280:
		c.Chip = "bme280"
		c.Answer = answer(h.openBME280(BME280{Bus: number, Address: address}).Read(ctx))
	default:
		if id == chipBMP280 {
			c.Chip = "bmp280"
		}
		c.Answer = noReading(judgeChip(id))
	}
	return c
}
