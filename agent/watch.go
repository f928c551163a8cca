package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"thermostat/controlloop"
	"thermostat/mqtt"
)

func watchCommand() *cobra.Command {
	var remote remoteFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use: "watch", Short: "Show all zones that the broker knows, live", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			access, _, units, err := remote.resolve(cmd)
			if err != nil {
				return err
			}
			r, err := mqtt.Connect(cmd.Context(), access)
			if err != nil {
				return failed(err)
			}
			defer r.Close()
			out := cmd.OutOrStdout()
			show := newTable(out, units, out == os.Stdout && isTerminal(os.Stdout)).saw
			if asJSON {
				show = func(s mqtt.Sight) { printSight(out, s) }
			}
			return failed(r.Watch(cmd.Context(), remote.value("device"), show))
		},
	}
	remote.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one line of JSON for each change")
	return cmd
}

// printSight writes a change as one line: the state as published, and its device.
func printSight(w io.Writer, s mqtt.Sight) {
	line := map[string]any{}
	if s.State != nil && json.Unmarshal(s.State, &line) != nil {
		return // somebody else's message on our topic
	}
	line["device"] = s.Device
	if s.Online != nil {
		line["online"] = *s.Online
	}
	text, err := json.Marshal(line)
	if err == nil {
		fmt.Fprintf(w, "%s\n", text)
	}
}

// table is the live view of every zone: redrawn in place on a terminal, else
// one line for each change.
type table struct {
	out    io.Writer
	units  string
	redraw bool
	rows   map[string]row
	online map[string]bool
}

type row struct {
	device string
	state  controlloop.Report
}

func newTable(out io.Writer, units string, redraw bool) *table {
	return &table{out: out, units: units, redraw: redraw, rows: map[string]row{}, online: map[string]bool{}}
}

func (t *table) saw(s mqtt.Sight) {
	if s.Online != nil {
		t.online[s.Device] = *s.Online
	}
	if s.State != nil {
		r := row{device: s.Device}
		if json.Unmarshal(s.State, &r.state) != nil {
			return
		}
		t.rows[s.Device+"/"+s.Zone] = r
		if !t.redraw {
			fmt.Fprintln(t.out, strings.Join(t.cells(s.Device+"/"+s.Zone), "  "))
			return
		}
	}
	if t.redraw {
		t.draw()
	}
}

// draw clears the screen and writes every zone, sorted.
func (t *table) draw() {
	fmt.Fprint(t.out, "\x1b[H\x1b[2J")
	w := tabwriter.NewWriter(t.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "ZONE\tNOW\tDESIRED\tMODE\tACTION\tWHY\tFAULTS")
	var names []string
	for name := range t.rows {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Fprintln(w, strings.Join(t.cells(name), "\t"))
	}
	w.Flush()
	fmt.Fprintf(t.out, "\n%s  Ctrl-C ends\n", time.Now().Format("15:04:05"))
}

func (t *table) cells(name string) []string {
	r := t.rows[name].state
	why := string(r.Reason)
	if r.WaitS != nil {
		why += fmt.Sprintf(" (%.0f s)", *r.WaitS)
	}
	var faults []string
	for _, f := range r.Faults {
		faults = append(faults, f.Name)
	}
	if online, known := t.online[t.rows[name].device]; known && !online {
		faults = append(faults, "offline")
	}
	return []string{name, t.temperature(r.Temperature), t.temperature(r.Desired), r.Mode, r.Action, why, strings.Join(faults, " ")}
}

func (t *table) temperature(c *float64) string {
	if c == nil {
		return "–"
	}
	return formatTemperature(*c, t.units)
}
