package drivers

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/devices/v3/bmxx80"

	"thermostat/controlloop"
)

const (
	// BME280Limit is how long a read may take: 10 ms for the conversion, a dozen
	// transfers, and the kernel's own second for a transfer that hangs.
	BME280Limit = 2 * time.Second
	// bme280Rebuild is how long one setup of the chip is trusted. A brown-out
	// clears registers that a measurement never writes again.
	bme280Rebuild = time.Hour
	// bme280Busy outlasts the longest measurement, 112.8 ms (BME280 datasheet
	// rev 1.6, p. 51).
	bme280Busy = 300 * time.Millisecond
)

// RegChipID is the register in which a chip of Bosch's says who it is.
const RegChipID = 0xd0

// The registers and values that are looked at on their way (BME280 datasheet
// rev 1.6, p. 26..31).
const (
	regCtrlHum    = 0xf2 // then status, ctrl_meas and config
	regStatus     = 0xf3
	regData       = 0xf7 // pressure 3 bytes, temperature 3, humidity 2
	statusBusy    = 0x08 // a measurement runs
	statusCopying = 0x01 // the calibration is being copied after a reset
	skipped20     = 0x80000
	skipped16     = 0x8000
)

func openBME280(h *Hardware, b I2CPlace) *bme280 {
	return &bme280{
		spec: b, open: h.openChip, tell: h.tell, memory: h.chip(b),
		readLimit: readLimit{limit: BME280Limit},
	}
}

// bme280 measures with a BME280 by one forced conversion a read.
type bme280 struct {
	spec      I2CPlace
	dry       bool // it is a BMP280, which has no humidity
	open      func(number int, address uint16) (i2c.BusCloser, error)
	tell      func(text string)
	memory    *chipMemory // two zones may share one chip
	readLimit readLimit

	watch   *bme280Bus // nil until set up, and after any error
	chip    *bmxx80.Dev
	since   time.Time
	settled bool // a reading since the set-up was believed
}

// Read measures once, which takes some 30 ms.
func (b *bme280) Read(ctx context.Context) (controlloop.Reading, error) {
	return b.readLimit.read(ctx, b.measure)
}

func (b *bme280) measure() (controlloop.Reading, error) {
	b.memory.turns.take()
	defer b.memory.turns.give()
	if b.chip != nil && time.Since(b.since) > bme280Rebuild {
		b.drop()
	}
	r, err := b.sense()
	if err == nil {
		err = b.settle(r)
	}
	if err != nil {
		b.drop()
		return controlloop.Reading{}, err
	}
	b.memory.last = r
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
	if err := b.watch.awake(); err != nil {
		return controlloop.Reading{}, b.watch.verdict(err)
	}
	if err := b.verify(); err != nil {
		return controlloop.Reading{}, err
	}
	var env physic.Env
	if err := b.chip.Sense(&env); err != nil {
		return controlloop.Reading{}, b.watch.verdict(err)
	}
	if err := b.watch.isTold(); err != nil {
		return controlloop.Reading{}, b.watch.verdict(err)
	}
	r, err := readingOf(env, began)
	if b.dry && err == nil {
		r.Humidity = math.NaN()
	}
	return r, err
}

func (b *bme280) setUp() error {
	bus, err := b.open(b.spec.Bus, b.spec.Address)
	if err != nil {
		return err
	}
	b.since, b.settled = time.Now(), false
	watch := &bme280Bus{BusCloser: bus, at: b.spec, address: b.spec.Address, dry: b.dry, begin: b.since}
	b.watch = watch
	if err := watch.awake(); err != nil {
		return watch.verdict(err)
	}
	if watch.trusted, err = watch.calibration(); err != nil {
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

// verify reads the calibration once more before each measurement, and holds it
// against the one that periph was given and the one that is known of this
// address: a damaged one, and another chip, count for one reading at most.
func (b *bme280) verify() error {
	now, err := b.watch.calibration()
	switch {
	case err != nil:
		return b.watch.verdict(err)
	case now != b.watch.trusted:
		return bad(controlloop.VerdictBadCalibration, "two reads of the chip's calibration differ: look at its supply and wires")
	}
	ok, changed := b.memory.believes(now, time.Now())
	where := fmt.Sprintf("%#x on i2c-%d", b.spec.Address, b.spec.Bus)
	if changed {
		b.tell("another " + b.watch.wanted() + " is at " + where + ": its calibration was read alike " + strconv.Itoa(doubtTimes) + " times, and counts from now on")
	}
	if !ok {
		return bad(controlloop.VerdictBadCalibration, "the calibration is not that of the chip that was at %s: damaged, or another chip, which counts after %d reads alike", where, doubtTimes)
	}
	return nil
}

// settle holds the first temperature since a set-up against the last one before
// it. One that is held back may still open a cut-out.
func (b *bme280) settle(r controlloop.Reading) error {
	if b.settled || b.memory.follows(r) {
		b.settled = true
		return nil
	}
	return &controlloop.HeldReading{Measured: r, Err: bad(controlloop.VerdictTooFast,
		"%.2f °C after a new set-up, %.2f °C before it: waits for %d set-ups that agree", r.Celsius, b.memory.last.Celsius, doubtTimes)}
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
		Step:     0.01, // as the compensation of the datasheet counts (p. 25)
		At:       at,
	}
	if r.Celsius < -40 || r.Celsius > 85 {
		return controlloop.Reading{}, bad(controlloop.VerdictOutOfRange, "%.2f °C is outside the chip's -40..85 °C", r.Celsius)
	}
	return r, nil
}

// bme280Bus looks at the bytes that pass between periph and the chip, since
// periph tells neither a reset's values nor another chip from a measurement,
// and waits for ever on a chip that stays busy.
type bme280Bus struct {
	i2c.BusCloser
	at      I2CPlace
	address uint16
	dry     bool
	trusted calibration // that periph is given, whatever the chip says then
	begin   time.Time   // of this read
	found   error       // the first verdict; periph's wrapping would lose it
}

// calibration reads the chip's calibration, if it can be one.
func (b *bme280Bus) calibration() (c calibration, err error) {
	for _, register := range []byte{regCalibration, regHumidityCalibration} {
		if register == regHumidityCalibration && b.dry {
			break
		}
		if err := b.pass([]byte{register}, c.part(register)); err != nil {
			return c, err
		}
	}
	if text := c.damage(b.dry); text != "" {
		return c, b.find(bad(controlloop.VerdictBadCalibration, "no chip has such a calibration, %s: look at its supply and wires", text))
	}
	return c, nil
}

// awake asks who is there, and whether it has its calibration already.
func (b *bme280Bus) awake() error {
	var id, status [1]byte
	if err := b.Tx(b.address, []byte{RegChipID}, id[:]); err != nil {
		return err
	}
	if err := b.Tx(b.address, []byte{regStatus}, status[:]); err != nil {
		return err
	}
	if status[0]&statusCopying != 0 {
		return b.find(bad(controlloop.VerdictBusy, "the chip is starting"))
	}
	return nil
}

// Tx passes a transfer on and judges what came back. The calibration it gives
// itself: it is known by then.
func (b *bme280Bus) Tx(address uint16, w, r []byte) error {
	if b.found != nil {
		return b.found
	}
	if len(w) == 1 && len(r) > 0 && len(r) == len(b.trusted.part(w[0])) {
		copy(r, b.trusted.part(w[0]))
		return nil
	}
	if err := b.pass(w, r); err != nil || len(w) != 1 || len(r) == 0 {
		return err
	}
	switch w[0] {
	case RegChipID:
		err := b.find(JudgeBosch(b.BusCloser, b.at, r[0], b.wanted()))
		if b.dry {
			r[0] = chipBMP280 // periph does not know the samples' ids
		}
		return err
	case regStatus:
		return b.find(b.judgeStatus(r[0]))
	case regData:
		return b.find(judgeData(r))
	}
	return nil
}

// pass is a transfer as it is.
func (b *bme280Bus) pass(w, r []byte) error {
	if err := b.BusCloser.Tx(b.address, w, r); err != nil {
		return b.find(bad(controlloop.VerdictBusError, "no chip answers at %#x, or the bus is disturbed: %w", b.address, err))
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
	return bad(controlloop.VerdictBusError, "%w", err)
}

func (b *bme280Bus) judgeStatus(status byte) error {
	if status&statusBusy == 0 {
		return nil
	}
	if time.Since(b.begin) > bme280Busy {
		return bad(controlloop.VerdictBusy, "the chip does not finish its measurement")
	}
	time.Sleep(time.Millisecond) // periph asks again at once
	return nil
}

// judgeData finds values that stand for "not measured" (datasheet p. 28..31);
// compensated they would be numbers like any other, 26.46 °C for one part. A
// true measurement may hit one of them by chance; where it is not measured the
// chip has lost its setting as well, which [bme280Bus.isTold] finds.
func judgeData(r []byte) error {
	if len(r) < 6 {
		return nil
	}
	pressure := uint32(r[0])<<12|uint32(r[1])<<4|uint32(r[2])>>4 == skipped20
	temperature := uint32(r[3])<<12|uint32(r[4])<<4|uint32(r[5])>>4 == skipped20
	if pressure && temperature {
		return bad(controlloop.VerdictResetData, "the data registers are as after a reset, nothing was measured: % x", r)
	}
	return nil
}

// isTold finds a chip that does not measure as it was told to, once each and
// without a filter: a brown-out or a damaged write has changed its registers
// (datasheet p. 26..28).
func (b *bme280Bus) isTold() error {
	var r [4]byte // ctrl_hum, status, ctrl_meas, config
	if err := b.pass([]byte{regCtrlHum}, r[:]); err != nil {
		return err
	}
	const once, filter, threeWires = 1, 0x1c, 0x01
	if !b.dry && r[0]&0x07 != once || r[2]>>2 != once<<3|once || r[3]&(filter|threeWires) != 0 {
		return b.find(bad(controlloop.VerdictResetData, "the chip does not measure as it was told to, its registers hold % x: it was reset, look at its supply", r))
	}
	return nil
}
