package main

import (
	"context"
	"net"
	"os"
	"time"

	"thermostat/agent/cli"
	"thermostat/agent/state"
	"thermostat/controlloop"
	"thermostat/mqtt/setpoint"
	"thermostat/status"
)

// newPage makes what people and programs see over HTTP; nil if nobody wants it.
func (a *agent) newPage() *status.Server {
	if a.cfg.HTTP.Listen == "" {
		return nil
	}
	b, named := cli.ThisBuild(), a.zones.byName()
	o := status.Options{
		Device: a.cfg.Device, Version: b.Version, Commit: b.Commit, Units: a.cfg.Units,
		Listen: a.listen, Hosts: a.cfg.HTTP.Hosts, Proxies: a.cfg.HTTP.Proxies, PasswordFile: a.cfg.HTTP.PasswordFile,
		Submit: func(ctx context.Context, zone string, control []byte) (status.Answer, error) {
			return pageAnswer(a.session.Submit(ctx, zone, "page", control))
		},
		Clear: func(ctx context.Context, zone string) (status.Answer, error) {
			return pageAnswer(a.session.Clear(ctx, zone))
		},
		Counters: func(zone string) controlloop.Counters { return named[zone].counters.Now() },
		Failsafe: a.letsGo, Log: a.log, Contain: a.contain.run,
	}
	o.Machine, _ = os.Hostname() // without one, only addresses and http.hosts count
	if len(a.cfg.MQTT.Brokers) > 0 {
		o.Connected = a.session.Connected
	}
	for _, z := range a.cfg.Zones {
		o.Zones = append(o.Zones, status.Zone{Name: z.Name, Params: z.Params})
	}
	return status.New(o)
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
