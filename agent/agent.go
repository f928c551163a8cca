package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"thermostat/agent/cli"
	"thermostat/agent/config"
	"thermostat/agent/service"
	"thermostat/agent/state"
	"thermostat/controlloop"
	"thermostat/drivers"
	"thermostat/mqtt"
	"thermostat/mqtt/device"
	"thermostat/mqtt/wire"
	"thermostat/status"
)

// agent is the wired program: zones, their devices, the session, the memory.
type agent struct {
	cfg      config.Config
	log      *slog.Logger
	zones    zones
	remote   *device.Group // the devices that are on the broker
	session  *mqtt.Session
	page     *status.Server             // nil: there is none
	listener net.Listener               // of the page, opened already; nil: to be opened
	held     []drivers.GPIO             // every line that off must switch off if we die
	letsGo   *bool                      // whether the kernel lets go of relays after a crash; nil: not known
	beat     *service.Heartbeat         // nil where no service manager listens
	also     func(controlloop.Snapshot) // a further observer; may be nil
	contain  containment                // of what drives no relay
	sleep    *service.SleepClock        // how long the machine was suspended
	restarts chan error                 // ends run, which then gives this error
	ended    func() error               // notes an orderly end; nil without a state folder
}

// newAgent opens everything that a configuration names: the devices, the state
// folder, the session, the page. A state folder that cannot be used is a fault,
// not an end: the zones run without memory.
func newAgent(cfg config.Config, log *slog.Logger, also func(controlloop.Snapshot)) (*agent, error) {
	a := &agent{
		cfg: cfg, log: log, also: also, remote: device.NewGroup(log),
		sleep:    &service.SleepClock{Ahead: service.BootAhead},
		restarts: make(chan error, 1),
	}
	a.held = append(cfg.Relays(), releaseOthers(cfg, log)...)
	if err := a.openZones(); err != nil {
		return nil, errors.Join(err, a.close())
	}
	o := a.sessionOptions()
	if cfg.StateDir != "" {
		a.ended = a.zones.remember(&o, cfg.StateDir, a.held)
	}
	o.Info = a.info(cli.ThisBuild(), o.Instance)
	a.session = mqtt.NewSession(o)
	a.page = a.newPage()
	return a, nil
}

func (a *agent) sessionOptions() mqtt.Options {
	named := a.zones.byName()
	o := mqtt.Options{
		Access: a.cfg.MQTT.Access, Device: a.cfg.Device, Instance: state.NewInstance(), Discovery: a.cfg.MQTT.DiscoveryPrefix, Birth: a.cfg.MQTT.BirthTopic,
		SensorEvery: a.cfg.MQTT.SensorEvery, StateEvery: a.cfg.MQTT.StateEvery,
		NotBefore: cli.ThisBuild().NotBefore(), Log: a.log, Devices: a.remote, Contain: a.contain.run, Slept: a.sleep.Total,
		Answered: func(zone string, applied bool) { named[zone].counters.Answered(applied) },
	}
	for _, z := range a.zones {
		o.Zones = append(o.Zones, z.onBroker())
	}
	return o
}

func (a *agent) info(b cli.Build, instance string) func() wire.Info {
	started := time.Now().UTC().Truncate(time.Millisecond) // of two agents of one name the first keeps it: seconds would often be the same
	zones := map[string]wire.ZoneInfo{}
	for _, z := range a.zones {
		zones[z.Name] = z.info()
	}
	return func() wire.Info {
		return wire.Info{
			Version: b.Version, Instance: instance, Zones: zones,
			ConfigSHA256: a.cfg.SHA256, StartedAt: started, ClockSynced: service.ClockSynced(),
			Failsafe: a.letsGo,
		}
	}
}

// notify tells the service manager of the zones from now on, if one listens.
func (a *agent) notify(getenv func(string) string) error {
	n, err := service.NewNotifier(getenv)
	if n != nil {
		a.beat = service.NewHeartbeat(a.zones.loops(), service.WatchdogTime(getenv), a.log, n.Send)
		a.session.OfferRestart(a.askRestart)
	}
	return err
}

// openZones opens the devices of every zone, each relay off.
func (a *agent) openZones() error {
	hardware := drivers.NewHardware("/")
	hardware.Tell = func(text string) { a.log.Warn(text) }
	hardware.Remote = remoteDevices{a.remote}
	for _, cfg := range a.cfg.Zones {
		d, err := hardware.Open(cfg.Devices)
		if err != nil {
			return fmt.Errorf("zone %s: %w", cfg.Name, err)
		}
		a.zones = append(a.zones, newZone(a, cfg, d))
	}
	a.letsGo = failsafe(hardware, a.cfg.Relays(), a.log)
	a.contain = containment{a.log, a.zones.loops()}
	return nil
}

// close gives the devices back, each relay off.
func (a *agent) close() error {
	var err error
	for _, z := range a.zones {
		err = errors.Join(err, z.devices.Close())
	}
	return err
}
