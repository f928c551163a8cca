package survey

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"thermostat/controlloop"
	"thermostat/drivers"
	"thermostat/drivers/hostfs"
)

// Chip is a GPIO chip; where Err is not nil, only its name is known.
type Chip struct {
	drivers.GPIOChip
	Expander string // the chip behind an I2C bus that it is; empty: it is none
	Err      error  // why it could not be asked
}

func (h machine) chips() []Chip {
	var all []Chip
	for _, name := range h.Files.Names("/dev", "gpiochip") {
		info, err := os.Lstat(h.Files.Path("/dev", name))
		if err != nil || info.Mode()&os.ModeSymlink != 0 {
			continue // an alias of a chip that is listed by its own name
		}
		all = append(all, h.askChip(hostfs.Printable(name), info.Mode()))
	}
	return all
}

func (h machine) askChip(name string, mode os.FileMode) Chip {
	c := Chip{GPIOChip: drivers.GPIOChip{Name: name}}
	switch {
	case !h.Files.Real():
		c.Err = ErrNotAsked
	case mode&os.ModeCharDevice == 0:
		c.Err = fmt.Errorf("%w: /dev/%s is no GPIO chip", drivers.ErrNoLine, name)
	default:
		var chip drivers.GPIOChip
		if chip, c.Err = drivers.ReadGPIOChip(h.Files.Path("/dev", name)); c.Err == nil {
			c.GPIOChip = harmless(chip)
		}
	}
	c.Expander, c.Place = h.Files.Expander(name)
	return c
}

// harmless is the chip with names that a terminal may be shown: any program
// may call itself what it likes.
func harmless(c drivers.GPIOChip) drivers.GPIOChip {
	c.Label = hostfs.Printable(c.Label)
	for i, l := range c.Lines {
		c.Lines[i] = drivers.GPIOLine{Name: hostfs.Printable(l.Name), Holder: hostfs.Printable(l.Holder)}
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
func (s Board) RelayLines() (lines []drivers.GPIO, doubt string) {
	chips := s.lines()
	doubt = s.doubt(chips)
	var all []drivers.GPIO
	there := false
	for _, n := range relayPins {
		g := drivers.GPIO{Line: fmt.Sprintf("GPIO%d", n)}
		if g.SwitchesOnAtReset() {
			continue
		}
		all = append(all, g)
		found, err := chips.Find(g)
		there = there || err == nil
		if err == nil && found.Chip.Lines[found.Offset].Holder == "" {
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
func (s Board) doubt(cs drivers.GPIOChips) string {
	closed := cs.Closed()
	switch {
	case slices.ContainsFunc(cs.Asked, drivers.GPIOChip.Header):
		return ""
	case closed != nil:
		return hostfs.Printable(closed.Error())
	case len(cs.Asked) == 0:
		return "there is no GPIO chip here"
	}
	return ""
}

// lines are the chips as a relay's line is looked for in them.
func (s Board) lines() (cs drivers.GPIOChips) {
	for _, c := range s.Chips {
		if c.Err == nil {
			cs.Asked = append(cs.Asked, c.GPIOChip)
		} else {
			cs.Shut = append(cs.Shut, drivers.ShutChip{Name: c.Name, Err: c.Err})
		}
	}
	return cs
}

// Holder is the program that holds a line such as GPIO17; empty where the line
// is free or nothing is known of it.
func (s Board) Holder(line string) string {
	found, err := s.lines().Find(drivers.GPIO{Line: line})
	if err != nil {
		return ""
	}
	return found.Chip.Lines[found.Offset].Holder
}

// NoPermission names the devices that the user may not open.
func (s Board) NoPermission() []string {
	var all []string
	for _, b := range s.Buses {
		if b.Err != nil && noReading(b.Err).Verdict == controlloop.VerdictNoPermission {
			all = append(all, fmt.Sprintf("/dev/i2c-%d", b.Number))
		}
	}
	for _, c := range s.Chips {
		if errors.Is(c.Err, drivers.ErrNoPermission) {
			all = append(all, "/dev/"+c.Name)
		}
	}
	return all
}
