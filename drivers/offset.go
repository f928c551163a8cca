package drivers

import (
	"context"
	"errors"

	"thermostat/controlloop"
)

// Offset is a sensor that shows so many K more; 0 is the sensor itself.
func Offset(s controlloop.Sensor, kelvin float64) controlloop.Sensor {
	if kelvin == 0 {
		return s
	}
	return offset{s, kelvin}
}

// offset is a sensor that is known to show too little or too much.
type offset struct {
	sensor controlloop.Sensor
	kelvin float64 // K, added to every reading
}

// Read corrects what the sensor read, also where it is held back; else a bad
// answer carries no number.
func (o offset) Read(ctx context.Context) (controlloop.Reading, error) {
	r, err := o.sensor.Read(ctx)
	var held *controlloop.HeldReading
	if errors.As(err, &held) {
		measured := held.Measured
		measured.Celsius += o.kelvin
		return controlloop.Reading{}, &controlloop.HeldReading{Measured: measured, Err: held.Err}
	}
	if err != nil {
		return controlloop.Reading{}, err
	}
	r.Celsius += o.kelvin
	return r, nil
}

// Streams reports whether the readings of the corrected sensor come by themselves.
func (o offset) Streams() bool {
	s, ok := o.sensor.(controlloop.Stream)
	return ok && s.Streams()
}
