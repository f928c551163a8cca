package drivers

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/warthog618/go-gpiocdev"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"

	"thermostat/drivers/aside"
)

// outputPin is an output line of the kernel's GPIO character device as a periph
// pin. On the header it is never read back: what it was told is what it does.
type outputPin struct {
	line      *gpiocdev.Line
	name      string
	number    int
	activeLow bool // the kernel turns the level round
	closed    bool
}

func openPin(g GPIO) (*outputPin, error) {
	line, number, err := request(g, requestOptions(g))
	if err != nil {
		return nil, err
	}
	return &outputPin{line: line, name: g.String(), number: number, activeLow: g.ActiveLow}, nil
}

// openInput takes a line as an input.
func openInput(c Contact) (aside.Pin, error) {
	options := []gpiocdev.LineReqOption{gpiocdev.WithConsumer(consumer), gpiocdev.AsInput, biases[c.Bias]}
	if c.ActiveLow {
		options = append(options, gpiocdev.AsActiveLow)
	}
	line, _, err := request(c.GPIO, options)
	if err != nil {
		return nil, err
	}
	return line, nil
}

var biases = map[string]gpiocdev.LineReqOption{"pull_up": gpiocdev.WithPullUp, "pull_down": gpiocdev.WithPullDown, "none": gpiocdev.WithBiasDisabled}

// request takes a line; number is its own on its chip.
func request(g GPIO, options []gpiocdev.LineReqOption) (line *gpiocdev.Line, number int, err error) {
	at, err := ReadGPIOChips("/dev").Find(g)
	if err != nil {
		return nil, 0, err
	}
	chip, err := gpiocdev.NewChip(at.Chip.Name)
	if err != nil {
		return nil, 0, chipError(at.Chip.Name, err)
	}
	defer chip.Close()
	if line, err = chip.RequestLine(at.Offset, options...); err != nil {
		return nil, 0, lineError(chip, at, err)
	}
	return line, at.Offset, nil
}

// consumer is the name under which the kernel shows who holds a line.
const consumer = "thermostat"

// requestOptions ask for an output that is off; the bias pulls towards off
// where the chip has one, and counts once the line is given back.
func requestOptions(g GPIO) []gpiocdev.LineReqOption {
	options := []gpiocdev.LineReqOption{gpiocdev.WithConsumer(consumer), gpiocdev.AsOutput(0)}
	if g.ActiveLow {
		return append(options, gpiocdev.AsActiveLow, gpiocdev.WithPullUp)
	}
	return append(options, gpiocdev.WithPullDown)
}

// chipError says what keeps a chip from being opened.
func chipError(name string, err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w to open /dev/%s: add the user to the group gpio, or hand the device to the container", ErrNoPermission, name)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, gpiocdev.ErrNotCharacterDevice):
		return fmt.Errorf("%w: /dev/%s is no GPIO chip", ErrNoLine, name)
	}
	return fmt.Errorf("/dev/%s: %w", name, err)
}

func lineError(chip *gpiocdev.Chip, at FoundLine, err error) error {
	switch {
	case errors.Is(err, syscall.EBUSY):
		return fmt.Errorf("%s is %w: %s holds it; end that program first", at, ErrBusy, holder(chip, at.Offset))
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w to drive %s: add the user to the group gpio", ErrNoPermission, at)
	case errors.Is(err, syscall.ENOTTY), errors.Is(err, syscall.EINVAL):
		return fmt.Errorf("%s cannot be driven (Linux 5.10 or newer is needed): %w", at, err)
	}
	return fmt.Errorf("%s: %w", at, err)
}

// holder names who holds a line, as the kernel knows it.
func holder(chip *gpiocdev.Chip, offset int) string {
	info, err := chip.LineInfo(offset)
	if err != nil || info.Consumer == "" {
		return "the kernel or another program"
	}
	return fmt.Sprintf("%q", info.Consumer)
}

// String names the pin.
func (p *outputPin) String() string { return p.name }

// Name names the pin.
func (p *outputPin) Name() string { return p.name }

// Number is the line's number on its chip.
func (p *outputPin) Number() int { return p.number }

// Function says what the pin is used for.
func (p *outputPin) Function() string { return "Out" }

// Out drives the pin. Level is that on the wire, whatever the polarity.
func (p *outputPin) Out(level gpio.Level) error {
	if p.closed {
		if bool(level) == p.activeLow {
			return nil // off, and given back already
		}
		return fmt.Errorf("%s: %w", p.name, gpiocdev.ErrClosed)
	}
	value := 0
	if bool(level) != p.activeLow {
		value = 1
	}
	if err := p.line.SetValue(value); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	return nil
}

// On reads whether the relay is on, whatever the polarity. Once the line is given back it is off.
func (p *outputPin) On() (bool, error) {
	if p.closed {
		return false, nil
	}
	value, err := p.line.Value()
	return value == 1, err
}

// PWM is not for a relay.
func (p *outputPin) PWM(gpio.Duty, physic.Frequency) error {
	return errors.New("a relay's pin has no PWM")
}

// Halt gives the line back; repeating it is harmless.
func (p *outputPin) Halt() error {
	if p.closed {
		return nil
	}
	p.closed = true
	return p.line.Close()
}

var _ gpio.PinOut = (*outputPin)(nil)

// ReadGPIOChip asks a chip for its label and lines.
func ReadGPIOChip(path string) (GPIOChip, error) {
	name := filepath.Base(path)
	f, err := os.Open(path) // tells a missing right, which the library does not
	if err != nil {
		return GPIOChip{}, chipError(name, err)
	}
	_ = f.Close()
	chip, err := gpiocdev.NewChip(path)
	if err != nil {
		return GPIOChip{}, chipError(name, err)
	}
	defer chip.Close()
	c := GPIOChip{Name: name, Label: chip.Label}
	for i := range chip.Lines() {
		info, err := chip.LineInfo(i)
		if err != nil {
			return GPIOChip{}, chipError(name, err)
		}
		line := GPIOLine{Name: info.Name, Holder: info.Consumer}
		if info.Used && line.Holder == "" {
			line.Holder = "the kernel"
		}
		c.Lines = append(c.Lines, line)
	}
	return c, nil
}
