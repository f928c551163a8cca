package drivers

import (
	"errors"
	"fmt"
	"os"
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

// TestSameLine: one line has many names, and two polarities of it must not both be driven.
func TestSameLineByChip(t *testing.T) {
	expander := chipWith("gpiochip0", "raspberrypi-exp-gpio", "BT_ON", "GPIO2")
	header := chipWith("gpiochip4", "pinctrl-bcm2711", "ID_SDA", "ID_SCL", "SDA1", "GPIO3")
	chips := []GPIOChip{expander, header}
	names := []GPIO{{Line: "GPIO2"}, {Line: "SDA1"}, {Line: "2"}, {Chip: "gpiochip4", Line: "GPIO2"}, {Chip: "/dev/gpiochip4", Line: "2"}, {Chip: "pinctrl-bcm2711", Line: "SDA1"}}
	others := []GPIO{{Line: "GPIO3"}, {Chip: "gpiochip0", Line: "GPIO2"}, {Line: "GPIO99"}, {Chip: "gone", Line: "GPIO2"}}
	for _, a := range names {
		for _, b := range names {
			if !sameLine(chips, a, b) {
				t.Errorf("%v and %v are one line", a, b)
			}
		}
		for _, b := range others {
			if sameLine(chips, a, b) {
				t.Errorf("%v and %v are two lines", a, b)
			}
		}
	}
}

func TestFindLine(t *testing.T) {
	expander := chipWith("gpiochip0", "raspberrypi-exp-gpio", "BT_ON", "GPIO2")
	header := chipWith("gpiochip4", "pinctrl-bcm2711", "ID_SDA", "ID_SCL", "SDA1", "GPIO3")
	other := chipWith("gpiochip1", "1c20800.pinctrl", "PA0", "PA1")
	twin := chipWith("gpiochip2", "twin", "PA1")
	for _, row := range []struct {
		chips []GPIOChip
		gpio  GPIO
		want  string
	}{
		{[]GPIOChip{expander, header}, GPIO{Line: "GPIO3"}, "gpiochip4 3"},
		{[]GPIOChip{expander, header}, GPIO{Line: "GPIO2"}, "gpiochip4 2"}, // called SDA1 by this kernel
		{[]GPIOChip{expander, header}, GPIO{Line: "SDA1"}, "gpiochip4 2"},
		{[]GPIOChip{expander, header}, GPIO{Line: "1"}, "gpiochip4 1"},
		{[]GPIOChip{expander, header}, GPIO{Line: "BT_ON"}, "no such line: BT_ON on gpiochip4 pinctrl-bcm2711"},
		{[]GPIOChip{expander, header}, GPIO{Line: "GPIO4"}, "no such line: GPIO4 on gpiochip4 pinctrl-bcm2711"},
		{[]GPIOChip{expander, header}, GPIO{Line: "GPIO-1"}, "no such line: GPIO-1 on gpiochip4 pinctrl-bcm2711"},
		{[]GPIOChip{expander, header}, GPIO{Chip: "raspberrypi-exp-gpio", Line: "GPIO2"}, "gpiochip0 1"},
		{[]GPIOChip{expander, header}, GPIO{Chip: "gpiochip0", Line: "BT_ON"}, "gpiochip0 0"},
		{[]GPIOChip{expander, header}, GPIO{Chip: "/dev/gpiochip0", Line: "0"}, "gpiochip0 0"},
		{[]GPIOChip{expander, header}, GPIO{Chip: "gpiochip9", Line: "0"}, "no such line: no chip is called or labelled gpiochip9, but there are gpiochip0 raspberrypi-exp-gpio, gpiochip4 pinctrl-bcm2711"},
		{[]GPIOChip{other}, GPIO{Line: "PA1"}, "gpiochip1 1"}, // another board: the name alone
		{[]GPIOChip{other}, GPIO{Line: "GPIO1"}, "no such line: GPIO1 on gpiochip1 1c20800.pinctrl"},
		{[]GPIOChip{other, twin}, GPIO{Line: "PA1"}, "no such line: PA1 is on more than one chip (gpiochip1 1c20800.pinctrl, gpiochip2 twin): name one with chip"},
	} {
		got, err := findLine(row.chips, row.gpio)
		text := fmt.Sprintf("%s %d", got.chip.Name, got.offset)
		if err != nil {
			text = err.Error()
			if !errors.Is(err, ErrNoLine) {
				t.Errorf("%v: %v is not ErrNoLine", row.gpio, err)
			}
		}
		if text != row.want {
			t.Errorf("%+v: %q, want %q", row.gpio, text, row.want)
		}
	}
}

func TestPullAtReset(t *testing.T) {
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

func TestSameLine(t *testing.T) {
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
func TestRelayOnAPeriphPin(t *testing.T) {
	for _, activeLow := range []bool{false, true} {
		pin := &gpiotest.Pin{N: "GPIO17"}
		r := &GPIORelay{pin, activeLow}
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

func TestNoGPIOChip(t *testing.T) {
	if _, err := gpioChips(t.TempDir()); !errors.Is(err, ErrNoLine) {
		t.Errorf("%v, want no such line", err)
	}
	dev := t.TempDir()
	writeFile(t, filepath.Join(dev, "gpiochip0"), "no device")
	if _, err := gpioChips(dev); !errors.Is(err, ErrNoLine) || !strings.Contains(err.Error(), "gpiochip0") {
		t.Errorf("%v, want a word of gpiochip0", err)
	}
}

func TestKeepsOutputs(t *testing.T) {
	const four, five = "Raspberry Pi 4 Model B Rev 1.5\x00", "Raspberry Pi 5 Model B Rev 1.0\x00"
	for _, row := range []struct {
		model, bcm, rp1, release string
		keeps, known             bool
	}{
		{four, "Y\n", "", "6.12.25+rpt-rpi-v8", true, true},
		{four, "N\n", "Y\n", "6.12.25+rpt-rpi-v8", false, true}, // the other module has no hardware
		{five, "N\n", "Y\n", "6.12.25+rpt-rpi-2712", true, true},
		{five, "Y\n", "N\n", "6.12.25+rpt-rpi-2712", false, true},
		{"", "N\n", "Y\n", "6.12.25+rpt-rpi-2712", true, true},
		{"", "", "N\n", "6.1.0-41-arm64", false, true},
		{four, "", "", "6.1.21-v8+", false, false},
		{four, "", "", "6.1.0-41-arm64", false, true},
		{five, "", "", "6.18.0-arm64", false, false},
		{"Radxa ROCK 4\x00", "", "", "6.6.75-current-rockchip64", false, false},
		{"", "", "", "", false, false},
	} {
		root := t.TempDir()
		put := func(path, text string) {
			path = filepath.Join(root, path)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			writeFile(t, path, text)
		}
		for path, text := range map[string]string{
			"proc/device-tree/model":                                     row.model,
			"sys/module/pinctrl_bcm2835/parameters/persist_gpio_outputs": row.bcm,
			"sys/module/pinctrl_rp1/parameters/persist_gpio_outputs":     row.rp1,
			"proc/sys/kernel/osrelease":                                  row.release,
		} {
			if text != "" {
				put(path, text)
			}
		}
		if keeps, known := NewHardware(root).KeepsOutputs(); keeps != row.keeps || known != row.known {
			t.Errorf("%+v: %v, %v", row, keeps, known)
		}
	}
}
