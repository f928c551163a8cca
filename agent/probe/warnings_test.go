package probe

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"thermostat/agent/cli"
	"thermostat/agent/clitest"
	"thermostat/controlloop"
	"thermostat/drivers"
	"thermostat/drivers/survey"
)

// soundSurvey is a board of which nothing is to be said.
func soundSurvey() survey.Board {
	s := richSurvey()
	no := false
	s.KeepsOutputs = &no
	s.ConfigTxt = "/boot/config.txt"
	s.Buses = s.Buses[:1]
	s.Buses[0].Chips = s.Buses[0].Chips[:2]
	s.Chips[0].Lines[17].Holder = ""
	return s
}

func TestASoundBoardGetsNoWarning(t *testing.T) {
	if got := warnings(soundSurvey()); len(got) > 0 {
		t.Errorf("%q", got)
	}
}

// An Orange Pi has no config.txt: its owner is sent to the file that it has.
func TestOtherBoardsAreSentToTheirOwnFileOfOverlays(t *testing.T) {
	s := soundSurvey()
	s.Model, s.ConfigTxt, s.EnvTxt, s.Thermometers, s.Buses = "Xunlong Orange Pi Zero 3", "", "/boot/orangepiEnv.txt", nil, nil
	got := strings.Join(warnings(s), "\n")
	for _, want := range []string{"add w1-gpio to the words behind overlays= in /boot/orangepiEnv.txt", "add i2c1 to the words behind overlays= in /boot/orangepiEnv.txt"} {
		if !strings.Contains(got, want) || strings.Contains(got, "config.txt") {
			t.Errorf("%s, want %q", got, want)
		}
	}
	s.EnvTxt = ""
	if got := strings.Join(warnings(s), "\n"); strings.Contains(got, "config.txt") || !strings.Contains(got, "switch on the overlay w1-gpio") {
		t.Errorf("a board of which nothing is known: %s", got)
	}
}

// Each warning comes alone and holds its cure.
func TestWarningsHoldTheirCure(t *testing.T) {
	denied := fmt.Errorf("%w to open /dev/gpiochip0", drivers.ErrNoPermission)
	yes, no := true, false
	for name, row := range map[string]struct {
		spoil func(*survey.Board)
		says  string
	}{
		"no 1-Wire bus":  {func(s *survey.Board) { s.Thermometers = nil }, "dtoverlay=w1-gpio to /boot/config.txt and reboot"},
		"no thermometer": {func(s *survey.Board) { s.Thermometers, s.OneWireMasters = nil, 1 }, "GPIO4 = pin 7"},
		"no I2C":         {func(s *survey.Board) { s.Buses = nil }, "dtparam=i2c_arm=on to /boot/config.txt"},
		"only the I2C of screens": {func(s *survey.Board) { s.Buses = []survey.I2CBus{{Number: 20}} },
			"dtparam=i2c_arm=on to /boot/config.txt"},
		"BMP280": {func(s *survey.Board) {
			s.Buses[0].Chips[1] = survey.I2CChip{Address: 0x77, Chip: "bmp280", Answer: survey.Answer{Verdict: controlloop.VerdictBusy}}
		}, "0x77 on i2c-1 is a BMP280 that gives no temperature (busy)"},
		"BME280 without a reading": {func(s *survey.Board) {
			s.Buses[0].Chips[1].Answer = survey.Answer{Verdict: controlloop.VerdictResetData}
		}, "gives no temperature (reset_data): look at its supply"},
		"BME280 of the kernel": {func(s *survey.Board) {
			s.Buses[0].Chips[1] = survey.I2CChip{Address: 0x76, Chip: "bme280", Held: true}
		}, "it is read with driver: kernel"},
		"I2C permission": {func(s *survey.Board) {
			s.Buses[0] = survey.I2CBus{Number: 1, Err: &controlloop.BadReading{Verdict: controlloop.VerdictNoPermission}}
		}, "no permission to open /dev/i2c-1: sudo usermod -aG gpio,i2c $USER, then log in anew"},
		"GPIO permission":                    {func(s *survey.Board) { s.Chips[0].Err = denied }, "no permission to open /dev/gpiochip0: sudo usermod -aG gpio,i2c $USER"},
		"no GPIO":                            {func(s *survey.Board) { s.Chips = nil }, "no GPIO chip"},
		"GPIO17 held":                        {func(s *survey.Board) { s.Chips[0].Lines[17].Holder = "fan" }, `GPIO17 is held by "fan": wire the relay to GPIO27`},
		"all held":                           {holdAll, `end the one that holds GPIO17, "fan"`},
		"outputs kept":                       {func(s *survey.Board) { s.KeepsOutputs = &yes }, "add dtparam=strict_gpiod to /boot/config.txt and reboot"},
		"outputs kept maybe":                 {func(s *survey.Board) { s.KeepsOutputs = nil }, "bring the system up to date, add dtparam=strict_gpiod"},
		"outputs kept maybe, in a container": {func(s *survey.Board) { s.Model, s.KeepsOutputs = "", nil }, "it is not known whether this kernel leaves a relay on"},
		"watchdog not armed":                 {func(s *survey.Board) { s.WatchdogArmed = &no }, "RuntimeWatchdogSec=10s, a line each, to /etc/systemd/system.conf.d/"},
		"no watchdog":                        {func(s *survey.Board) { s.Watchdog, s.WatchdogArmed = false, &no }, "dtparam=watchdog=on"},
		"a hot contact":                      {verdict(controlloop.VerdictPowerOn), "(power_on): it loses its power"},
		"a long cable":                       {verdict(controlloop.VerdictCRC), "(crc): its answers are damaged"},
		"a shorted line":                     {verdict(controlloop.VerdictShorted), "(shorted): the data line is held low"},
		"an open line":                       {verdict(controlloop.VerdictAllOnes), "(all_ones): it is unplugged"},
		"a silent one":                       {verdict(controlloop.VerdictNoAnswer), "(no_answer): it is unplugged"},
		"a weak one":                         {verdict(controlloop.VerdictNotConverted), "(not_converted): it loses its power"},
		"a clone":                            {verdict(controlloop.VerdictBadConfig), "(bad_config): as the driver says"},
		"one without driver":                 {verdict(controlloop.VerdictAbsent), "(absent): as the driver says"},
		"what nobody foresaw":                {verdict(controlloop.VerdictError), "(error): as the driver says: look at the kernel's log"},
	} {
		s := soundSurvey()
		row.spoil(&s)
		if got := warnings(s); len(got) != 1 || !strings.Contains(got[0], row.says) {
			t.Errorf("%s: %q, want %q", name, got, row.says)
		}
	}
}

func verdict(v controlloop.Verdict) func(*survey.Board) {
	return func(s *survey.Board) {
		s.Thermometers[0].Answer = survey.Answer{Verdict: v, Text: "as the driver says"}
	}
}

func holdAll(s *survey.Board) {
	for i := range s.Chips[0].Lines {
		s.Chips[0].Lines[i].Holder = "fan"
	}
}

// What is not known is not held against a board that is no Raspberry Pi.
func TestOtherBoardsAreNotWarnedOfRaspberryMatters(t *testing.T) {
	s := soundSurvey()
	s.Model, s.KeepsOutputs, s.Buses[0].Number = "linux,dummy-virt", nil, 0
	if got := warnings(s); len(got) > 0 {
		t.Errorf("%q", got)
	}
}

// A relay of the installed configuration that is on until the agent runs.
func TestProbeWarnsOfThePullAtReset(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, cli.DefaultConfig)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		clitest.TwoRelays: "",
		strings.Replace(clitest.TwoRelays, "active_low: true", "active_low: false", 1): file + ": GPIO5 pulls up at reset",
	} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		out, _, err := runProbe("--root", root)
		if err != nil || strings.Contains(out, "pulls up at reset") != (want != "") || !strings.Contains(out, want) {
			t.Errorf("%v, want %q in\n%s", err, want, out)
		}
	}
}
