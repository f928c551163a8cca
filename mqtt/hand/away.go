package hand

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/program"
	"thermostat/mqtt/setpoint"
	"thermostat/mqtt/wire"
)

var (
	errNobodyGoes  = errors.New("no zone goes away: it takes a preset away and a mode other than off, and fridges and fermenters stay as they are")
	errNobodyComes = errors.New("no zone is away")
)

// Away reads a text on set/away; nobody is what to say where no zone has a part in it.
func Away(text string, now time.Time) (does Does, nobody, err error) {
	text = strings.Trim(text, " \t\r\n")
	switch moment, isMoment := strings.CutPrefix(text, "until "); {
	case strings.EqualFold(text, "off"):
		return func(p *comfort.Plan, obeyed controlloop.Setpoint, clock comfort.Clock) (controlloop.Setpoint, error) {
			return p.ComeBack(obeyed, now, clock)
		}, errNobodyComes, nil
	case strings.EqualFold(text, "on"):
		return func(p *comfort.Plan, obeyed controlloop.Setpoint, clock comfort.Clock) (controlloop.Setpoint, error) {
			return p.GoAway(obeyed, controlloop.Hold{}, now, clock)
		}, errNobodyGoes, nil
	case isMoment:
		does, err = awayUntil(strings.TrimSpace(moment), now)
		return does, errNobodyGoes, err
	}
	d, err := wire.ParseSpan(text, setpoint.MaxHold)
	if err != nil || d == 0 {
		return nil, nil, fmt.Errorf("away %s is none of on, off, a duration such as 3d, until 2027-01-02 12:00, until a moment such as 2027-01-02T12:00:00+01:00", wire.Quoted(text))
	}
	return func(p *comfort.Plan, obeyed controlloop.Setpoint, clock comfort.Clock) (controlloop.Setpoint, error) {
		return p.GoAway(obeyed, lasting(d, now, clock), now, clock)
	}, errNobodyGoes, nil
}

// awayUntil reads a moment: RFC 3339, or a date and a time on the clocks of the zone's place.
func awayUntil(text string, now time.Time) (Does, error) {
	at, err := time.Parse(time.RFC3339, text)
	moment, momentErr := program.ParseMoment(text)
	switch {
	case err != nil && momentErr != nil:
		return nil, momentErr
	case err == nil && !at.After(now):
		return nil, over(text)
	}
	return func(p *comfort.Plan, obeyed controlloop.Setpoint, clock comfort.Clock) (controlloop.Setpoint, error) {
		at := at
		if momentErr == nil {
			at = moment.At(p.Place)
		}
		sp, err := p.GoAway(obeyed, controlloop.Hold{Until: at}, now, clock)
		switch {
		case errors.Is(err, comfort.ErrStays):
			return sp, err
		case !clock.Trusted:
			return obeyed, errNoClock
		case !at.After(now):
			return obeyed, over(text)
		}
		return sp, err
	}, nil
}

// errNoClock refuses a moment that nobody could recognise when it comes.
var errNoClock = errors.New("the clock is not known to be right: name a duration such as 2h")

func over(text string) error { return fmt.Errorf("%.40s is over: write a moment to come", text) }

// lasting is a hold by duration; with a clock it tells its end, too.
func lasting(d time.Duration, now time.Time, clock comfort.Clock) controlloop.Hold {
	if clock.Trusted {
		return controlloop.Hold{For: d, Until: now.Add(d)}
	}
	return controlloop.Hold{For: d}
}
