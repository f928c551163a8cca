package wire

import (
	"fmt"
	"strconv"
	"strings"
)

// ParseDecimal reads a finite decimal number, such as 21.5, -.5 or 2e1. What Go's
// own parser takes beyond that (2_1, 0x1p4, Inf, +1, 1e400) is refused: whoever
// wrote it may have meant something else.
func ParseDecimal(text string) (float64, error) {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || strings.HasPrefix(text, "+") || strings.ContainsFunc(text, beyondDecimal) {
		return 0, fmt.Errorf("%.40q is not a number", text)
	}
	return x, nil
}

func beyondDecimal(r rune) bool { return !strings.ContainsRune("0123456789.eE+-", r) }
