package survey

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

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
	Chip    string // bme280, bmp280 or unknown; or as the kernel's driver calls it
	Held    bool   // by a driver of the kernel's, hence not asked
	Answer
}

// i2cBusLimit is how long one bus may take: the kernel's second for each of
// three transfers that hang, and two measurements.
const i2cBusLimit = 3*time.Second + 2*drivers.BME280Limit

// Other chips than ours live at other addresses, and may take any transfer
// amiss: so only these are asked.
var askedAddresses = []uint16{drivers.DS2482Address, 0x76, 0x77}

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
		id, err := drivers.ChipID(bus, address)
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

func (h machine) identify(ctx context.Context, number int, address uint16, id byte) I2CChip {
	c := I2CChip{Address: address, Chip: "unknown"}
	if address == drivers.DS2482Address {
		c.Text = "if it is a DS2482, thermometers behind it are read with bus: ds2482"
		return c
	}
	err := drivers.JudgeBME280(id)
	if err == nil {
		c.Chip = "bme280"
		c.Answer = h.ask(ctx, drivers.SensorSpec{Driver: "bme280", BME280: drivers.BME280{Bus: number, Address: address}})
		return c
	}
	if c.Answer = noReading(err); c.Verdict == controlloop.VerdictNoHumidity {
		c.Chip = "bmp280"
	}
	return c
}
