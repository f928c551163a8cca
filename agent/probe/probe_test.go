package probe

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"thermostat/agent/clitest"
	"thermostat/agent/config"
	"thermostat/agent/config/machine"
	"thermostat/controlloop"
	"thermostat/drivers"
	"thermostat/drivers/survey"
)

// runProbe is `thermostat probe ARGS`.
func runProbe(args ...string) (out, errs string, err error) {
	var o, e bytes.Buffer
	cmd := Command()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetOut(&o)
	cmd.SetErr(&e)
	cmd.SetArgs(args)
	err = cmd.Execute()
	return o.String(), e.String(), err
}

// madeUpBoard writes a tree to be looked at by --root.
func madeUpBoard(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for path, text := range files {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		clitest.WriteFile(t, path, text)
	}
	return root
}

const w1Devices = "sys/bus/w1/devices/"

// What the kernel prints of 21.1875 °C, of 19.5 °C, and of a chip that has not
// measured since it got its power.
const (
	w1At21      = "53 01 4b 46 7f ff 0d 10 e9 : crc=e9 YES\n53 01 4b 46 7f ff 0d 10 e9 t=21187\n"
	w1At19      = "38 01 4b 46 7f ff 08 10 18 : crc=18 YES\n38 01 4b 46 7f ff 08 10 18 t=19500\n"
	w1AtPowerOn = "50 05 4b 46 7f ff 0c 10 1c : crc=1c YES\n50 05 4b 46 7f ff 0c 10 1c t=85000\n"
)

// someBoard is a Raspberry Pi as it comes, with four thermometers.
func someBoard(t *testing.T) string {
	t.Helper()
	return madeUpBoard(t, map[string]string{
		"proc/device-tree/model":                                     "Raspberry Pi 4 Model B Rev 1.4\x00",
		"etc/machine-id":                                             "95bff3d1c2a04e5f8a7b6c5d4e3f2a1b\n",
		"boot/firmware/config.txt":                                   "",
		w1Devices + "w1_bus_master1/w1_master_count":                 "1",
		w1Devices + "28-0316a2795b00/w1_slave":                       w1At21,
		w1Devices + "28-0316a2795bff/w1_slave":                       w1At19,
		w1Devices + "28-0416a2795b11/w1_slave":                       w1AtPowerOn,
		w1Devices + "28-0516a2795b22/w1_slave":                       "",
		"dev/i2c-1":                                                  "",
		"dev/gpiochip0":                                              "",
		"sys/module/pinctrl_bcm2835/parameters/persist_gpio_outputs": "Y\n",
		"sys/class/watchdog/watchdog0/state":                         "inactive\n",
	})
}

const someBoardText = `Board
  Raspberry Pi 4 Model B Rev 1.4
  outputs stay on after a crash: yes
  hardware watchdog armed: no

1-Wire
  28-0316a2795b00  DS18B20  21.19 °C
  28-0316a2795bff  DS18B20  19.50 °C
  28-0416a2795b11  DS18B20  no temperature (power_on): 85 °C as after a reset, not measured: the supply or a contact failed
  28-0516a2795b22  DS18B20  no temperature (no_answer): the kernel got no answer: unplugged, shorted or disturbed

I2C
  i2c-1  not asked: only a real device can be

GPIO
  gpiochip0  not asked: only a real device can be

Warnings
  - thermometer 28-0416a2795b11 gives no temperature (power_on): it loses its power while it measures: give it 3.3 V by a wire of its own and look at the contacts
  - thermometer 28-0516a2795b22 gives no temperature (no_answer): it is unplugged, or the line is shorted or disturbed: look at its three wires and the pull-up of 4.7 kΩ
  - the kernel leaves a relay on after a crash of the agent: add dtparam=strict_gpiod to /boot/firmware/config.txt and reboot
  - the hardware watchdog is not armed, so a board that hangs with its heat on stays so: write [Manager] and RuntimeWatchdogSec=10s, a line each, to /etc/systemd/system.conf.d/watchdog.conf and reboot

Configuration

`

const someBoardConfig = `# Made by thermostat probe. Nothing heats until a setpoint asks for it.
# After each change: thermostat check --config FILE
device: thermostat-UNIQUE # part of every MQTT topic; any name that no other device has
mqtt:
  brokers: [] # none; for example ["mqtts://broker.lan:8883", "mqtt://192.168.1.2:1883"], tried in order
# A relay board that is on while its input is high (active_low: false) belongs on one of GPIO9 to GPIO27: they pull down
# at reset, so it stays off until the agent runs. One that is on while its input is low (active_low: true, as most boards
# with optocouplers are) belongs on GPIO5 or GPIO6, which pull up.
zones:
  - name: room-1
    plant: boiler # or electric, heat_pump, floor, fridge, fermenter: sets limits and times
    sensor: {driver: ds18b20, id: 28-0316a2795b00} # 21.2 °C when probed
    heater: {driver: gpio, line: GPIO17, active_low: false} # not sure: not asked: only a real device can be
    default_setpoint: {mode: off} # to heat without MQTT: {mode: heat, desired: 19}
  - name: room-2
    plant: boiler # or electric, heat_pump, floor, fridge, fermenter: sets limits and times
    sensor: {driver: ds18b20, id: 28-0316a2795bff} # 19.5 °C when probed
    heater: {driver: gpio, line: GPIO27, active_low: false} # not sure: not asked: only a real device can be
    default_setpoint: {mode: off} # to heat without MQTT: {mode: heat, desired: 19}
  - name: room-3
    plant: boiler # or electric, heat_pump, floor, fridge, fermenter: sets limits and times
    sensor: {driver: ds18b20, id: 28-0416a2795b11} # no temperature when probed: power_on
    heater: {driver: gpio, line: GPIO22, active_low: false} # not sure: not asked: only a real device can be
    default_setpoint: {mode: off} # to heat without MQTT: {mode: heat, desired: 19}
  - name: room-4
    plant: boiler # or electric, heat_pump, floor, fridge, fermenter: sets limits and times
    sensor: {driver: ds18b20, id: 28-0516a2795b22} # no temperature when probed: no_answer
    heater: {driver: gpio, line: GPIO23, active_low: false} # not sure: not asked: only a real device can be
    default_setpoint: {mode: off} # to heat without MQTT: {mode: heat, desired: 19}
`

func TestProbeShowsTheBoardAndAConfiguration(t *testing.T) {
	out, errs, err := runProbe("--root", someBoard(t))
	want := someBoardText + strings.Replace(someBoardConfig, "UNIQUE", "99736e", 1)
	if err != nil || errs != "" || out != want {
		t.Errorf("%v %q\n%s", err, errs, out)
	}
	mustBeUsable(t, out[strings.Index(out, "# Made by"):])
}

// mustBeUsable holds a proposal against `check` on the most awkward machine.
func mustBeUsable(t *testing.T, proposed string) config.Config {
	t.Helper()
	c, complaints := config.ReadOn("proposal", []byte(proposed), machine.Machine{Hostname: "raspberrypi", Getenv: func(string) string { return "" }})
	if len(complaints) > 0 {
		t.Errorf("complaints %v of\n%s", complaints, proposed)
	}
	for _, z := range c.Zones {
		if !z.Configured || z.Default.Mode != controlloop.ModeOff || z.Devices.Heater == nil {
			t.Errorf("%s is not off: %+v", z.Name, z.Default)
		}
	}
	return c
}

func TestProbeOfAnEmptyBoardSaysWhatIsMissing(t *testing.T) {
	out, _, err := runProbe("--root", t.TempDir())
	for _, want := range []string{
		"  of unknown model\n  outputs stay on after a crash: unknown\n  hardware watchdog armed: none\n", "1-Wire\n  no thermometer\n", "I2C\n  no bus\n", "GPIO\n  no chip\n",
		"add dtoverlay=w1-gpio to config.txt and reboot", "add dtparam=i2c_arm=on to config.txt", "- no GPIO chip", "- no hardware watchdog",
		"zones: [] # no sensor was found", "line: GPIO17",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q", want)
		}
	}
	if err != nil || t.Failed() {
		t.Errorf("%v\n%s", err, out)
	}
	config := out[strings.Index(out, "# Made by"):]
	if c := mustBeUsable(t, config); len(c.Zones) != 0 {
		t.Errorf("%d zones of nothing", len(c.Zones))
	}
	example := config[strings.Index(config, "zones: []"):]
	_, example, _ = strings.Cut(example, "\n")
	c := mustBeUsable(t, "device: a\n"+strings.ReplaceAll("\n"+example, "\n# ", "\n"))
	if len(c.Zones) != 1 {
		t.Errorf("the example has %d zones", len(c.Zones))
	}
}

// A board without any number of its own gets a name by chance.
func TestProbeNamesTheDevice(t *testing.T) {
	thermometer := survey.Board{Thermometers: []survey.Thermometer{{ID: "28-0316a2795bff"}}}
	if got := deviceName(thermometer); got != "thermostat-795bff" {
		t.Errorf("%q of a thermometer", got)
	}
	a, b := deviceName(survey.Board{}), deviceName(survey.Board{})
	if a == b || !config.DeviceForm.MatchString(a) {
		t.Errorf("%q, %q of nothing", a, b)
	}
}

func TestProbeJSONHoldsDevicesWarningsAndConfiguration(t *testing.T) {
	out, errs, err := runProbe("--root", someBoard(t), "--json")
	if err != nil || errs != "" {
		t.Fatal(errs, err)
	}
	var got probeJSON
	dec := json.NewDecoder(strings.NewReader(out))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if len(mustBeUsable(t, *got.Config).Zones) != 4 || !*got.KeepsOutputs || *got.WatchdogArmed || len(got.Warnings) != 4 {
		t.Errorf("%s", out)
	}
	for _, want := range []string{
		`"board":"Raspberry Pi 4 Model B Rev 1.4","kernel":[],"onewire":[{"id":"28-0316a2795b00","chip":"DS18B20","celsius":21.1875,"verdict":"ok","text":""},`,
		`{"id":"28-0516a2795b22","chip":"DS18B20","celsius":null,"verdict":"no_answer","text":"the kernel got no answer: unplugged, shorted or disturbed"}],`,
		`"i2c":[{"bus":1,"chips":[],"error":"not asked: only a real device can be"}],`,
		`"gpio":[{"name":"gpiochip0","expander":null,"place":null,"label":null,"lines":null,"header":null,"held":[],"error":"not asked: only a real device can be"}],`,
		`"keeps_outputs":true,"watchdog_armed":false,"warnings":["thermometer `,
	} {
		if !strings.Contains(compact(t, out), want) {
			t.Errorf("no %s in\n%s", want, compact(t, out))
		}
	}
}

func compact(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(text)); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return b.String()
}

func TestProbeJSONOfAnEmptyBoardInventsNothing(t *testing.T) {
	out, _, _ := runProbe("--root", t.TempDir(), "--json")
	want := `{"board":null,"kernel":[],"onewire":[],"i2c":[],"gpio":[],"serial":[],"keeps_outputs":null,"watchdog_armed":false,"warnings":[`
	if !strings.HasPrefix(compact(t, out), want) {
		t.Errorf("%s", compact(t, out))
	}
}

// richSurvey is what only real devices can tell.
func richSurvey() survey.Board {
	at := time.Unix(0, 0)
	reading := &controlloop.Reading{Celsius: 21.50001, Humidity: 45.21, Pascal: 101325, At: at}
	bare := controlloop.Temperature(20, at)
	ok := survey.Answer{Reading: reading, Verdict: controlloop.VerdictOK}
	chip := survey.Chip{GPIOChip: drivers.GPIOChip{Name: "gpiochip0", Label: "pinctrl-bcm2711", Lines: make([]drivers.GPIOLine, 58)}}
	chip.Lines[4] = drivers.GPIOLine{Name: "GPIO4", Holder: "onewire@4"}
	chip.Lines[17] = drivers.GPIOLine{Name: "GPIO17", Holder: "fan"}
	yes := true
	return survey.Board{
		Model: "Raspberry Pi 4", Unique: "abcdef", Watchdog: true, WatchdogArmed: &yes,
		Thermometers: []survey.Thermometer{{ID: "28-0316a2795bff", Chip: "DS18B20", Answer: survey.Answer{Reading: &bare, Verdict: controlloop.VerdictOK}}},
		Buses: []survey.I2CBus{
			{Number: 1, Chips: []survey.I2CChip{
				{Address: 0x18, Chip: "unknown", Answer: survey.Answer{Text: "who knows"}},
				{Address: 0x76, Chip: "bme280", Answer: ok},
				{Address: 0x77, Chip: "bmp280", Answer: survey.Answer{Verdict: controlloop.VerdictBusy, Text: "the chip does not finish"}},
			}},
			{Number: 20},
			{Number: 21, Err: errors.New("stuck")},
		},
		Chips:  []survey.Chip{chip, {GPIOChip: drivers.GPIOChip{Name: "gpiochip2", Label: "pcf8574", Place: "1-0020", Lines: make([]drivers.GPIOLine, 8)}, Expander: "pcf8574"}},
		Serial: []string{"/dev/ttyUSB0"},
	}
}

func TestProbeTellsOfRealDevices(t *testing.T) {
	s := richSurvey()
	text := probeReport{survey: s}.text()
	for _, want := range []string{
		"hardware watchdog armed: yes\n", "  28-0316a2795bff  DS18B20  20.00 °C\n",
		"  i2c-1  0x18  unknown  who knows\n", "  i2c-1  0x76  bme280  21.50 °C, 45.2 % humidity, 1013.2 hPa\n",
		"  i2c-1  0x77  bmp280  no temperature (busy): the chip does not finish\n", "  i2c-20  nothing at 0x18, 0x44, 0x45, 0x76, 0x77\n", "  i2c-21  stuck\n",
		"  gpiochip0  pinctrl-bcm2711, 58 lines, the header\n", "    line 17 GPIO17 is held by fan\n", "  gpiochip2  pcf8574, 8 lines, the I2C expander pcf8574 at 1-0020: it keeps its outputs whatever dies\n",
		"Serial\n  /dev/ttyUSB0  of a Modbus board: {driver: modbus, port: /dev/ttyUSB0, coil: 0}\n", "Warnings\n  none\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
	if t.Failed() || strings.Contains(text, "Configuration") {
		t.Error(text)
	}
	var b bytes.Buffer
	if err := (probeReport{survey: s}).printJSON(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`{"id":"28-0316a2795bff","chip":"DS18B20","celsius":20,"verdict":"ok","text":""}`,
		`{"address":"0x18","chip":"unknown","celsius":null,"humidity_percent":null,"pascal":null,"verdict":null,"text":"who knows"}`,
		`{"address":"0x76","chip":"bme280","celsius":21.5,"humidity_percent":45.21,"pascal":101325,"verdict":"ok","text":""}`,
		`{"bus":20,"chips":[],"error":null}`, `{"bus":21,"chips":[],"error":"stuck"}`,
		`"label":"pinctrl-bcm2711","lines":58,"header":true,"held":[{"line":4,"name":"GPIO4","holder":"onewire@4"},{"line":17,`,
		`{"name":"gpiochip2","expander":"pcf8574","place":"1-0020",`, `"serial":["/dev/ttyUSB0"],`,
		`"keeps_outputs":null,"watchdog_armed":true,"warnings":[],"config":null}`,
	} {
		if !strings.Contains(compact(t, b.String()), want) {
			t.Errorf("no %s in\n%s", want, compact(t, b.String()))
		}
	}
}

func TestNaNIsNullInJSON(t *testing.T) {
	if number(math.NaN()) != nil || number(math.Inf(1)) != nil || *number(0.0625) != 0.0625 || *number(21.50001) != 21.5 {
		t.Error("a number out of nothing, or a digit lost")
	}
}

// A chip that the kernel holds gets no zone; no line is given twice.
func TestABMP280GetsAZoneAndAHeldChipNone(t *testing.T) {
	s := richSurvey()
	s.Buses[1].Chips = []survey.I2CChip{{Address: 0x76, Chip: "bme280", Held: true}}
	c := mustBeUsable(t, proposal(s, ""))
	var got []string
	for _, z := range c.Zones {
		got = append(got, strings.Join([]string{z.Name, z.Devices.Sensor.String(), z.Devices.Heater.String()}, ", "))
	}
	want := []string{"room-1, ds18b20 28-0316a2795bff, bus kernel, gpio GPIO27", "room-2, bme280 at 0x76 on i2c-1, gpio GPIO22", "room-3, bmp280 at 0x77 on i2c-1, gpio GPIO23"}
	if !slices.Equal(got, want) || c.Device != "thermostat-abcdef" || strings.Contains(proposal(s, ""), "not sure") {
		t.Errorf("%q\n%s", got, proposal(s, ""))
	}
}

func TestZonesAreProposedWhileLinesAreLeft(t *testing.T) {
	var s survey.Board
	for n := range 30 {
		s.Thermometers = append(s.Thermometers, survey.Thermometer{ID: fmt.Sprintf("28-%012x", n), Answer: survey.Answer{Verdict: controlloop.VerdictNoAnswer}})
	}
	lines, _ := s.RelayLines()
	text := proposal(s, "")
	if c := mustBeUsable(t, text); len(c.Zones) != len(lines) || strings.Count(text, "no line is left") != 30-len(lines) {
		t.Errorf("%d zones for %d lines\n%s", len(c.Zones), len(lines), text)
	}
}

// TestProbeWritesAConfigurationAndANewPassword: the configuration shows the page to the network, with a
// password that is made beside it, shown once, and never written over.
func TestProbeWritesAConfigurationAndANewPassword(t *testing.T) {
	board := someBoard(t)
	file := filepath.Join(t.TempDir(), "config.yaml")
	secret := filepath.Join(filepath.Dir(file), "http-password")
	out, errs, err := runProbe("--root", board, "--write", file)
	info, _ := os.Stat(file)
	text, _ := os.ReadFile(file)
	want := strings.Replace(someBoardConfig, "UNIQUE", "99736e", 1)
	want = strings.Replace(want, "# A relay board", proposalPage+"# A relay board", 1)
	if err != nil || errs != "" || info.Mode() != 0o644 || string(text) != want {
		t.Errorf("%v %q %v\n%s", err, errs, info, text)
	}
	if strings.Contains(out, "device:") || strings.Contains(out, "Configuration\n") || !strings.Contains(out, "thermostat check --config "+file) {
		t.Error(out)
	}
	info, _ = os.Stat(secret)
	password, _ := os.ReadFile(secret)
	form := regexp.MustCompile(`^([a-km-np-z2-9]{4}-){3}[a-km-np-z2-9]{4}\n$`)
	if info.Mode() != 0o600 || !form.Match(password) || strings.Count(out, strings.TrimSpace(string(password))) != 1 || !strings.Contains(out, "http://") {
		t.Errorf("%v %q\n%s", info.Mode(), password, out)
	}
	cfg, _, err := config.Load(file)
	if err != nil || cfg.HTTP.Listen != ":8466" || cfg.HTTP.PasswordFile != secret {
		t.Errorf("%v %+v", err, cfg.HTTP)
	}

	clitest.WriteFile(t, file, "the work of hours")
	out, _, err = runProbe("--root", board, "--write", file)
	text, _ = os.ReadFile(file)
	if clitest.CodeOf(err) != 1 || !strings.Contains(err.Error(), file+" is there already") || string(text) != "the work of hours" || !strings.Contains(out, "Warnings\n") {
		t.Errorf("%v, %s\n%s", err, text, out)
	}
	out, _, err = runProbe("--root", board, "--write", file+".new")
	again, _ := os.ReadFile(secret)
	if err != nil || string(again) != string(password) || strings.Contains(out, strings.TrimSpace(string(password))) || !strings.Contains(out, "that of "+secret) {
		t.Errorf("%v %q\n%s", err, again, out)
	}
}

// TestProbeWritesBothOrNone: a configuration whose password cannot be written
// would stand in the way of the next try.
func TestProbeWritesBothOrNone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.Symlink("nowhere", filepath.Join(filepath.Dir(file), "http-password")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := runProbe("--root", someBoard(t), "--write", file); clitest.CodeOf(err) != 1 || !strings.Contains(err.Error(), "http-password") {
		t.Errorf("%v", err)
	}
	if machine.Exists(file) {
		t.Error("half of it is written")
	}
}

func TestProbeWritesBesideJSON(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.yaml")
	out, errs, err := runProbe("--root", someBoard(t), "--json", "--write", file)
	if err != nil || !strings.HasSuffix(compact(t, out), `"config":null}`) || !strings.Contains(errs, "thermostat run --config "+file) || strings.Contains(out, "password") {
		t.Errorf("%v %q\n%s", err, errs, out)
	}
}

// Not even through a link that leads nowhere.
func TestProbeWritesOverNothing(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	if err := os.Symlink("target", link); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{link: "is there already", dir: "is there already", filepath.Join(link, "file"): "cannot be written"} {
		if err := writeNew(file, "text", 0o644); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", file, err, want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "target")); err == nil {
		t.Error("written through the link")
	}
}

func TestProbeRefusesARootThatIsNone(t *testing.T) {
	file := clitest.Written(t, "")
	for root, want := range map[string]string{file: "is no folder", file + "-none": "no such file"} {
		if out, _, err := runProbe("--root", root); out != "" || clitest.CodeOf(err) != 2 || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q\n%s", root, err, want, out)
		}
	}
}

// What a signal cut off would look like broken sensors.
func TestProbeCutOffTellsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	if err := probe(ctx, &out, &out, probeFlags{root: someBoard(t)}); clitest.CodeOf(err) != 1 || out.Len() > 0 {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// Chips that the kernel reads come first, each with the keys that it needs.
func TestProbeProposesTheChipsOfTheKernelFirst(t *testing.T) {
	const i2c, spi = "sys/bus/i2c/devices/", "sys/bus/spi/devices/"
	root := madeUpBoard(t, map[string]string{
		i2c + "1-0044/hwmon/hwmon2/temp1_input":           "21375\n",
		i2c + "1-0044/hwmon/hwmon2/humidity1_input":       "45210\n",
		i2c + "1-0048/hwmon/hwmon3/temp1_input":           "19500\n",
		spi + "spi0.0/iio:device0/in_temp_raw":            "8192\n",
		spi + "spi0.0/iio:device0/fault_ovuv":             "0\n",
		w1Devices + "28-0316a2795b00/w1_slave":            w1At21,
		"sys/module/pinctrl_bcm2835/parameters/something": "",
	})
	for device, driver := range map[string]string{i2c + "1-0044": "sht4x", i2c + "1-0048": "lm75", spi + "spi0.0": "max31865"} {
		if err := os.Symlink("../drivers/"+driver, filepath.Join(root, device, "driver")); err != nil {
			t.Fatal(err)
		}
	}
	out, _, err := runProbe("--root", root)
	for _, want := range []string{
		"Chips that the kernel reads\n  i2c-1/0x44  sht4x  21.38 °C, 45.2 % humidity\n  i2c-1/0x48  lm75  19.50 °C (answers unchecked)\n  spi0.0  max31865  no temperature (wrong_chip): ",
		"- nobody checks the answers of the chip at i2c-1/0x48", "  # {driver: kernel, device: spi0.0} needs more: a MAX31865 measures a resistor that nobody has named: write r0",
		"  - name: room-1\n    plant: boiler # or electric, heat_pump, floor, fridge, fermenter: sets limits and times\n    sensor: {driver: kernel, device: i2c-1/0x44} # 21.4 °C",
		"sensor: {driver: kernel, device: i2c-1/0x48, unchecked: true} # 19.5 °C", "sensor: {driver: ds18b20, id: 28-0316a2795b00}",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q", want)
		}
	}
	if err != nil || t.Failed() {
		t.Errorf("%v\n%s", err, out)
	}
	_, complaints := config.ReadOn("proposal", []byte(out[strings.Index(out, "# Made by"):]), machine.Machine{Hostname: "pi", Getenv: func(string) string { return "" }})
	if len(complaints) != 1 || !complaints[0].Warning {
		t.Errorf("%v: want one warning, of the chip that nobody checks", complaints)
	}
}
