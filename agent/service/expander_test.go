package service

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"thermostat/agent/clitest"
	"thermostat/agent/config"
)

// TestARelayOnAnExpanderIsTold: by the label of its chip, or by what /sys says of its device.
func TestARelayOnAnExpanderIsTold(t *testing.T) {
	root := withExpander(t)
	for _, row := range []struct{ relay, want string }{
		{"line: GPIO17", ""},
		{"line: 3, chip: gpiochip3", ""},
		{"line: 3, chip: mcp23017", "(mcp23017), which keeps its outputs"},
		{"line: 3, chip: 1-0020", "(1-0020), which keeps its outputs"},
		{"line: 3, chip: gpiochip2, active_low: true", "(pcf8574), which keeps its outputs"},
		{"line: 3, chip: gpiochip2", "(pcf8574), which keeps its outputs|is high from the first supply on"},
	} {
		text := strings.Replace(clitest.TwoRelays, "line: GPIO17", row.relay, 1)
		c, _ := config.Read("f", []byte(text))
		got := strings.Join(ExpanderWarnings(c, root), "|")
		for _, want := range strings.Split(row.want, "|") {
			if (want == "") != (got == "") || !strings.Contains(got, want) {
				t.Errorf("%s: %q, want a word on %q", row.relay, got, want)
			}
		}
		if strings.Count(got, "|") != strings.Count(row.want, "|") {
			t.Errorf("%s: %q", row.relay, got)
		}
	}
}

// withExpander is a machine whose gpiochip2 is a PCF8574, and gpiochip3 no expander.
func withExpander(t *testing.T) (root string) {
	root = t.TempDir()
	device := filepath.Join(root, "sys/devices/i2c-1/1-0020")
	for _, dir := range []string{device + "/gpiochip2", root + "/sys/bus/i2c", root + "/sys/bus/gpio/devices", root + "/sys/devices/soc/gpiochip3"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	clitest.WriteFile(t, device+"/name", "pcf8574\n")
	for link, to := range map[string]string{
		device + "/subsystem":                    root + "/sys/bus/i2c",
		root + "/sys/bus/gpio/devices/gpiochip2": device + "/gpiochip2",
		root + "/sys/bus/gpio/devices/gpiochip3": root + "/sys/devices/soc/gpiochip3",
	} {
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
	}
	return root
}
