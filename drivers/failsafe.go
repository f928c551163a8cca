package drivers

import (
	"os"
	"strings"
)

// KeepsOutputs reports whether the kernel goes on driving a GPIO line after the
// program that held it has died. Raspberry Pi's kernel keeps its level unless
// dtparam=strict_gpiod stands in config.txt, and then a killed agent would leave
// the heat on. Mainline Linux turns the lines of a Raspberry Pi 0 to 4 back into
// inputs. Known is false where the kernel does not say: what other chips do
// depends on their drivers.
func (h *Hardware) KeepsOutputs() (keeps, known bool) {
	board := h.board()
	for _, module := range board.pinModules() {
		text, err := os.ReadFile(h.path("/sys/module", module, "parameters/persist_gpio_outputs"))
		if err != nil {
			continue
		}
		switch strings.TrimSpace(string(text)) {
		case "Y", "1":
			return true, true
		case "N", "0":
			known = true
		}
	}
	if known || !board.raspberry() || board.five() {
		return false, known
	}
	release, err := os.ReadFile(h.path("/proc/sys/kernel/osrelease"))
	return false, err == nil && !raspberryKernel(strings.TrimSpace(string(release)))
}

// board is a board's model as the device tree tells it.
type board string

func (h *Hardware) board() board {
	model, _ := os.ReadFile(h.path("/proc/device-tree/model")) // none: another board
	return board(model)
}

func (b board) raspberry() bool { return strings.Contains(string(b), "Raspberry Pi") }

// five reports whether the header hangs on an RP1: models 5, 500 and Compute Module 5.
func (b board) five() bool {
	return strings.Contains(string(b), "Pi 5") || strings.Contains(string(b), "Module 5")
}

// pinModules are the modules whose parameter counts. A kernel for all models
// has both, and the one without hardware shows its default.
func (b board) pinModules() []string {
	switch {
	case b.five():
		return []string{"pinctrl_rp1"}
	case b.raspberry():
		return []string{"pinctrl_bcm2835"}
	}
	return []string{"pinctrl_bcm2835", "pinctrl_rp1"} // one that keeps is enough
}

// raspberryKernel tells Raspberry Pi's kernels by their release: 6.12.25+rpt-rpi-v8,
// or 6.1.21-v8+ of older ones.
func raspberryKernel(release string) bool {
	return strings.Contains(release, "rpi") || strings.HasSuffix(release, "+")
}
