package drivers

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"thermostat/controlloop"
)

// SurveyedChip is a GPIO chip; where Err is not nil, only its name is known.
type SurveyedChip struct {
	GPIOChip
	Err error // why it could not be asked
}

func (h *Hardware) surveyedChips() []SurveyedChip {
	var all []SurveyedChip
	for _, name := range h.names("/dev", "gpiochip") {
		info, err := os.Lstat(h.path("/dev", name))
		if err != nil || info.Mode()&os.ModeSymlink != 0 {
			continue // an alias of a chip that is listed by its own name
		}
		all = append(all, h.askChip(printable(name), info.Mode()))
	}
	return all
}

func (h *Hardware) askChip(name string, mode os.FileMode) SurveyedChip {
	c := SurveyedChip{GPIOChip: GPIOChip{Name: name}}
	switch {
	case !h.real():
		c.Err = ErrNotAsked
	case mode&os.ModeCharDevice == 0:
		c.Err = fmt.Errorf("%w: /dev/%s is no GPIO chip", ErrNoLine, name)
	default:
		var chip GPIOChip
		if chip, c.Err = gpioChip(h.path("/dev", name)); c.Err == nil {
			c.GPIOChip = chip.printable()
		}
	}
	return c
}

// printable is the chip with names that a terminal may be shown: any program
// may call itself what it likes.
func (c GPIOChip) printable() GPIOChip {
	c.Label = printable(c.Label)
	for i, l := range c.Lines {
		c.Lines[i] = GPIOLine{Name: printable(l.Name), Holder: printable(l.Holder)}
	}
	return c
}

// relayPins are the header's GPIO numbers that suit a relay, best first: pulled
// down at reset, and not those of 1-Wire (4), I2C (2, 3), SPI (7 to 11) and UART
// (14, 15). At the end those of a second SPI, PWM and sound.
var relayPins = []int{17, 27, 22, 23, 24, 25, 26, 16, 12, 13, 18, 19, 20, 21}

// RelayLines gives the lines for relays that are on while their line is high,
// best first. Doubt says why it is not sure that they are there and free; it is
// empty where that is sure.
func (s Survey) RelayLines() (lines []GPIO, doubt string) {
	chips := s.chips()
	doubt = s.doubt(chips)
	var all []GPIO
	there := false
	for _, n := range relayPins {
		g := GPIO{Line: fmt.Sprintf("GPIO%d", n)}
		if g.SwitchesOnAtReset() {
			continue
		}
		all = append(all, g)
		found, err := chips.findLine(g)
		there = there || err == nil
		if err == nil && found.chip.Lines[found.offset].Holder == "" {
			lines = append(lines, g)
		}
	}
	switch {
	case len(lines) > 0:
		return lines, ""
	case doubt == "" && there:
		doubt = "all lines that suit a relay are held by other programs"
	case doubt == "":
		doubt = "no chip of this board has a line of that name, so chip and line must be given"
	}
	return all, doubt
}

// doubt says why lines of the header cannot be looked at; empty where they can.
func (s Survey) doubt(cs chips) string {
	closed := cs.closed()
	switch {
	case slices.ContainsFunc(cs.asked, GPIOChip.Header):
		return ""
	case closed != nil:
		return printable(closed.Error())
	case len(cs.asked) == 0:
		return "there is no GPIO chip here"
	}
	return ""
}

// chips are the chips as a relay's line is looked for in them.
func (s Survey) chips() (cs chips) {
	for _, c := range s.Chips {
		if c.Err == nil {
			cs.asked = append(cs.asked, c.GPIOChip)
		} else {
			cs.shut = append(cs.shut, shutChip{c.Name, c.Err})
		}
	}
	return cs
}

// Holder is the program that holds a line such as GPIO17; empty where the line
// is free or nothing is known of it.
func (s Survey) Holder(line string) string {
	found, err := s.chips().findLine(GPIO{Line: line})
	if err != nil {
		return ""
	}
	return found.chip.Lines[found.offset].Holder
}

// NoPermission names the devices that the user may not open.
func (s Survey) NoPermission() []string {
	var all []string
	for _, b := range s.Buses {
		if b.Err != nil && noReading(b.Err).Verdict == controlloop.VerdictNoPermission {
			all = append(all, fmt.Sprintf("/dev/i2c-%d", b.Number))
		}
	}
	for _, c := range s.Chips {
		if errors.Is(c.Err, ErrNoPermission) {
			all = append(all, "/dev/"+c.Name)
		}
	}
	return all
}
