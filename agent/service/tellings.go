package service

import (
	"fmt"
	"io"

	"thermostat/agent/config"
	"thermostat/agent/state"
)

// Tellings are what is to be said of a configuration on this machine that no
// line of the file is to blame for.
func Tellings(cfg config.Config) []string {
	lines := state.Outranked(cfg)
	for _, text := range []string{SuspendWarning(cfg, "/"), ChronyWarning(cfg, "/")} {
		if text != "" {
			lines = append(lines, text)
		}
	}
	return append(lines, ExpanderWarnings(cfg, "/")...)
}

// PrintTellings writes them as warnings, a line each, and what a running agent tells of
// each zone in its log.
func PrintTellings(w io.Writer, cfg config.Config) {
	for _, line := range append(Tellings(cfg), state.Waiting(cfg)...) {
		fmt.Fprintln(w, "warning: "+line)
	}
}

// SuspendWarning is empty for a machine that does not suspend by itself, and
// where no relay hangs on it.
func SuspendWarning(c config.Config, root string) string {
	why := Suspends(root)
	if why == "" || len(c.Relays())+len(c.RemoteRelays()) == 0 {
		return ""
	}
	return "this machine may suspend by itself (" + why + "), and while it sleeps a relay stays as it is: sudo systemctl mask sleep.target suspend.target hibernate.target hybrid-sleep.target"
}
