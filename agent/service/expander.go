package service

import (
	"fmt"

	"thermostat/agent/config"
	"thermostat/drivers/hostfs"
	"thermostat/drivers/survey"
)

// ExpanderWarnings tell of each relay on an I2C expander what no other relay does.
func ExpanderWarnings(c config.Config, root string) (lines []string) {
	for _, r := range c.Relays() {
		chip := survey.ExpanderOf(hostfs.Root(root), r.GPIO)
		if r.Line == "" || chip == "" {
			continue
		}
		lines = append(lines, fmt.Sprintf("%v is on an I2C expander (%s), which keeps its outputs when the agent, the board or the bus dies: a relay that was on stays on until thermostat off runs, so its load needs a cut-out of its own", r, chip))
		if survey.PowersUpHigh(chip) && !r.ActiveLow {
			lines = append(lines, fmt.Sprintf("%v is high from the first supply on, as all lines of a %s, which holds an active-high relay on until the agent runs: take a relay board that is on while low, with active_low: true", r, chip))
		}
	}
	return lines
}
