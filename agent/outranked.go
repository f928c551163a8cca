package main

import (
	"fmt"
	"io"

	"thermostat/mqtt"
)

// outranked tells, for each zone whose configured setpoint does not count
// because a control was accepted earlier, what holds instead.
func outranked(cfg Config) []string {
	var lines []string
	mem := &memory{dir: cfg.StateDir}
	for _, z := range cfg.Zones {
		kept, err := mem.load(z.Name)
		if err != nil || !z.Configured {
			continue
		}
		sp, ok := mqtt.Zone{Name: z.Name, SensorID: z.SensorID, Params: z.Params, Default: z.Default, Memory: kept}.Remembered()
		if ok && !sp.SameTarget(z.Default) {
			lines = append(lines, fmt.Sprintf("zone %s: default_setpoint is outranked by the last control: mode %s, desired %v °C", z.Name, sp.Mode, sp.Desired))
		}
	}
	return lines
}

// tellings are what is to be said of a configuration on this machine that no
// line of the file is to blame for.
func tellings(cfg Config) []string {
	lines := outranked(cfg)
	if text := suspendWarning(cfg, "/"); text != "" {
		lines = append(lines, text)
	}
	return lines
}

func printTellings(w io.Writer, cfg Config) {
	for _, line := range tellings(cfg) {
		fmt.Fprintln(w, "warning: "+line)
	}
}
