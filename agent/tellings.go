package main

import (
	"fmt"
	"io"

	"thermostat/agent/config"
	"thermostat/agent/service"
	"thermostat/agent/state"
)

// tellings are what is to be said of a configuration on this machine that no
// line of the file is to blame for.
func tellings(cfg config.Config) []string {
	lines := state.Outranked(cfg)
	if text := suspendWarning(cfg, "/"); text != "" {
		lines = append(lines, text)
	}
	return lines
}

func printTellings(w io.Writer, cfg config.Config) {
	for _, line := range tellings(cfg) {
		fmt.Fprintln(w, "warning: "+line)
	}
}

// suspendWarning is empty for a machine that does not suspend by itself, and
// where no relay hangs on it.
func suspendWarning(c config.Config, root string) string {
	why := service.Suspends(root)
	if why == "" || len(c.Relays())+len(c.RemoteRelays()) == 0 {
		return ""
	}
	return "this machine may suspend by itself (" + why + "), and while it sleeps a relay stays as it is: sudo systemctl mask sleep.target suspend.target hibernate.target hybrid-sleep.target"
}
