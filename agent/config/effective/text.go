// Package effective prints what the zones of a configuration amount to.
package effective

import (
	"bytes"
	"fmt"
	"io"
	"math"

	"thermostat/agent/config"
	"thermostat/controlloop"
	"thermostat/drivers"
)

// Print prints what the zones of a configuration amount to, defaults
// filled in: one block a zone.
func Print(w io.Writer, c config.Config) error {
	if len(c.Zones) == 0 {
		_, err := fmt.Fprintln(w, "no zones")
		return err
	}
	for i, z := range c.Zones {
		separator := "\n"
		if i == 0 {
			separator = ""
		}
		if _, err := fmt.Fprintf(w, "%s%s", separator, zoneBlock(z)); err != nil {
			return err
		}
	}
	return nil
}

func zoneBlock(z config.Zone) []byte {
	var b bytes.Buffer
	line := func(name, text string) { fmt.Fprintf(&b, "  %-9s  %s\n", name, text) }
	b.WriteString(z.Name + "\n")
	line("sensor id", fmt.Sprint(z.SensorID))
	line("plant", z.Plant)
	line("sensor", z.Devices.Sensor.String())
	for _, f := range z.Devices.Fallbacks {
		line("fallback", f.String())
	}
	line("heater", relayText(z.Devices.Heater))
	line("cooler", relayText(z.Devices.Cooler))
	if z.Devices.Safety != nil {
		line("safety", relayText(z.Devices.Safety))
	}
	line("setpoint", setpointText(z))
	line("limits", limitsText(z.Params))
	line("timers", timersText(z.Params))
	line("no sensor", lossText(z.Params.Loss))
	return b.Bytes()
}

// relayText says which relay it is, for people.
func relayText(r *drivers.RelaySpec) string {
	if r == nil {
		return "none"
	}
	return r.String()
}

func setpointText(z config.Zone) string {
	s := z.Default
	switch {
	case !z.Configured:
		return "none: off until a control comes"
	case math.IsNaN(s.Desired):
		return s.Mode.String()
	}
	return fmt.Sprintf("%v %v °C, +%v K, -%v K", s.Mode, s.Desired, s.UpDelta, s.DownDelta)
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
