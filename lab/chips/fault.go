package chips

import "fmt"

// Fault is a way in which a chip can be broken. Each chip's Break lists the
// faults it knows.
type Fault uint8

// The faults.
const (
	NoFault        Fault = iota // it works
	BusError                    // BME280: it acknowledges nothing
	WrongID                     // BME280: its chip id is 0x61, a BME680's
	IsBMP280                    // BME280: it is a BMP280, without humidity
	ResetData                   // BME280: the data registers keep their reset values
	StuckBusy                   // BME280, DS2482: it never finishes
	BrownOut                    // BME280: it resets, once, and works on
	NoCalibration               // BME280: its calibration reads as zeros
	Gone                        // DS2482, sensors of words: it acknowledges nothing
	Short                       // DS2482: the 1-Wire line is shorted to ground
	BadCRC                      // DS18B20, sensors of words: a checksum is wrong
	AllOnes                     // DS18B20: it answers its address, but no scratchpad
	AllZero                     // DS18B20: nine zero bytes, whose checksum is right
	PowerOn                     // DS18B20: it resets whenever it converts: 85 °C
	Value127                    // DS18B20: 127.9375 °C, of a supply that is too weak
	ReservedConfig              // DS18B20: a configuration no part has
	TooHot                      // DS18B20: 150 °C, above its range
	TooCold                     // DS18B20: -60 °C, below its range
	Open                        // MAX31850: its thermocouple is open
)

// OutOfRange is [TooHot].
const OutOfRange = TooHot

// mustBeOneOf panics if a fault is none of those a chip knows: the test that
// asks for it would prove nothing.
func (f Fault) mustBeOneOf(chip string, known ...Fault) {
	for _, k := range known {
		if f == k {
			return
		}
	}
	panic(fmt.Sprintf("chips: a %s has no fault %d", chip, f))
}
