// Package survey finds out what a board has: its sensors with a reading of each,
// its GPIO lines, and what its kernel does with them when the agent dies.
package survey

import (
	"context"
	"errors"

	"thermostat/controlloop"
	"thermostat/drivers"
	"thermostat/drivers/hostfs"
)

// Board is what a board has, as far as a user without root's rights can ask.
type Board struct {
	Model     string // Raspberry Pi 4 Model B Rev 1.4; empty where the board does not say
	ConfigTxt string // the file of dtoverlay= and dtparam= lines; empty where there is none
	EnvTxt    string // of other boards, the file of overlays= lines; empty where there is none
	Unique    string // six hex digits that hardly any other board has; empty where nothing tells boards apart

	Kernel         []KernelChip
	OneWireMasters int // of the kernel
	Thermometers   []Thermometer
	Buses          []I2CBus
	Chips          []Chip
	Serial         []string // ports of adapters, such as of a Modbus board; none is opened

	KeepsOutputs  *bool // a line stays as it is when the program that held it dies; nil: not known
	Watchdog      bool  // the board has a hardware watchdog
	WatchdogArmed *bool // and it would restart a board that hangs; nil: not known
}

// ErrNotAsked is the error of a device below another root than /.
var ErrNotAsked = errors.New("not asked: only a real device can be")

// machine is the board that is looked at.
type machine struct{ *drivers.Hardware }

// Of looks at the board and reads each sensor once. It writes nothing, but
// for what a BME280 or an SHT3x needs to measure, and of all I2C addresses only 0x18,
// 0x44, 0x45, 0x76 and 0x77 see traffic. Each device that does not answer costs a few seconds.
func Of(ctx context.Context, hardware *drivers.Hardware) Board {
	h, b := machine{hardware}, board{hardware.Files}
	s := Board{
		Model: b.model(), ConfigTxt: b.configTxt(), EnvTxt: b.envTxt(), Unique: b.unique(),
		Kernel:         kernelChips(ctx, h),
		OneWireMasters: len(h.Files.Names("/sys/bus/w1/devices", "w1_bus_master")),
		Thermometers:   h.thermometers(ctx),
		Buses:          h.i2cBuses(ctx),
		Chips:          h.chips(),
		Serial:         serialPorts(h.Files),
		KeepsOutputs:   b.keepsOutputs(),
	}
	s.Watchdog, s.WatchdogArmed = b.watchdog()
	return s
}

// Answer is what a sensor said when it was asked once.
type Answer struct {
	Reading *controlloop.Reading // nil where it gave no temperature
	Verdict controlloop.Verdict  // ok, or why there is no temperature; empty where none was asked for
	Text    string               // the same for people; empty where all is well
}

func answer(r controlloop.Reading, err error) Answer {
	if err != nil {
		return noReading(err)
	}
	return Answer{Reading: &r, Verdict: controlloop.VerdictOK}
}

func noReading(err error) Answer {
	var bad *controlloop.BadReading
	switch {
	case !errors.As(err, &bad):
		return Answer{Verdict: controlloop.VerdictError, Text: hostfs.Printable(err.Error())}
	case bad.Err == nil:
		return Answer{Verdict: bad.Verdict}
	}
	return Answer{Verdict: bad.Verdict, Text: hostfs.Printable(bad.Err.Error())}
}
