package comfort

import (
	"fmt"

	"thermostat/controlloop"
)

// Frost is protection against frost, with a band of its own. The zero value is none.
type Frost struct {
	Below float64 // °C, under which it heats; 3..12
	Rise  float64 // K above that until which it heats; 0.5..5
	InOff bool    // in mode off, too
}

// The bounds of frost protection.
const (
	MinFrostBelow, MaxFrostBelow = 3.0, 12.0 // °C
	MinFrostRise, MaxFrostRise   = 0.5, 5.0  // K
)

// Refuse says why a zone cannot be protected so; nil: it can. Goods: it is there for what
// lies in it, as a fridge is.
func (f Frost) Refuse(law controlloop.Params, goods bool) error {
	switch {
	case f == Frost{}:
		return nil
	case goods:
		return fmt.Errorf("has no place in a fridge or a fermenter: what lies in it decides how cold it may be, so leave it out")
	case !law.Heater:
		return fmt.Errorf("needs a heater, and the zone has none: leave it out")
	case f.Below+f.Rise >= law.HeatCutout:
		return fmt.Errorf("below + rise: %v must stay below heat_cutout %v °C", f.Below+f.Rise, law.HeatCutout)
	}
	return nil
}

// step reports whether a zone is protected now: from a good reading under the band on until
// one above it. In mode auto the zone is not off, whatever its program says.
func (f Frost) step(was bool, t *controlloop.Target, r controlloop.Reading) bool {
	off := t.Setpoint.Mode <= controlloop.ModeOff && !t.Auto
	if f == (Frost{}) || r.At.IsZero() || off && !f.InOff {
		return false
	}
	return r.Celsius < f.Below || was && r.Celsius <= f.Below+f.Rise
}

// protect makes a target that of frost protection. Its mode stays: it is what counts
// without a reading.
func (f Frost) protect(t *controlloop.Target) {
	sp := &t.Setpoint
	sp.Desired, sp.UpDelta, sp.DownDelta, sp.Preset = f.Below+float64(f.Rise/2), f.Rise/2, f.Rise/2, ""
	sp.Mode = max(sp.Mode, controlloop.ModeOff) // nobody spoke, and the band counts all the same
	t.Frost, t.Preheat, t.Why = true, false, Frosty
}
