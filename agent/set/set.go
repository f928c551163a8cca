// Package set is the commands by which a person tells a zone what to hold.
package set

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"thermostat/agent/cli"
	"thermostat/agent/reach"
	"thermostat/controlloop"
	"thermostat/controlloop/program"
	"thermostat/mqtt/client"
	"thermostat/mqtt/setpoint"
)

// setFlags are what a person asks for.
type setFlags struct {
	remote             reach.Flags
	mode, preset       string
	upDelta, downDelta float64
	end                endFlags
	next, permanent    bool
	toDefault          bool
	timeout            time.Duration
}

// Command is `thermostat set`.
func Command() *cobra.Command { return new(setFlags).command() }

func (f *setFlags) command() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "set ZONE [TEMPERATURE]",
		Short: "Publish a retained setpoint and wait for the agent's answer",
		Long: `Publishes a complete retained control; what is not named stays as the zone's
state shows it. TEMPERATURE is 21.5, 21.5C or 70F; deltas are in K.
Where the program chooses, a temperature is held until its next transition, or as
long as --for, --until, --next or --permanent say. Afterwards counts what was
obeyed before; without a temperature, what is aimed at is held.
Where the configuration names no broker the agent is told through its own page.
Exit codes: 0 applied, 3 refused, 4 no answer.`,
		Example: "  thermostat set living-room 21.5\n  thermostat set fridge -18\n  thermostat set living-room --mode off\n  thermostat set living-room 23 --for 2h\n  thermostat set living-room --preset eco --until 22:30\n  thermostat set living-room --default",
		Args:    cobra.RangeArgs(1, 2),
		RunE:    func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	f.remote.Register(cmd)
	cmd.Flags().StringVar(&f.mode, "mode", "", "off, heat, cool, heat_cool or auto")
	cmd.Flags().StringVar(&f.preset, "preset", "", "the `NAME` of a temperature, such as eco")
	f.end.register(cmd)
	cmd.Flags().BoolVar(&f.next, "next", false, "until the program's next transition")
	cmd.Flags().BoolVar(&f.permanent, "permanent", false, "for ever, whatever the program says")
	cli.NumberVar(cmd.Flags(), &f.upDelta, "up-delta", 0, "`K` above the setpoint where heating stops")
	cli.NumberVar(cmd.Flags(), &f.downDelta, "down-delta", 0, "`K` below the setpoint where heating starts")
	cmd.Flags().BoolVar(&f.toDefault, "default", false, "back to the configured setpoint")
	cmd.Flags().DurationVar(&f.timeout, "timeout", 10*time.Second, "how long to wait for the answer")
	return cmd
}

// ClearCommand is `thermostat clear`.
func ClearCommand() *cobra.Command {
	return oneZone("clear ZONE", "Clear a zone's latched faults", func(ctx context.Context, r reach.Agents, device, zone string) (setpoint.Answer, error) {
		return r.Clear(ctx, device, zone)
	})
}

// BoostCommand is `thermostat boost`.
func BoostCommand() *cobra.Command {
	var text string
	var last time.Duration
	cmd := oneZone("boost ZONE", "Go to the preset boost, or 2 K further, for an hour", func(ctx context.Context, r reach.Agents, device, zone string) (setpoint.Answer, error) {
		return r.Hand(ctx, device, zone, "boost", seconds(last))
	})
	cmd.Flags().StringVar(&text, "for", "1h", "a `DURATION`, 5m to 24h")
	cmd.PreRunE = func(*cobra.Command, []string) (err error) {
		if last, err = parseFor(text); err != nil {
			err = cli.Exit(cli.ExitUsage, err)
		}
		return err
	}
	return cmd
}

// seconds is a duration as a topic takes it.
func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "s"
}

// ResumeCommand is `thermostat resume`.
func ResumeCommand() *cobra.Command {
	return oneZone("resume ZONE", "End a hold, or go back from a manual mode to the program", func(ctx context.Context, r reach.Agents, device, zone string) (setpoint.Answer, error) {
		return r.Hand(ctx, device, zone, "resume", "")
	})
}

// oneZone is a command that asks one thing of one zone.
func oneZone(use, short string, ask func(ctx context.Context, r reach.Agents, device, zone string) (setpoint.Answer, error)) *cobra.Command {
	var remote reach.Flags
	var timeout time.Duration
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := remote.ResolveZone(cmd, args[0])
			if err != nil {
				return err
			}
			return Ask(cmd, w, timeout, func(ctx context.Context, r reach.Agents) (setpoint.Answer, error) {
				return ask(ctx, r, w.Device, args[0])
			})
		},
	}
	remote.Register(cmd)
	cmd.Flags().DurationVar(&timeout, "timeout", 10*time.Second, "how long to wait for the answer")
	return cmd
}

func (f *setFlags) run(cmd *cobra.Command, args []string) error {
	w, err := f.remote.ResolveZone(cmd, args[0])
	if err != nil {
		return err
	}
	q, err := f.request(cmd, args, w.Units, time.Now())
	if err != nil {
		return cli.Exit(cli.ExitUsage, err)
	}
	q.Device = w.Device
	return Ask(cmd, w, f.timeout, func(ctx context.Context, r reach.Agents) (setpoint.Answer, error) {
		return r.Set(ctx, q)
	})
}

// request turns arguments and flags into a wish.
func (f *setFlags) request(cmd *cobra.Command, args []string, units string, now time.Time) (client.Request, error) {
	q := client.Request{Zone: args[0], Default: f.toDefault}
	hold, named, err := f.hold(cmd, now)
	if err != nil {
		return q, err
	}
	q.Hold = hold
	begins := named
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
	if cmd.Flags().Changed("preset") {
		if err := program.CheckPreset(f.preset); err != nil {
			return q, fmt.Errorf("--preset: %w", err)
		}
		q.Preset, named = f.preset, true
	}
	if cmd.Flags().Changed("up-delta") {
		q.UpDelta, named = &f.upDelta, true
	}
	if cmd.Flags().Changed("down-delta") {
		q.DownDelta, named = &f.downDelta, true
	}
	if named == q.Default {
		return q, errors.New("name a temperature, --preset, --mode, --up-delta, --down-delta or how long to hold, or --default alone")
	}
	return q, contradiction(q, begins)
}

// Ask connects, asks, and turns the answer into words and an exit code.
func Ask(cmd *cobra.Command, w reach.Way, timeout time.Duration, ask func(context.Context, reach.Agents) (setpoint.Answer, error)) error {
	return w.With(cmd, timeout, func(ctx context.Context, r reach.Agents) error {
		answer, err := ask(ctx, r)
		if err == nil {
			err = refusal(answer)
		}
		if err == nil {
			SayApplied(cmd.OutOrStdout(), answer, w.Units)
		}
		return err
	})
}

// refusal is the error of an answer that says no; nil: it was applied.
func refusal(a setpoint.Answer) error {
	if a.Applied {
		return nil
	}
	return cli.Exit(cli.ExitRefused, fmt.Errorf("refused: %s", a.Reason))
}

// SayApplied tells what a zone obeys now, and how one that is off goes on.
func SayApplied(w io.Writer, a setpoint.Answer, units string) {
	sayObeyed(w, a, units)
	if a.Mode == "off" {
		fmt.Fprintln(w, "the zone is off: --mode heat or --mode cool switches it on")
	}
}

// sayObeyed tells what a zone obeys now.
func sayObeyed(w io.Writer, a setpoint.Answer, units string) {
	fmt.Fprintf(w, "applied: mode %s", cli.HarmlessText(a.Mode))
	if a.Desired != nil {
		fmt.Fprintf(w, ", desired %s", cli.FormatTemperature(*a.Desired, units))
	}
	if a.Reason != "" {
		fmt.Fprintf(w, " (%s)", cli.HarmlessText(a.Reason))
	}
	fmt.Fprintln(w)
}
