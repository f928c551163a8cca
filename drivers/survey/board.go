package survey

import (
	"errors"
	"fmt"
	"hash/fnv"
	"regexp"

	"thermostat/drivers/hostfs"
)

// board is what the machine tells of itself in files.
type board struct{ hostfs.Root }

// model is what the board calls itself.
func (b board) model() string {
	for _, file := range []string{"/proc/device-tree/model", "/sys/firmware/devicetree/base/model"} {
		if model, ok := b.Value(file); ok && model != "" {
			return model
		}
	}
	return ""
}

// configTxt is the file in which a Raspberry Pi's owner asks for overlays. On
// newer systems /boot/config.txt only says that it has moved.
func (b board) configTxt() string {
	for _, file := range []string{"/boot/firmware/config.txt", "/boot/config.txt"} {
		if b.Small(file) == nil {
			return file
		}
	}
	return ""
}

// envTxt is the file in which the owner of an Orange Pi and its like asks for
// overlays; the names are those of the boards' own systems and of Armbian.
func (b board) envTxt() string {
	for _, file := range []string{"/boot/orangepiEnv.txt", "/boot/armbianEnv.txt", "/boot/dietpiEnv.txt"} {
		if b.Small(file) == nil {
			return file
		}
	}
	return ""
}

// A machine's id is uninitialized until the first start is over.
var machineID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// unique is made from the machine's id, which cloned cards share, and from the
// board's serial number, which not every board has. Neither shows in it.
func (b board) unique() string {
	id, _ := b.Value("/etc/machine-id")
	if !machineID.MatchString(id) {
		id = ""
	}
	serial, _ := b.Value("/proc/device-tree/serial-number")
	if id == "" && serial == "" {
		return ""
	}
	sum := fnv.New32a()
	sum.Write([]byte("thermostat " + id + " " + serial))
	return fmt.Sprintf("%06x", sum.Sum32()&0xffffff)
}

// keepsOutputs is [KeepsOutputs], where nil is not known. Where a
// made-up tree has a pipe in place of a file, reading that would never end.
func (b board) keepsOutputs() *bool {
	for _, file := range []string{
		"/sys/module/pinctrl_bcm2835/parameters/persist_gpio_outputs",
		"/sys/module/pinctrl_rp1/parameters/persist_gpio_outputs",
		"/proc/sys/kernel/osrelease",
		"/proc/device-tree/model",
	} {
		if err := b.Small(file); errors.Is(err, hostfs.ErrNotPlain) || errors.Is(err, hostfs.ErrTooLarge) {
			return nil
		}
	}
	keeps, known := KeepsOutputs(b.Root)
	if !known {
		return nil
	}
	return &keeps
}

// watchdog reports whether there is a hardware watchdog, and whether one is
// armed; nil where the kernel does not tell. Opening it would arm it.
func (b board) watchdog() (there bool, armed *bool) {
	yes, no := true, false
	dogs := b.watchdogs()
	if len(dogs) == 0 && !b.Exists("/dev/watchdog0") {
		return false, &no
	}
	told := 0
	for _, dog := range dogs {
		switch state, _ := b.Value("/sys/class/watchdog", dog, "state"); state {
		case "active":
			return true, &yes
		case "inactive":
			told++
		}
	}
	if told == 0 || told < len(dogs) {
		return true, nil
	}
	return true, &no
}

// watchdogs lists those that still bite when the kernel itself hangs.
func (b board) watchdogs() []string {
	var hard []string
	for _, name := range b.Names("/sys/class/watchdog", "watchdog") {
		if identity, _ := b.Value("/sys/class/watchdog", name, "identity"); identity != "Software Watchdog" {
			hard = append(hard, name)
		}
	}
	return hard
}
