package unique

import (
	"thermostat/agent/config/yamltree"
	"thermostat/agent/devices"
)

// busUsers are the sensors that are on the buses of a Raspberry Pi's header.
type busUsers struct {
	oneWire *yamltree.Node         // the kernel's; nil: none is
	i2c     map[int]*yamltree.Node // by bus
}

func (b *busUsers) add(n *yamltree.Node, s devices.Sensor) {
	switch bus := s.Bus(); {
	case n == nil:
	case bus.I2C:
		b.i2c[bus.Number] = n
	case bus.OneWire:
		b.oneWire = n
	}
}

// addSensors notes the buses that a zone's sensors are on.
func (u *Finder) addSensors(zone *yamltree.Node, z Zone) {
	u.buses.add(zone.Child("sensor"), z.Devices.Sensor)
	fallbacks := zone.Child("fallback_sensors")
	for i, s := range z.Devices.Fallbacks {
		if fallbacks != nil && i < len(fallbacks.Children) {
			u.buses.add(fallbacks.Children[i], s)
		}
	}
}

// CheckPins complains of relays on the wires of a bus that a sensor is on. The
// wires of I2C are fixed, while another pin can be given to 1-Wire.
func (u *Finder) CheckPins() {
	for _, owner := range u.lines {
		line, ok := owner.gpio.Number()
		at := owner.at.Child("line")
		if !ok || at == nil {
			continue
		}
		if user := u.buses.i2c[line/2]; line < 4 && user != nil { // GPIO0 and 1 are bus 0, 2 and 3 are bus 1
			u.complain(at, "GPIO%d is a wire of I2C bus %d, on which %s is: use another line, such as GPIO17", line, line/2, user.Path())
		}
		if line == 4 && u.buses.oneWire != nil {
			u.warn(at, "GPIO4 is the wire of the 1-Wire bus, on which %s is, unless dtoverlay=w1-gpio,gpiopin= names another: use another line, such as GPIO17", u.buses.oneWire.Path())
		}
	}
}
