// Package w1 knows the families of 1-Wire thermometers: their ids, as the
// kernel and others write them, and what the nine bytes of each mean.
package w1

import (
	"fmt"
	"regexp"
	"strings"

	"thermostat/drivers/hostfs"
)

// form is an id as the kernel writes it: the family's code and the serial number.
var form = regexp.MustCompile(`^[0-9a-f]{2}-[0-9a-f]{12}$`)

// IsID reports whether a text is an id as the kernel writes it.
func IsID(text string) bool { return form.MatchString(text) }

// Family is a family of 1-Wire thermometers.
type Family struct {
	Code     string // the first byte of its ids, in hex
	Chips    string // which they are
	Settable bool   // its resolution can be set

	decode func(pad []byte) (Measured, error) // of bytes whose checksum is sound
}

// families are those that the kernel's w1_therm knows.
func families() []Family {
	return []Family{
		{"28", "DS18B20", true, sixteenths(-55, 125)},
		{"22", "DS1822", true, sixteenths(-55, 125)},
		{"42", "DS28EA00", true, sixteenths(-40, 85)},
		{"10", "DS18S20 or DS1920", false, halves},
		{"3b", "DS1825, MAX31826 or MAX31850", true, of3b},
	}
}

// FamilyOf is the family of an id; without a Code where it is none of thermometers.
func FamilyOf(id string) Family {
	for _, f := range families() {
		if strings.HasPrefix(id, f.Code+"-") {
			return f
		}
	}
	return Family{}
}

// NoThermometer says what an id names that is written as the kernel writes ids
// and is no thermometer's; empty where it is one, or no id.
func NoThermometer(id string) string {
	if !form.MatchString(id) || FamilyOf(id).Code != "" {
		return ""
	}
	var all []string
	for _, f := range families() {
		all = append(all, fmt.Sprintf("%s- (%s)", f.Code, f.Chips))
	}
	return fmt.Sprintf("%s is of family %.2s, which is no thermometer: their ids begin with %s", id, id, strings.Join(all, ", "))
}

// IDs lists the thermometers that the kernel has found.
func IDs(files hostfs.Root) []string {
	var all []string
	for _, f := range families() {
		for _, id := range files.Names("/sys/bus/w1/devices", f.Code+"-") {
			if form.MatchString(id) { // else not a name that the kernel gives
				all = append(all, id)
			}
		}
	}
	return all
}
