package survey

import "thermostat/drivers/hostfs"

// serialPorts are those of adapters, by the names that they keep over restarts where udev
// gives them such. None is opened: that would move the wires of its modem.
func serialPorts(files hostfs.Root) (all []string) {
	for _, kind := range []struct{ dir, prefix string }{{"/dev/serial/by-id", ""}, {"/dev", "ttyUSB"}, {"/dev", "ttyACM"}} {
		for _, name := range files.Names(kind.dir, kind.prefix) {
			all = append(all, kind.dir+"/"+hostfs.Printable(name))
		}
		if kind.prefix == "" && len(all) > 0 {
			return all
		}
	}
	return all
}
