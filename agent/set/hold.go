package set

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"thermostat/controlloop"
	"thermostat/controlloop/program"
	"thermostat/mqtt/client"
	"thermostat/mqtt/setpoint"
	"thermostat/mqtt/wire"
)

// endFlags say when something is over.
type endFlags struct{ last, until string }

// register adds them to a command.
func (f *endFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.last, "for", "", "for so long, a `DURATION` such as 90m, 2h or 3d")
	cmd.Flags().StringVar(&f.until, "until", "", "until a `TIME` on this machine's clock: 22:30, \"2027-01-02 12:00\" or RFC 3339")
}

// read gives for how long, or until when; neither where none is named.
func (f endFlags) read(cmd *cobra.Command, now time.Time) (d time.Duration, until time.Time, err error) {
	if cmd.Flags().Changed("for") {
		if d, err = parseFor(f.last); err != nil {
			return 0, until, err
		}
	}
	if cmd.Flags().Changed("until") {
		if until, err = parseUntil(f.until, now, time.Local); err != nil {
			return 0, until, fmt.Errorf("--until: %w", err)
		}
	}
	return d, until, nil
}

// parseFor reads what --for says.
func parseFor(text string) (d time.Duration, err error) {
	if d, err = wire.ParseSpan(text, setpoint.MaxHold); err == nil && d == 0 {
		err = errors.New("is empty: write such as 90m, 2h or 3d")
	}
	if err != nil {
		err = fmt.Errorf("--for: %w", err)
	}
	return d, err
}

// parseUntil reads a moment to come: the next time that the clocks of a place show a time
// of day, a date and a time there, or RFC 3339.
func parseUntil(text string, now time.Time, place *time.Location) (time.Time, error) {
	if minute, err := program.Minute(text); err == nil {
		return program.Coming(now, minute, place), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if moment, notOne := program.ParseMoment(text); notOne == nil {
		at, err = moment.At(place), nil
	}
	switch {
	case err != nil:
		return at, fmt.Errorf("%s is none of 22:30, \"2027-01-02 12:00\", 2027-01-02T12:00:00+01:00", wire.Quoted(text))
	case !at.After(now):
		return at, fmt.Errorf("%s is over: write a moment to come", text)
	}
	return at, nil
}

// hold turns flags into the hold that a person wants; begins tells that there is one.
func (f *setFlags) hold(cmd *cobra.Command, now time.Time) (h client.Hold, begins bool, err error) {
	named := 0
	for _, name := range []string{"for", "until", "next", "permanent"} {
		if cmd.Flags().Changed(name) {
			named++
		}
	}
	if named > 1 {
		return h, true, errors.New("--for, --until, --next and --permanent each say when it is over: name one of them")
	}
	h.Next, h.Permanent = f.next, f.permanent
	h.For, h.Until, err = f.end.read(cmd, now)
	return h, h != client.Hold{}, err
}

// contradiction says what in a request cannot be meant together; nil: nothing.
func contradiction(q client.Request, begins bool) error {
	auto := q.Mode != nil && *q.Mode == controlloop.ModeAuto
	switch named := q.Desired != nil || q.Preset != ""; {
	case q.Desired != nil && q.Preset != "":
		return errors.New("a preset is a temperature already: name TEMPERATURE or --preset")
	case q.Preset != "" && q.Mode != nil && *q.Mode == controlloop.ModeOff:
		return errors.New("mode off aims at nothing: leave --preset out, or name another mode")
	case auto && q.Hold.Permanent:
		return errors.New("in mode auto the program chooses, so nothing is for ever there: name mode heat, cool or heat_cool, or leave --mode out")
	case auto && begins && !named:
		return errors.New("in mode auto the program chooses: name a TEMPERATURE or --preset to hold, or leave --mode out")
	}
	return nil
}
