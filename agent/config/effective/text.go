// Package effective prints what the zones of a configuration amount to.
package effective

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"thermostat/agent/config"
	"thermostat/agent/config/sources"
	"thermostat/agent/devices"
	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/program"
)

// Print prints what the zones of a configuration amount to, defaults
// filled in: one block a zone.
func Print(w io.Writer, c config.Config) error {
	if len(c.Zones) == 0 {
		_, err := fmt.Fprintln(w, "no zones")
		return err
	}
	var blocks []string
	for _, s := range c.Sources {
		blocks = append(blocks, sourceBlock(s))
	}
	for _, z := range c.Zones {
		blocks = append(blocks, string(zoneBlock(z, time.Now())))
	}
	_, err := io.WriteString(w, strings.Join(blocks, "\n"))
	return err
}

// block is a name and what it amounts to, line for line.
type block struct{ bytes.Buffer }

func newBlock(name string) *block {
	b := &block{}
	b.WriteString(name + "\n")
	return b
}

func (b *block) line(name, text string) { fmt.Fprintf(b, "  %-9s  %s\n", name, text) }

func sourceBlock(s sources.Source) string {
	b := newBlock(s.Name)
	b.line("relay", s.Relay.String())
	pump := "none"
	if s.Pump != nil {
		pump = fmt.Sprintf("%v, runs on for %v", s.Pump, s.Law.PumpOverrun)
	}
	b.line("pump", pump)
	b.line("calls", fmt.Sprintf("at least %d, each once its valve was open for %v", s.Law.Call, s.Law.ValveOpen))
	b.line("timers", fmt.Sprintf("on for at least %v, off for at least %v", s.Law.MinOn, s.Law.MinOff))
	if s.Exercise.Every > 0 {
		b.line("exercise", fmt.Sprintf("for %v what stood still for %v", s.Exercise.For, s.Exercise.Every))
	}
	return b.String()
}

func zoneBlock(z config.Zone, now time.Time) []byte {
	b := newBlock(z.Name)
	line := b.line
	if z.Title != "" {
		line("title", z.Title)
	}
	line("sensor id", fmt.Sprint(z.SensorID))
	line("plant", z.Plant)
	line("sensor", z.Devices.Sensor.String())
	for _, f := range z.Devices.Fallbacks {
		line("fallback", f.String())
	}
	line("heater", relayText(z.Devices.Heater)+normallyOpenText(z.Devices))
	if z.Calls != "" {
		line("calls", z.Calls)
	}
	line("cooler", relayText(z.Devices.Cooler))
	if z.Devices.Safety != nil {
		line("safety", relayText(z.Devices.Safety))
	}
	line("setpoint", setpointText(z))
	if z.Comfort.HasProgram() {
		line("program", z.Comfort.Week.String())
		line("next", nextText(z.Comfort, now))
	}
	if len(z.Comfort.Presets) > 0 {
		line("presets", presetsText(z.Comfort.Presets))
	}
	if f := z.Comfort.Frost; f != (comfort.Frost{}) {
		line("frost", frostText(f))
	}
	if w := z.Comfort.Window; w != (comfort.Window{}) {
		line("window", windowText(z))
	}
	line("law", lawText(z.Params))
	line("limits", limitsText(z.Params))
	line("timers", timersText(z.Params))
	line("no sensor", lossText(z.Params.Loss))
	return b.Bytes()
}

func normallyOpenText(d devices.Zone) string {
	if d.NormallyOpen {
		return ", normally open: on shuts it"
	}
	return ""
}

// relayText says which relay it is, for people.
func relayText(r *devices.Relay) string {
	if r == nil {
		return "none"
	}
	return r.String()
}

func setpointText(z config.Zone) string {
	s := z.Default
	switch {
	case z.Comfort.HasProgram() && s.Mode == controlloop.ModeAuto:
		return fmt.Sprintf("auto: the program chooses, %v, +%v K, -%v K", z.Comfort.Mode, s.UpDelta, s.DownDelta)
	case !z.Configured:
		return "none: off until a control comes"
	case math.IsNaN(s.Desired):
		return s.Mode.String()
	}
	return fmt.Sprintf("%v %v °C, +%v K, -%v K", s.Mode, s.Desired, s.UpDelta, s.DownDelta)
}

// nextText tells the next three transitions, by the clocks of the place.
func nextText(c comfort.Plan, now time.Time) string {
	var next []string
	for range 3 {
		step, _ := c.Week.Next(now, c.Place)
		next = append(next, step.At.Format("Mon 15:04 ")+targetText(c, step.Target))
		now = step.At
	}
	return strings.Join(next, ", ") + " (" + c.Place.String() + ")"
}

func targetText(c comfort.Plan, t program.Target) string {
	if celsius, ok := c.Presets[t.Preset]; ok {
		return fmt.Sprintf("%s %v °C", t.Preset, celsius)
	}
	if t.Off {
		return "off"
	}
	return fmt.Sprintf("%v °C", t.Celsius)
}

func presetsText(presets map[string]float64) string {
	var texts []string
	for _, name := range slices.Sorted(maps.Keys(presets)) {
		texts = append(texts, fmt.Sprintf("%s %v °C", name, presets[name]))
	}
	return strings.Join(texts, ", ")
}

func frostText(f comfort.Frost) string {
	text := fmt.Sprintf("heats below %v °C until %v °C", f.Below, f.Below+f.Rise)
	if !f.InOff {
		text += ", not in mode off"
	}
	return text
}

func windowText(z config.Zone) string {
	var by []string
	if z.Devices.Contact != nil {
		by = append(by, z.Devices.Contact.String())
	}
	switch w := z.Comfort.Window; {
	case w.BySlope && w.Slope.Threshold == 0:
		by = append(by, "by slope, as learned")
	case w.BySlope:
		by = append(by, fmt.Sprintf("by slope, %v K/h", w.Slope.Threshold))
	}
	return strings.Join(by, "; ")
}

// lawText says what decides within the band.
func lawText(p controlloop.Params) string {
	budget := fmt.Sprintf(", at most about %v starts a day", p.StartsPerDay)
	switch {
	case p.Law == controlloop.LawHysteresis || p.Heater && p.Cooler:
		return "hysteresis"
	case p.Law == controlloop.LawForesee:
		return "foresee, once it knows the room" + budget
	}
	return "hysteresis; foresee while the zone follows a program, once it knows the room" + budget
}

func limitsText(p controlloop.Params) string {
	text := fmt.Sprintf("desired %v..%v °C", p.DesiredMin, p.DesiredMax)
	if p.Heater {
		text += fmt.Sprintf(", never heated from %v °C", p.HeatCutout)
	}
	if p.Cooler {
		text += fmt.Sprintf(", never cooled from %v °C", p.CoolCutout)
	}
	return text + fmt.Sprintf(", plausible %v..%v °C, at most %v K a minute", p.PlausibleMin, p.PlausibleMax, p.MaxRate) +
		disagreementText(p)
}

func disagreementText(p controlloop.Params) string {
	if p.MaxDisagreement == 0 {
		return ""
	}
	return fmt.Sprintf(", sensors at most %v K apart", p.MaxDisagreement)
}

// lossText says what happens without a reading.
func lossText(d controlloop.Duty) string {
	if d.Percent == 0 {
		return "everything off"
	}
	return fmt.Sprintf("on for %v %% of each %v, off after %v", d.Percent, d.Period, d.For)
}

func timersText(p controlloop.Params) string {
	text := fmt.Sprintf("sample %v, stale after %v, on for at least %v, off for at least %v",
		p.Sample, p.StaleAfter, p.MinOn, p.MinOff)
	if p.MaxOn > 0 {
		text += ", on for at most " + p.MaxOn.String()
	}
	if p.FrozenAfter > 0 {
		text += ", frozen after " + p.FrozenAfter.String() + " of heating or cooling"
	}
	if p.Heater && p.Cooler {
		text += ", changeover " + p.Changeover.String()
	}
	return text
}
