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

// IDVar adds a flag for a sensor_id. The library's own would take 0x10 for 16 and 010 for 8.
func IDVar(flags *pflag.FlagSet, to *int32, name string, value int32, usage string) {
	*to = value
	flags.Var((*idFlag)(to), name, usage)
}

type idFlag int32

var wholeNumber = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]*)$`)

// Set reads the flag's text.
func (f *idFlag) Set(text string) error {
	x, err := strconv.ParseInt(text, 10, 32)
	if err != nil || !wholeNumber.MatchString(text) {
		return fmt.Errorf("%.40q is not a whole number", text)
	}
	*f = idFlag(x)
	return nil
}

// String gives the value as it is written.
func (f *idFlag) String() string { return strconv.Itoa(int(*f)) }

// Type is what help and completion call the value.
func (f *idFlag) Type() string { return "int32" }
