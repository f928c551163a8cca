package drivers

import (
	"context"
	"errors"
	"io/fs"

	"thermostat/controlloop"
)

// Thermometer is a 1-Wire thermometer that the kernel found.
type Thermometer struct {
	ID string // 28-0316a2795bff
	Answer
}

// thermometers reads one after another, since they share the bus.
func (h *Hardware) thermometers(ctx context.Context) []Thermometer {
	var all []Thermometer
	for _, id := range h.oneWireIDs() {
		if UnreadThermometer(id) == "" {
			all = append(all, Thermometer{id, h.askThermometer(ctx, id)})
		}
	}
	return all
}

func (h *Hardware) askThermometer(ctx context.Context, id string) Answer {
	dir := h.path("/sys/bus/w1/devices", id)
	switch err := isSmall(h.path("/sys/bus/w1/devices", id, "w1_slave")); {
	case errors.Is(err, fs.ErrNotExist) && exists(dir):
		return noReading(errNoDriver())
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return noReading(bad(controlloop.VerdictBusError, "w1_slave: %w", err))
	}
	d := DefaultDS18B20()
	d.ID = id
	sensor, err := h.openDS18B20(d)
	if err != nil {
		return noReading(err)
	}
	return answer(sensor.Read(ctx))
}
