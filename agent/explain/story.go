package explain

import (
	"fmt"
	"io"
	"strings"
	"time"

	"thermostat/agent/cli"
	"thermostat/controlloop"
	"thermostat/controlloop/report"
)

// story is what is told of a zone.
type story struct {
	state report.State
	units string
	place *time.Location
}

// print tells all of it, a line for each subject.
func (t story) print(out io.Writer) {
	for _, line := range [][2]string{{"now", t.now()}, {"why", t.why()}, {"law", t.law()}, {"learned", t.learned()}, {"switch", t.nextSwitch()}, {"program", t.program()}, {"starts", t.starts()}} {
		if line[1] != "" {
			fmt.Fprintf(out, "%-8s %s\n", line[0], line[1])
		}
	}
}

func (t story) now() string {
	s := t.state
	text := cli.HarmlessText(s.Action) + ", no reading"
	if s.Temperature != nil {
		text = cli.HarmlessText(s.Action) + " at " + t.temperature(*s.Temperature)
	}
	if s.Desired == nil || s.Mode == controlloop.ModeOff.String() {
		return text
	}
	text += ", desired " + t.temperature(*s.Desired)
	if s.UpDelta != nil && s.DownDelta != nil {
		text += fmt.Sprintf(", band %s to %s", t.temperature(*s.Desired-*s.DownDelta), t.temperature(*s.Desired+*s.UpDelta))
	}
	return text
}

// why is the reason, in words where the law looked ahead.
func (t story) why() string {
	s, turn := t.state, ""
	if f := s.Foresight; f != nil && f.TurnsAt != nil {
		turn = t.temperature(*f.TurnsAt)
	}
	name, words := cli.HarmlessText(string(s.Reason)), ""
	switch s.Reason {
	case controlloop.ReasonWarmEnough, controlloop.ReasonCoolEnough:
		words = with("what the emitter still gives brings it", " to ", turn)
	case controlloop.ReasonTooColdSoon:
		words = with("begun later, it would fall", " below ", turn)
	case controlloop.ReasonTooWarmSoon:
		words = with("begun later, it would rise", " above ", turn)
	case controlloop.ReasonSetbackSoon:
		words = with("it stays warm enough", " until ", t.nextStep())
	case controlloop.ReasonPreheat:
		words = with("on, so that it is warm in time", ": ", t.nextStep())
	case controlloop.ReasonInBand:
		words = "within the band, what is stays"
		if turn != "" && s.Action != controlloop.ActionHeating.String() && s.Action != controlloop.ActionCooling.String() {
			words += "; before it turns round, the room comes to " + turn
		}
	}
	if s.WaitS != nil {
		words = with(words, "; ", fmt.Sprintf("for another %s", span(*s.WaitS)))
		words = strings.TrimPrefix(words, "; ")
	}
	return with(name, ": ", words)
}

// law is which law decides within the band, and what it waits for.
func (t story) law() string {
	s, f := t.state, t.state.Foresight
	switch {
	case s.Law == "":
		return "hysteresis: this version of the agent knows no other"
	case s.Law == string(controlloop.LawHysteresis):
		return "hysteresis: the configuration says so, and what is learned of the room decides nothing"
	case s.HeaterCycles != nil && s.CoolerCycles != nil:
		return cli.HarmlessText(s.Law) + ": hysteresis, since a zone with heater and cooler learns nothing"
	case f == nil:
		return cli.HarmlessText(s.Law) + ": hysteresis for now; it has learned nothing yet and waits for a day in which the output goes on and off"
	case !f.Trusted:
		return cli.HarmlessText(s.Law) + ": hysteresis for now; what it has learned does not fit the room well enough yet, or the room is disturbed, or the agent began within half an hour"
	case f.TurnsAt != nil:
		return cli.HarmlessText(s.Law) + ": foresee, it looks ahead"
	case s.Law == string(controlloop.LawAuto) && s.Mode != controlloop.ModeAuto.String():
		return "auto: hysteresis, since the zone follows no program now; law: foresee looks ahead also then"
	}
	return cli.HarmlessText(s.Law) + ": hysteresis for now; something else decides (see why)"
}

func (t story) learned() string {
	f := t.state.Foresight
	if f == nil {
		return ""
	}
	var parts []string
	add := func(form string, x *float64, as func(float64) string) {
		if x != nil {
			parts = append(parts, fmt.Sprintf(form, as(*x)))
		}
	}
	warms, loses := "at its full heat it warms the room by %s an hour", "without it the room loses %s an hour"
	if t.onlyCools() {
		warms, loses = "at full power it cools the room by %s an hour", "without it the room gains %s an hour"
	}
	add("the emitter takes %s", f.LagMin, func(min float64) string { return span(min * 60) })
	add(warms, f.WarmsKPerH, t.difference)
	add(loses, f.LosesKPerH, t.difference)
	add("its own half band is %s", f.BandK, t.difference)
	return strings.Join(parts, "; ")
}

func (t story) nextSwitch() string {
	f := t.state.Foresight
	switch {
	case f == nil || f.TurnsAt == nil:
		return ""
	case f.NextSwitchS == nil:
		return "none within six hours, as foreseen"
	}
	at := t.state.Time.Add(time.Duration(*f.NextSwitchS * float64(time.Second)))
	return fmt.Sprintf("at about %s, as foreseen", cli.Moment(at, t.state.Time, t.place))
}

func (t story) program() string {
	if t.state.Next == nil {
		return "none, or nothing comes"
	}
	return t.nextStep()
}

// nextStep is the program's next transition; empty: there is none.
func (t story) nextStep() string {
	n := t.state.Next
	if n == nil {
		return ""
	}
	text := cli.Moment(n.At, t.state.Time, t.place) + " "
	if n.Preset != nil {
		text += cli.HarmlessText(*n.Preset) + " "
	}
	if n.Desired == nil {
		return text + "off"
	}
	return text + t.temperature(*n.Desired)
}

// starts is how the output keeps to its budget.
func (t story) starts() string {
	f := t.state.Foresight
	if f == nil || f.StartsPerDay == nil || f.BudgetPerDay == nil {
		return ""
	}
	text := fmt.Sprintf("%.1f a day, starts_per_day %g", *f.StartsPerDay, *f.BudgetPerDay)
	if f.BudgetUnmet {
		text += ": more often than it should, and the deltas do not let the law do better; widen up_delta and down_delta, or raise starts_per_day"
	}
	return text
}

func (t story) onlyCools() bool { return t.state.CoolerCycles != nil && t.state.HeaterCycles == nil }

func (t story) temperature(celsius float64) string { return cli.FormatTemperature(celsius, t.units) }

func (t story) difference(kelvin float64) string {
	if t.units == "F" {
		return fmt.Sprintf("%.1f °F", kelvin*1.8)
	}
	return fmt.Sprintf("%.2f K", kelvin)
}

// span is a time as people say it, to the minute.
func span(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	if d < 2*time.Minute {
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f min", d.Minutes())
}

// with joins two texts where there is a second one.
func with(text, joint, more string) string {
	if more == "" {
		return text
	}
	return text + joint + more
}
