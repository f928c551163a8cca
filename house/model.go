// Package house is the physics of a room and what a sensor shows of it. It is
// pure: it reads no clock and starts no goroutine; the caller says how much
// time went by. All temperatures are in °C, all differences in K.
package house

import "time"

// Model is a room that can be heated, cooled and measured. A model is not safe
// for use by several goroutines at once.
type Model interface {
	// Advance lets time go by with heater and cooler as they are; a duration
	// that is not positive changes nothing.
	Advance(dt time.Duration)
	// Heat switches the heater.
	Heat(on bool)
	// Cool switches the cooler.
	Cool(on bool)
	// Air is the temperature of the air, °C.
	Air() float64
	// Sensed is the temperature of the sensor's body, °C: it may lag behind the air.
	Sensed() float64
	// Held is the temperature of what a thermostat in this place holds, °C: mostly
	// the air, but the beer where the sensor hangs in it.
	Held() float64
	// Outdoor is the temperature outdoors, °C; NaN where there are none.
	Outdoor() float64
	// Power is what heater and cooler have while they are on, W; NaN where that
	// is not known.
	Power() (heater, cooler float64)
}
