package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"thermostat/agent/cli"
	"thermostat/agent/reach"
	"thermostat/mqtt/client"
)

// Command is `thermostat watch`.
func Command() *cobra.Command {
	var remote reach.Flags
	var asJSON bool
	cmd := &cobra.Command{
		Use: "watch", Short: "Show all zones that the broker knows, live", Args: cli.NoFile,
		Long: `Shows every zone that the broker knows, or where the configuration names no broker
those of the agent's own page: a live table on a terminal, else a line for each
change. NO_COLOR in the environment switches colours off.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			w, err := remote.Resolve(cmd)
			if err != nil {
				return err
			}
			r, err := w.Connect(cmd.Context())
			if err != nil {
				return cli.Failed(errors.Join(err, w.Unread))
			}
			defer r.Close()
			return cli.Failed(watch(cmd.Context(), r, remote.Value("device"), viewFor(cmd.OutOrStdout(), asJSON, w.Units)))
		},
	}
	remote.Register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one line of JSON for each change")
	return cmd
}

// view shows what is seen until there is nothing more.
type view interface {
	Show(sights <-chan client.Event)
}

// viewFor is the live table where a person looks, else one line a change.
func viewFor(out io.Writer, asJSON bool, units string) view {
	table := newWatchTable(units)
	switch _, _, terminal := cli.TerminalSize(os.Stdout); {
	case asJSON:
		return jsonLines{out, newChanges()}
	case out == os.Stdout && terminal && os.Getenv("TERM") != "dumb":
		table.colours = os.Getenv("NO_COLOR") == ""
		return &screen{out: os.Stdout, table: table}
	}
	return textLines{out, table}
}

// watch tells a view of every change that is seen.
func watch(ctx context.Context, r reach.Agents, device string, v view) error {
	sights := make(chan client.Event)
	done := make(chan struct{})
	go func() {
		defer close(done)
		v.Show(sights)
	}()
	err := r.Watch(ctx, device, func(s client.Event) { sights <- s })
	close(sights)
	<-done
	return err
}

// textLines is one line of words for each change.
type textLines struct {
	out   io.Writer
	table *watchTable
}

// Show prints what has changed as lines of text.
func (l textLines) Show(sights <-chan client.Event) {
	last := map[string]string{}
	for s := range sights {
		l.table.saw(s)
		for _, name := range l.table.names() {
			if line := l.table.line(name); line != last[name] {
				last[name] = line
				fmt.Fprintln(l.out, line)
			}
		}
		for name := range last {
			if _, there := l.table.zones[name]; !there {
				delete(last, name)
				fmt.Fprintln(l.out, cli.Printable(name, maxCell)+"  is gone")
			}
		}
	}
}
