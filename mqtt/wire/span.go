package wire

import (
	"fmt"
	"strings"
	"time"
)

// ParseSpan reads how long something is to last, from a minute to the longest time:
// numbers with d, h, m, s; a bare number is minutes. An empty text is 0.
func ParseSpan(text string, longest time.Duration) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	if minutes, err := ParseDecimal(text); err == nil && 0 <= minutes && minutes < 1e6 {
		return bounded(time.Duration(minutes*float64(time.Minute)), longest)
	}
	days, rest, hasDays := strings.Cut(text, "d")
	if !hasDays {
		days, rest = "0", text
	}
	n, err := ParseDecimal(days)
	d, restErr := time.ParseDuration(rest)
	if hasDays && rest == "" {
		restErr = nil
	}
	total := time.Duration(n*24*float64(time.Hour)) + d
	if err != nil || restErr != nil || n < 0 || n > 1e4 || strings.ContainsAny(rest, "+-") {
		return 0, fmt.Errorf("%s is no duration: write such as 90m, 2h or 3d; a bare number is minutes", Quoted(text))
	}
	return bounded(total, longest)
}

func bounded(d, longest time.Duration) (time.Duration, error) {
	if d < time.Minute || d > longest {
		return 0, fmt.Errorf("%v is outside 1m..%v", d, longest)
	}
	return d, nil
}
