package drivers

import "thermostat/controlloop"

// bad is [controlloop.Bad].
func bad(v controlloop.Verdict, format string, args ...any) error {
	return controlloop.Bad(v, format, args...)
}
