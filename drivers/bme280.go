package drivers

import (
	"context"
	"fmt"
	"sync"
	"time"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/devices/v3/bmxx80"

	"thermostat/controlloop"
)

// BME280 is what a configuration says about a BME280.
type BME280 struct {
	Bus     int    // the number N of /dev/i2c-N
	Address uint16 // 0x76 or 0x77
}

// DefaultBME280 is a BME280 as most boards carry it.
func DefaultBME280() BME280 { return BME280{Bus: 1, Address: 0x76} }

const (
	// bme280Limit is how long a read may take: 10 ms for the conversion, eight
	// transfers, and the kernel's own second for a transfer that hangs.
	bme280Limit = 2 * time.Second
	// bme280Rebuild is how long one setup of the chip is trusted. A brown-out
	// clears registers that a measurement never writes again.
	bme280Rebuild = time.Hour
	// bme280Busy outlasts the longest measurement, 112.8 ms (BME280 datasheet
	// rev 1.6, p. 51).
	bme280Busy = 300 * time.Millisecond
)

// The registers and values that are looked at on their way (BME280 datasheet
// rev 1.6, p. 26..31).
const (
	regChipID     = 0xd0
	regCtrlHum    = 0xf2
	regStatus     = 0xf3
	regData       = 0xf7 // pressure 3 bytes, temperature 3, humidity 2
	chipBME280    = 0x60
	chipBMP280    = 0x58
	statusBusy    = 0x08 // a measurement runs
	statusCopying = 0x01 // the calibration is being copied after a reset
	skipped20     = 0x80000
	skipped16     = 0x8000
)

func (h *Hardware) openBME280(b BME280) controlloop.Sensor {
	return &bme280{
		spec: b, open: h.openChip, turn: h.turn(fmt.Sprintf("%#x on i2c-%d", b.Address, b.Bus)),
		patience: patience{limit: bme280Limit},
	}
}

// bme280 measures with a BME280 by one forced conversion a read.
type bme280 struct {
	spec     BME280
	open     func(number int, address uint16) (i2c.BusCloser, error)
	turn     *sync.Mutex // two zones may share one chip
	patience patience

	watch *bme280Bus // nil until set up, and after any error
	chip  *bmxx80.Dev
	since time.Time
}

// Read measures once, which takes some 30 ms.
func (b *bme280) Read(ctx context.Context) (controlloop.Reading, error) {
	return b.patience.read(ctx, b.measure)
}

func (b *bme280) measure() (controlloop.Reading, error) {
	b.turn.Lock()
	defer b.turn.Unlock()
	if b.chip != nil && time.Since(b.since) > bme280Rebuild {
		b.drop()
	}
	r, err := b.sense()
	if err != nil {
		b.drop()
		return controlloop.Reading{}, err
	}
	return r, nil
}

func (b *bme280) sense() (controlloop.Reading, error) {
	if b.chip == nil {
		if err := b.setUp(); err != nil {
			return controlloop.Reading{}, err
		}
	}
	began := time.Now() // the value is at least as young as this
	b.watch.begin = began
	if err := b.watch.awake(); err != nil { // the chip may have been changed
		return controlloop.Reading{}, b.watch.verdict(err)
	}
	var env physic.Env
	if err := b.chip.Sense(&env); err != nil {
		return controlloop.Reading{}, b.watch.verdict(err)
	}
	return readingOf(env, began)
}

func (b *bme280) setUp() error {
	bus, err := b.open(b.spec.Bus, b.spec.Address)
	if err != nil {
		return err
	}
	b.since = time.Now()
	watch := &bme280Bus{BusCloser: bus, address: b.spec.Address, begin: b.since}
	b.watch = watch
	if err := watch.awake(); err != nil {
		return watch.verdict(err)
	}
	// Once each without a filter: the datasheet's weather setting (p. 19).
	opts := bmxx80.Opts{Temperature: bmxx80.O1x, Pressure: bmxx80.O1x, Humidity: bmxx80.O1x}
	if b.chip, err = bmxx80.NewI2C(watch, b.spec.Address, &opts); err != nil {
		b.chip = nil
		return watch.verdict(err)
	}
	return nil
}

func (b *bme280) drop() {
	if b.watch != nil {
		_ = b.watch.Close() // nothing hangs on it
	}
	b.watch, b.chip = nil, nil
}

// readingOf takes what periph computed, if the chip can measure that (-40..85 °C,
// datasheet p. 8).
func readingOf(env physic.Env, at time.Time) (controlloop.Reading, error) {
	r := controlloop.Reading{
		Celsius:  float64(env.Temperature-physic.ZeroCelsius) / float64(physic.Celsius),
		Humidity: float64(env.Humidity) / float64(physic.PercentRH),
		Pascal:   float64(env.Pressure) / float64(physic.Pascal),
		At:       at,
	}
	if r.Celsius < -40 || r.Celsius > 85 {
		return controlloop.Reading{}, bad(VerdictOutOfRange, "%.2f °C is outside the chip's -40..85 °C", r.Celsius)
	}
	return r, nil
}

// bme280Bus looks at the bytes that pass between periph and the chip, since
// periph tells neither a reset's values nor another chip from a measurement,
// and waits for ever on a chip that stays busy.
type bme280Bus struct {
	i2c.BusCloser
	address uint16
	begin   time.Time // of this read
	found   error     // the first verdict; periph's wrapping would lose it
}

// awake asks who is there, and whether it has its calibration already.
func (b *bme280Bus) awake() error {
	var id, status [1]byte
	if err := b.Tx(b.address, []byte{regChipID}, id[:]); err != nil {
		return err
	}
	if err := b.Tx(b.address, []byte{regStatus}, status[:]); err != nil {
		return err
	}
	if status[0]&statusCopying != 0 {
		return b.find(bad(VerdictBusy, "the chip is starting"))
	}
	return nil
}

// Tx passes a transfer on and judges what came back.
func (b *bme280Bus) Tx(address uint16, w, r []byte) error {
	if b.found != nil {
		return b.found
	}
	if err := b.BusCloser.Tx(address, w, r); err != nil {
		return b.find(bad(VerdictBusError, "no chip answers at %#x, or the bus is disturbed: %w", address, err))
	}
	if len(w) != 1 || len(r) == 0 {
		return nil
	}
	switch w[0] {
	case regChipID:
		return b.find(judgeChip(r[0]))
	case regStatus:
		return b.find(b.judgeStatus(r[0]))
	case regData:
		return b.find(b.judgeData(r))
	}
	return nil
}

func (b *bme280Bus) find(err error) error {
	if b.found == nil {
		b.found = err
	}
	return err
}

func (b *bme280Bus) verdict(err error) error {
	if b.found != nil {
		return b.found
	}
	return bad(VerdictBusError, "%w", err)
}

func judgeChip(id byte) error {
	switch id {
	case chipBME280:
		return nil
	case chipBMP280:
		return bad(VerdictNoHumidity, "the chip is a BMP280, which has no humidity sensor, not a BME280")
	}
	return bad(VerdictWrongChip, "the chip's id is %#x; a BME280's is %#x", id, chipBME280)
}

func (b *bme280Bus) judgeStatus(status byte) error {
	if status&statusBusy == 0 {
		return nil
	}
	if time.Since(b.begin) > bme280Busy {
		return bad(VerdictBusy, "the chip does not finish its measurement")
	}
	time.Sleep(time.Millisecond) // periph asks again at once
	return nil
}

// judgeData finds values that stand for "not measured" (datasheet p. 28..31);
// compensated they would be numbers like any other, 26.46 °C for one part. A
// true measurement may hit such a value by chance, so one alone counts only if
// the chip lost its setting as well.
func (b *bme280Bus) judgeData(r []byte) error {
	if len(r) != 8 {
		return nil
	}
	pressure := uint32(r[0])<<12|uint32(r[1])<<4|uint32(r[2])>>4 == skipped20
	temperature := uint32(r[3])<<12|uint32(r[4])<<4|uint32(r[5])>>4 == skipped20
	humidity := uint32(r[6])<<8|uint32(r[7]) == skipped16
	switch {
	case pressure && temperature:
	case !pressure && !temperature && !humidity:
		return nil
	default:
		set, err := b.isSet()
		if set || err != nil {
			return err
		}
	}
	return bad(VerdictResetData, "the data registers are as after a reset, nothing was measured: % x", r)
}

// isSet reports whether the chip still measures all three as it was told to.
func (b *bme280Bus) isSet() (bool, error) {
	var ctrl [3]byte // ctrl_hum, status, ctrl_meas
	if err := b.BusCloser.Tx(b.address, []byte{regCtrlHum}, ctrl[:]); err != nil {
		return false, bad(VerdictBusError, "%w", err)
	}
	return ctrl[0]&0x07 != 0 && ctrl[2]&0xe0 != 0 && ctrl[2]&0x1c != 0, nil
}
