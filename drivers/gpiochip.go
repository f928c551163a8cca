package drivers

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"thermostat/drivers/hostfs"
)

// headerLabels are the labels of the chips behind a Raspberry Pi's header:
// models 0 to 3, 4, 5. Their numbers differ from kernel to kernel.
var headerLabels = []string{"pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1"}

// GPIOChip is a GPIO chip as the kernel shows it.
type GPIOChip struct {
	Name  string     // gpiochip0
	Label string     // pinctrl-bcm2711
	Place string     // of an I2C expander, such as 1-0020: bus 1, address 0x20; empty: it is none
	Lines []GPIOLine // by number
}

// GPIOLine is one line of a chip.
type GPIOLine struct {
	Name   string // GPIO17; may be empty
	Holder string // the program that holds it; empty where it is free
}

// Header reports whether the chip is that of a Raspberry Pi's header.
func (c GPIOChip) Header() bool { return slices.Contains(headerLabels, c.Label) }

// GPIOChips are the GPIO chips of a machine: those that were asked, and why the
// others could not be.
type GPIOChips struct {
	Asked []GPIOChip // what their lines are
	Shut  []ShutChip // those that cannot be asked
}

// ShutChip is a chip that could not be asked.
type ShutChip struct {
	Name string // gpiochip0
	Err  error  // why it cannot be asked
}

// ReadGPIOChips asks the chips of a /dev.
func ReadGPIOChips(dev string) (cs GPIOChips) {
	paths, _ := filepath.Glob(filepath.Join(dev, "gpiochip*")) // the pattern is well formed
	for _, path := range paths {
		if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeSymlink != 0 {
			continue // an alias of a chip that is listed by its own name
		}
		c, err := ReadGPIOChip(path)
		if err != nil {
			cs.Shut = append(cs.Shut, ShutChip{filepath.Base(path), err})
			continue
		}
		_, c.Place = hostfs.Root(filepath.Dir(dev)).Expander(c.Name)
		cs.Asked = append(cs.Asked, c)
	}
	return cs
}

// Closed is why chips could not be asked; nil if all were. What only bears the
// name of a chip counts where nothing else is there.
func (cs GPIOChips) Closed() error {
	var all []error
	for _, s := range cs.Shut {
		if !errors.Is(s.Err, ErrNoLine) || len(cs.Asked) == 0 {
			all = append(all, s.Err)
		}
	}
	return errors.Join(all...)
}

// FoundLine is a line and where it is.
type FoundLine struct {
	Chip   GPIOChip // that has it
	Offset int      // of the line on its chip
	name   string
}

// String is the line and its chip, as people write them.
func (f FoundLine) String() string {
	return fmt.Sprintf("%s of %s (%s)", f.name, f.Chip.Name, f.Chip.Label)
}

// Find finds a line by the label of its chip and its own name, since the
// numbers of chips change with kernels and boards.
func (cs GPIOChips) Find(g GPIO) (FoundLine, error) {
	candidates, err := cs.candidates(g)
	if err != nil {
		return FoundLine{}, err
	}
	var found []FoundLine
	for _, c := range candidates {
		if offset, ok := c.offset(g.Line); ok {
			found = append(found, FoundLine{c, offset, g.Line})
		}
	}
	switch len(found) {
	case 0:
		return FoundLine{}, fmt.Errorf("%w: %s on %s%s", ErrNoLine, g.Line, labels(candidates), otherName(candidates, g))
	case 1:
		return found[0], nil
	}
	return FoundLine{}, fmt.Errorf("%w: %s is on more than one chip (%s): name one with chip", ErrNoLine, g.Line, labels(candidates))
}

// otherName says how a line is called on the board at hand; a configuration is
// often that of another board.
func otherName(chips []GPIOChip, g GPIO) string {
	header := slices.ContainsFunc(chips, GPIOChip.Header)
	if _, numbered := lineNumber(g.Line); header && !numbered {
		return ": on a Raspberry Pi's header the lines are GPIO0 to GPIO27"
	} else if !header && g.Chip == "" {
		return ": this is no header of a Raspberry Pi; gpioinfo lists chips and lines, name them with chip and line"
	}
	return ""
}

// candidates are the chip that was named, or the header's, or where there is
// none all: on another board a line's own name may tell.
func (cs GPIOChips) candidates(g GPIO) ([]GPIOChip, error) {
	wanted := GPIOChip.Header
	if g.Chip != "" {
		wanted = func(c GPIOChip) bool {
			return slices.Contains([]string{c.Label, c.Place, "/dev/" + c.Name, c.Name}, g.Chip)
		}
	}
	var candidates []GPIOChip
	for _, c := range cs.Asked {
		if wanted(c) {
			candidates = append(candidates, c)
		}
	}
	if len(candidates) > 0 {
		return candidates, nil
	}
	return cs.without(g)
}

// without is what can be said where neither the named chip nor the header's was asked.
func (cs GPIOChips) without(g GPIO) ([]GPIOChip, error) {
	closed := cs.Closed()
	_, numbered := lineNumber(g.Line)
	switch {
	case len(cs.Asked) == 0 && closed == nil:
		return nil, fmt.Errorf("%w: there is no GPIO chip (/dev/gpiochip*)", ErrNoLine)
	case closed != nil && g.Chip != "":
		return nil, fmt.Errorf("%s: the chip is not among those that can be asked (%s): %w", g, labels(cs.Asked), cs.closedFor(g, closed))
	case g.Chip != "":
		return nil, fmt.Errorf("%w: no chip is called or labelled %s, but there are %s", ErrNoLine, g.Chip, labels(cs.Asked))
	case closed != nil:
		return nil, fmt.Errorf("%s: the header's chip (%s) is not among those that can be asked (%s): %w", g, strings.Join(headerLabels, ", "), labels(cs.Asked), closed)
	case numbered:
		return nil, fmt.Errorf("%w: the number %s alone is one of the header's chip (%s), which is not here, but %s: name the chip with chip",
			ErrNoLine, g.Line, strings.Join(headerLabels, ", "), labels(cs.Asked))
	}
	return cs.Asked, nil
}

// closedFor is why the named chip could not be asked; all reasons where it is
// named by its label, which nobody could read.
func (cs GPIOChips) closedFor(g GPIO, all error) error {
	for _, s := range cs.Shut {
		if s.Name == g.chipName() {
			return s.Err
		}
	}
	return all
}

func (g GPIO) chipName() string { return strings.TrimPrefix(g.Chip, "/dev/") }

func labels(chips []GPIOChip) string {
	if len(chips) == 0 {
		return "none"
	}
	var all []string
	for _, c := range chips {
		if c.Place != "" && c.Place != c.Label {
			c.Label += " at " + c.Place
		}
		all = append(all, c.Name+" "+c.Label)
	}
	return strings.Join(all, ", ")
}

// offset is the number of a line that is given by name or by number. On a
// Raspberry Pi GPIOn is line n whatever the kernel calls it (SDA1, TXD1 …).
func (c GPIOChip) offset(line string) (int, bool) {
	for i, l := range c.Lines {
		if l.Name == line {
			return i, true
		}
	}
	if number, ok := strings.CutPrefix(line, "GPIO"); ok && c.Header() {
		line = number
	}
	n, ok := lineNumber(line)
	return n, ok && n < len(c.Lines)
}

// lineNumber reads a bare number of a line.
func lineNumber(line string) (n int, ok bool) {
	number, err := strconv.ParseUint(line, 10, 16)
	return int(number), err == nil
}

// HeaderChip reports whether the line is looked for on a Raspberry Pi's header,
// as far as its name tells.
func (g GPIO) HeaderChip() bool { return g.Chip == "" || slices.Contains(headerLabels, g.Chip) }

// Number is N where the line is the header's GPIO N; ok is false where that is
// not known without looking at the board.
func (g GPIO) Number() (n int, ok bool) {
	if !g.HeaderChip() {
		return 0, false
	}
	return lineNumber(strings.TrimPrefix(g.Line, "GPIO"))
}

// SameLine reports whether two relays are on one line as far as their names tell.
func (g GPIO) SameLine(o GPIO) bool {
	a, aok := g.Number()
	b, bok := o.Number()
	if aok && bok {
		return a == b
	}
	return strings.TrimPrefix(g.Chip, "/dev/") == strings.TrimPrefix(o.Chip, "/dev/") && g.Line == o.Line
}

// SameLine reports whether two relays are on one line of this machine, however
// they are written: by the header, by a chip's label or device, by name or number.
func SameLine(files hostfs.Root, a, b GPIO) bool {
	if a.SameLine(b) {
		return true
	}
	return ReadGPIOChips(files.Path("/dev")).sameLine(a, b)
}

func (cs GPIOChips) sameLine(a, b GPIO) bool {
	at, err := cs.Find(a)
	if err != nil {
		return false
	}
	other, err := cs.Find(b)
	return err == nil && at.Chip.Name == other.Chip.Name && at.Offset == other.Offset
}
