package state

import (
	"errors"
	"fmt"
	"io/fs"

	"thermostat/agent/cli"
	"thermostat/agent/config"
	"thermostat/mqtt/setpoint"
)

// Outranked tells, for each zone whose configured setpoint does not count
// because a control was accepted earlier, what holds instead.
func Outranked(cfg config.Config) []string {
	var lines []string
	mem := &Folder{Dir: cfg.StateDir}
	for _, z := range cfg.Zones {
		if !z.Configured {
			continue
		}
		kept, err := mem.Load(z.Name)
		if errors.Is(err, fs.ErrPermission) {
			return append(lines, "whether a control outranks default_setpoint is not known: "+cli.WithCure(err))
		}
		if err != nil {
			continue
		}
		sp, ok := setpoint.Zone{Name: z.Name, SensorID: z.SensorID, Params: z.Params, Default: z.Default, Memory: kept}.Remembered()
		if ok && !sp.SameTarget(z.Default) {
			lines = append(lines, fmt.Sprintf("zone %s: default_setpoint is outranked by the last control: mode %s, desired %v °C", z.Name, sp.Mode, sp.Desired))
		}
	}
	return lines
}
