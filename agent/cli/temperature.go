package cli

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"thermostat/mqtt/wire"
)

// FormatTemperature is °C as text in the units that people use, C or F.
func FormatTemperature(celsius float64, units string) string {
	if units == "F" {
		return fmt.Sprintf("%.1f °F", celsius*1.8+32)
	}
	return fmt.Sprintf("%.2f °C", celsius)
}

// ParseTemperature reads 21.5, 21.5C or 70F into °C; without a letter the
// number is in the given units.
func ParseTemperature(text, units string) (float64, error) {
	number := text
	if n := len(text) - 1; n > 0 && strings.ContainsRune("CcFf", rune(text[n])) {
		number, units = text[:n], strings.ToUpper(text[n:])
	}
	t, err := wire.ParseDecimal(strings.Replace(number, minus, "-", 1))
	if err != nil {
		return 0, fmt.Errorf("temperature %q: want a number like 21.5, 21.5C or 70F", text)
	}
	if units == "F" {
		t = math.Round((t-32)/1.8*1e4) / 1e4
	}
	return t, nil
}

// minus stands for the sign of a temperature on the command line, since a
// leading hyphen would make it a flag.
const minus = "−"

// Signs lets people write "set fridge -18". What follows a flag is that flag's value,
// but for one that has its value already, or takes none.
func Signs(args []string) []string {
	args = slices.Clone(args)
	for i, a := range args {
		if i > 0 && args[0] == "set" && belowZero.MatchString(a) && !takesNext(args[i-1]) {
			args[i] = minus + a[1:]
		}
	}
	return args
}

// takesNext reports whether a word is a flag of set whose value is the next one, or ends the flags.
func takesNext(word string) bool {
	return strings.HasPrefix(word, "--") && !strings.Contains(word, "=") && !slices.Contains([]string{"--next", "--permanent", "--default"}, word)
}

var belowZero = regexp.MustCompile(`^-[0-9.]+[CFcf]?$`)
