package drivers

import (
	"errors"
	"fmt"
	"hash/fnv"
	"regexp"
)

// model is what the board calls itself.
func (h *Hardware) model() string {
	for _, file := range []string{"/proc/device-tree/model", "/sys/firmware/devicetree/base/model"} {
		if model, ok := h.value(file); ok && model != "" {
			return model
		}
	}
	return ""
}

// configTxt is the file in which a Raspberry Pi's owner asks for overlays. On
// newer systems /boot/config.txt only says that it has moved.
func (h *Hardware) configTxt() string {
	for _, file := range []string{"/boot/firmware/config.txt", "/boot/config.txt"} {
		if isSmall(h.path(file)) == nil {
			return file
		}
	}
	return ""
}

// envTxt is the file in which the owner of an Orange Pi and its like asks for
// overlays; the names are those of the boards' own systems and of Armbian.
func (h *Hardware) envTxt() string {
	for _, file := range []string{"/boot/orangepiEnv.txt", "/boot/armbianEnv.txt", "/boot/dietpiEnv.txt"} {
		if isSmall(h.path(file)) == nil {
			return file
		}
	}
	return ""
}

// A machine's id is uninitialized until the first start is over.
var machineID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// unique is made from the machine's id, which cloned cards share, and from the
// board's serial number, which not every board has. Neither shows in it.
func (h *Hardware) unique() string {
	id, _ := h.value("/etc/machine-id")
	if !machineID.MatchString(id) {
		id = ""
	}
	serial, _ := h.value("/proc/device-tree/serial-number")
	if id == "" && serial == "" {
		return ""
	}
	sum := fnv.New32a()
	sum.Write([]byte("thermostat " + id + " " + serial))
	return fmt.Sprintf("%06x", sum.Sum32()&0xffffff)
}

// keepsOutputs is [Hardware.KeepsOutputs], where nil is not known. Where a
// made-up tree has a pipe in place of a file, reading that would never end.
func (h *Hardware) keepsOutputs() *bool {
	for _, file := range []string{
		"/sys/module/pinctrl_bcm2835/parameters/persist_gpio_outputs",
		"/sys/module/pinctrl_rp1/parameters/persist_gpio_outputs",
		"/proc/sys/kernel/osrelease",
		"/proc/device-tree/model",
	} {
		if err := isSmall(h.path(file)); errors.Is(err, errNotPlain) || errors.Is(err, errTooLarge) {
			return nil
		}
	}
	keeps, known := h.KeepsOutputs()
	if !known {
		return nil
	}
	return &keeps
}

// watchdog reports whether there is a hardware watchdog, and whether one is
// armed; nil where the kernel does not tell. Opening it would arm it.
func (h *Hardware) watchdog() (there bool, armed *bool) {
	yes, no := true, false
	dogs := h.watchdogs()
	if len(dogs) == 0 && !exists(h.path("/dev/watchdog0")) {
		return false, &no
	}
	told := 0
	for _, dog := range dogs {
		switch state, _ := h.value("/sys/class/watchdog", dog, "state"); state {
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
func (h *Hardware) watchdogs() []string {
	var hard []string
	for _, name := range h.names("/sys/class/watchdog", "watchdog") {
		if identity, _ := h.value("/sys/class/watchdog", name, "identity"); identity != "Software Watchdog" {
			hard = append(hard, name)
		}
	}
	return hard
}
