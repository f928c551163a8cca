package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"thermostat/agent/boiler"
	"thermostat/agent/cli"
	"thermostat/agent/config"
	"thermostat/agent/devices"
	"thermostat/agent/service"
	"thermostat/controlloop"
	"thermostat/controlloop/report"
	"thermostat/controlloop/source"
	"thermostat/drivers"
	"thermostat/mqtt"
	"thermostat/mqtt/device"
	"thermostat/status"
)

// agent is the wired program: zones, their devices, the session, the memory.
type agent struct {
	cfg        config.Config
	log        *slog.Logger
	zones      zones
	sources    boiler.All
	remote     *device.Group // the devices that are on the broker
	session    *mqtt.Session
	told       mqtt.Sources                // what the session says of the sources
	page       *status.Server              // nil: there is none
	listener   net.Listener                // of the page, opened already; nil: to be opened
	held       []drivers.Held              // every line that off must switch off if we die
	letsGo     func() *bool                // whether relays are let go of after a crash; nil: not known
	beat       *service.Heartbeat          // nil where no service manager listens
	also       func(controlloop.Snapshot)  // a further observer; may be nil
	alsoSource func(report.SourceSnapshot) // the same for sources
	contain    containment                 // of what drives no relay
	clock      *service.ClockTrust         // whether programs may follow the wall clock
	sleep      *service.SleepClock         // how long the machine was suspended
	restarts   chan error                  // ends run, which then gives this error
	ended      func() error                // notes an orderly end; nil without a state folder
}

// newAgent opens everything that a configuration names: the devices, the state
// folder, the session, the page. A state folder that cannot be used is a fault,
// not an end: the zones run without memory.
func newAgent(cfg config.Config, log *slog.Logger, also func(controlloop.Snapshot)) (*agent, error) {
	a := &agent{
		cfg: cfg, log: log, also: also, remote: device.NewGroup(log),
		clock:    service.NewClockTrust(cfg.Clock == "trust", cli.ThisBuild().NotBefore()),
		sleep:    &service.SleepClock{Ahead: service.BootAhead},
		restarts: make(chan error, 1),
	}
	a.held = append(cfg.Relays(), releaseOthers(cfg, log)...)
	if err := a.openZones(); err != nil {
		return nil, errors.Join(err, a.close())
	}
	o := a.sessionOptions()
	if cfg.StateDir != "" {
		a.ended = a.zones.remember(a.sources, &o, cfg.StateDir, a.held, a.clock)
	}
	a.clock.Look(time.Now()) // before a relay can be on: a clock on a bus that is stuck takes its time
	o.Info = a.info(cli.ThisBuild(), o.Instance)
	a.session = mqtt.NewSession(o)
	a.page = a.newPage()
	return a, nil
}

// notify tells the service manager of the zones from now on, if one listens.
func (a *agent) notify(getenv func(string) string) error {
	n, err := service.NewNotifier(getenv)
	if n != nil {
		a.beat = service.NewHeartbeat(a.zones.loops(), service.WatchdogTime(getenv), a.log, n.Send)
		for _, s := range a.sources {
			a.beat.Watch(s.Name, source.Step)
		}
		a.session.OfferRestart(a.askRestart)
	}
	return err
}

// sawSource passes on what a source does.
func (a *agent) sawSource(s report.SourceSnapshot) {
	a.told.Observe(s)
	a.beat.Ticked(s.Name, s.Time)
	a.page.SawSource(s)
	if a.alsoSource != nil {
		a.alsoSource(s)
	}
}

// openZones opens the devices of every source and zone, each relay off.
func (a *agent) openZones() error {
	hardware := drivers.NewHardware("/")
	hardware.Tell = func(text string) { a.log.Warn(text) }
	var err error
	a.sources, err = boiler.Open(a.cfg.Sources, boiler.Options{
		Open: func(r devices.Relay) (controlloop.Relay, error) { return devices.OpenRelay(r, hardware, a.remote) },
		Log:  a.log, Slept: a.sleep.Total, Observe: a.sawSource,
		Trusted: func(now time.Time) bool { return a.clock.Look(now) != service.ClockGuess },
	})
	if err != nil {
		return err
	}
	for _, cfg := range a.cfg.Zones {
		d, err := cfg.Devices.Open(hardware, a.remote)
		if err != nil {
			return fmt.Errorf("zone %s: %w", cfg.Name, err)
		}
		a.zones = append(a.zones, newZone(a, cfg, d))
	}
	a.letsGo = service.Failsafe(hardware, a.cfg.Relays(), a.log)
	a.contain = containment{a.log, a.zones.loops()}
	return nil
}

// close gives the devices back, each relay off: sources, pumps, valves.
func (a *agent) close() error {
	err := a.sources.Close()
	for _, z := range a.zones {
		err = errors.Join(err, z.devices.Close())
	}
	return err
}
