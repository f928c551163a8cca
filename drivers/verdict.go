package drivers

import (
	"fmt"

	"thermostat/controlloop"
)

// bad makes the error of an answer that is no temperature.
func bad(v controlloop.Verdict, format string, args ...any) error {
	return &controlloop.BadReading{Verdict: v, Err: fmt.Errorf(format, args...)}
}
