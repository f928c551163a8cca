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

// watchTable is every zone and source that was seen.
type watchTable struct {
	units   string
	place   *time.Location // on whose clock times are shown
	colours bool
	zones   map[string]watched         // by device/zone, sources among them: no two have one name
	present map[string]client.Presence // by device
}

type watched struct {
	device string
	state  report.State   // of a zone
	source *report.Source // nil: it is a zone
}

func newWatchTable(units string) *watchTable {
	return &watchTable{units: units, place: time.Local, zones: map[string]watched{}, present: map[string]client.Presence{}}
}

// saw takes a change. What is not a state, or too much, is left out.
func (t *watchTable) saw(s client.Event) {
	name := nameOf(s)
	was, known := t.zones[name]
	switch {
	case s.Online != nil:
		if _, known := t.present[s.Device]; known || len(t.present) < maxWatched {
			t.present[s.Device] = s.Presence
		}
	case s.Gone:
		if (was.source != nil) == (s.Source != "") {
			delete(t.zones, name)
		}
	case known || len(t.zones) < maxWatched:
		if w, err := watchedIn(s); err == nil {
			t.zones[name] = w
		}
	}
}

// nameOf is what a change is about: device/zone or device/source.
func nameOf(s client.Event) string { return s.Device + "/" + s.Zone + s.Source }

// watchedIn reads the state of a zone or a source.
func watchedIn(s client.Event) (w watched, err error) {
	w.device = s.Device
	if s.Source == "" {
		return w, json.Unmarshal(s.State, &w.state)
	}
	w.source = new(report.Source)
	return w, json.Unmarshal(s.State, w.source)
}

func (t *watchTable) names() []string { return slices.Sorted(maps.Keys(t.zones)) }

// cell is a text and its colour; the text has no control character and each
// of its characters is one column wide.
type cell struct{ text, colour string }

// The columns, and in which order they are left out where the terminal is narrow. The aim
// takes the place of desired and mode where it says more than these.
var (
	watchHead    = []string{"ZONE", "NOW", "DESIRED", "MODE", "AIM", "ACTION", "WHY", "FAULTS"}
	watchLess    = []int{3, 6, 2, 4, 5}
	insteadOfAim = []int{2, 3}
	onlyWithPlan = []int{4}
	onlyOfZones  = []int{1, 2, 3, 4}
)

// unused are the columns that say nothing more, with a plan in one of the zones or without.
func unused(plan bool) []int {
	if plan {
		return insteadOfAim
	}
	return onlyWithPlan
}

func (t *watchTable) cells(name string) []cell {
	w := t.zones[name]
	cells := make([]cell, len(watchHead))
	cells[0].text = cli.Printable(name, maxCell)
	cells[7] = cell{t.faults(w), cli.AnsiRed}
	if w.source != nil {
		fillSource(cells, w.source)
	} else {
		t.fillZone(cells, w.state)
	}
	if t.absence(w.device) != "" {
		for i := range cells[:7] {
			cells[i].colour = cli.AnsiDim // what was true when it was last heard
		}
	}
	return cells
}

// fillZone says what a zone is like and what it does.
func (t *watchTable) fillZone(cells []cell, r report.State) {
	cells[1].text, cells[2].text = t.temperature(r.Temperature), t.temperature(r.Desired)
	cells[3].text = cli.Printable(r.Mode, maxCell)
	cells[4].text = t.aim(r)
	cells[5] = cell{cli.Printable(r.Action, maxCell), map[string]string{"heating": cli.AnsiYellow, "cooling": cli.AnsiCyan}[r.Action]}
	cells[6].text = why(string(r.Reason), r.WaitS)
}

// fillSource says what a source and its pump do, and which zones call it: on, pump on; demand: bath, den.
func fillSource(cells []cell, s *report.Source) {
	action := "–"
	if s.Relay != nil {
		action = cli.Printable(*s.Relay, maxCell)
	}
	if s.Pump != nil {
		action += ", pump " + cli.Printable(*s.Pump, maxCell)
	}
	cells[5].text = action
	if action, _, _ := strings.Cut(action, ","); action == "on" {
		cells[5].colour = cli.AnsiYellow
	}
	cells[6].text = why(s.Reason, s.WaitS)
	if len(s.Calling) > 0 {
		cells[6].text += ": " + cli.Printable(strings.Join(s.Calling, ", "), maxCell)
	}
}

// why is a reason, and how long it holds.
func why(reason string, wait *float64) string {
	if wait != nil {
		reason += fmt.Sprintf(" (%.0f s)", *wait)
	}
	return cli.Printable(reason, maxCell)
}

func (t *watchTable) faults(w watched) string {
	var names []string
	if absent := t.absence(w.device); absent != "" {
		names = append(names, absent)
	}
	faults := w.state.Faults
	if w.source != nil {
		faults = w.source.Faults
	}
	for _, f := range faults {
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

// line is a zone, or a source, in one line of any length.
func (t *watchTable) line(name string) string {
	var texts []string
	without := unused(hasPlan(t.zones[name].state))
	if t.zones[name].source != nil {
		without = onlyOfZones
	}
	for i, c := range t.cells(name) {
		if !slices.Contains(without, i) {
			texts = append(texts, c.text)
		}
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
	plan := false
	for _, name := range names[:min(len(names), room)] {
		rows = append(rows, t.cells(name))
		plan = plan || hasPlan(t.zones[name].state)
	}
	var lines []string
	columns := fitting(rows, unused(plan), width)
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

// fitting gives the columns that are used and that a width has room for.
func fitting(rows [][]cell, without []int, width int) []column {
	var columns []column
	for i := range watchHead {
		if slices.Contains(without, i) {
			continue
		}
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
