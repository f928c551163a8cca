package drivers

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// headerLabels are the labels of the chips behind a Raspberry Pi's header:
// models 0 to 3, 4, 5. Their numbers differ from kernel to kernel.
var headerLabels = []string{"pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1"}

// GPIOChip is a GPIO chip as the kernel shows it.
type GPIOChip struct {
	Name  string     // gpiochip0
	Label string     // pinctrl-bcm2711
	Lines []GPIOLine // by number
}

// GPIOLine is one line of a chip.
type GPIOLine struct {
	Name   string // GPIO17; may be empty
	Holder string // the program that holds it; empty where it is free
}

// Header reports whether the chip is that of a Raspberry Pi's header.
func (c GPIOChip) Header() bool { return slices.Contains(headerLabels, c.Label) }

// gpioChips lists the chips of a /dev that may be opened. If there are some,
// but none may be, the error says why.
func gpioChips(dev string) ([]GPIOChip, error) {
	paths, _ := filepath.Glob(filepath.Join(dev, "gpiochip*")) // the pattern is well formed
	var chips []GPIOChip
	var failed error
	for _, path := range paths {
		if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeSymlink != 0 {
			continue // an alias of a chip that is listed by its own name
		}
		c, err := gpioChip(path)
		if err != nil {
			failed = err
			continue
		}
		chips = append(chips, c)
	}
	switch {
	case len(chips) > 0:
		return chips, nil
	case failed != nil:
		return nil, failed
	}
	return nil, fmt.Errorf("%w: there is no GPIO chip (%s/gpiochip*)", ErrNoLine, dev)
}

// foundLine is a line and where it is.
type foundLine struct {
	chip   GPIOChip
	offset int
	name   string
}

func (f foundLine) String() string {
	return fmt.Sprintf("%s of %s (%s)", f.name, f.chip.Name, f.chip.Label)
}

// findLine finds a line by the label of its chip and its own name, since the
// numbers of chips change with kernels and boards.
func findLine(chips []GPIOChip, g GPIO) (foundLine, error) {
	candidates, err := candidateChips(chips, g)
	if err != nil {
		return foundLine{}, err
	}
	var found []foundLine
	for _, c := range candidates {
		if offset, ok := c.offset(g.Line); ok {
			found = append(found, foundLine{c, offset, g.Line})
		}
	}
	switch len(found) {
	case 0:
		return foundLine{}, fmt.Errorf("%w: %s on %s", ErrNoLine, g.Line, labels(candidates))
	case 1:
		return found[0], nil
	}
	return foundLine{}, fmt.Errorf("%w: %s is on more than one chip (%s): name one with chip", ErrNoLine, g.Line, labels(candidates))
}

// candidateChips are the chip that was named, or the header's, or all.
func candidateChips(chips []GPIOChip, g GPIO) ([]GPIOChip, error) {
	wanted := GPIOChip.Header
	if g.Chip != "" {
		name := strings.TrimPrefix(g.Chip, "/dev/")
		wanted = func(c GPIOChip) bool { return c.Label == g.Chip || c.Name == name }
	}
	var candidates []GPIOChip
	for _, c := range chips {
		if wanted(c) {
			candidates = append(candidates, c)
		}
	}
	switch {
	case len(candidates) > 0:
		return candidates, nil
	case g.Chip != "":
		return nil, fmt.Errorf("%w: no chip is called or labelled %s, but there are %s", ErrNoLine, g.Chip, labels(chips))
	}
	return chips, nil
}

func labels(chips []GPIOChip) string {
	var all []string
	for _, c := range chips {
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
	n, err := strconv.Atoi(line)
	return n, err == nil && 0 <= n && n < len(c.Lines)
}

// Number is N where the line is the header's GPIO N; ok is false where that is
// not known without looking at the board.
func (g GPIO) Number() (n int, ok bool) {
	if g.Chip != "" && !slices.Contains(headerLabels, g.Chip) {
		return 0, false
	}
	n, err := strconv.Atoi(strings.TrimPrefix(g.Line, "GPIO"))
	return n, err == nil
}

// SwitchesOnAtReset reports whether the pull that the pin has after a reset
// holds the relay on until the agent runs. BCM2835 to 2711: GPIO0 to 8 pull up,
// 9 to 27 down (BCM2711 peripherals, 5.3; BCM2835 peripherals, 6.2).
func (g GPIO) SwitchesOnAtReset() bool {
	n, ok := g.Number()
	if !ok || n < 0 || n > 27 {
		return false
	}
	pullsUp := n <= 8
	return pullsUp != g.ActiveLow
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
func (h *Hardware) SameLine(a, b GPIO) bool {
	if a.SameLine(b) {
		return true
	}
	chips, err := gpioChips(h.path("/dev"))
	if err != nil {
		return false
	}
	return sameLine(chips, a, b)
}

func sameLine(chips []GPIOChip, a, b GPIO) bool {
	at, err := findLine(chips, a)
	if err != nil {
		return false
	}
	other, err := findLine(chips, b)
	return err == nil && at.chip.Name == other.chip.Name && at.offset == other.offset
}
