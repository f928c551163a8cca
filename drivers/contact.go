package drivers

import (
	"fmt"
	"time"

	"thermostat/controlloop"
	"thermostat/drivers/aside"
)

// Contact is what a configuration says about a window's contact on a GPIO line.
type Contact struct {
	GPIO                   // the line; active low: high is low
	Bias     string        // pull_up, pull_down or none
	Open     string        // the level while the window is open: high or low
	Debounce time.Duration // a level counts once it has stood so long
}

// DefaultContact is a contact to ground that opens with its window.
func DefaultContact() Contact {
	return Contact{Bias: "pull_up", Open: "high", Debounce: time.Second}
}

// String says which contact it is, for people.
func (c Contact) String() string { return fmt.Sprintf("%v, open while %s", c.GPIO, c.Open) }

// GPIOContact is a window's contact on a GPIO line, which is read at each tick of its
// zone. The kernel could debounce it, but only on chips with interrupts.
type GPIOContact struct {
	pin      aside.Pin
	open     int // its value
	debounce time.Duration

	is      int // the value that counts
	seen    int // the newest
	since   time.Time
	counted bool // there is one that counts
}

// OpenContact takes a GPIO line as an input. Errors are those of [OpenRelay].
func OpenContact(c Contact) (*GPIOContact, error) {
	pin, err := openInput(c)
	if err != nil {
		return nil, err
	}
	if at, err := ReadGPIOChips("/dev").Find(c.GPIO); err == nil && at.Chip.Place != "" { // an expander, whose bus may hang
		pin = aside.NewInput(pin, c.GPIO.String())
	}
	return newContact(pin, c), nil
}

func newContact(pin aside.Pin, c Contact) *GPIOContact {
	g := &GPIOContact{pin: pin, debounce: c.Debounce}
	if c.Open == "high" {
		g.open = 1
	}
	return g
}

// Position reads the line. The first level counts at once, another one once it has stood
// so long as the debounce asks for.
func (c *GPIOContact) Position(now time.Time) (controlloop.Position, string) {
	value, err := c.pin.Value()
	if err != nil {
		c.counted = false
		return controlloop.WindowUnknown, "the window's contact cannot be read: " + err.Error()
	}
	if value != c.seen {
		c.seen, c.since = value, now
	}
	if !c.counted || now.Sub(c.since) >= c.debounce {
		c.is, c.counted = value, true
	}
	if c.is == c.open {
		return controlloop.WindowOpen, ""
	}
	return controlloop.WindowClosed, ""
}

// Close gives the line back.
func (c *GPIOContact) Close() error { return c.pin.Close() }

var _ controlloop.Contact = (*GPIOContact)(nil)
