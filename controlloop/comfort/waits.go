package comfort

import (
	"fmt"

	"thermostat/controlloop"
)

// Waits says that a zone does not follow the program that it has, since somebody set it
// by hand and without an end; empty where that is not so, as while everybody is away. Mode auto ends it.
func Waits(t controlloop.Target) string {
	return WaitsIn(t, func(celsius float64) string { return fmt.Sprintf("%v °C", celsius) })
}

// WaitsIn is [Waits] for people who read temperatures as show gives them.
func WaitsIn(t controlloop.Target, show func(celsius float64) string) string {
	byHand := t.Control.Mode != controlloop.ModeNone && t.Why != Default
	_, away := IsAway(t)
	switch {
	case t.Auto || away || !byHand || t.Why == Frosty || t.Why == WindowOpen || !t.Until.IsZero() || t.Next.At.IsZero():
		return ""
	case t.Setpoint.Mode == controlloop.ModeOff:
		return "program waits: set by hand to off"
	}
	return "program waits: set by hand to " + show(t.Setpoint.Desired)
}
