package drivers

import (
	"os"
	"strings"
)

// KeepsOutputs reports whether the kernel goes on driving a GPIO line after the
// program that held it has died. Mainline Linux turns such a line back into an
// input; Raspberry Pi's kernel keeps its level unless dtparam=strict_gpiod
// stands in config.txt, and then a killed agent would leave the heat on. Known
// is false where the kernel is Raspberry Pi's, but does not say.
func (h *Hardware) KeepsOutputs() (keeps, known bool) {
	for _, module := range []string{"pinctrl_bcm2835", "pinctrl_rp1"} {
		text, err := os.ReadFile(h.path("/sys/module", module, "parameters/persist_gpio_outputs"))
		if err != nil {
			continue
		}
		switch strings.TrimSpace(string(text)) {
		case "Y", "1":
			return true, true
		case "N", "0":
			return false, true
		}
	}
	release, err := os.ReadFile(h.path("/proc/sys/kernel/osrelease"))
	return false, err == nil && !raspberryKernel(strings.TrimSpace(string(release)))
}

// raspberryKernel tells Raspberry Pi's kernels by their release: 6.12.25+rpt-rpi-v8,
// or 6.1.21-v8+ of older ones.
func raspberryKernel(release string) bool {
	return strings.Contains(release, "rpi") || strings.HasSuffix(release, "+")
}
