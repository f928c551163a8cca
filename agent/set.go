package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"thermostat/agent/cli"
	"thermostat/agent/config"
	"thermostat/agent/reach"
	"thermostat/controlloop"
	"thermostat/mqtt/broker"
	"thermostat/mqtt/client"
	"thermostat/mqtt/setpoint"
)

// setFlags are what a person asks for.
type setFlags struct {
	remote             reach.Flags
	mode               string
	upDelta, downDelta float64
	toDefault          bool
	timeout            time.Duration
}

func setCommand() *cobra.Command {
	var f setFlags
	cmd := &cobra.Command{
		Use:   "set ZONE [TEMPERATURE]",
		Short: "Publish a retained setpoint and wait for the agent's answer",
		Long: `Publishes a complete retained control; what is not named stays as the zone's
state shows it. TEMPERATURE is 21.5, 21.5C or 70F; deltas are in K.
Where the configuration names no broker the agent is told through its own page.
Exit codes: 0 applied, 3 refused, 4 no answer.`,
		Example: "  thermostat set living-room 21.5\n  thermostat set fridge -18\n  thermostat set living-room --mode off\n  thermostat set living-room --default",
		Args:    cobra.RangeArgs(1, 2),
		RunE:    func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	f.remote.Register(cmd)
	cmd.Flags().StringVar(&f.mode, "mode", "", "off, heat, cool or heat_cool")
	cli.NumberVar(cmd.Flags(), &f.upDelta, "up-delta", 0, "`K` above the setpoint where heating stops")
	cli.NumberVar(cmd.Flags(), &f.downDelta, "down-delta", 0, "`K` below the setpoint where heating starts")
	cmd.Flags().BoolVar(&f.toDefault, "default", false, "back to the configured setpoint")
	cmd.Flags().DurationVar(&f.timeout, "timeout", 10*time.Second, "how long to wait for the answer")
	return cmd
}

func clearCommand() *cobra.Command {
	var remote reach.Flags
	var timeout time.Duration
	cmd := &cobra.Command{
		Use: "clear ZONE", Short: "Clear a zone's latched faults", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := remote.Resolve(cmd)
			if err != nil {
				return err
			}
			if !config.ZoneForm.MatchString(args[0]) {
				return cli.Exit(cli.ExitUsage, fmt.Errorf("zone %.40q is not of the form %v", args[0], config.ZoneForm))
			}
			return askAgent(cmd, w, timeout, func(ctx context.Context, r reach.Agents) (setpoint.Answer, error) {
				return r.Clear(ctx, w.Device, args[0])
			})
		},
	}
	remote.Register(cmd)
	cmd.Flags().DurationVar(&timeout, "timeout", 10*time.Second, "how long to wait for the answer")
	return cmd
}

func (f *setFlags) run(cmd *cobra.Command, args []string) error {
	w, err := f.remote.Resolve(cmd)
	if err != nil {
		return err
	}
	q, err := f.request(cmd, args, w.Units)
	if err != nil {
		return cli.Exit(cli.ExitUsage, err)
	}
	q.Device = w.Device
	if !config.ZoneForm.MatchString(q.Zone) {
		return cli.Exit(cli.ExitUsage, fmt.Errorf("zone %.40q is not of the form %v", q.Zone, config.ZoneForm))
	}
	return askAgent(cmd, w, f.timeout, func(ctx context.Context, r reach.Agents) (setpoint.Answer, error) {
		return r.Set(ctx, q)
	})
}

// request turns arguments and flags into a wish.
func (f *setFlags) request(cmd *cobra.Command, args []string, units string) (client.Request, error) {
	q := client.Request{Zone: args[0], Default: f.toDefault}
	named := false
	if len(args) == 2 {
		celsius, err := cli.ParseTemperature(args[1], units)
		if err != nil {
			return q, err
		}
		q.Desired, named = &celsius, true
	}
	if cmd.Flags().Changed("mode") {
		mode, err := controlloop.ParseMode(f.mode)
		if err != nil {
			return q, err
		}
		q.Mode, named = &mode, true
	}
	if cmd.Flags().Changed("up-delta") {
		q.UpDelta, named = &f.upDelta, true
	}
	if cmd.Flags().Changed("down-delta") {
		q.DownDelta, named = &f.downDelta, true
	}
	if named == q.Default {
		return q, errors.New("name a temperature, --mode, --up-delta or --down-delta, or --default alone")
	}
	return q, nil
}

// askAgent connects, asks, and turns the answer into words and an exit code.
func askAgent(cmd *cobra.Command, w reach.Way, timeout time.Duration, ask func(context.Context, reach.Agents) (setpoint.Answer, error)) error {
	ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
	defer cancel()
	r, err := w.Connect(ctx)
	if err != nil {
		return cli.Exit(cli.ExitNoAnswer, errors.Join(err, w.Unread))
	}
	defer r.Close()
	answer, err := ask(ctx, r)
	switch {
	case errors.Is(err, broker.ErrNoAnswer):
		return cli.Exit(cli.ExitNoAnswer, errors.Join(err, w.Unread))
	case err != nil:
		return cli.Failed(err)
	case !answer.Applied:
		return cli.Exit(cli.ExitRefused, fmt.Errorf("refused: %s", answer.Reason))
	}
	sayApplied(cmd.OutOrStdout(), answer, w.Units)
	return nil
}

func sayApplied(w io.Writer, a setpoint.Answer, units string) {
	fmt.Fprintf(w, "applied: mode %s", cli.HarmlessText(a.Mode))
	if a.Desired != nil {
		fmt.Fprintf(w, ", desired %s", cli.FormatTemperature(*a.Desired, units))
	}
	if a.Reason != "" {
		fmt.Fprintf(w, " (%s)", cli.HarmlessText(a.Reason))
	}
	fmt.Fprintln(w)
	if a.Mode == "off" {
		fmt.Fprintln(w, "the zone is off: --mode heat or --mode cool switches it on")
	}
}
