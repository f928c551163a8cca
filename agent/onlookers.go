package main

// What onlookers are told: on the broker, and over HTTP.

import (
	"context"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"thermostat/agent/cli"
	"thermostat/agent/config"
	"thermostat/agent/config/machine"
	"thermostat/agent/service"
	"thermostat/agent/state"
	"thermostat/controlloop"
	"thermostat/mqtt"
	"thermostat/mqtt/homeassistant"
	"thermostat/mqtt/setpoint"
	"thermostat/mqtt/wire"
	"thermostat/status"
)

// sessionOptions are what the session on the broker is made of.
func (a *agent) sessionOptions() mqtt.Options {
	named := a.zones.byName()
	o := mqtt.Options{
		Page:   pageURL(a.cfg.HTTP, machine.This().Hostname),
		Access: a.cfg.MQTT.Access, Device: a.cfg.Device, Instance: state.NewInstance(), Discovery: a.cfg.MQTT.DiscoveryPrefix, Birth: a.cfg.MQTT.BirthTopic,
		SensorEvery: a.cfg.MQTT.SensorEvery, StateEvery: a.cfg.MQTT.StateEvery,
		NotBefore: cli.ThisBuild().NotBefore(), Log: a.log, Devices: a.remote, Sources: &a.told, Contain: a.contain.run, Slept: a.sleep.Total,
		Answered: func(zone string, applied bool) { named[zone].counters.Answered(applied) },
	}
	for _, z := range a.zones {
		o.Zones = append(o.Zones, z.onBroker())
	}
	for _, s := range a.sources {
		o.Boilers = append(o.Boilers, homeassistant.Source{Name: s.Name, Pump: s.Pump != nil})
	}
	return o
}

// info gives what the agent tells of itself.
func (a *agent) info(b cli.Build, instance string) func() wire.Info {
	started := time.Now().UTC().Truncate(time.Millisecond) // of two agents of one name the first keeps it: seconds would often be the same
	return func() wire.Info {
		zones := map[string]wire.ZoneInfo{}
		for _, z := range a.zones {
			zones[z.Name] = z.info()
		}
		return wire.Info{
			Version: b.Version, Instance: instance, Zones: zones, Sources: a.sources.Names(),
			ConfigSHA256: a.cfg.SHA256, StartedAt: started, ClockSynced: service.ClockSynced(),
			Clock: string(a.clock.Look(time.Now())), Timezone: a.cfg.Timezone, Failsafe: a.letsGo(),
		}
	}
}

// newPage makes what people and programs see over HTTP; nil if nobody wants it.
func (a *agent) newPage() *status.Server {
	if a.cfg.HTTP.Listen == "" {
		return nil
	}
	b, named := cli.ThisBuild(), a.zones.byName()
	o := status.Options{
		Device: a.cfg.Device, Version: b.Version, Commit: b.Commit, Units: a.cfg.Units, Timezone: a.cfg.Timezone,
		Listen: a.listen, Hosts: a.cfg.HTTP.Hosts, Proxies: a.cfg.HTTP.Proxies, PasswordFile: a.cfg.HTTP.PasswordFile,
		Submit: func(ctx context.Context, zone string, control []byte) (status.Answer, error) {
			return pageAnswer(a.session.Submit(ctx, zone, "page", control))
		},
		SubmitProgram: func(ctx context.Context, zone string, said []byte) (status.Answer, error) {
			return pageAnswer(a.session.SubmitProgram(ctx, zone, "page", said))
		},
		Program:  func(zone string) any { return named[zone].program() },
		Programs: a.programs,
		Hand: func(ctx context.Context, zone, what, text string) (status.Answer, error) {
			return pageAnswer(a.session.Hand(ctx, zone, "page", what, text))
		},
		Away: func(ctx context.Context, text string) (status.AwayAnswer, error) {
			told, err := a.session.Away(ctx, "page", text)
			answer := status.AwayAnswer{Applied: told.Applied, Reason: told.Reason, Zones: map[string]status.Answer{}}
			for zone, z := range told.Zones {
				answer.Zones[zone] = status.Answer(z)
			}
			return answer, err
		},
		Clear: func(ctx context.Context, zone string) (status.Answer, error) {
			return pageAnswer(a.session.Hand(ctx, zone, "page", "clear", ""))
		},
		Counters: func(zone string) controlloop.Counters { return named[zone].counters.Now() },
		Failsafe: a.letsGo, Log: a.log, Contain: a.contain.run,
	}
	o.Machine, _ = os.Hostname() // without one, only addresses and http.hosts count
	if len(a.cfg.MQTT.Brokers) > 0 {
		o.Connected = a.session.Connected
	}
	for _, z := range a.cfg.Zones {
		o.Zones = append(o.Zones, status.Zone{Name: z.Name, Title: z.Title, Params: z.Params, Calls: z.Calls})
	}
	for _, s := range a.cfg.Sources {
		o.Sources = append(o.Sources, status.Source{Name: s.Name, Pump: s.Pump != nil})
	}
	return status.New(o)
}

// pageURL is the address by which other machines reach the page; empty: they do not, or
// it cannot be told. A machine without a name in the network's DNS has one in .local.
func pageURL(c config.HTTP, machine string) string {
	host, port, err := net.SplitHostPort(c.Listen)
	ip, _ := netip.ParseAddr(host) // a name: none
	switch {
	case err != nil, port == "0", ip.IsLoopback(), ip.Zone() != "", strings.EqualFold(host, "localhost"):
		return ""
	case host != "" && !ip.IsUnspecified():
	case len(c.Hosts) > 0 && len(c.Proxies) == 0: // else that may be a proxy's
		host = c.Hosts[0]
	case machine == "":
		return ""
	case strings.Contains(machine, "."):
		host = machine
	default:
		host = machine + ".local"
	}
	return strings.TrimSuffix("http://"+net.JoinHostPort(host, port), ":80") + "/"
}

func pageAnswer(answer setpoint.Answer, err error) (status.Answer, error) {
	return status.Answer(answer), err
}

// listen opens the page's address, or takes the listener that the demo has.
func (a *agent) listen() (net.Listener, error) {
	if l := a.listener; l != nil {
		a.listener = nil
		return l, nil
	}
	return net.Listen("tcp", a.cfg.HTTP.Listen)
}

// serve runs the page. The function that it gives ends it, once the relays are
// off and the last word is said.
func (a *agent) serve() (end func()) {
	if a.page == nil {
		return func() {}
	}
	past := state.HistoryIn(a.cfg.StateDir, a.log)
	var kept status.Kept
	past.Recall(&kept, func() error { return a.page.Restore(kept) })
	ctx, cancel := context.WithCancel(context.Background())
	served, written := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(served)
		a.contain.run("the page", func() { a.page.Run(ctx) })
	}()
	go func() {
		defer close(written)
		a.contain.run("the page's history", func() { past.Keep(ctx, func() any { return a.page.Kept() }) })
	}()
	return func() {
		cancel()
		<-served
		select {
		case <-written:
		case <-time.After(saversEnd): // a slow card: nothing waits for it
		}
	}
}

// programs counts those that have been in force so far, of all zones.
func (a *agent) programs() (n uint64) {
	for _, z := range a.zones {
		n += z.planner.Plans()
	}
	return n
}
