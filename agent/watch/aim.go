package watch

import (
	"strings"
	"time"

	"thermostat/agent/cli"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/report"
)

// maxWord bounds a word of the state, in characters: as long as a preset may be.
const maxWord = 20

// hasPlan reports whether there is more to tell of what a zone aims at than mode and
// temperature: an end, or a program.
func hasPlan(r report.State) bool { return r.HoldUntil != nil || r.Mode != "off" && r.Next != nil }

// aim says in few words what a zone aims at and why, until when, and what is next:
// auto 21.0 until 22:30, then 17.0.
func (t *watchTable) aim(r report.State) string {
	waits := comfort.WaitsIn(r.Aim(), func(celsius float64) string { return t.temperature(&celsius) })
	if waits != "" && r.Mode != "off" { // that says it in a word
		return waits
	}
	text := cli.Printable(reason(r), maxWord)
	if temperature := t.short(r); text != temperature {
		text += " " + temperature
	}
	if until := end(r); until != nil {
		text += " until " + cli.Moment(*until, r.Time, t.place) + ", then " + t.then(r)
	}
	return text
}

// reason is what chose a target: the mode, or what holds in it.
func reason(r report.State) string {
	if r.Target == nil {
		return r.Mode
	}
	switch *r.Target {
	case "program", "default", "manual":
		return r.Mode
	}
	return *r.Target
}

// short is what is aimed at without its unit.
func (t *watchTable) short(r report.State) string {
	switch {
	case r.Mode == "off":
		return "off"
	case r.Desired == nil && (r.Target == nil || *r.Target != "program"):
		return t.temperature(nil) // nobody has said a temperature
	}
	return t.number(r.Desired)
}

// number is a temperature without its unit; off where there is none.
func (t *watchTable) number(c *float64) string {
	if c == nil {
		return "off"
	}
	number, _, _ := strings.Cut(t.temperature(c), " ")
	if strings.HasSuffix(number, "0") && strings.Contains(number, ".") && !strings.HasSuffix(number, ".0") {
		return strings.TrimSuffix(number, "0")
	}
	return number
}

// end is when the aim changes; nil where it does not.
func end(r report.State) *time.Time {
	switch {
	case r.HoldUntil != nil:
		return r.HoldUntil
	case r.Mode == "auto" && r.Next != nil:
		return &r.Next.At
	}
	return nil
}

// then is what follows the end: a transition, what a hold covers, or else the program.
func (t *watchTable) then(r report.State) string {
	var covered *report.Control
	if r.Control != nil {
		covered = r.Control.Then
	}
	switch follows := covered == nil || covered.Mode == "auto" && covered.Desired == nil && covered.Preset == nil; {
	case r.HoldUntil == nil, follows && r.Next != nil && r.Next.At.Equal(*r.HoldUntil):
		return t.number(r.Next.Desired)
	case follows && (covered != nil || r.Mode == "auto" || r.Next != nil):
		return "auto"
	case follows:
		return "as configured"
	}
	return t.covered(*covered)
}

// covered is what a hold covers, if that is not the program.
func (t *watchTable) covered(c report.Control) string {
	word := cli.Printable(c.Mode, maxWord)
	if word == "auto" {
		word = "hold"
	}
	switch {
	case c.Mode == "off":
		return "off"
	case c.Desired == nil && c.Preset != nil:
		return word + " " + cli.Printable(*c.Preset, maxWord)
	case c.Desired == nil:
		return word
	}
	return word + " " + t.number(c.Desired)
}
