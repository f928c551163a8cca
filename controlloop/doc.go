// Package controlloop is the heart of the thermostat: the law that decides
// ([Decide], a pure function), the judge that weighs a sequence of readings,
// and the zone ([Zone.Run], the one goroutine that obeys the law).
//
// Two streams meet here: readings, seconds apart, and setpoints, hours or days
// apart. The setpoint is state that is updated while the readings flow.
//
// All temperatures are in °C, all differences in K. Time is data: the law is
// told what time it is and reads no clock.
package controlloop
