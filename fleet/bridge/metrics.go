package bridge

import (
	"fmt"
	"net/http"
	"sync/atomic"
)

// counts are what a bridge has done since it began.
type counts struct {
	taken, commands, refused, expired, retained atomic.Uint64
	connected                                   atomic.Bool
}

// ServeHTTP tells them as Prometheus reads them.
func (b *Bridge) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	c, connected := &b.counts, 0
	if c.connected.Load() {
		connected = 1
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	for _, m := range []struct {
		name, kind, help string
		value            any
	}{
		{"connected", "gauge", "whether the broker is there", connected},
		{"waiting", "gauge", "messages that the log has not taken yet", b.log.BufferedProduceRecords()},
		{"taken_total", "counter", "messages that the log has taken", c.taken.Load()},
		{"commands_total", "counter", "commands that the broker has acknowledged", c.commands.Load()},
		{"refused_total", "counter", "messages and commands that are for nobody", c.refused.Load()},
		{"expired_total", "counter", "commands On whose age was beyond their lease", c.expired.Load()},
		{"retained_total", "counter", "retained messages that say nothing new", c.retained.Load()},
	} {
		fmt.Fprintf(w, "# HELP thermostat_bridge_%s %s\n# TYPE thermostat_bridge_%s %s\nthermostat_bridge_%s %v\n", m.name, m.help, m.name, m.kind, m.name, m.value)
	}
}
