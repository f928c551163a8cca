package drivers

import (
	"fmt"
	"regexp"
	"strings"

	"thermostat/drivers/hostfs"
)

// oneWireForm is an id as the kernel writes it: the family's code and the serial number.
var oneWireForm = regexp.MustCompile(`^[0-9a-f]{2}-[0-9a-f]{12}$`)

// oneWireFamily is a family of 1-Wire thermometers.
type oneWireFamily struct {
	code, chips string
	read        bool // its scratchpad is a DS18B20's
}

// oneWireFamilies are those that the kernel's w1_therm knows.
func oneWireFamilies() []oneWireFamily {
	return []oneWireFamily{
		{"28", "a DS18B20", true},
		{"22", "a DS1822", true},
		{"42", "a DS28EA00", true},
		{"10", "a DS18S20 or DS1920", false},
		{"3b", "a DS1825, MAX31826 or MAX31850", false},
	}
}

// UnreadThermometer says what an id names that is written as the kernel writes
// ids, and cannot be read as a thermometer; empty where it can, or is none.
func UnreadThermometer(id string) string {
	if !oneWireForm.MatchString(id) {
		return ""
	}
	const reads = "another thermometer is needed: DS18B20 (28-), DS1822 (22-) and DS28EA00 (42-) are read"
	for _, f := range oneWireFamilies() {
		switch {
		case !strings.HasPrefix(id, f.code+"-"):
		case f.read:
			return ""
		default:
			return fmt.Sprintf("%s is %s (family %s), which counts otherwise and is not read; %s", id, f.chips, f.code, reads)
		}
	}
	return fmt.Sprintf("%s is of family %.2s, which is no thermometer; %s", id, id, reads)
}

// OneWireIDs lists the thermometers that the kernel has found, by their ids.
func OneWireIDs(files hostfs.Root) []string {
	var all []string
	for _, f := range oneWireFamilies() {
		for _, id := range files.Names("/sys/bus/w1/devices", f.code+"-") {
			if oneWireForm.MatchString(id) { // else not a name that the kernel gives
				all = append(all, id)
			}
		}
	}
	return all
}

// successors says which other thermometers are on the bus of one that is not
// there: often it was replaced. It is empty where there are none.
func successors(others []string) string {
	const most = 8
	switch n := len(others); {
	case n == 0:
		return ""
	case n > most:
		return fmt.Sprintf("; %s and %d more are: if one of them has replaced it, write its id instead", strings.Join(others[:most], ", "), n-most)
	case n == 1:
		return fmt.Sprintf("; %s is: if it has replaced it, write its id instead", others[0])
	}
	return fmt.Sprintf("; %s are: if one of them has replaced it, write its id instead", strings.Join(others, ", "))
}
