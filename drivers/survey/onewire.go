package survey

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"thermostat/controlloop"
	"thermostat/drivers"
	"thermostat/drivers/w1"
)

// Thermometer is a 1-Wire thermometer that the kernel found.
type Thermometer struct {
	ID   string // 28-0316a2795bff
	Chip string // what its family is, such as DS18B20
	Answer
}

// thermometers reads one after another, since they share the bus.
func (h machine) thermometers(ctx context.Context) []Thermometer {
	var all []Thermometer
	for _, id := range w1.IDs(h.Files) {
		all = append(all, Thermometer{id, w1.FamilyOf(id).Chips, h.askThermometer(ctx, id)})
	}
	return all
}

func (h machine) askThermometer(ctx context.Context, id string) Answer {
	// A pipe in place of the file would never be read to its end.
	if err := h.Files.Small("/sys/bus/w1/devices", id, "w1_slave"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return noReading(&controlloop.BadReading{Verdict: controlloop.VerdictBusError, Err: fmt.Errorf("w1_slave: %w", err)})
	}
	d := drivers.DefaultDS18B20()
	d.ID = id
	return h.ask(ctx, drivers.SensorSpec{Driver: "ds18b20", DS18B20: d})
}

// ask reads a sensor once, as if it were alone on its bus: they are asked one
// after another, and none has to wait for another.
func (h machine) ask(ctx context.Context, spec drivers.SensorSpec) Answer {
	alone := drivers.NewHardware(string(h.Files))
	alone.I2C = h.I2C
	sensor, err := alone.Sensor(spec)
	if err != nil {
		return noReading(err)
	}
	return answer(sensor.Read(ctx))
}
