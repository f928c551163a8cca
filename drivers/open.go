// Package drivers opens the sensors and relays of this machine, one file a
// device. A driver judges one answer of its chip; whether a sequence of
// readings makes sense is judged by package controlloop.
package drivers

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"periph.io/x/conn/v3/i2c"

	"thermostat/controlloop"
	"thermostat/drivers/hostfs"
	"thermostat/drivers/modbus"
	"thermostat/drivers/simulated"
)

// Hardware is the machine whose devices are opened. Zones that share a bus or a
// chip share one Hardware.
type Hardware struct {
	Tell func(text string) // is given what people should know once, from any goroutine; nil: nobody is told

	Files hostfs.Root                             // /sys and /dev
	I2C   func(number int) (i2c.BusCloser, error) // opens a made-up bus instead of /dev/i2c-N; nil for the real one

	Boards modbus.Lines // relays behind serial ports

	kernelQueue queue // of the thermometers behind the kernel's masters

	mu    sync.Mutex
	buses map[string]*oneWireBus
	chips map[I2CPlace]*chipMemory
	water map[string]*simulated.Water
}

// NewHardware is the machine on which the agent runs. Root is put before every
// path in /sys; "" or "/" for the real one.
func NewHardware(root string) *Hardware {
	return &Hardware{Files: hostfs.Root(root), buses: map[string]*oneWireBus{}, chips: map[I2CPlace]*chipMemory{}, water: map[string]*simulated.Water{}}
}

// Water is the simulated water of a source: whoever names the same one shares it.
func (h *Hardware) Water(source string) *simulated.Water {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.water[source] == nil {
		h.water[source] = simulated.NewWater(time.Now)
	}
	return h.water[source]
}

// chip is the memory of a chip that more than one zone may read.
func (h *Hardware) chip(b I2CPlace) *chipMemory {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.chips[b] == nil {
		h.chips[b] = new(chipMemory)
	}
	return h.chips[b]
}

func (h *Hardware) tell(text string) {
	if h.Tell != nil {
		h.Tell(text)
	}
}

// Sensor opens a sensor. It need not be there yet.
func (h *Hardware) Sensor(spec SensorSpec) (controlloop.Sensor, error) {
	if open := spec.row().open; open != nil {
		return open(h, spec)
	}
	return nil, fmt.Errorf("driver %.40q is none of %s", spec.Driver, strings.Join(SensorDrivers(), ", "))
}

// Relay opens a relay, off. It must be there.
func (h *Hardware) Relay(spec RelaySpec) (controlloop.Relay, error) {
	if open := spec.row().open; open != nil {
		return open(h, spec)
	}
	return nil, fmt.Errorf("driver %.40q is none of %s", spec.Driver, strings.Join(RelayDrivers(), ", "))
}
