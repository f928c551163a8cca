package status

import (
	"maps"
	"math"
	"net/http"
	"runtime"
	"time"

	"thermostat/controlloop"
)

// metricsOf serves what Prometheus reads: our own metrics, and those of the Go
// runtime and the process under the names that every Go program has.
func metricsOf(s *Server) http.Handler {
	c := newCollector(s)
	return serveMetrics(func() families {
		all := families{}
		c.collect(all)
		collectRuntime(all)
		collectProcess(all)
		return all
	})
}

// collector makes the metrics at the scrape, from the board.
type collector struct {
	server *Server

	temperature, desired, from, to, humidity *desc
	action, mode, relay, age, readings       *desc
	switches, on, fault, faults, controls    *desc
	ticking, connected, failsafe, build      *desc
	window                                   *desc
	heat                                     sourceDescs
	room                                     foresightDescs
}

func newCollector(s *Server) *collector {
	d := func(name, help string, labels ...string) *desc { return &desc{"thermostat_" + name, help, labels} }
	return &collector{
		server:      s,
		heat:        newSourceDescs(),
		room:        newForesightDescs(),
		temperature: d("temperature_celsius", "The last good reading while it is fresh.", "zone"),
		desired:     d("desired_celsius", "The setpoint.", "zone"),
		from:        d("band_low_celsius", "The setpoint minus down_delta.", "zone"),
		to:          d("band_high_celsius", "The setpoint plus up_delta.", "zone"),
		humidity:    d("humidity_ratio", "Relative humidity, 0 to 1, while the reading is fresh.", "zone"),
		action:      d("action", "1 for what the zone does, 0 for the others.", "zone", "action"),
		mode:        d("mode", "1 for the mode in force, 0 for the others.", "zone", "mode"),
		relay:       d("relay_on", "Whether the relay is on; absent while it does not obey.", "zone", "relay"),
		age:         d("reading_age_seconds", "The age of the last good reading.", "zone"),
		readings:    d("readings_total", "Answers of the sensor whose readings count, since the start.", "zone", "verdict"),
		switches:    d("switches_total", "How often the relay went on, over restarts.", "zone", "relay"),
		on:          d("on_seconds_total", "How long the relay was on, over restarts.", "zone", "relay"),
		fault:       d("fault", "1 while the zone has the fault.", "zone", "name"),
		faults:      d("faults_total", "How often the fault was raised, over restarts.", "zone", "name"),
		controls:    d("controls_total", "Controls answered, over restarts.", "zone", "result"),
		window:      d("window_open", "Whether a window of the zone is open, as it counts; absent where nobody knows.", "zone"),
		ticking:     d("ticking", "Whether the zone completed a tick within its last 3 samples.", "zone"),
		connected:   d("broker_connected", "Whether the broker is connected; absent where none is configured."),
		failsafe:    d("failsafe", "Whether the relays let go when the agent dies; absent where that is not known."),
		build:       d("build_info", "1, with the version as labels.", "version", "commit", "goversion"),
	}
}

// failsafe is nil where nobody tells, too.
func (o *Options) failsafe() *bool {
	if o.Failsafe == nil {
		return nil
	}
	return o.Failsafe()
}

// collect tells what the board knows now.
func (c *collector) collect(to families) {
	o := c.server.opts
	now := time.Now()
	e := emitter{to}
	e.gauge(c.build, 1, o.Version, o.Commit, runtime.Version())
	if o.Connected != nil {
		e.gauge(c.connected, oneIf(o.Connected()))
	}
	if letsGo := o.failsafe(); letsGo != nil {
		e.gauge(c.failsafe, oneIf(*letsGo))
	}
	for _, s := range c.server.board.sources() {
		c.heat.tell(e, s, now)
	}
	for _, z := range c.server.board.tallies(now) {
		e.gauge(c.ticking, oneIf(!z.stuck), z.name)
		c.counts(e, z, o.Counters(z.name))
		if z.last != nil {
			c.state(e, z.last.Snapshot)
			c.room.tell(e, z.last.Snapshot)
			c.reading(e, z, now)
		}
	}
}

// tally is what a scrape needs of a zone.
type tally struct {
	name           string
	stuck          bool
	heater, cooler bool   // which relays it has
	last           *frame // nil: no decision yet
	readings       map[controlloop.Verdict]uint64
}

func (b *board) tallies(now time.Time) (all []tally) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, z := range b.zones {
		all = append(all, tally{z.Name, z.stuck(now), z.Params.Heater, z.Params.Cooler, z.last, maps.Clone(z.readings)})
	}
	return all
}

func (c *collector) counts(e emitter, z tally, counts controlloop.Counters) {
	for verdict, n := range z.readings {
		e.counter(c.readings, float64(n), z.name, string(verdict))
	}
	if z.heater {
		e.output(c, counts.Heater, z.name, "heater")
	}
	if z.cooler {
		e.output(c, counts.Cooler, z.name, "cooler")
	}
	e.counter(c.controls, float64(counts.Accepted), z.name, "applied")
	e.counter(c.controls, float64(counts.Refused), z.name, "refused")
	for name, n := range counts.Faults {
		e.counter(c.faults, float64(n), z.name, string(name))
	}
}

func (c *collector) state(e emitter, s controlloop.Snapshot) {
	if sp := s.Setpoint; sp.Mode != controlloop.ModeNone {
		e.known(c.desired, sp.Desired, s.Zone)
		e.known(c.from, sp.Desired-sp.DownDelta, s.Zone)
		e.known(c.to, sp.Desired+sp.UpDelta, s.Zone)
	}
	for a := controlloop.ActionOff; a <= controlloop.ActionCooling; a++ {
		e.gauge(c.action, oneIf(a == s.State.Action), s.Zone, a.String())
	}
	for m := controlloop.ModeOff; m <= controlloop.ModeHeatCool; m++ {
		e.gauge(c.mode, oneIf(m == max(s.Setpoint.Mode, controlloop.ModeOff)), s.Zone, m.String())
	}
	if is := s.Target.Window; is != controlloop.WindowUnknown {
		e.gauge(c.window, oneIf(is == controlloop.WindowOpen), s.Zone)
	}
	e.relay(c.relay, s.HeaterRelay, s.Zone, "heater")
	e.relay(c.relay, s.CoolerRelay, s.Zone, "cooler")
	e.relay(c.relay, s.SafetyRelay, s.Zone, "safety")
	c.presentFaults(e, s)
}

// reading tells the age of now, and no temperature of a zone that is stuck.
func (c *collector) reading(e emitter, z tally, now time.Time) {
	if at := z.last.State.Reading.At; !at.IsZero() {
		e.gauge(c.age, now.Sub(at).Seconds(), z.name)
	}
	if !z.stuck {
		e.known(c.temperature, z.last.Temperature(), z.name)
		e.known(c.humidity, z.last.Humidity()/100, z.name)
	}
}

// presentFaults tells each fault as 0 while it is not there, so that an alert
// knows the one from the other.
func (c *collector) presentFaults(e emitter, s controlloop.Snapshot) {
	is := map[controlloop.FaultName]float64{}
	for _, name := range controlloop.FaultNames() {
		is[name] = 0
	}
	for _, f := range s.Faults {
		is[f.Name] = 1
	}
	for name, value := range is {
		e.gauge(c.fault, value, s.Zone, string(name))
	}
}

// emitter hands metrics to the scrape. What is not known is not told.
type emitter struct{ families }

func (e emitter) known(d *desc, value float64, labels ...string) {
	if !math.IsNaN(value) {
		e.gauge(d, value, labels...)
	}
}

func (e emitter) relay(d *desc, r controlloop.RelayState, labels ...string) {
	if r != controlloop.RelayUnknown {
		e.gauge(d, oneIf(r == controlloop.RelayOn), labels...)
	}
}

func (e emitter) output(c *collector, o controlloop.OutputCounters, zone, relay string) {
	e.counter(c.switches, float64(o.Cycles), zone, relay)
	e.counter(c.on, o.On.Seconds(), zone, relay)
}

func oneIf(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
