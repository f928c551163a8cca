// Package kernel reads the sensors that drivers of Linux itself serve, by
// hwmon or IIO: what people load by a line dtoverlay= in config.txt. A device
// is found by its place on its bus, since the numbers of hwmonN and
// iio:deviceN change from one start to the next.
package kernel

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Spec is what a configuration says about such a sensor.
type Spec struct {
	Device    string  // i2c-1/0x44, spi0.0, or a platform device such as dht11@4
	Channel   string  // which of its temperatures, or voltages of an NTC, such as temp1 or in_temp_object; empty: the only one
	Unchecked bool    // its owner knows that nobody checks its answers
	Compared  bool    // the zone has other sensors to hold it against
	Humid     bool    // it measures humidity, too; only its board knows
	R0        float64 // Ω, of an RTD at 0 °C
	RRef      float64 // Ω, of the reference resistor beside it
	NTC       NTC
}

// NTC is a thermistor from an input of an ADC to ground, below a resistor to
// the supply. The zero value is none.
type NTC struct {
	R25    float64 // Ω, at 25 °C
	Beta   float64 // K
	Pullup float64 // Ω
	VCC    float64 // V, above the resistor
}

// Form is what a device's place looks like; ECMAScript knows the expression, too.
var Form = regexp.MustCompile(`^(i2c-[0-9]{1,3}/0x[0-7][0-9a-f]|spi[0-9]{1,3}\.[0-9]{1,2}|[A-Za-z0-9_.,-]+@[0-9a-f]+)$`)

// ChannelForm is what a channel's name looks like.
var ChannelForm = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,40}$`)

var i2cForm = regexp.MustCompile(`^(?:.*/)?(?:i2c-)?([0-9]{1,3})[-/:](?:0x)?([0-9A-Fa-f]{2,4})$`)

// Better says how a device's place is written right that the kernel or another
// program spells otherwise; empty where that is not known.
func Better(text string) string {
	m := i2cForm.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	address, err := strconv.ParseUint(m[2], 16, 8)
	if err != nil || address > 0x7f {
		return ""
	}
	return fmt.Sprintf("i2c-%s/%#02x", m[1], address)
}

// I2C gives the place of a device on an I2C bus.
func (s Spec) I2C() (bus int, address uint16, ok bool) {
	_, err := fmt.Sscanf(s.Device, "i2c-%d/0x%x", &bus, &address)
	return bus, address, err == nil
}

// folder is where the kernel tells of the device.
func (s Spec) folder() string {
	if bus, address, ok := s.I2C(); ok {
		return fmt.Sprintf("/sys/bus/i2c/devices/%d-%04x", bus, address)
	}
	if strings.Contains(s.Device, "@") {
		return "/sys/bus/platform/devices/" + s.Device
	}
	return "/sys/bus/spi/devices/" + s.Device
}

// Text says which it is, for people.
func (s Spec) Text() string {
	text := " " + s.Device
	if s.Channel != "" {
		text += ", channel " + s.Channel
	}
	switch {
	case s.R0 != 0:
		text += fmt.Sprintf(", RTD of %v Ω against %v Ω", s.R0, s.RRef)
	case s.NTC != NTC{}:
		text += fmt.Sprintf(", NTC of %v Ω below %v Ω", s.NTC.R25, s.NTC.Pullup)
	}
	if s.Unchecked {
		text += ", answers unchecked"
	}
	return text
}
