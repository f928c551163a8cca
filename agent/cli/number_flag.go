package cli

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/spf13/pflag"

	"thermostat/mqtt/wire"
)

// NumberVar adds a flag for a decimal number. The library's own would take 2_1
// and 0x1p4, too.
func NumberVar(flags *pflag.FlagSet, to *float64, name string, value float64, usage string) {
	*to = value
	flags.Var((*numberFlag)(to), name, usage)
}

type numberFlag float64

// Set reads the flag's text.
func (f *numberFlag) Set(text string) error {
	x, err := wire.ParseDecimal(text)
	if err == nil {
		*f = numberFlag(x)
	}
	return err
}

// String gives the value as it is written.
func (f *numberFlag) String() string { return strconv.FormatFloat(float64(*f), 'g', -1, 64) }

// Type is what help and completion call the value.
func (f *numberFlag) Type() string { return "float64" }

// WholeVar adds a flag for a whole number. The library's own would take 0x10 for 16 and 010 for 8.
func WholeVar[T int | int32 | uint64](flags *pflag.FlagSet, to *T, name string, value T, usage string) {
	*to = value
	flags.Var(&wholeFlag[T]{to}, name, usage)
}

type wholeFlag[T int | int32 | uint64] struct{ to *T }

var wholeNumber = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]*)$`)

// Set reads the flag's text.
func (f *wholeFlag[T]) Set(text string) error {
	var x T
	if _, err := fmt.Sscanf(text, "%d", &x); err != nil || !wholeNumber.MatchString(text) {
		return fmt.Errorf("%.40q is not a whole number", text)
	}
	*f.to = x
	return nil
}

// String gives the value as it is written.
func (f *wholeFlag[T]) String() string {
	if f.to == nil { // help makes an empty one, to know a default that need not be said
		return "0"
	}
	return fmt.Sprint(*f.to)
}

// Type is what help and completion call the value.
func (f *wholeFlag[T]) Type() string { return fmt.Sprintf("%T", T(0)) }
