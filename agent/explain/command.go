package explain

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"thermostat/agent/cli"
	"thermostat/agent/reach"
	"thermostat/controlloop"
	"thermostat/controlloop/report"
	"thermostat/mqtt/client"
)

// Command is `thermostat explain`.
func Command() *cobra.Command {
	var remote reach.Flags
	var asJSON bool
	var timeout time.Duration
	cmd := &cobra.Command{
		Use: "explain ZONE", Short: "Tell why a zone does what it does, what its law has learned of the room, and what comes next", Args: cobra.ExactArgs(1),
		Long: `Tells in words what the zone does and why, what its law has learned of the room,
when it switches next, what the program does next, and whether the output keeps to
the starts a day that starts_per_day wants.
Where the configuration names no broker the agent is asked through its own page.
Exit codes: 0 told, 4 no answer.`,
		Example: "  thermostat explain living-room\n  thermostat explain living-room --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := remote.ResolveZone(cmd, args[0])
			if err != nil {
				return err
			}
			return w.With(cmd, timeout, func(ctx context.Context, r reach.Agents) error {
				s, err := r.Schedule(ctx, w.Device, args[0])
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), s.State)
				}
				newStory(s, w.Units).print(cmd.OutOrStdout())
				return nil
			})
		},
	}
	remote.Register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as one line of JSON")
	cmd.Flags().DurationVar(&timeout, "timeout", 10*time.Second, "how long to wait for the answer")
	return cmd
}

// told is what --json prints: the keys of the state that it is about.
type told struct {
	Time        time.Time          `json:"time"`
	Zone        string             `json:"zone"`
	Temperature *float64           `json:"temperature"`
	Desired     *float64           `json:"desired"`
	Mode        string             `json:"mode"`
	Action      string             `json:"action"`
	Reason      controlloop.Reason `json:"reason"`
	WaitS       *float64           `json:"wait_s"`
	Law         string             `json:"law"`
	Foresight   *report.Foresight  `json:"foresight"`
	Next        *report.Next       `json:"next"`
}

func printJSON(out io.Writer, s report.State) error {
	line, err := json.Marshal(told{
		Time: s.Time, Zone: s.Zone, Temperature: s.Temperature, Desired: s.Desired, Mode: s.Mode, Action: s.Action,
		Reason: s.Reason, WaitS: s.WaitS, Law: s.Law, Foresight: s.Foresight, Next: s.Next,
	})
	if err == nil {
		_, err = fmt.Fprintln(out, cli.HarmlessJSON(string(line)))
	}
	return cli.Failed(err)
}

// newStory makes words of what an agent told.
func newStory(s client.Schedule, units string) story {
	t := story{state: s.State, units: units, place: time.Local}
	if place, err := time.LoadLocation(s.Timezone); err == nil && s.Timezone != "" {
		t.place = place
	}
	return t
}
