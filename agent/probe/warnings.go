package probe

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"thermostat/agent/config"
	"thermostat/agent/service"
	"thermostat/controlloop"
	"thermostat/drivers/survey"
)

// warnings says what is set up wrongly, each with the cure.
func warnings(s survey.Board) []string {
	return slices.Concat(
		oneWireWarnings(s), i2cWarnings(s), sensorWarnings(s), permissionWarnings(s),
		relayWarnings(s), failsafeWarnings(s),
	)
}

// configTxt names the file in which a Raspberry Pi's overlays stand.
func configTxt(s survey.Board) string {
	if s.ConfigTxt == "" {
		return "config.txt"
	}
	return s.ConfigTxt
}

// overlay says how a bus is switched on: on a Raspberry Pi by a line of
// config.txt, on an Orange Pi and its like by a word in a list.
func overlay(s survey.Board, line, word string) string {
	switch {
	case isRaspberry(s) || s.EnvTxt == "" && (s.Model == "" || s.ConfigTxt != ""):
		return fmt.Sprintf("add %s to %s", line, configTxt(s))
	case s.EnvTxt != "":
		return fmt.Sprintf("add %s to the words behind overlays= in %s (its name on your board: ls /boot/dtb*/overlay)", word, s.EnvTxt)
	}
	return fmt.Sprintf("switch on the overlay %s of the board's device tree", word)
}

func isRaspberry(s survey.Board) bool { return strings.Contains(s.Model, "Raspberry Pi") }

// hidden knows a Raspberry Pi whose model is not to be seen, as in a container.
func hidden(s survey.Board) bool {
	return s.Model == "" && slices.ContainsFunc(s.Chips, func(c survey.Chip) bool { return c.Header() })
}

func oneWireWarnings(s survey.Board) []string {
	switch {
	case len(s.Thermometers) > 0:
		return nil
	case s.OneWireMasters == 0:
		return []string{fmt.Sprintf("no 1-Wire bus (a DS18B20 needs it, a BME280 does not): %s and reboot", overlay(s, "dtoverlay=w1-gpio", "w1-gpio"))}
	}
	return []string{"no thermometer on the 1-Wire bus: look at its wires (data on GPIO4 = pin 7, ground, 3.3 V) and at the pull-up of 4.7 kΩ from data to 3.3 V"}
}

// i2cWarnings knows that the buses of a Raspberry Pi's screens are there even
// where the header's, i2c-1, is not switched on.
func i2cWarnings(s survey.Board) []string {
	header := func(b survey.I2CBus) bool { return b.Number == 1 }
	if len(s.Buses) > 0 && (!isRaspberry(s) || slices.ContainsFunc(s.Buses, header)) {
		return nil
	}
	return []string{fmt.Sprintf("no I2C bus on the header (a BME280 needs it, a DS18B20 does not): %s and i2c-dev to /etc/modules, and reboot", overlay(s, "dtparam=i2c_arm=on", "i2c1"))}
}

// sensorWarnings say what a verdict means.
func sensorWarnings(s survey.Board) []string {
	var all []string
	for _, k := range s.Kernel {
		switch {
		case k.Reading == nil:
			all = append(all, fmt.Sprintf("the chip at %s gives no temperature (%s): %s", k.Device, k.Verdict, k.Answer.Text))
		case k.Own != "":
			all = append(all, fmt.Sprintf("the chip at %s answers with a checksum that the kernel's driver %s ignores: take its overlay out of config.txt, reboot, and write driver: %s", k.Device, k.Bound.Driver, k.Own))
		case !k.Checked:
			all = append(all, fmt.Sprintf("nobody checks the answers of the chip at %s: a damaged one is a temperature like any other; a second sensor and max_disagreement find it", k.Device))
		}
	}
	for _, t := range s.Thermometers {
		if t.Verdict != controlloop.VerdictOK {
			all = append(all, fmt.Sprintf("thermometer %s gives no temperature (%s): %s", t.ID, t.Verdict, thermometerCure(t.Answer)))
		}
	}
	for _, b := range s.Buses {
		for _, c := range b.Chips {
			if text := chipWarning(c); text != "" {
				all = append(all, fmt.Sprintf("the chip at %#x on i2c-%d %s", c.Address, b.Number, text))
			}
		}
	}
	return all
}

func thermometerCure(a survey.Answer) string {
	switch a.Verdict {
	case controlloop.VerdictNoAnswer, controlloop.VerdictAllOnes:
		return "it is unplugged, or the line is shorted or disturbed: look at its three wires and the pull-up of 4.7 kΩ"
	case controlloop.VerdictPowerOn, controlloop.VerdictNotConverted:
		return "it loses its power while it measures: give it 3.3 V by a wire of its own and look at the contacts"
	case controlloop.VerdictCRC:
		return "its answers are damaged on the way: shorten the cable, keep it away from mains, or take a pull-up of 2.2 kΩ"
	case controlloop.VerdictShorted:
		return "the data line is held low: look for a short between data and ground"
	case controlloop.VerdictOutOfRange:
		return "the chip is damaged or no true DS18B20: replace it"
	case controlloop.VerdictAbsent, controlloop.VerdictBusError, controlloop.VerdictBadConfig, controlloop.VerdictWrongChip:
		return a.Text
	}
	return a.Text + ": look at the kernel's log (dmesg)"
}

// chipWarning is empty for chips that are no concern of ours.
func chipWarning(c survey.I2CChip) string {
	bosch := c.Chip == "bme280" || c.Chip == "bmp280"
	switch {
	case c.Held && bosch:
		return "is held by the kernel's own driver: it is read with driver: kernel, or with driver: bme280 once its overlay (i2c-sensor) is out of config.txt"
	case !bosch || c.Verdict == controlloop.VerdictOK:
		return ""
	}
	return fmt.Sprintf("is a "+strings.ToUpper(c.Chip)+" that gives no temperature (%s): look at its supply of 3.3 V and its wires (SDA = pin 3, SCL = pin 5)", c.Verdict)
}

func permissionWarnings(s survey.Board) []string {
	denied := s.NoPermission()
	if len(denied) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("no permission to open %s: sudo usermod -aG gpio,i2c $USER, then log in anew", strings.Join(denied, ", "))}
}

func relayWarnings(s survey.Board) []string {
	if len(s.Chips) == 0 {
		return []string{"no GPIO chip, so no relay can be switched: run probe on the board itself; in a container hand it /dev/gpiochip*"}
	}
	lines, doubt := s.RelayLines()
	if holder := s.Holder(usualLine); holder != "" && doubt == "" {
		return []string{fmt.Sprintf("%s is held by %q: wire the relay to %s, as proposed, or end that program", usualLine, holder, lines[0].Line)}
	}
	if holder := s.Holder(usualLine); holder != "" {
		return []string{fmt.Sprintf("%s: end the one that holds %s, %q", doubt, usualLine, holder)}
	}
	return nil
}

func failsafeWarnings(s survey.Board) []string {
	var all []string
	switch cure := fmt.Sprintf("add dtparam=strict_gpiod to %s and reboot", configTxt(s)); {
	case s.KeepsOutputs != nil && *s.KeepsOutputs:
		all = append(all, "the kernel leaves a relay on after a crash of the agent: "+cure)
	case s.KeepsOutputs == nil && (isRaspberry(s) || hidden(s)):
		all = append(all, "it is not known whether this kernel leaves a relay on after a crash of the agent, as older ones do: bring the system up to date, "+cure)
	}
	switch {
	case !s.Watchdog:
		all = append(all, "no hardware watchdog, so a board that hangs with its heat on stays so: load the driver of the board's watchdog (dtparam=watchdog=on on a Raspberry Pi)")
	case s.WatchdogArmed != nil && !*s.WatchdogArmed:
		all = append(all, "the hardware watchdog is not armed, so a board that hangs with its heat on stays so: write [Manager] and RuntimeWatchdogSec=10s, a line each, to /etc/systemd/system.conf.d/watchdog.conf and reboot")
	}
	return all
}

// configuredWarnings look at the configuration that is installed, if there is
// one: whether a relay is on until the agent runs.
func configuredWarnings(file string) []string {
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	cfg, _, _ := config.Load(file) // check tells of what is wrong with it
	var all []string
	for _, g := range cfg.Relays() {
		if g.SwitchesOnAtReset() {
			all = append(all, file+": "+config.AtReset(g.GPIO))
		}
	}
	for _, text := range service.ExpanderWarnings(cfg, "/") {
		all = append(all, file+": "+text)
	}
	return all
}
