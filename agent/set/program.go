package set

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"thermostat/agent/cli"
	"thermostat/agent/reach"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/program"
)

// programFlags are which program a zone is to follow; none of them shows the one that it has.
type programFlags struct {
	remote    reach.Flags
	toDefault bool
	none      bool
	timeout   time.Duration
}

// ProgramCommand is `thermostat program`.
func ProgramCommand() *cobra.Command { return new(programFlags).command() }

func (f *programFlags) command() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "program ZONE [TEXT]",
		Short: "Show a zone's program, or give it another one",
		Long: `Shows the week as a table, the times when people are away, what is in force and
what is next. With TEXT, --default or --none it changes the week and waits for the
agent's answer; presets and times away stay as they are.
A temperature in TEXT is in °C, as in the configuration, also where units is F;
70F is one in °F.
Where the configuration names no broker the agent is told through its own page.
Exit codes: 0 shown or applied, 3 refused, 4 no answer.`,
		Example: "  thermostat program living-room\n  thermostat program living-room \"mon-fri 06:30 comfort, 22:30 sleep; sat,sun 08:00 comfort, 23:00 17.5\"\n  thermostat program living-room \"06:30 70F, 22:30 62F\"\n  thermostat program living-room --default",
		Args:    cobra.RangeArgs(1, 2),
		RunE:    func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	f.remote.Register(cmd)
	cmd.Flags().BoolVar(&f.toDefault, "default", false, "back to the configured week")
	cmd.Flags().BoolVar(&f.none, "none", false, "no program")
	cmd.Flags().DurationVar(&f.timeout, "timeout", 10*time.Second, "how long to wait for the answer")
	return cmd
}

func (f *programFlags) run(cmd *cobra.Command, args []string) error {
	w, err := f.remote.ResolveZone(cmd, args[0])
	if err != nil {
		return err
	}
	text, err := f.text(args)
	if err != nil {
		return cli.Exit(cli.ExitUsage, err)
	}
	return w.With(cmd, f.timeout, func(ctx context.Context, r reach.Agents) error {
		if text == "" {
			return show(ctx, cmd.OutOrStdout(), r, w, args[0])
		}
		return change(ctx, cmd.OutOrStdout(), r, w, args[0], text)
	})
}

// text is what the agent is told, in the words of the topic set/program; empty: nothing.
func (f *programFlags) text(args []string) (string, error) {
	switch given := len(args) == 2; {
	case given && (f.toDefault || f.none), f.toDefault && f.none:
		return "", errors.New("TEXT, --default and --none do not go together: name one of them")
	case f.toDefault:
		return "default", nil
	case f.none:
		return "none", nil
	case given:
		return weekText(args[1])
	}
	return "", nil
}

// withUnit is a temperature with its unit where a target stands.
var withUnit = regexp.MustCompile(`(\s)(-?[0-9]+(?:\.[0-9]+)?[CcFf])\b`)

// weekText reads a week in which temperatures may have a unit, and gives it without.
func weekText(text string) (string, error) {
	switch text {
	case "none", "default":
		return "", fmt.Errorf("%s is no week: write --%s", text, text)
	}
	week, err := program.Parse(withUnit.ReplaceAllStringFunc(text, func(found string) string {
		blank, number := found[:1], found[1:]
		celsius, err := cli.ParseTemperature(number, "C")
		if err != nil {
			return found // and so the week is none
		}
		return blank + strconv.FormatFloat(math.Round(celsius*100)/100, 'f', -1, 64)
	}))
	if err == nil && week.Empty() {
		err = errors.New("the week is empty: write such as mon-fri 06:30 20.5, 22:00 17, or --none")
	}
	return week.String(), err
}

// change gives a zone another week.
func change(ctx context.Context, out io.Writer, r reach.Agents, w reach.Way, zone, text string) error {
	answer, err := r.Hand(ctx, w.Device, zone, "program", text)
	if err == nil {
		err = refusal(answer)
	}
	if err != nil {
		return err
	}
	sayObeyed(out, answer, w.Units)
	if s, err := r.Schedule(ctx, w.Device, zone); err == nil { // what was asked for is done in any case
		newTimetable(s, w.Units).sayWaits(out)
	}
	return nil
}

// show tells what a zone follows.
func show(ctx context.Context, out io.Writer, r reach.Agents, w reach.Way, zone string) error {
	s, err := r.Schedule(ctx, w.Device, zone)
	if err == nil {
		newTimetable(s, w.Units).print(out)
	}
	return err
}

// sayWaits tells that the program waits, and what ends it.
func (t timetable) sayWaits(out io.Writer) {
	if waits := comfort.WaitsIn(t.state.Aim(), t.temperature); waits != "" {
		fmt.Fprintf(out, "%s; thermostat resume %s follows it\n", waits, cli.HarmlessText(t.state.Zone))
	}
}
