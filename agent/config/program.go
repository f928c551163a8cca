package config

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"thermostat/agent/config/plant"
	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/limits"
	"thermostat/controlloop/program"
)

func wrongTimezone(_ *reader, text string) string {
	if _, err := time.LoadLocation(text); err != nil || text == "" || text == "Local" {
		return Shown(text) + " is no time zone of this system's: write a place such as Europe/Berlin; where there is none, install tzdata"
	}
	return ""
}

func wrongWeek(_ *reader, text string) string {
	week, err := program.Parse(text)
	switch {
	case err != nil:
		return err.Error()
	case week.Empty():
		return "is empty: write a week such as 06:30 20.5, 22:00 17, or leave the key out"
	}
	return ""
}

// place is where programs run: by the file, by the name that the system gives its
// zone, or else by the system's own clock. A name that is none has been complained of.
func (r *reader) place() *time.Location {
	if r.config.Timezone == "" {
		r.config.Timezone = r.machine.Timezone()
	}
	if place, err := time.LoadLocation(r.config.Timezone); err == nil && r.config.Timezone != "" {
		return place
	}
	r.config.Timezone = ""
	return time.Local
}

// takeProgram makes the zone's comfort of what the file says. A preset that nobody
// gave is complained of.
func takeProgram(r *reader, n *node, z *zoneOfFile, unread badKeys) {
	c := &z.Comfort
	c.Place, c.Unsynced = r.place(), comfort.Unsynced(z.unsynced)
	if own := c.Presets; len(r.config.Presets) > 0 {
		c.Presets = maps.Clone(r.config.Presets)
		maps.Copy(c.Presets, own)
	}
	if z.preheat == "auto" && z.Params.Heater {
		c.Warming.Rate = plant.Of(z.Plant).Warms
	}
	if n.Child("program_mode") == nil {
		c.Mode = comfort.UsualMode(z.Params)
	}
	if n.Child("program") == nil || unread.has("program") {
		return
	}
	c.Week, _ = program.Parse(z.week)
	if unknown := c.Unknown(); len(unknown) > 0 {
		r.complain(n.Child("program"), "%s", c.UnknownPreset(unknown[0]))
		c.Week = program.Week{}
	}
	if n.Child("default_setpoint") == nil {
		z.Default.Mode = controlloop.ModeAuto
	}
}

// programMode reports whether the program may do what its mode says.
func programMode(r *reader, n *node, z *zoneOfFile, unread badKeys) bool {
	if unread.has("program_mode") {
		return false
	}
	vs := limits.CheckSetpoint(z.Params, controlloop.Setpoint{Mode: z.Comfort.Mode, Desired: z.Params.DesiredMax, UpDelta: z.Default.UpDelta, DownDelta: z.Default.DownDelta})
	for _, v := range vs {
		if at := n.Child("program_mode"); at != nil && (v.Field == "mode" || v.Field == "up_delta + down_delta") {
			r.complain(at, "%s", v)
			return false
		}
	}
	return true
}

// checkProgram holds what the program and the zone's presets ask for against the law,
// and warns of a program that is not in force.
func checkProgram(r *reader, n *node, z *zoneOfFile) {
	wrong := func(celsius float64) string {
		sp := controlloop.Setpoint{Mode: z.Comfort.Mode, Desired: celsius, UpDelta: z.Default.UpDelta, DownDelta: z.Default.DownDelta}
		if vs := limits.CheckSetpoint(z.Params, sp); len(vs) > 0 {
			return vs[0].Error()
		}
		return ""
	}
	for _, name := range slices.Sorted(maps.Keys(z.Comfort.Presets)) {
		if says := wrong(z.Comfort.Presets[name]); says != "" {
			at, own := find(n, "presets."+name)
			switch uses := slices.ContainsFunc(z.Comfort.Week.Targets(), func(t program.Target) bool { return t.Preset == name }); {
			case own:
				r.complain(at, "preset %s: %s", name, says)
			case uses:
				r.complain(n.Child("program"), "preset %s: %s", name, says)
			default: // it is for other zones
				delete(z.Comfort.Presets, name)
			}
		}
	}
	for _, t := range z.Comfort.Week.Targets() {
		if t.Off || t.Preset != "" {
			continue
		}
		if says := wrong(t.Celsius); says != "" {
			r.complain(n.Child("program"), "%s", says)
			break
		}
	}
	warnOfEco(r, n, z)
	if at := n.Child("default_setpoint"); at != nil && z.Comfort.HasProgram() && z.Default.Mode != controlloop.ModeAuto {
		r.warn(at, fmt.Sprintf("the program is not in force: mode %s; leave mode and desired out, or write mode: auto", z.Default.Mode))
	}
}

// presetsForNobody warns of presets for all zones that none of them can have.
func presetsForNobody(r *reader, n *node, c *Config) {
	for _, name := range slices.Sorted(maps.Keys(c.Presets)) {
		has := func(z Zone) bool { _, has := z.Comfort.Presets[name]; return has }
		if len(c.Zones) > 0 && !slices.ContainsFunc(c.Zones, has) {
			at, _ := find(n, "presets."+name)
			first := c.Zones[0]
			r.warn(at, fmt.Sprintf("no zone may hold %v °C, so none has it: zone %s holds %v..%v °C", c.Presets[name], first.Name, first.Params.DesiredMin, first.Params.DesiredMax))
		}
	}
}

// warnOfEco warns of a preset eco that asks for more than comfort does.
func warnOfEco(r *reader, n *node, z *zoneOfFile) {
	eco, usual := z.Comfort.Temperature(controlloop.Setpoint{Preset: "eco", Desired: math.NaN()}), z.Comfort.Temperature(controlloop.Setpoint{Preset: "comfort", Desired: math.NaN()})
	more := ""
	switch mode := z.Comfort.Mode; {
	case mode == controlloop.ModeHeat && eco > usual:
		more = "warmer"
	case mode == controlloop.ModeCool && eco < usual:
		more = "colder"
	default: // also where one of them is missing
		return
	}
	at, own := find(n, "presets.eco")
	if !own {
		at, _ = find(n, "presets.comfort")
	}
	r.warn(at, fmt.Sprintf("preset eco, %v °C, is %s than comfort, %v °C: are the two mixed up?", eco, more, usual))
}

// warnOfTimezone warns of programs where the system does not tell its zone by name.
func warnOfTimezone(r *reader, n *node, c *Config) {
	if n.Child("timezone") != nil || c.Timezone != "" {
		return
	}
	if i := slices.IndexFunc(c.Zones, func(z Zone) bool { return z.Comfort.HasProgram() }); i >= 0 {
		r.warn(n.Child("zones").Children[i].Child("program"), fmt.Sprintf("the system does not tell its time zone by name, so programs run on the clocks of %v: write timezone: Europe/Berlin, or the like, at the top", time.Local))
	}
}
