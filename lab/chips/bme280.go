package chips

import (
	"sync"
	"time"
)

// The registers of a BME280 (datasheet BST-BME280-DS002, chapter 5.3).
const (
	bmeCalib00  = 0x88 // to 0xa1
	bmeCalib25  = 0xa1
	bmeID       = 0xd0
	bmeReset    = 0xe0
	bmeCalib26  = 0xe1 // to 0xe7 as far as they are used
	bmeCtrlHum  = 0xf2
	bmeStatus   = 0xf3
	bmeCtrlMeas = 0xf4
	bmeConfig   = 0xf5
	bmeData     = 0xf7 // pressure, temperature, humidity: 3, 3, 2 bytes
	bmeHumidity = 0xfd
)

const (
	idBME280 = 0x60
	idBMP280 = 0x58
	idBME680 = 0x61

	bmeResetWord = 0xb6 // chapter 5.4.2
	bmeMeasuring = 0x08 // of the status, chapter 5.4.4
	bmeModeMask  = 0x03 // of ctrl_meas, chapter 5.4.5
	bmeSleep     = 0x00
	bmeNormal    = 0x03
)

// BME280 is a thermometer, hygrometer and barometer on I2C (address 0x76 or
// 0x77). It answers as the datasheet says, with the calibration of one part;
// a measurement takes its typical time. The IIR filter is not modelled.
type BME280 struct {
	mu        sync.Mutex
	weather   weather
	fault     Fault
	pointer   byte
	control   [256]byte // the registers that can be written
	humidity  byte      // ctrl_hum in force: that of the last write to ctrl_meas (chapter 5.4.3)
	data      [8]byte
	measuring bool
	done      time.Time // when the measurement is ready
}

// weather is what is around the chip.
type weather struct {
	celsius, humidity, pascal float64
}

// NewBME280 returns a chip at 20 °C, 50 % relative humidity and 1013.25 hPa.
func NewBME280() *BME280 {
	c := &BME280{weather: weather{celsius: 20, humidity: 50, pascal: 101325}}
	c.reset()
	return c
}

// Set sets what is around the chip: °C, % relative humidity, Pa.
func (c *BME280) Set(celsius, humidityPercent, pascal float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// A measurement that is finished shows what was before.
	c.settle(time.Now())
	c.weather = weather{celsius: celsius, humidity: humidityPercent, pascal: pascal}
}

// Break gives the chip a fault, or lifts it with [NoFault]. It knows BusError,
// WrongID, IsBMP280, ResetData, StuckBusy, NoCalibration, and BrownOut, which happens once
// and leaves another fault as it is.
func (c *BME280) Break(f Fault) {
	f.mustBeOneOf("BME280", NoFault, BusError, WrongID, IsBMP280, ResetData, StuckBusy, NoCalibration, BrownOut)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settle(time.Now())
	if f == BrownOut {
		c.reset()
		return
	}
	c.fault = f
}

// Transfer implements [Device].
func (c *BME280) Transfer(msgs []Msg) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fault == BusError {
		return ErrNACK
	}
	c.settle(time.Now())
	for _, m := range msgs {
		if m.Read {
			c.read(m.Data)
		} else {
			c.write(m.Data)
		}
	}
	return nil
}

// read reads registers from the pointer on, which moves along (chapter 6.2.2).
func (c *BME280) read(p []byte) {
	for i := range p {
		p[i] = c.register(c.pointer)
		c.pointer++
	}
}

// write sets the pointer and writes pairs of register and value; the address
// does not move along by itself (chapter 6.2.1).
func (c *BME280) write(p []byte) {
	for len(p) > 0 {
		c.pointer = p[0]
		if len(p) == 1 {
			return
		}
		c.setRegister(p[0], p[1])
		p = p[2:]
	}
}

// register is what a register reads as.
func (c *BME280) register(r byte) byte {
	if c.fault == IsBMP280 && isHumidityRegister(r) {
		return 0
	}
	switch {
	case r == bmeID:
		return c.id()
	case r == bmeStatus:
		return c.status()
	case r >= bmeData:
		return c.dataRegister(int(r) - bmeData)
	case r == bmeCtrlHum, r == bmeCtrlMeas, r == bmeConfig:
		return c.control[r]
	case c.fault == NoCalibration:
		return 0
	}
	return calibrationRegister(r)
}

// isHumidityRegister says whether a BMP280 lacks a register.
func isHumidityRegister(r byte) bool {
	return r == bmeCalib25 || r >= bmeCalib26 && r <= bmeCtrlHum || r >= bmeHumidity
}

func (c *BME280) id() byte {
	switch c.fault {
	case WrongID:
		return idBME680
	case IsBMP280:
		return idBMP280
	}
	return idBME280
}

func (c *BME280) status() byte {
	if c.measuring || c.fault == StuckBusy {
		return bmeMeasuring
	}
	return 0
}

func (c *BME280) dataRegister(i int) byte {
	switch {
	case i >= len(c.data):
		return 0
	case c.fault == ResetData:
		return resetData()[i]
	}
	return c.data[i]
}

// resetData are the data registers after a reset (chapter 5.3).
func resetData() [8]byte {
	return [8]byte{0x80, 0, 0, 0x80, 0, 0, 0x80, 0}
}

// setRegister writes a register; the others are read only.
func (c *BME280) setRegister(r, v byte) {
	switch r {
	case bmeReset:
		if v == bmeResetWord {
			c.reset()
		}
	case bmeCtrlHum, bmeConfig:
		c.control[r] = v
	case bmeCtrlMeas:
		c.control[r] = v
		c.humidity = c.control[bmeCtrlHum]
		c.start()
	}
}

// reset puts the registers back to what they are after power-on.
func (c *BME280) reset() {
	c.pointer, c.humidity, c.measuring = 0, 0, false
	c.control = [256]byte{}
	c.data = resetData()
}

// start begins a measurement, if the mode written is not sleep.
func (c *BME280) start() {
	c.measuring = c.control[bmeCtrlMeas]&bmeModeMask != bmeSleep
	if c.measuring {
		c.done = time.Now().Add(c.sampling().duration())
	}
}

// settle finishes a measurement whose time has come. In normal mode there is
// always a fresh one from then on; after one in forced mode the chip sleeps.
func (c *BME280) settle(now time.Time) {
	mode := c.control[bmeCtrlMeas] & bmeModeMask
	if c.fault == StuckBusy || mode == bmeSleep || now.Before(c.done) {
		return
	}
	c.measuring = false
	c.data = c.sampling().measure(c.weather)
	if mode != bmeNormal {
		c.control[bmeCtrlMeas] &^= bmeModeMask
	}
}

// sampling is the oversampling in force.
func (c *BME280) sampling() sampling {
	meas := c.control[bmeCtrlMeas]
	return sampling{temperature: meas >> 5, pressure: meas >> 2 & 7, humidity: c.humidity & 7}
}

// sampling is the oversampling of a measurement in the registers' code: 0 is
// off, n is 2^(n-1) times, 5 and above 16 times (chapter 5.4).
type sampling struct {
	temperature, pressure, humidity byte
}

// times is the number of samples of a code.
func times(code byte) int {
	if code == 0 {
		return 0
	}
	return 1 << (min(code, 5) - 1)
}

// duration is the typical time of a measurement (chapter 9.1): 1 ms, 2 ms a
// sample, and half a millisecond each for pressure and humidity.
func (s sampling) duration() time.Duration {
	halves := 2 + 4*(times(s.temperature)+times(s.pressure)+times(s.humidity))
	if s.pressure != 0 {
		halves++
	}
	if s.humidity != 0 {
		halves++
	}
	return time.Duration(halves) * time.Millisecond / 2
}
