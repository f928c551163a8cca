package drivers

import (
	"fmt"

	"periph.io/x/conn/v3/i2c"

	"thermostat/controlloop"
)

// The ids of the chips that share the addresses 0x76 and 0x77, and boards that
// are sold under each other's names. The younger ones keep theirs elsewhere.
const (
	chipBME280 = 0x60
	chipBMP280 = 0x58
	regYoungID = 0x00
)

// DefaultBMP280 is a BMP280 as most boards carry it.
func DefaultBMP280() I2CPlace { return I2CPlace{Bus: 1, Address: 0x76} }

// Bosch names the chip that has such an id at a BME280's address; empty where it
// is none of that family. Of unknown ids the register of younger chips is read.
func Bosch(bus i2c.Bus, address uint16, id byte) string {
	switch id {
	case chipBME280:
		return "BME280"
	case chipBMP280, 0x56, 0x57: // the last two are samples, which were sold
		return "BMP280"
	case 0x55:
		return "BMP180"
	case 0x61:
		return "BME680"
	}
	var young [1]byte
	if bus.Tx(address, []byte{regYoungID}, young[:]) != nil {
		return ""
	}
	return map[byte]string{0x50: "BMP388", 0x60: "BMP390"}[young[0]]
}

// JudgeBosch gives what is wrong with a chip of that id where a BME280 or a BMP280 is
// wanted, and what to write instead; nil: it is the one.
func JudgeBosch(bus i2c.Bus, at I2CPlace, id byte, wanted string) error {
	here := fmt.Sprintf("bus: %d, address: %#x}", at.Bus, at.Address)
	byKernel := fmt.Sprintf("{driver: kernel, device: i2c-%d/%#x, unchecked: true}", at.Bus, at.Address)
	switch found := Bosch(bus, at.Address, id); {
	case found == wanted:
		return nil
	case found == "BMP280":
		return bad(controlloop.VerdictNoHumidity, "the chip is a BMP280, which has no humidity sensor, not a BME280: write {driver: bmp280, %s", here)
	case found == "BME280":
		return bad(controlloop.VerdictWrongChip, "the chip is a BME280, which measures humidity, too: write {driver: bme280, %s", here)
	case found != "":
		overlay := map[string]string{"BMP180": "bmp180", "BME680": "bme680", "BMP388": "bmp380", "BMP390": "bmp380"}[found]
		return bad(controlloop.VerdictWrongChip, "the chip is a %s, not a %s: write dtoverlay=i2c-sensor,%s into config.txt, reboot, and write %s", found, wanted, overlay, byKernel)
	case id == 0x00 || id == 0xff:
		return bad(controlloop.VerdictWrongChip, "the chip's id reads as 0x%02x: nobody drives the line; look at the chip's supply, its wires (SDA, SCL) and its address", id)
	}
	return bad(controlloop.VerdictWrongChip, "the chip's id is %#x, which is neither a BME280's (%#x) nor a BMP280's (%#x)", id, chipBME280, chipBMP280)
}

// openBMP280 is a BME280 without humidity.
func openBMP280(h *Hardware, at I2CPlace) controlloop.Sensor {
	b := openBME280(h, at)
	b.dry = true
	return b
}

func (b *bme280Bus) wanted() string {
	if b.dry {
		return "BMP280"
	}
	return "BME280"
}
