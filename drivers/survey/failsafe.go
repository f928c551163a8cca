package survey

import (
	"os"
	"regexp"
	"slices"
	"strings"

	"thermostat/drivers"
	"thermostat/drivers/hostfs"
)

// KeepsOutputs reports whether the kernel goes on driving a line of the header
// after the program that held it has died. Raspberry Pi's kernel keeps its level
// unless dtparam=strict_gpiod stands in config.txt, and then a killed agent would
// leave the heat on. Known is true only where something speaks for it: the
// parameter of the driver that serves the header, or a kernel that is known to
// turn the lines back into inputs. No name of a kernel, and no want of one, is
// proof: Ubuntu's, Home Assistant's and many others are Raspberry Pi's kernel
// under names of their own.
func KeepsOutputs(files hostfs.Root) (keeps, known bool) {
	b := board{files}
	all := piModel(b.model()).pinDrivers()
	model := len(all) > 0
	if !model { // another board, or one that does not say what it is, as in a container
		if b.anyPersists() {
			return true, true
		}
		all = b.headerDrivers()
	}
	for _, d := range all {
		switch b.persists(d) {
		case "Y", "1":
			return true, true
		case "N", "0":
			known = true
		}
	}
	return false, known || model && slices.Contains(all, bcm2835) && b.debianKernel()
}

// The drivers of a Raspberry Pi's header, as the kernel's modules are called.
const (
	bcm2835 = "pinctrl_bcm2835" // models 0 to 4
	rp1     = "pinctrl_rp1"     // models 5, 500 and Compute Module 5
)

// persists is a driver's parameter that says whether a line outlives its
// program; empty where the kernel has none, as older ones.
func (b board) persists(driver string) string {
	text, _ := os.ReadFile(b.Path("/sys/module", driver, "parameters/persist_gpio_outputs"))
	return strings.TrimSpace(string(text))
}

// anyPersists reports whether any of the drivers keeps its lines. A kernel for all
// models has both, and the one without hardware shows its default: one that keeps
// is enough, one that lets go proves nothing.
func (b board) anyPersists() bool {
	return slices.ContainsFunc([]string{bcm2835, rp1}, func(d string) bool {
		p := b.persists(d)
		return p == "Y" || p == "1"
	})
}

// headerDrivers tells by the chips that may be asked which driver serves the header.
func (b board) headerDrivers() (all []string) {
	if !b.Real() {
		return nil
	}
	for _, c := range drivers.ReadGPIOChips(b.Path("/dev")).Asked {
		switch {
		case c.Label == "pinctrl-rp1":
			all = append(all, rp1)
		case c.Header():
			all = append(all, bcm2835)
		}
	}
	return all
}

// debianRelease is that of a kernel of Debian 10 to 12, which is mainline Linux.
// Its pinctrl-bcm2835.c makes a freed line an input (bcm2835_pmx_free) and has no
// parameter yet. Debian's for Raspberry Pi 0 and 1 end in rpi, as others do, and
// are left out.
var debianRelease = regexp.MustCompile(`^(4\.19|5\.10|6\.1)\.0-[0-9]+-(arm64|armmp|armmp-lpae)$`)

func (b board) debianKernel() bool {
	release, _ := os.ReadFile(b.Path("/proc/sys/kernel/osrelease"))
	return debianRelease.MatchString(strings.TrimSpace(string(release)))
}

// piModel is a board's model as the device tree tells it; empty: another board,
// or a container.
type piModel string

var (
	olderModels = regexp.MustCompile(`Raspberry Pi (Model|Zero|[1-4]|Compute Module($| Rev| [1-4]))`)
	fifthModels = regexp.MustCompile(`Raspberry Pi (5|Compute Module 5)`)
)

// pinDrivers are those of the header; none where the model is no known one.
func (b piModel) pinDrivers() []string {
	switch {
	case fifthModels.MatchString(string(b)):
		return []string{rp1}
	case olderModels.MatchString(string(b)):
		return []string{bcm2835}
	}
	return nil
}
