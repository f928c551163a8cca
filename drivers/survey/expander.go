package survey

import (
	"regexp"
	"strings"

	"thermostat/drivers"
	"thermostat/drivers/hostfs"
)

// The labels of chips on an I2C bus: of pca953x the device's name, 1-0020, of the others
// the chip's.
var expanderLabel = regexp.MustCompile(`^([0-9]+-00[0-9a-f]{2}|(mcp230|mcp23s|pc[af][89]|pca[69]|tca[69]|max73|xl95|pi4io).*)$`)

// ExpanderOf names the chip where a relay's line is on an expander behind an I2C bus,
// which keeps its outputs whatever becomes of the board; empty where it is on none, as
// far as its names and this machine tell.
func ExpanderOf(files hostfs.Root, g drivers.GPIO) string {
	if g.HeaderChip() {
		return ""
	}
	name := strings.TrimPrefix(g.Chip, "/dev/")
	if at, err := drivers.ReadGPIOChips(files.Path("/dev")).Find(g); err == nil {
		name = at.Chip.Name
	}
	if chip, _ := files.Expander(name); chip != "" {
		return chip
	}
	if expanderLabel.MatchString(g.Chip) {
		return g.Chip
	}
	return ""
}

// PowersUpHigh reports whether an expander has its lines high from its first supply on:
// PCF8574 and PCF8575 do (datasheets, "power-on reset"), the others begin as inputs.
func PowersUpHigh(chip string) bool {
	return strings.HasPrefix(chip, "pcf857") || strings.HasPrefix(chip, "pca857") || strings.HasPrefix(chip, "max732")
}
