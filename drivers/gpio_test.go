package drivers

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/gpio/gpiotest"
)

func chipWith(name, label string, lines ...string) GPIOChip {
	c := GPIOChip{Name: name, Label: label}
	for _, l := range lines {
		c.Lines = append(c.Lines, GPIOLine{Name: l})
	}
	return c
}

// One line has many names, and two polarities of it must not both be driven.
func TestOneLineIsKnownUnderAllItsNames(t *testing.T) {
	expander := chipWith("gpiochip0", "raspberrypi-exp-gpio", "BT_ON", "GPIO2")
	header := chipWith("gpiochip4", "pinctrl-bcm2711", "ID_SDA", "ID_SCL", "SDA1", "GPIO3")
	machine := GPIOChips{Asked: []GPIOChip{expander, header}}
	names := []GPIO{{Line: "GPIO2"}, {Line: "SDA1"}, {Line: "2"}, {Chip: "gpiochip4", Line: "GPIO2"}, {Chip: "/dev/gpiochip4", Line: "2"}, {Chip: "pinctrl-bcm2711", Line: "SDA1"}}
	others := []GPIO{{Line: "GPIO3"}, {Chip: "gpiochip0", Line: "GPIO2"}, {Line: "GPIO99"}, {Chip: "gone", Line: "GPIO2"}}
	for _, a := range names {
		for _, b := range names {
			if !machine.sameLine(a, b) {
				t.Errorf("%v and %v are one line", a, b)
			}
		}
		for _, b := range others {
			if machine.sameLine(a, b) {
				t.Errorf("%v and %v are two lines", a, b)
			}
		}
	}
}

func TestALineIsFoundByNameOrNumberOrRefused(t *testing.T) {
	expander := chipWith("gpiochip0", "raspberrypi-exp-gpio", "BT_ON", "GPIO2")
	header := chipWith("gpiochip4", "pinctrl-bcm2711", "ID_SDA", "ID_SCL", "SDA1", "GPIO3")
	other := chipWith("gpiochip1", "1c20800.pinctrl", "PA0", "PA1")
	twin := chipWith("gpiochip2", "twin", "PA1")
	one, two := chipWith("gpiochip5", "mcp23017", "", ""), chipWith("gpiochip6", "mcp23017", "", "")
	one.Place, two.Place = "1-0020", "1-0021"
	pi := []GPIOChip{expander, header}
	const noPi = ": this is no header of a Raspberry Pi; gpioinfo lists chips and lines, name them with chip and line"
	const isPi = ": on a Raspberry Pi's header the lines are GPIO0 to GPIO27"
	for _, row := range []struct {
		chips []GPIOChip
		gpio  GPIO
		want  string
	}{
		{pi, GPIO{Line: "GPIO3"}, "gpiochip4 3"},
		{pi, GPIO{Line: "GPIO2"}, "gpiochip4 2"}, // called SDA1 by this kernel
		{pi, GPIO{Line: "SDA1"}, "gpiochip4 2"},
		{pi, GPIO{Line: "1"}, "gpiochip4 1"},
		{pi, GPIO{Line: "BT_ON"}, "no such line: BT_ON on gpiochip4 pinctrl-bcm2711" + isPi},
		{pi, GPIO{Line: "PA7"}, "no such line: PA7 on gpiochip4 pinctrl-bcm2711" + isPi}, // an Orange Pi's
		{pi, GPIO{Line: "GPIO4"}, "no such line: GPIO4 on gpiochip4 pinctrl-bcm2711" + isPi},
		{pi, GPIO{Line: "GPIO-1"}, "no such line: GPIO-1 on gpiochip4 pinctrl-bcm2711" + isPi},
		{pi, GPIO{Line: "+1"}, "no such line: +1 on gpiochip4 pinctrl-bcm2711" + isPi},
		{pi, GPIO{Chip: "raspberrypi-exp-gpio", Line: "GPIO2"}, "gpiochip0 1"},
		{pi, GPIO{Chip: "gpiochip0", Line: "BT_ON"}, "gpiochip0 0"},
		{pi, GPIO{Chip: "/dev/gpiochip0", Line: "0"}, "gpiochip0 0"},
		{pi, GPIO{Chip: "gpiochip9", Line: "0"}, "no such line: no chip is called or labelled gpiochip9, but there are gpiochip0 raspberrypi-exp-gpio, gpiochip4 pinctrl-bcm2711"},
		{[]GPIOChip{other}, GPIO{Line: "PA1"}, "gpiochip1 1"}, // another board: the name alone
		{[]GPIOChip{other}, GPIO{Line: "GPIO1"}, "no such line: GPIO1 on gpiochip1 1c20800.pinctrl" + noPi},
		{[]GPIOChip{one, two}, GPIO{Chip: "1-0021", Line: "1"}, "gpiochip6 1"}, // expanders of one kind, by their addresses
		{[]GPIOChip{one, two}, GPIO{Chip: "mcp23017", Line: "1"}, "no such line: 1 is on more than one chip (gpiochip5 mcp23017 at 1-0020, gpiochip6 mcp23017 at 1-0021): name one with chip"},
		{[]GPIOChip{other, twin}, GPIO{Line: "PA1"}, "no such line: PA1 is on more than one chip (gpiochip1 1c20800.pinctrl, gpiochip2 twin): name one with chip"},
	} {
		checkLine(t, GPIOChips{Asked: row.chips}, row.gpio, row.want, ErrNoLine)
	}
}

func checkLine(t *testing.T, cs GPIOChips, g GPIO, want string, kind error) {
	t.Helper()
	got, err := cs.Find(g)
	text := fmt.Sprintf("%s %d", got.Chip.Name, got.Offset)
	if err != nil {
		text = err.Error()
		if !errors.Is(err, kind) {
			t.Errorf("%v: %v is not %v", g, err, kind)
		}
	}
	if text != want {
		t.Errorf("%+v: %q, want %q", g, text, want)
	}
}

// A bare number is one of the header's chip. On any other chip the same number
// is another thing: a Pi 5's gpio-brcmstb has the card's supply there.
func TestANumberAloneIsOneOfTheHeaderOrAnError(t *testing.T) {
	named := func(name, label string) GPIOChip { return chipWith(name, label, make([]string, 32)...) }
	stb, rp1 := named("gpiochip0", "gpio-brcmstb@107d508500"), named("gpiochip4", "pinctrl-rp1")
	const alone = "no such line: the number 17 alone is one of the header's chip (pinctrl-bcm2835, pinctrl-bcm2711, pinctrl-rp1), which is not here, but "
	for _, row := range []struct {
		chips []GPIOChip
		gpio  GPIO
		want  string
	}{
		{[]GPIOChip{stb}, GPIO{Line: "17"}, alone + "gpiochip0 gpio-brcmstb@107d508500: name the chip with chip"},
		{[]GPIOChip{stb}, GPIO{Line: "GPIO17"}, "no such line: GPIO17 on gpiochip0 gpio-brcmstb@107d508500: this is no header of a Raspberry Pi; gpioinfo lists chips and lines, name them with chip and line"},
		{[]GPIOChip{stb, rp1}, GPIO{Line: "17"}, "gpiochip4 17"},
		{[]GPIOChip{stb}, GPIO{Line: "17", Chip: "gpiochip0"}, "gpiochip0 17"}, // said so
		{[]GPIOChip{named("gpiochip0", "300b000.pinctrl")}, GPIO{Line: "17"}, alone + "gpiochip0 300b000.pinctrl: name the chip with chip"},
		{[]GPIOChip{named("gpiochip0", "raspberrypi-exp-gpio")}, GPIO{Line: "17"}, alone + "gpiochip0 raspberrypi-exp-gpio: name the chip with chip"},
	} {
		checkLine(t, GPIOChips{Asked: row.chips}, row.gpio, row.want, ErrNoLine)
	}
}

// A chip that may not be opened may be the header's: that is said, and no other
// chip takes its place.
func TestAHeaderThatMayNotBeOpenedIsSaid(t *testing.T) {
	denied := fmt.Errorf("%w to open /dev/gpiochip0", ErrNoPermission)
	stray := ShutChip{"gpiochip9", fmt.Errorf("%w: /dev/gpiochip9 is no GPIO chip", ErrNoLine)}
	expander := chipWith("gpiochip1", "raspberrypi-exp-gpio", "BT_ON", "GPIO17")
	header := chipWith("gpiochip4", "pinctrl-rp1", make([]string, 28)...)
	const lacks = "the header's chip (pinctrl-bcm2835, pinctrl-bcm2711, pinctrl-rp1) is not among those that can be asked "
	cs := GPIOChips{Asked: []GPIOChip{expander}, Shut: []ShutChip{{"gpiochip0", denied}, stray}}
	for line, want := range map[string]string{
		"17":     "17: " + lacks + "(gpiochip1 raspberrypi-exp-gpio): no permission to open /dev/gpiochip0",
		"GPIO17": "GPIO17: " + lacks + "(gpiochip1 raspberrypi-exp-gpio): no permission to open /dev/gpiochip0",
	} {
		checkLine(t, cs, GPIO{Line: line}, want, ErrNoPermission)
	}
	checkLine(t, cs, GPIO{Line: "BT_ON", Chip: "gpiochip1"}, "gpiochip1 0", nil)
	checkLine(t, cs, GPIO{Line: "17", Chip: "/dev/gpiochip0"}, "17 of /dev/gpiochip0: the chip is not among those that can be asked (gpiochip1 raspberrypi-exp-gpio): no permission to open /dev/gpiochip0", ErrNoPermission)
	checkLine(t, GPIOChips{Shut: cs.Shut[:1]}, GPIO{Line: "17"}, "17: "+lacks+"(none): no permission to open /dev/gpiochip0", ErrNoPermission)
	checkLine(t, GPIOChips{Asked: []GPIOChip{header}, Shut: cs.Shut}, GPIO{Line: "17"}, "gpiochip4 17", nil)
	checkLine(t, GPIOChips{Asked: []GPIOChip{expander}, Shut: []ShutChip{stray}}, GPIO{Line: "BT_ON"}, "gpiochip1 0", nil)
}

func TestARelayThatIsOnAtResetIsKnown(t *testing.T) {
	for _, row := range []struct {
		gpio GPIO
		want bool
	}{
		{GPIO{Line: "GPIO17"}, false},
		{GPIO{Line: "GPIO17", ActiveLow: true}, true},
		{GPIO{Line: "GPIO8"}, true},
		{GPIO{Line: "GPIO8", ActiveLow: true}, false},
		{GPIO{Line: "GPIO9"}, false},
		{GPIO{Line: "5"}, true},
		{GPIO{Line: "GPIO0"}, true},
		{GPIO{Line: "GPIO27", ActiveLow: true}, true},
		{GPIO{Line: "GPIO28", ActiveLow: true}, false}, // not on the header
		{GPIO{Line: "GPIO5", Chip: "pinctrl-bcm2835"}, true},
		{GPIO{Line: "GPIO5", Chip: "expander"}, false}, // nobody knows
		{GPIO{Line: "PA1"}, false},
	} {
		if row.gpio.SwitchesOnAtReset() != row.want {
			t.Errorf("%+v: want %v", row.gpio, row.want)
		}
	}
}

func TestOneLineIsKnownUnderEitherPolarity(t *testing.T) {
	for _, row := range []struct {
		a, b GPIO
		want bool
	}{
		{GPIO{Line: "GPIO17"}, GPIO{Line: "17", ActiveLow: true}, true},
		{GPIO{Line: "GPIO17"}, GPIO{Line: "GPIO17", Chip: "pinctrl-rp1"}, true},
		{GPIO{Line: "GPIO17"}, GPIO{Line: "GPIO18"}, false},
		{GPIO{Line: "GPIO17"}, GPIO{Line: "GPIO17", Chip: "expander"}, false},
		{GPIO{Line: "PA1", Chip: "x"}, GPIO{Line: "PA1", Chip: "x"}, true},
	} {
		if row.a.SameLine(row.b) != row.want || row.b.SameLine(row.a) != row.want {
			t.Errorf("%+v and %+v: want %v", row.a, row.b, row.want)
		}
	}
}

// A relay works on any pin that periph drives.
func TestARelayWorksOnAnyPinOfPeriph(t *testing.T) {
	for _, activeLow := range []bool{false, true} {
		pin := &gpiotest.Pin{N: "GPIO17"}
		r := &GPIORelay{pin: pin, activeLow: activeLow}
		for _, on := range []bool{true, true, false, true} {
			if err := r.Set(on); err != nil || pin.L != gpio.Level(on != activeLow) {
				t.Errorf("active low %v, on %v: the pin is %v, %v", activeLow, on, pin.L, err)
			}
		}
		for range 2 {
			if err := r.Close(); err != nil || pin.L != gpio.Level(activeLow) {
				t.Errorf("active low %v: the pin is %v after Close, %v", activeLow, pin.L, err)
			}
		}
	}
}

func TestWithoutAGPIOChipThereIsNoLine(t *testing.T) {
	if _, err := ReadGPIOChips(t.TempDir()).Find(GPIO{Line: "17"}); !errors.Is(err, ErrNoLine) {
		t.Errorf("%v, want no such line", err)
	}
	dev := t.TempDir()
	writeFile(t, filepath.Join(dev, "gpiochip0"), "no device")
	if _, err := ReadGPIOChips(dev).Find(GPIO{Line: "17"}); !errors.Is(err, ErrNoLine) || !strings.Contains(err.Error(), "gpiochip0") {
		t.Errorf("%v, want a word of gpiochip0", err)
	}
}

// readBack is a pin of an expander that may be dead.
type readBack struct {
	*gpiotest.Pin
	on  bool
	err error
}

func (r readBack) On() (bool, error) { return r.on, r.err }

func TestARelayOfAnExpanderIsReadBack(t *testing.T) {
	for _, row := range []struct {
		pin  readBack
		want string
	}{
		{readBack{on: true}, ""},
		{readBack{on: false}, "reads otherwise"},
		{readBack{on: true, err: errors.New("remote I/O error")}, "cannot be read back: remote I/O error"},
	} {
		row.pin.Pin = &gpiotest.Pin{N: "3 of 1-0020"}
		r := &GPIORelay{pin: row.pin.Pin, read: row.pin}
		if err := r.Set(true); (err == nil) != (row.want == "") || err != nil && !strings.Contains(err.Error(), row.want) {
			t.Errorf("%v, want %q", err, row.want)
		}
	}
}
