package status

import (
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/report"
)

// sourceDescs are the metrics of a source of heat.
type sourceDescs struct{ ticking, relay, calling, reason, switches, on, fault *desc }

func newSourceDescs() sourceDescs {
	d := func(name, help string, labels ...string) *desc {
		return &desc{"thermostat_source_" + name, help, append([]string{"source"}, labels...)}
	}
	return sourceDescs{
		ticking:  d("ticking", "Whether the source completed a step within the last 15 s."),
		relay:    d("relay_on", "Whether the relay of the source, or of its pump, is on; absent while it does not obey.", "relay"),
		calling:  d("calling_zones", "How many zones' calls count."),
		reason:   d("reason", "1, with why the source does what it does.", "reason"),
		switches: d("switches_total", "How often the source went on, over restarts."),
		on:       d("on_seconds_total", "How long the source was on, over restarts."),
		fault:    d("fault", "1 while the source has the fault.", "name"),
	}
}

// tell tells of one source; of one that has not begun only that.
func (c sourceDescs) tell(e emitter, s report.SourceSnapshot, now time.Time) {
	e.gauge(c.ticking, oneIf(!sourceStuck(s, now)), s.Name)
	if s.Time.IsZero() {
		return
	}
	e.relay(c.relay, s.Relay, s.Name, "source")
	e.relay(c.relay, s.Pump, s.Name, "pump")
	e.gauge(c.calling, float64(len(s.Calling)), s.Name)
	e.gauge(c.reason, 1, s.Name, s.Reason)
	e.counter(c.switches, float64(s.Cycles), s.Name)
	e.counter(c.on, s.On.Seconds(), s.Name)
	is := map[controlloop.FaultName]float64{controlloop.FaultRelay: 0, controlloop.FaultMemory: 0}
	for _, f := range s.Faults {
		is[f.Name] = 1
	}
	for name, value := range is {
		e.gauge(c.fault, value, s.Name, string(name))
	}
}
