package survey

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"

	"thermostat/controlloop"
	"thermostat/drivers"
	"thermostat/drivers/w1/w1test"
)

// plant writes files into a made-up tree, and the folders above them.
func plant(t *testing.T, root string, files map[string]string) {
	t.Helper()
	for path, text := range files {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		writeFile(t, path, text)
	}
}

func surveyOf(t *testing.T, files map[string]string) Board {
	t.Helper()
	root := t.TempDir()
	plant(t, root, files)
	return Of(t.Context(), drivers.NewHardware(root))
}

func TestSurveyReadsThermometers(t *testing.T) {
	const at = "sys/bus/w1/devices/"
	powerOn := w1test.Pad(0x0550, 0x7f, 0x0c)
	s := surveyOf(t, map[string]string{
		at + "w1_bus_master1/w1_master_count": "1",
		at + "28-0316a2795bff/w1_slave":       w1test.Printed(w1test.Measured(21.1875)),
		at + "28-0316a2795b00/w1_slave":       w1test.Printed(w1test.Measured(-10.125)),
		at + "28-000000000001/w1_slave":       w1test.Printed(powerOn),
		at + "28-000000000002/w1_slave":       "",
		at + "28-000000000003/name":           "",
		at + "28-00000000000A/w1_slave":       w1test.Printed(w1test.Measured(1)), // no name of the kernel's
		at + "26-000802b4635f/w1_slave":       w1test.Printed(w1test.Measured(1)), // no thermometer
	})
	var got []string
	for _, a := range s.Thermometers {
		number := "none"
		if a.Reading != nil {
			number = fmt.Sprint(a.Reading.Celsius)
		}
		got = append(got, fmt.Sprintf("%s %s %s", a.ID, number, a.Verdict))
	}
	want := []string{
		"28-000000000001 none power_on", "28-000000000002 none no_answer", "28-000000000003 none absent",
		"28-0316a2795b00 -10.125 ok", "28-0316a2795bff 21.1875 ok",
	}
	if !slices.Equal(got, want) || s.OneWireMasters != 1 {
		t.Errorf("%d masters\n%s", s.OneWireMasters, strings.Join(got, "\n"))
	}
	if text := s.Thermometers[2].Text; !strings.Contains(text, "modprobe w1_therm") {
		t.Errorf("%q does not say how to mend it", text)
	}
}

func TestSurveyTellsModelOutputsAndWatchdog(t *testing.T) {
	for name, row := range map[string]struct {
		files map[string]string
		want  string // model, config.txt, keeps outputs, watchdog, armed
	}{
		"nothing": {nil, " | | unknown | false | no"},
		"Pi 4": {map[string]string{
			"proc/device-tree/model":   "Raspberry Pi 4 Model B Rev 1.4\x00",
			"boot/firmware/config.txt": "",
			"boot/config.txt":          "moved",
			"sys/module/pinctrl_bcm2835/parameters/persist_gpio_outputs":   "Y\n",
			"sys/class/watchdog/watchdog0/state":                           "active\n",
			"sys/class/watchdog/watchdog0/identity":                        "Broadcom BCM2835 Watchdog timer\n",
			"sys/firmware/devicetree/base/model":                           "another",
			"sys/bus/w1/devices/28-0316a2795bff-and-more/no-such-a-device": "",
		}, "Raspberry Pi 4 Model B Rev 1.4 | /boot/firmware/config.txt | yes | true | yes"},
		"Pi 5": {map[string]string{
			"sys/firmware/devicetree/base/model":                     "Raspberry Pi 5\x1b[31m\n\x00",
			"boot/config.txt":                                        "",
			"sys/module/pinctrl_rp1/parameters/persist_gpio_outputs": "N\n",
			"sys/class/watchdog/watchdog0/state":                     "inactive\n",
		}, "Raspberry Pi 5 [31m | /boot/config.txt | no | true | no"},
		"a watchdog that tells nothing": {map[string]string{"dev/watchdog0": ""}, " | | unknown | true | unknown"},
		"two, of which one tells": {map[string]string{
			"sys/class/watchdog/watchdog0/state": "inactive", "sys/class/watchdog/watchdog1/identity": "x",
		}, " | | unknown | true | unknown"},
		"only a program": {map[string]string{
			"sys/class/watchdog/watchdog0/identity": "Software Watchdog\n",
			"sys/class/watchdog/watchdog0/state":    "active\n",
		}, " | | unknown | false | no"},
		"mainline": {map[string]string{"proc/sys/kernel/osrelease": "6.12.48-arm64\n"}, " | | unknown | false | no"},
	} {
		s := surveyOf(t, row.files)
		got := fmt.Sprintf("%s | %s | %s | %v | %s", s.Model, s.ConfigTxt, word(s.KeepsOutputs), s.Watchdog, word(s.WatchdogArmed))
		if strings.ReplaceAll(got, "  ", " ") != row.want {
			t.Errorf("%s: %q, want %q", name, got, row.want)
		}
	}
}

func word(b *bool) string {
	switch {
	case b == nil:
		return "unknown"
	case *b:
		return "yes"
	}
	return "no"
}

// Boards differ by their own number even if their cards are clones.
func TestSurveyTellsBoardsApart(t *testing.T) {
	id := "95bff3d1c2a04e5f8a7b6c5d4e3f2a1b"
	seen := map[string]bool{}
	for _, files := range []map[string]string{
		{"etc/machine-id": id + "\n"},
		{"etc/machine-id": id + "\n", "proc/device-tree/serial-number": "10000000abcdef01\x00"},
		{"etc/machine-id": id + "\n", "proc/device-tree/serial-number": "10000000abcdef02\x00"},
		{"etc/machine-id": "uninitialized\n", "proc/device-tree/serial-number": "10000000abcdef02\x00"},
	} {
		u := surveyOf(t, files).Unique
		if len(u) != 6 || seen[u] || strings.Contains(id, u) {
			t.Errorf("%v: %q", files, u)
		}
		seen[u] = true
	}
	if u := surveyOf(t, map[string]string{"etc/machine-id": "uninitialized\n"}).Unique; u != "" {
		t.Errorf("%q out of nothing", u)
	}
}

// fakeI2C is a bus of chips by address.
type fakeI2C struct {
	chips map[uint16]*fakeBME280
	sht3x uint16 // where an SHT3x is; 0: none
	error string // of an address where nobody is
	hung  chan struct{}
	seen  []string
}

func (f *fakeI2C) Tx(address uint16, w, r []byte) error {
	if f.hung != nil {
		<-f.hung
	}
	f.seen = append(f.seen, fmt.Sprintf("%#x", address))
	c := f.chips[address]
	switch {
	case address == f.sht3x: // Its status is 0; its words are those of 20.00 °C and 50 %.
		copy(r, map[int][]byte{3: {0, 0, 0x81}, 6: {0x5f, 0x16, 0x1a, 0x80, 0x00, 0xa2}}[len(r)])
		return nil
	case c == nil:
		return errors.New("sysfs-i2c: " + f.error)
	case len(w) == 0:
		r[0] = 0x18
		return nil
	case address == drivers.DS2482Address:
		return errors.New("a command was written to the bridge")
	}
	return c.Tx(address, w, r)
}

func (f *fakeI2C) SetSpeed(physic.Frequency) error { return nil }
func (f *fakeI2C) String() string                  { return "fake" }
func (f *fakeI2C) Close() error                    { return nil }

// surveyI2C is a survey of a machine with the one bus i2c-1.
func surveyI2C(t *testing.T, bus *fakeI2C, files map[string]string) I2CBus {
	t.Helper()
	root := t.TempDir()
	plant(t, root, map[string]string{"dev/i2c-1": ""})
	plant(t, root, files)
	h := drivers.NewHardware(root)
	h.I2C = func(int) (i2c.BusCloser, error) { return bus, nil }
	s := Of(t.Context(), h)
	if len(s.Buses) != 1 || s.Buses[0].Number != 1 {
		t.Fatalf("%+v", s.Buses)
	}
	return s.Buses[0]
}

func (b I2CBus) shown() string {
	var all []string
	for _, c := range b.Chips {
		number := "none"
		if c.Reading != nil {
			number = fmt.Sprintf("%.2f", c.Reading.Celsius)
		}
		all = append(all, strings.TrimSpace(fmt.Sprintf("%#x %s %s %s", c.Address, c.Chip, number, c.Verdict)))
	}
	return strings.Join(all, ", ")
}

func fakeWithID(id byte) *fakeBME280 {
	f := newFakeBME280()
	f.reg[0xd0] = id
	return f
}

func TestSurveyFindsChips(t *testing.T) {
	for name, row := range map[string]struct {
		chips map[uint16]*fakeBME280
		want  string
	}{
		"nobody":   {nil, ""},
		"BME280":   {map[uint16]*fakeBME280{0x76: newFakeBME280()}, "0x76 bme280 25.08 ok"},
		"both":     {map[uint16]*fakeBME280{0x77: newFakeBME280(), 0x76: fakeWithID(0x58)}, "0x76 bmp280 25.08 ok, 0x77 bme280 25.08 ok"},
		"BME680":   {map[uint16]*fakeBME280{0x77: fakeWithID(0x61)}, "0x77 unknown none wrong_chip"},
		"floating": {map[uint16]*fakeBME280{0x76: fakeWithID(0xff), 0x77: fakeWithID(0)}, ""},
		"bridge":   {map[uint16]*fakeBME280{0x18: newFakeBME280()}, "0x18 unknown none"},
	} {
		bus := &fakeI2C{chips: row.chips, error: "remote I/O error"}
		if b := surveyI2C(t, bus, nil); b.shown() != row.want || b.Err != nil {
			t.Errorf("%s: %q, %v; want %q", name, b.shown(), b.Err, row.want)
		}
		for _, address := range []string{"0x18", "0x44", "0x45", "0x76", "0x77"} {
			if !slices.Contains(bus.seen, address) {
				t.Errorf("%s: %s was not asked", name, address)
			}
			bus.seen = slices.DeleteFunc(bus.seen, func(a string) bool { return a == address })
		}
		if len(bus.seen) > 0 {
			t.Errorf("%s: traffic at %v", name, bus.seen)
		}
	}
}

func TestSurveyKnowsAnSHT3xByItsChecksum(t *testing.T) {
	if b := surveyI2C(t, &fakeI2C{sht3x: 0x45, error: "remote I/O error"}, nil); b.shown() != "0x45 sht3x 20.00 ok" {
		t.Errorf("%s", b.shown())
	}
	other := newFakeBME280() // answers anything, without a checksum
	if b := surveyI2C(t, &fakeI2C{chips: map[uint16]*fakeBME280{0x44: other}, error: "remote I/O error"}, nil); b.shown() != "" {
		t.Errorf("%s of another chip", b.shown())
	}
}

func TestSurveyGivesHumidityAndPressure(t *testing.T) {
	b := surveyI2C(t, &fakeI2C{chips: map[uint16]*fakeBME280{0x77: newFakeBME280()}}, nil)
	if r := b.Chips[0].Reading; math.Abs(r.Pascal-100653) > 1 || r.Humidity < 20 || r.Humidity > 80 {
		t.Errorf("%+v", r)
	}
}

func TestSurveyGivesNoNumberOfABadReading(t *testing.T) {
	chip := newFakeBME280()
	copy(chip.raw[:], []byte{0x80, 0, 0, 0x80, 0, 0, 0x80, 0})
	b := surveyI2C(t, &fakeI2C{chips: map[uint16]*fakeBME280{0x76: chip}, error: "remote I/O error"}, nil)
	if b.shown() != "0x76 bme280 none reset_data" || b.Chips[0].Text == "" {
		t.Errorf("%s %q", b.shown(), b.Chips[0].Text)
	}
}

// A chip that the kernel works with is left alone.
func TestSurveyLeavesHeldChipsAlone(t *testing.T) {
	bus := &fakeI2C{chips: map[uint16]*fakeBME280{0x18: newFakeBME280(), 0x76: newFakeBME280()}, error: "remote I/O error"}
	b := surveyI2C(t, bus, map[string]string{
		"sys/bus/i2c/devices/1-0018/driver/uevent": "", "sys/bus/i2c/devices/1-0018/name": "ds2482\n",
		"sys/bus/i2c/devices/1-0076/driver/uevent": "", "sys/bus/i2c/devices/1-0076/name": "bme280\n",
	})
	if b.shown() != "0x18 ds2482 none, 0x76 bme280 none" || !b.Chips[1].Held || !slices.Equal(slices.Compact(bus.seen), []string{"0x44", "0x45", "0x77"}) {
		t.Errorf("%s; traffic at %v", b.shown(), bus.seen)
	}
}

func TestSurveyGivesUpAStuckBus(t *testing.T) {
	bus := &fakeI2C{error: "connection timed out"}
	if b := surveyI2C(t, bus, nil); w1test.Judged(b.Err) != controlloop.VerdictBusError || len(bus.seen) != 1 {
		t.Errorf("%v, asked %v: want one transfer and bus_error", b.Err, bus.seen)
	}
	synctest.Test(t, func(t *testing.T) {
		bus := &fakeI2C{hung: make(chan struct{})}
		if b := surveyI2C(t, bus, nil); w1test.Judged(b.Err) != controlloop.VerdictNoAnswer {
			t.Errorf("%v, want no_answer", b.Err)
		}
		close(bus.hung)
	})
}

// Below another root, devices are listed and not touched.
func TestSurveyAsksNoDeviceOfAnotherRoot(t *testing.T) {
	s := surveyOf(t, map[string]string{
		"dev/i2c-20": "", "dev/i2c-1": "", "dev/i2c-": "", "dev/i2c-x": "", "dev/i2c-999": "", "dev/gpiochip10": "", "dev/gpiochip2": "",
	})
	if len(s.Buses) != 2 || s.Buses[0].Number != 1 || s.Buses[1].Number != 20 || !errors.Is(s.Buses[0].Err, ErrNotAsked) {
		t.Errorf("%+v", s.Buses)
	}
	if len(s.Chips) != 2 || s.Chips[0].Name != "gpiochip2" || !errors.Is(s.Chips[1].Err, ErrNotAsked) {
		t.Errorf("%+v", s.Chips)
	}
}

// oddPaths are all that a survey looks at.
var oddPaths = []string{
	"proc/device-tree/model", "proc/device-tree/serial-number", "proc/sys/kernel/osrelease", "etc/machine-id", "boot/firmware/config.txt",
	"sys/bus/w1/devices", "sys/bus/w1/devices/28-0316a2795bff", "sys/bus/w1/devices/28-0316a2795bff/w1_slave",
	"sys/bus/w1/devices/w1_bus_master1", "sys/module/pinctrl_rp1/parameters/persist_gpio_outputs",
	"sys/class/watchdog", "sys/class/watchdog/watchdog0", "sys/class/watchdog/watchdog0/state", "sys/class/watchdog/watchdog0/identity",
	"sys/bus/i2c/devices/1-0076/driver", "sys/bus/i2c/devices/1-0076/name", "dev", "dev/i2c-1", "dev/gpiochip0", "dev/watchdog0",
}

// TestSurveyOfAnOddTreeEndsWithoutANumber: wherever something else stands than expected, the
// survey ends, and without a number.
func TestSurveyOfAnOddTreeEndsWithoutANumber(t *testing.T) {
	kinds := map[string]func(path string) error{
		"file":   func(path string) error { return os.WriteFile(path, []byte("\x00\xff nonsense \x1b"), 0o644) },
		"empty":  func(path string) error { return os.WriteFile(path, nil, 0o644) },
		"folder": func(path string) error { return os.Mkdir(path, 0o755) },
		"pipe":   func(path string) error { return syscall.Mkfifo(path, 0o644) },
		"broken": func(path string) error { return os.Symlink("nowhere", path) },
		"loop":   func(path string) error { return os.Symlink(filepath.Base(path), path) },
		"zeros":  func(path string) error { return os.Symlink("/dev/zero", path) },
		"huge": func(path string) error {
			return errors.Join(os.WriteFile(path, nil, 0o644), os.Truncate(path, 1<<40))
		},
	}
	for kind, make := range kinds {
		for _, path := range oddPaths {
			root := t.TempDir()
			if err := errors.Join(os.MkdirAll(filepath.Join(root, filepath.Dir(path)), 0o755), make(filepath.Join(root, path))); err != nil {
				t.Fatal(err)
			}
			wantQuiet(t, kind+" at "+path, root)
		}
	}
}

func wantQuiet(t *testing.T, name, root string) {
	t.Helper()
	ended := make(chan Board, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second/2) // a read that is left to hang shows
	defer cancel()
	go func() { ended <- Of(ctx, drivers.NewHardware(root)) }()
	var s Board
	select {
	case s = <-ended:
	case <-ctx.Done():
		t.Errorf("%s: the survey waits for it", name)
	}
	for _, a := range s.Thermometers {
		if a.Reading != nil || a.Verdict == controlloop.VerdictOK || a.Verdict == "" {
			t.Errorf("%s: %+v", name, a)
		}
	}
	if !utf8.ValidString(s.Model) || strings.ContainsAny(s.Model, "\x00\x1b") || s.KeepsOutputs != nil && *s.KeepsOutputs {
		t.Errorf("%s: %+v", name, s)
	}
}

func header(held map[int]string) Chip {
	c := Chip{GPIOChip: drivers.GPIOChip{Name: "gpiochip0", Label: "pinctrl-bcm2711", Lines: make([]drivers.GPIOLine, 58)}}
	for n, holder := range held {
		c.Lines[n].Holder = holder
	}
	return c
}

func TestTheFirstFreeLineIsProposed(t *testing.T) {
	all := map[int]string{}
	for n := range 28 {
		all[n] = "somebody"
	}
	denied := Chip{GPIOChip: drivers.GPIOChip{Name: "gpiochip0"}, Err: fmt.Errorf("%w to open it", drivers.ErrNoPermission)}
	stranger := Chip{GPIOChip: chipWith("gpiochip0", "pl061", "a", "b")}
	for name, row := range map[string]struct {
		chips []Chip
		first string
		doubt string
	}{
		"all free":      {[]Chip{header(nil)}, "GPIO17", ""},
		"17 held":       {[]Chip{header(map[int]string{17: "fan", 27: "led"})}, "GPIO22", ""},
		"all held":      {[]Chip{header(all)}, "GPIO17", "held by other programs"},
		"no chip":       {nil, "GPIO17", "no GPIO chip"},
		"no permission": {[]Chip{denied}, "GPIO17", "no permission"},
		"not a Pi":      {[]Chip{stranger}, "GPIO17", "chip and line must be given"},
		"named lines":   {[]Chip{{GPIOChip: chipWith("gpiochip0", "x", "GPIO22")}}, "GPIO22", ""},
	} {
		lines, doubt := Board{Chips: row.chips}.RelayLines()
		if len(lines) == 0 || lines[0].Line != row.first || !strings.Contains(doubt, row.doubt) || row.doubt == "" && doubt != "" {
			t.Errorf("%s: %v, %q", name, lines, doubt)
		}
	}
}

// No line that another bus needs is proposed, none twice, and none that is on
// before the agent runs.
func TestNoProposedLineIsNeededElsewhereOrOnAtReset(t *testing.T) {
	lines, _ := Board{Chips: []Chip{header(nil)}}.RelayLines()
	seen := map[int]bool{}
	for _, g := range lines {
		n, ok := g.Number()
		if !ok || n < 9 || n > 27 || slices.Contains([]int{9, 10, 11, 14, 15}, n) || seen[n] || g.SwitchesOnAtReset() {
			t.Errorf("%v", g)
		}
		seen[n] = true
	}
	if len(lines) < 8 {
		t.Errorf("only %d lines", len(lines))
	}
}

func TestSurveyNamesHoldersAndDenials(t *testing.T) {
	s := Board{
		Chips: []Chip{header(map[int]string{4: "w1"}), {GPIOChip: drivers.GPIOChip{Name: "gpiochip1"}, Err: fmt.Errorf("%w to open it", drivers.ErrNoPermission)}},
		Buses: []I2CBus{{Number: 1, Err: &controlloop.BadReading{Verdict: controlloop.VerdictNoPermission}}, {Number: 2, Err: &controlloop.BadReading{Verdict: controlloop.VerdictBusError}}, {Number: 3}},
	}
	if s.Holder("GPIO4") != "w1" || s.Holder("GPIO5") != "" || s.Holder("GPIO99") != "" {
		t.Errorf("%q %q %q", s.Holder("GPIO4"), s.Holder("GPIO5"), s.Holder("GPIO99"))
	}
	if got := s.NoPermission(); !slices.Equal(got, []string{"/dev/i2c-1", "/dev/gpiochip1"}) {
		t.Errorf("%v", got)
	}
}

// A program may call itself what it likes, but not write to the terminal.
func TestSurveyedNamesArePrintable(t *testing.T) {
	c := harmless(chipWith("gpiochip0", "a\x1b[2Jb", "GPIO\n1"))
	c.Lines[0].Holder = "x"
	if c.Label != "a [2Jb" || c.Lines[0].Name != "GPIO 1" {
		t.Errorf("%+v", c)
	}
}

func TestSerialPortsAreNamedByWhatStaysTheSame(t *testing.T) {
	for want, files := range map[string]map[string]string{
		"[/dev/ttyUSB0 /dev/ttyUSB1 /dev/ttyACM0]": {"dev/ttyUSB1": "", "dev/ttyUSB0": "", "dev/ttyACM0": "", "dev/ttyS0": ""},
		"[/dev/serial/by-id/usb-x]":                {"dev/ttyUSB0": "", "dev/serial/by-id/usb-x": ""},
		"[]":                                       {"dev/ttyS0": ""},
	} {
		if got := fmt.Sprint(surveyOf(t, files).Serial); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
