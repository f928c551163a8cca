// Package hand reads what a person asks for in a plain text: what stands on a zone's set
// topics, and on the agent's set/away.
package hand

import (
	"fmt"
	"strings"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/program"
	"thermostat/mqtt/setpoint"
	"thermostat/mqtt/wire"
)

// Does makes what a person asks for of what is obeyed.
type Does = func(p *comfort.Plan, obeyed controlloop.Setpoint, clock comfort.Clock) (controlloop.Setpoint, error)

// Of reads a plain text on one of a zone's set topics; nil where there is no such topic.
// asked is a mode that came before its temperature; [controlloop.ModeNone]: none did.
func Of(what, text string, now time.Time, z setpoint.Zone, asked controlloop.Mode) Does {
	text = strings.Trim(text, " \t\r\n")
	switch what {
	case "desired":
		return desired(text, now, z, asked)
	case "mode":
		return chosen(text, now)
	case "preset":
		return preferred(text, now)
	case "boost":
		return boosted(text, now, z.Params)
	case "hold":
		return held(text, now)
	case "resume":
		return func(p *comfort.Plan, obeyed controlloop.Setpoint, clock comfort.Clock) (controlloop.Setpoint, error) {
			return p.Resume(obeyed, now, clock)
		}
	case "power":
		return powered(text, now)
	}
	return nil
}

func desired(text string, now time.Time, z setpoint.Zone, asked controlloop.Mode) Does {
	return func(p *comfort.Plan, obeyed controlloop.Setpoint, clock comfort.Clock) (controlloop.Setpoint, error) {
		celsius, err := wire.ParseNumber(text)
		if err != nil {
			return obeyed, fmt.Errorf("desired: %w", err)
		}
		sp := p.Desire(obeyed, z.Rounded(celsius), now, clock)
		if asked != controlloop.ModeNone {
			sp.Mode, sp.Hold = asked, controlloop.Hold{}
		}
		return sp, nil
	}
}

func chosen(text string, now time.Time) Does {
	return func(p *comfort.Plan, obeyed controlloop.Setpoint, clock comfort.Clock) (controlloop.Setpoint, error) {
		mode, err := controlloop.ParseMode(text)
		if err != nil {
			return obeyed, err
		}
		return p.Choose(obeyed, mode, now, clock), nil
	}
}

func preferred(text string, now time.Time) Does {
	return func(p *comfort.Plan, obeyed controlloop.Setpoint, clock comfort.Clock) (controlloop.Setpoint, error) {
		if strings.EqualFold(text, "none") {
			return p.Resume(obeyed, now, clock)
		}
		return p.Prefer(obeyed, text, now, clock)
	}
}

func boosted(text string, now time.Time, law controlloop.Params) Does {
	return func(p *comfort.Plan, obeyed controlloop.Setpoint, clock comfort.Clock) (controlloop.Setpoint, error) {
		d, err := wire.ParseSpan(text, setpoint.MaxHold)
		if err != nil {
			return obeyed, err
		}
		return p.Boost(obeyed, d, now, clock, law)
	}
}

func held(text string, now time.Time) Does {
	return func(p *comfort.Plan, obeyed controlloop.Setpoint, clock comfort.Clock) (controlloop.Setpoint, error) {
		end, err := holdOf(text, now, p.Place, clock)
		if err != nil {
			return obeyed, err
		}
		return p.Keep(obeyed, end, text == "permanent", now, clock)
	}
}

func powered(text string, now time.Time) Does {
	return func(p *comfort.Plan, obeyed controlloop.Setpoint, clock comfort.Clock) (controlloop.Setpoint, error) {
		switch strings.ToUpper(text) {
		case "ON", "OFF":
			return p.Power(obeyed, strings.EqualFold(text, "ON"), now, clock), nil
		}
		return obeyed, fmt.Errorf("power %s is none of ON, OFF", wire.Quoted(text))
	}
}

// holdOf reads the end of a hold: next, permanent, a duration, a time of day, or a
// moment (RFC 3339).
func holdOf(text string, now time.Time, place *time.Location, clock comfort.Clock) (controlloop.Hold, error) {
	if text == "next" || text == "permanent" {
		return controlloop.Hold{}, nil
	}
	if minute, err := program.Minute(text); err == nil {
		if !clock.Trusted {
			return controlloop.Hold{}, errNoClock
		}
		return controlloop.Hold{Until: program.Coming(now, minute, place)}, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		if !at.After(now) {
			return controlloop.Hold{}, over(text)
		}
		return controlloop.Hold{Until: at}, nil
	}
	d, err := wire.ParseSpan(text, setpoint.MaxHold)
	if err != nil || text == "" {
		return controlloop.Hold{}, fmt.Errorf("hold %s is none of next, permanent, a duration such as 2h, a time of day such as 22:30, a moment such as 2026-12-24T18:00:00+01:00", wire.Quoted(text))
	}
	return lasting(d, now, clock), nil
}
