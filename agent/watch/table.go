package watch

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"thermostat/agent/cli"
	"thermostat/controlloop/report"
	"thermostat/mqtt/client"
)

// maxWatched bounds the zones that are kept: anybody on the broker can invent some.
const maxWatched = 1000

// maxCell bounds a cell, in characters.
const maxCell = 60

// watchTable is every zone that was seen.
type watchTable struct {
	units   string
	colours bool
	zones   map[string]watched         // by device/zone
	present map[string]client.Presence // by device
}

type watched struct {
	device string
	state  report.State
}

func newWatchTable(units string) *watchTable {
	return &watchTable{units: units, zones: map[string]watched{}, present: map[string]client.Presence{}}
}

// saw takes a change. What is not a state, or too much, is left out.
func (t *watchTable) saw(s client.Event) {
	name := s.Device + "/" + s.Zone
	_, known := t.zones[name]
	switch {
	case s.Online != nil:
		if _, known := t.present[s.Device]; known || len(t.present) < maxWatched {
			t.present[s.Device] = s.Presence
		}
	case s.Gone:
		delete(t.zones, name)
	case known || len(t.zones) < maxWatched:
		w := watched{device: s.Device}
		if json.Unmarshal(s.State, &w.state) == nil {
			t.zones[name] = w
		}
	}
}

func (t *watchTable) names() []string { return slices.Sorted(maps.Keys(t.zones)) }

// cell is a text and its colour; the text has no control character and each
// of its characters is one column wide.
type cell struct{ text, colour string }

// The columns, and in which order they are left out where the terminal is narrow.
var (
	watchHead = []string{"ZONE", "NOW", "DESIRED", "MODE", "ACTION", "WHY", "FAULTS"}
	watchLess = []int{3, 5, 2, 4}
)

func (t *watchTable) cells(name string) []cell {
	w := t.zones[name]
	r, cells := w.state, make([]cell, len(watchHead))
	cells[0].text = cli.Printable(name, maxCell)
	cells[1].text, cells[2].text = t.temperature(r.Temperature), t.temperature(r.Desired)
	cells[3].text = cli.Printable(r.Mode, maxCell)
	cells[4] = cell{cli.Printable(r.Action, maxCell), map[string]string{"heating": cli.AnsiYellow, "cooling": cli.AnsiCyan}[r.Action]}
	cells[5].text = why(r)
	cells[6] = cell{t.faults(w), cli.AnsiRed}
	if t.absence(w.device) != "" {
		for i := range cells[:6] {
			cells[i].colour = cli.AnsiDim // what was true when it was last heard
		}
	}
	return cells
}

func why(r report.State) string {
	text := string(r.Reason)
	if r.WaitS != nil {
		text += fmt.Sprintf(" (%.0f s)", *r.WaitS)
	}
	return cli.Printable(text, maxCell)
}

func (t *watchTable) faults(w watched) string {
	var names []string
	if absent := t.absence(w.device); absent != "" {
		names = append(names, absent)
	}
	for _, f := range w.state.Faults {
		names = append(names, string(f.Name))
	}
	return cli.Printable(strings.Join(names, " "), 4*maxCell)
}

// absence is in which way a device is not there, empty if it is or nobody knows.
func (t *watchTable) absence(device string) string {
	if p := t.present[device]; p != client.Online {
		return string(p)
	}
	return ""
}

func (t *watchTable) temperature(c *float64) string {
	if c == nil {
		return "–"
	}
	text := cli.FormatTemperature(*c, t.units)
	if len(text) > maxCell {
		return "?"
	}
	return text
}

// line is a zone in one line of any length.
func (t *watchTable) line(name string) string {
	var texts []string
	for _, c := range t.cells(name) {
		texts = append(texts, c.text)
	}
	return strings.TrimRight(strings.Join(texts, "  "), " ")
}

// picture gives what a terminal of that size shows: no line is longer than
// width, and there are no more than height.
func (t *watchTable) picture(width, height int, now time.Time) []string {
	rows := [][]cell{{}}
	for _, head := range watchHead {
		rows[0] = append(rows[0], cell{head, cli.AnsiBold})
	}
	names := t.names()
	room := max(height-3, 0) // beside the head, an empty line and the foot
	for _, name := range names[:min(len(names), room)] {
		rows = append(rows, t.cells(name))
	}
	var lines []string
	columns := fitting(rows, width)
	for _, row := range rows {
		lines = append(lines, t.row(row, columns, width))
	}
	foot := now.Format("15:04:05") + "  Ctrl-C ends"
	if left := len(names) - room; left > 0 {
		foot = fmt.Sprintf("%d more zones; %s", left, foot)
	}
	lines = append(lines, "", cut(foot, width))
	return lines[:min(len(lines), max(height, 1))]
}

// column is one of the head's, and its width.
type column struct{ index, width int }

// lastColumn is how much of the last one, the faults, must fit at least.
const lastColumn = 12

// fitting gives the columns that a width has room for.
func fitting(rows [][]cell, width int) []column {
	var columns []column
	for i := range watchHead {
		c := column{index: i}
		for _, row := range rows {
			c.width = max(c.width, utf8.RuneCountInString(row[i].text))
		}
		columns = append(columns, c)
	}
	for _, less := range watchLess {
		needs := min(columns[len(columns)-1].width, lastColumn)
		for _, c := range columns[:len(columns)-1] {
			needs += c.width + 2
		}
		if needs <= width {
			break
		}
		columns = slices.DeleteFunc(columns, func(c column) bool { return c.index == less })
	}
	return columns
}

func (t *watchTable) row(row []cell, columns []column, width int) string {
	var b strings.Builder
	left := width
	for i, c := range columns {
		text := row[c.index].text
		if i < len(columns)-1 {
			text += strings.Repeat(" ", c.width+2-utf8.RuneCountInString(text))
		}
		text = cut(text, left)
		left -= utf8.RuneCountInString(text)
		if colour := row[c.index].colour; t.colours && colour != "" && strings.TrimSpace(text) != "" {
			text = colour + text + cli.AnsiOff
		}
		b.WriteString(text)
	}
	return b.String()
}

// cut shortens a text to so many characters.
func cut(text string, width int) string {
	runes := []rune(text)
	if len(runes) <= width {
		return text
	}
	if width <= 0 {
		return ""
	}
	if strings.TrimSpace(string(runes[width-1:])) == "" {
		return string(runes[:width])
	}
	return string(runes[:width-1]) + "…"
}
