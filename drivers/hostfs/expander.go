package hostfs

import "path/filepath"

// Expander names the I2C chip behind gpiochipN, and its place, such as 1-0020: bus 1,
// address 0x20. Both are empty where there is none.
func (r Root) Expander(chip string) (name, place string) {
	at, err := filepath.EvalSymlinks(r.Path("/sys/bus/gpio/devices", chip))
	if err != nil {
		return "", ""
	}
	parent := filepath.Dir(at)
	bus, err := filepath.EvalSymlinks(filepath.Join(parent, "subsystem"))
	if err != nil || filepath.Base(bus) != "i2c" {
		return "", ""
	}
	place = filepath.Base(parent)
	if name, ok := Root("").Value(parent, "name"); ok && name != "" {
		return name, place
	}
	return place, place
}
