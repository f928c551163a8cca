package survey

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"syscall"
	"time"

	"periph.io/x/conn/v3/i2c"

	"thermostat/controlloop"
	"thermostat/drivers"
)

// I2CBus is an I2C bus and the chips that were found on it.
type I2CBus struct {
	Number int // N of /dev/i2c-N
	Chips  []I2CChip
	Err    error // why it could not be asked, or not to the end
}

// I2CChip is a chip that answers at one of the addresses that are asked.
type I2CChip struct {
	Address uint16
	Chip    string // bme280, bmp280, sht3x or unknown; or as the kernel's driver calls it
	Held    bool   // by a driver of the kernel's, hence not asked
	Answer
}

// i2cBusLimit is how long one bus may take: the kernel's second for each of
// five transfers that hang, and four measurements.
const i2cBusLimit = 5*time.Second + 4*drivers.BME280Limit

// Other chips than ours live at other addresses, and may take any transfer
// amiss: so only these are asked.
var askedAddresses = []uint16{drivers.DS2482Address, 0x44, 0x45, 0x76, 0x77}

func (h machine) i2cBuses(ctx context.Context) []I2CBus {
	var all []I2CBus
	for _, name := range h.Files.Names("/dev", "i2c-") {
		n, err := strconv.ParseUint(strings.TrimPrefix(name, "i2c-"), 10, 8)
		if err == nil {
			all = append(all, h.askBus(ctx, int(n)))
		}
	}
	return all
}

var errHeldLow = errors.New("the bus does not come back: look for a data line that is held low")

// askBus asks a bus, but does not wait for ever.
func (h machine) askBus(ctx context.Context, number int) I2CBus {
	if !h.Files.Real() && h.I2C == nil {
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
		return I2CBus{Number: number, Err: &controlloop.BadReading{Verdict: controlloop.VerdictNoAnswer, Err: errHeldLow}}
	}
}

func (h machine) scan(ctx context.Context, number int) I2CBus {
	b := I2CBus{Number: number}
	bus, err := h.OpenI2C(number)
	if err != nil {
		b.Err = err
		return b
	}
	defer bus.Close()
	for _, address := range askedAddresses {
		if name, held := h.HeldI2C(number, address); held {
			b.Chips = append(b.Chips, I2CChip{Address: address, Chip: name, Held: true, Answer: Answer{Text: "a driver of the kernel's holds it"}})
			continue
		}
		if address < 0x76 && address != drivers.DS2482Address {
			if _, err := drivers.SHT3xStatus(bus, address); err == nil { // another chip has no such checksum
				at := drivers.I2CPlace{Bus: number, Address: address}
				b.Chips = append(b.Chips, I2CChip{Address: address, Chip: "sht3x", Answer: h.ask(ctx, drivers.SensorSpec{Driver: "sht3x", SHT3x: at})})
			}
			continue
		}
		id, err := chipID(bus, address)
		if err != nil {
			b.Err = err
			return b
		}
		if id != 0x00 && id != 0xff || address != drivers.DS2482Address && drivers.Bosch(bus, address, id) != "" { // what an empty bus reads as
			b.Chips = append(b.Chips, h.identify(ctx, bus, number, address, id))
		}
	}
	return b
}

func (h machine) identify(ctx context.Context, bus i2c.Bus, number int, address uint16, id byte) I2CChip {
	c := I2CChip{Address: address, Chip: "unknown"}
	if address == drivers.DS2482Address {
		c.Text = "if it is a DS2482, thermometers behind it are read with bus: ds2482"
		return c
	}
	at := drivers.I2CPlace{Bus: number, Address: address}
	err := drivers.JudgeBosch(bus, at, id, "BME280")
	if err == nil {
		c.Chip, c.Answer = "bme280", h.ask(ctx, drivers.SensorSpec{Driver: "bme280", BME280: at})
		return c
	}
	if c.Answer = noReading(err); c.Verdict == controlloop.VerdictNoHumidity {
		c.Chip, c.Answer = "bmp280", h.ask(ctx, drivers.SensorSpec{Driver: "bmp280", BMP280: at})
	}
	return c
}

// chipID asks who is there; 0 is nobody. A DS2482 has no id, and a register's
// number would be a command to it: it is only read, which changes nothing in it
// nor in what else may live at its address.
func chipID(bus i2c.Bus, address uint16) (byte, error) {
	var ask []byte
	if address != drivers.DS2482Address {
		ask = []byte{drivers.RegChipID}
	}
	var id [1]byte
	err := bus.Tx(address, ask, id[:])
	switch {
	case err == nil:
		return id[0], nil
	case strings.Contains(err.Error(), syscall.ETIMEDOUT.Error()): // periph hides the errno
		return 0, controlloop.Bad(controlloop.VerdictBusError, "the bus is stuck, look for a data line that is held low: %w", err)
	}
	return 0, nil // nobody there
}
