package controlloop

import (
	"time"

	"thermostat/controlloop/guard"
)

// Params are the constants of a zone. Package limits knows their bounds.
type Params struct {
	Heater, Cooler bool // which relays the zone has
	Electric       bool // the heater is one by itself: ordered on in vain, it is switched off until somebody clears that

	DesiredMin, DesiredMax     float64 // °C, setpoints outside are refused
	HeatCutout, CoolCutout     float64 // °C, the heater is never on at or above, the cooler never at or below; of a relay that is not there it says nothing
	PlausibleMin, PlausibleMax float64 // °C, readings outside are faults
	MaxRate                    float64 // K per minute; a faster change is held back until confirmed
	MaxDisagreement            float64 // K between the sensors of a zone; 0: not compared

	Sample     time.Duration // between two readings, and between two ticks
	StaleAfter time.Duration // a reading older than this counts no more
	MinOn      time.Duration // per output
	MinOff     time.Duration // per output
	MaxOn      time.Duration // per output; 0 is no limit
	Changeover time.Duration // pause between heating and cooling

	Speed       float64       // of a simulated room's time; the watchers count their hours in it; 0 is 1
	FrozenAfter time.Duration // of heating or cooling with not one bit changed; 0: never
	Loss        Duty          // what to do without a fresh reading; zero: nothing

	Law          Law     // what decides within the band
	StartsPerDay float64 // of the output, which a model keeps to as far as the deltas let it
}

// Duty heats without a reading, a little, so that the pipes do not freeze: on
// for Percent of each Period, its off part first, for no longer than For.
type Duty struct {
	Percent float64       // 1..30; 0: no duty
	Period  time.Duration // one on and one off together
	For     time.Duration // since the loss
}

// On is how long the output is on in each period.
func (d Duty) On() time.Duration { return time.Duration(d.Percent / 100 * float64(d.Period)) }

// Watched is what the zone's watchers must know of it.
func (p *Params) Watched() guard.Params {
	return guard.Params{Heater: p.Heater, Cooler: p.Cooler, Electric: p.Electric, StaleAfter: p.StaleAfter, Speed: p.Speed}
}

// StuckSamples is for how many of its samples a zone may be silent before it counts as stuck:
// the watchdog is not fed then, and what heats for it on the broker goes off.
const StuckSamples = 3

// cutoutRelease is how far inside its limit a cut-out lets go, in K.
const cutoutRelease = 2

// startRest is what an output serves that may have been on until now. The
// other one may have been it, so the changeover is served as well.
func (p Params) startRest() time.Duration {
	if p.Heater && p.Cooler {
		return max(p.MinOff, p.Changeover)
	}
	return p.MinOff
}
