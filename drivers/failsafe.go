package drivers

import (
	"os"
	"regexp"
	"slices"
	"strings"
)

// KeepsOutputs reports whether the kernel goes on driving a line of the header
// after the program that held it has died. Raspberry Pi's kernel keeps its level
// unless dtparam=strict_gpiod stands in config.txt, and then a killed agent would
// leave the heat on. Known is true only where something speaks for it: the
// parameter of the driver that serves the header, or a kernel that is known to
// turn the lines back into inputs. No name of a kernel, and no want of one, is
// proof: Ubuntu's, Home Assistant's and many others are Raspberry Pi's kernel
// under names of their own.
func (h *Hardware) KeepsOutputs() (keeps, known bool) {
	drivers := h.board().pinDrivers()
	model := len(drivers) > 0
	if !model { // another board, or one that does not say what it is, as in a container
		if h.anyPersists() {
			return true, true
		}
		drivers = h.headerDrivers()
	}
	for _, d := range drivers {
		switch h.persists(d) {
		case "Y", "1":
			return true, true
		case "N", "0":
			known = true
		}
	}
	return false, known || model && slices.Contains(drivers, bcm2835) && h.debianKernel()
}

// The drivers of a Raspberry Pi's header, as the kernel's modules are called.
const (
	bcm2835 = "pinctrl_bcm2835" // models 0 to 4
	rp1     = "pinctrl_rp1"     // models 5, 500 and Compute Module 5
)

// persists is a driver's parameter that says whether a line outlives its
// program; empty where the kernel has none, as older ones.
func (h *Hardware) persists(driver string) string {
	text, _ := os.ReadFile(h.path("/sys/module", driver, "parameters/persist_gpio_outputs"))
	return strings.TrimSpace(string(text))
}

// anyPersists reports whether any of the drivers keeps its lines. A kernel for all
// models has both, and the one without hardware shows its default: one that keeps
// is enough, one that lets go proves nothing.
func (h *Hardware) anyPersists() bool {
	return slices.ContainsFunc([]string{bcm2835, rp1}, func(d string) bool {
		p := h.persists(d)
		return p == "Y" || p == "1"
	})
}

// headerDrivers tells by the chips that may be asked which driver serves the header.
func (h *Hardware) headerDrivers() (drivers []string) {
	if !h.real() {
		return nil
	}
	for _, c := range gpioChips(h.path("/dev")).asked {
		switch {
		case c.Label == "pinctrl-rp1":
			drivers = append(drivers, rp1)
		case c.Header():
			drivers = append(drivers, bcm2835)
		}
	}
	return drivers
}

// debianRelease is that of a kernel of Debian 10 to 12, which is mainline Linux.
// Its pinctrl-bcm2835.c makes a freed line an input (bcm2835_pmx_free) and has no
// parameter yet. Debian's for Raspberry Pi 0 and 1 end in rpi, as others do, and
// are left out.
var debianRelease = regexp.MustCompile(`^(4\.19|5\.10|6\.1)\.0-[0-9]+-(arm64|armmp|armmp-lpae)$`)

func (h *Hardware) debianKernel() bool {
	release, _ := os.ReadFile(h.path("/proc/sys/kernel/osrelease"))
	return debianRelease.MatchString(strings.TrimSpace(string(release)))
}

// board is a board's model as the device tree tells it.
type board string

func (h *Hardware) board() board { return board(h.model()) } // empty: another board, or a container

var (
	olderModels = regexp.MustCompile(`Raspberry Pi (Model|Zero|[1-4]|Compute Module($| Rev| [1-4]))`)
	fifthModels = regexp.MustCompile(`Raspberry Pi (5|Compute Module 5)`)
)

// pinDrivers are those of the header; none where the model is no known one.
func (b board) pinDrivers() []string {
	switch {
	case fifthModels.MatchString(string(b)):
		return []string{rp1}
	case olderModels.MatchString(string(b)):
		return []string{bcm2835}
	}
	return nil
}
