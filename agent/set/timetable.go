package set

import (
	"fmt"
	"io"
	"strings"
	"time"

	"thermostat/agent/cli"
	"thermostat/controlloop/program"
	"thermostat/controlloop/report"
	"thermostat/mqtt/client"
	"thermostat/mqtt/wire"
)

// timetable is a zone's program as people read it.
type timetable struct {
	program wire.Program
	state   report.State
	units   string
	place   *time.Location
	lines   [][2]string // a name, and what it says
}

// newTimetable makes one of what an agent told.
func newTimetable(s client.Schedule, units string) timetable {
	t := timetable{program: s.Program, state: s.State, units: units, place: time.Local}
	if place, err := time.LoadLocation(s.Timezone); err == nil && s.Timezone != "" {
		t.place = place
	}
	return t
}

// print tells the week, the times away, what is in force and what is next.
func (t timetable) print(out io.Writer) {
	t.addWeek()
	for _, a := range t.program.Away {
		t.add("away", fmt.Sprintf("%s to %s: %s", a.From, a.To, t.target(program.Target{Preset: a.Preset})))
	}
	t.add("now", t.now())
	if next := t.state.Next; next != nil {
		t.add("next", t.moment(next.At)+" "+t.aim(next.Preset, next.Desired))
	}
	width := 0
	for _, line := range t.lines {
		width = max(width, len(line[0]))
	}
	for _, line := range t.lines {
		fmt.Fprintf(out, "%-*s  %s\n", width, line[0], line[1])
	}
	t.sayWaits(out)
}

func (t *timetable) add(name, says string) { t.lines = append(t.lines, [2]string{name, says}) }

// addWeek adds a line for each group of days alike, and the configured week where another
// one counts.
func (t *timetable) addWeek() {
	week, err := program.Parse(t.program.Week)
	for _, g := range week.Groups() {
		days := g.Days
		if days == "" {
			days = "every day"
		}
		var all []string
		for _, step := range g.Transitions {
			all = append(all, fmt.Sprintf("%02d:%02d %s", step.Minute/60, step.Minute%60, t.target(step.Target)))
		}
		t.add(days, strings.Join(all, ", "))
	}
	switch {
	case err != nil: // an agent of a later version may know more than we do
		t.add("program", cli.HarmlessText(t.program.Week))
	case week.Empty():
		t.add("program", "none")
	}
	if c := t.program.Configured; c != "" && c != t.program.Week {
		t.add("configured", cli.HarmlessText(c)+"; --default follows it")
	}
}

// target is a target of the week with its temperature.
func (t *timetable) target(is program.Target) string {
	if is.Off {
		return "off"
	}
	celsius := &is.Celsius
	if is.Preset != "" {
		of, known := t.program.Presets[is.Preset]
		if celsius = &of; !known {
			return cli.HarmlessText(is.Preset)
		}
	}
	return t.aim(&is.Preset, celsius)
}

// now is what is in force, what chose it, and until when.
func (t *timetable) now() string {
	s := t.state
	if s.Target == nil {
		return "nothing: nobody has named a temperature"
	}
	text := t.aim(s.Preset, s.Desired)
	if s.Mode == "off" {
		text = "off"
	}
	text += " (" + cli.HarmlessText(*s.Target) + ")"
	switch {
	case s.HoldUntil != nil:
		text += " until " + t.moment(*s.HoldUntil)
	case s.Mode == "auto" && s.Next != nil:
		text += " until " + t.moment(s.Next.At)
	}
	return text
}

// aim is a temperature and the name that it has, if it has one; off where there is none.
func (t *timetable) aim(preset *string, celsius *float64) string {
	switch named := preset != nil && *preset != ""; {
	case celsius == nil:
		return "off"
	case named:
		return cli.HarmlessText(*preset) + " " + t.temperature(*celsius)
	}
	return t.temperature(*celsius)
}

func (t *timetable) temperature(celsius float64) string {
	return cli.FormatTemperature(celsius, t.units)
}

// moment is a time to come, as seen from the state's.
func (t *timetable) moment(at time.Time) string { return cli.Moment(at, t.state.Time, t.place) }
