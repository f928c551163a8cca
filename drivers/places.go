package drivers

import "fmt"

// What a configuration says of a chip, and how people are told of it: nothing here measures.

// DS18B20 is what a configuration says about a 1-Wire thermometer.
type DS18B20 struct {
	ID         string // 28-0316a2795bff, as the kernel writes it; of a family of package w1
	Bus        string // kernel (w1_slave), ds2482 (an I2C bridge) or netlink
	I2CBus     int    // ds2482: the number N of /dev/i2c-N
	Resolution int    // bits, 9..12; 0 leaves the chip's own
}

// DefaultDS18B20 is a thermometer on the kernel's own bus.
func DefaultDS18B20() DS18B20 { return DS18B20{Bus: "kernel", I2CBus: 1} }

// wires is the bus of this board that the thermometer is on.
func (d DS18B20) wires() Bus {
	if d.Bus == "ds2482" {
		return Bus{I2C: true, Number: d.I2CBus}
	}
	return Bus{OneWire: true}
}

func (d DS18B20) text() string {
	text := fmt.Sprintf(" %s, bus %s", d.ID, d.Bus)
	if d.Bus == "ds2482" {
		text += fmt.Sprintf(" on i2c-%d", d.I2CBus)
	}
	return text
}

// I2CPlace is what a configuration says about a chip on an I2C bus.
type I2CPlace struct {
	Bus     int    // the number N of /dev/i2c-N
	Address uint16 // on the bus, of 7 bits
}

// DefaultBME280 is a BME280 as most boards carry it.
func DefaultBME280() I2CPlace { return I2CPlace{Bus: 1, Address: 0x76} }

func (b I2CPlace) text() string { return fmt.Sprintf(" at %#x on i2c-%d", b.Address, b.Bus) }

// SwitchesOnAtReset reports whether the pull that the pin has after a reset
// holds the relay on until the agent runs. BCM2835 to 2711: GPIO0 to 8 pull up,
// 9 to 27 down (BCM2711 peripherals, 5.3; BCM2835 peripherals, 6.2).
func (g GPIO) SwitchesOnAtReset() bool {
	n, ok := g.Number()
	if !ok || n > 27 {
		return false
	}
	pullsUp := n <= 8
	return pullsUp != g.ActiveLow
}
