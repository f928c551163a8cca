package wire

import (
	"fmt"
	"strconv"
	"strings"
)

// ParseNumber reads a number that stands alone in a text. Programs leave blanks
// around it, and the end of the line.
func ParseNumber(text string) (float64, error) {
	x, err := ParseDecimal(strings.Trim(text, " \t\r\n"))
	if err != nil {
		return 0, fmt.Errorf("%s is not a number", Quoted(text))
	}
	return x, nil
}

// Quoted shows the beginning of a foreign text, readable whatever it holds.
func Quoted(text string) string {
	if len(text) > 40 {
		text = text[:40] + "…"
	}
	return strconv.Quote(strings.ToValidUTF8(text, "?"))
}

// OnOff is a switch in a word.
func OnOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}
