package drivers

import (
	"context"
	"errors"

	"thermostat/controlloop"
)

// Survey is what a board has, as far as a user without root's rights can ask.
type Survey struct {
	Model     string // Raspberry Pi 4 Model B Rev 1.4; empty where the board does not say
	ConfigTxt string // the file of dtoverlay= and dtparam= lines; empty where there is none
	EnvTxt    string // of other boards, the file of overlays= lines; empty where there is none
	Unique    string // six hex digits that hardly any other board has; empty where nothing tells boards apart

	OneWireMasters int            // of the kernel
	Thermometers   []Thermometer  // on all 1-Wire buses
	Buses          []I2CBus       // I2C, by number
	Chips          []SurveyedChip // GPIO, by name

	KeepsOutputs  *bool // a line stays as it is when the program that held it dies; nil: not known
	Watchdog      bool  // the board has a hardware watchdog
	WatchdogArmed *bool // and it would restart a board that hangs; nil: not known
}

// ErrNotAsked is the error of a device below another root than /.
var ErrNotAsked = errors.New("not asked: only a real device can be")

// Survey looks at the board and reads each sensor once. It writes nothing, but
// for what a BME280 needs to measure, and of all I2C addresses only 0x18, 0x76
// and 0x77 see traffic. Each device that does not answer costs a few seconds.
func (h *Hardware) Survey(ctx context.Context) Survey {
	s := Survey{
		Model: h.model(), ConfigTxt: h.configTxt(), EnvTxt: h.envTxt(), Unique: h.unique(),
		OneWireMasters: len(h.names("/sys/bus/w1/devices", "w1_bus_master")),
		Thermometers:   h.thermometers(ctx),
		Buses:          h.i2cBuses(ctx),
		Chips:          h.surveyedChips(),
		KeepsOutputs:   h.keepsOutputs(),
	}
	s.Watchdog, s.WatchdogArmed = h.watchdog()
	return s
}

// real reports whether this is the machine itself, and no made-up tree.
func (h *Hardware) real() bool { return h.path() == "/" }

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
		return Answer{Verdict: controlloop.VerdictError, Text: printable(err.Error())}
	case bad.Err == nil:
		return Answer{Verdict: bad.Verdict}
	}
	return Answer{Verdict: bad.Verdict, Text: printable(bad.Err.Error())}
}
