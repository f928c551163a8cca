package set

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"thermostat/agent/cli"
	"thermostat/agent/reach"
	"thermostat/mqtt/setpoint"
)

// awayFlags are whether and for how long people are away.
type awayFlags struct {
	remote  reach.Flags
	end     endFlags
	off     bool
	timeout time.Duration
}

// AwayCommand is `thermostat away`.
func AwayCommand() *cobra.Command { return new(awayFlags).command() }

func (f *awayFlags) command() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "away",
		Short: "Hold the preset away in every zone that has it, until somebody comes back",
		Long: `Every zone that has a preset away holds it, for a time or until --off, and goes
on then with what was before. Zones in mode off, fridges and fermenters stay as
they are.
Exit codes: 0 applied by each, 3 refused, 4 no answer.`,
		Example: "  thermostat away\n  thermostat away --for 3d\n  thermostat away --until \"2027-01-02 12:00\"\n  thermostat away --off",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			text, err := f.text(cmd, time.Now())
			if err != nil {
				return cli.Exit(cli.ExitUsage, err)
			}
			return f.run(cmd, text)
		},
	}
	f.remote.Register(cmd)
	f.end.register(cmd)
	cmd.Flags().BoolVar(&f.off, "off", false, "somebody is back")
	cmd.Flags().DurationVar(&f.timeout, "timeout", 10*time.Second, "how long to wait for the answers")
	return cmd
}

// text is what the agent is told. A moment is said as it is everywhere.
func (f *awayFlags) text(cmd *cobra.Command, now time.Time) (string, error) {
	d, until, err := f.end.read(cmd, now)
	switch named := []bool{d > 0, !until.IsZero(), f.off}; {
	case err != nil:
		return "", err
	case slices.Equal(named, []bool{false, false, false}):
		return "on", nil
	case slices.Equal(named, []bool{true, false, false}):
		return seconds(d), nil
	case slices.Equal(named, []bool{false, true, false}):
		return "until " + until.Format(time.RFC3339), nil
	case slices.Equal(named, []bool{false, false, true}):
		return "off", nil
	}
	return "", errors.New("--for, --until and --off do not go together: name one of them")
}

func (f *awayFlags) run(cmd *cobra.Command, text string) error {
	w, err := f.remote.Resolve(cmd)
	if err != nil {
		return err
	}
	return w.With(cmd, f.timeout, func(ctx context.Context, r reach.Agents) error {
		a, err := r.Away(ctx, w.Device, text)
		if err != nil {
			return err
		}
		return sayAway(cmd, a, w.Units)
	})
}

// sayAway tells what the zones obey now, and what they refused.
func sayAway(cmd *cobra.Command, a setpoint.AwayAnswer, units string) error {
	var refused []string
	for _, zone := range slices.Sorted(maps.Keys(a.Zones)) {
		answer, name := a.Zones[zone], cli.HarmlessText(zone)
		if !answer.Applied {
			refused = append(refused, name+": "+answer.Reason)
			continue
		}
		fmt.Fprint(cmd.OutOrStdout(), name+": ")
		SayApplied(cmd.OutOrStdout(), answer, units)
	}
	if len(a.Zones) == 0 && !a.Applied {
		refused = append(refused, a.Reason)
	}
	if len(refused) > 0 {
		return cli.Exit(cli.ExitRefused, fmt.Errorf("refused: %s", strings.Join(refused, "; ")))
	}
	return nil
}
