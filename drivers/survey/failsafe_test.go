package survey

import (
	"testing"

	"thermostat/drivers/hostfs"
)

// What a kernel does with a dead program's lines is known by its parameter or
// because it is Debian's; the names that others give to Raspberry Pi's prove nothing.
func TestKeptOutputsAreKnownByTheParameterOrDebiansKernel(t *testing.T) {
	const four, five = "Raspberry Pi 4 Model B Rev 1.5\x00", "Raspberry Pi 5 Model B Rev 1.0\x00"
	type row struct {
		model, bcm, rp1, release string
		keeps, known             bool
	}
	rows := []row{
		{four, "Y\n", "", "6.12.25+rpt-rpi-v8", true, true},
		{four, "N\n", "Y\n", "6.12.25+rpt-rpi-v8", false, true}, // the other module has no hardware
		{four, "", "N\n", "6.1.77-v8", false, false},
		{five, "N\n", "Y\n", "6.12.25+rpt-rpi-2712", true, true},
		{five, "Y\n", "N\n", "6.12.25+rpt-rpi-2712", false, true},
		{five, "", "", "6.18.0-arm64", false, false},
		{five, "", "", "6.1.0-41-arm64", false, false},
		{"", "N\n", "Y\n", "6.12.25+rpt-rpi-2712", true, true}, // a container: one that keeps is enough
		{"", "", "N\n", "6.1.0-41-arm64", false, false},
		{"", "N\n", "N\n", "6.12.25+rpt-rpi-2712", false, false},
		{"", "", "", "", false, false},
		// Mainline has both drivers in one kernel for all boards: their parameters say nothing of another chip.
		{"Radxa ROCK 4\x00", "N\n", "", "6.12.30-current-rockchip64", false, false},
		{"Xunlong Orange Pi 5\x00", "N\n", "N\n", "6.1.0-41-arm64", false, false},
		{"linux,dummy-virt\x00", "", "Y\n", "6.1.0-41-arm64", true, true},   // whatever its chips are called: one that keeps is enough
		{"Raspberry Pi 6 Model B\x00", "N\n", "N\n", "7.0.0", false, false}, // nobody knows which it has
		{"Raspberry Pi 500 Rev 1.0\x00", "N\n", "", "", false, false},
		{"Raspberry Pi 400 Rev 1.0\x00", "N\n", "", "", false, true},
		{"Raspberry Pi Compute Module 5 Rev 1.0\x00", "", "N\n", "", false, true},
		{"Raspberry Pi Compute Module 4S Rev 1.0\x00", "N\n", "", "", false, true},
		{"Raspberry Pi Compute Module Rev 1.0\x00", "N\n", "", "", false, true},
		{"Raspberry Pi Zero 2 W Rev 1.0\x00", "N\n", "", "", false, true},
		{"Raspberry Pi Model B Plus Rev 1.2\x00", "N\n", "", "", false, true},
		{"Raspberry Pi 3 Model A Plus Rev 1.0\x00", "", "", "5.10.0-30-arm64", false, true},
	}
	for _, debian := range []string{"4.19.0-27-arm64", "5.10.0-30-armmp", "6.1.0-41-armmp-lpae", "6.1.0-41-arm64"} {
		rows = append(rows, row{four, "", "", debian, false, true})
	}
	for _, other := range []string{
		"6.8.0-1013-raspi", "6.6.31-haos-raspi", "6.1.77-v8", "6.1.21-v8+", "6.1.69-1-MANJARO-ARM-RPI", "6.6.10-1-rpi-ARCH", "6.6.14-0-rpi",
		"6.6.51+rpt-rpi-v8", "6.1.0-rpi7-rpi-v8", "6.1.0-41-rpi", "6.6.73", "6.1.63-stable_20231123", "5.15.0-1049-raspi", "6.1.0-1-arm64-v8",
		"6.6.20-v8-16k", "6.8.0-45-generic", "6.12.48+deb13-arm64", "6.1.0-41-arm64+", "6.1.0-41-arm64-rpi", "5.10.110-legacy-bcm2711", "garbage", "",
	} {
		rows = append(rows, row{four, "", "", other, false, false})
	}
	for _, row := range rows {
		root := t.TempDir()
		for path, text := range map[string]string{
			"proc/device-tree/model":                                     row.model,
			"sys/module/pinctrl_bcm2835/parameters/persist_gpio_outputs": row.bcm,
			"sys/module/pinctrl_rp1/parameters/persist_gpio_outputs":     row.rp1,
			"proc/sys/kernel/osrelease":                                  row.release,
		} {
			if text != "" {
				plant(t, root, map[string]string{path: text})
			}
		}
		if keeps, known := KeepsOutputs(hostfs.Root(root)); keeps != row.keeps || known != row.known {
			t.Errorf("%+v: %v, %v", row, keeps, known)
		}
	}
}
