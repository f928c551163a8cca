package drivers

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"thermostat/controlloop"
)

// Thermometer is a DS18B20 that the kernel found.
type Thermometer struct {
	ID string // 28-0316a2795bff
	Answer
}

// thermometers reads one after another, since they share the bus.
func (h *Hardware) thermometers(ctx context.Context) []Thermometer {
	var all []Thermometer
	for _, id := range h.names("/sys/bus/w1/devices", "28-") {
		if _, err := oneWireAddress(id); err != nil || id != strings.ToLower(id) {
			continue // not a name that the kernel gives
		}
		all = append(all, Thermometer{id, h.askThermometer(ctx, id)})
	}
	return all
}

func (h *Hardware) askThermometer(ctx context.Context, id string) Answer {
	dir := h.path("/sys/bus/w1/devices", id)
	switch err := isSmall(h.path("/sys/bus/w1/devices", id, "w1_slave")); {
	case errors.Is(err, fs.ErrNotExist) && exists(dir):
		return noReading(bad(controlloop.VerdictAbsent, "the kernel's driver of thermometers is not loaded: sudo modprobe w1_therm"))
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return noReading(bad(VerdictBusError, "w1_slave: %w", err))
	}
	d := DefaultDS18B20()
	d.ID = id
	sensor, err := h.openDS18B20(d)
	if err != nil {
		return noReading(err)
	}
	return answer(sensor.Read(ctx))
}
