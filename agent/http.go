package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"thermostat/controlloop"
	"thermostat/mqtt"
	"thermostat/status"
)

// newPage makes what people and programs see over HTTP; nil if nobody wants it.
func (a *agent) newPage() *status.Server {
	if a.cfg.HTTP.Listen == "" {
		return nil
	}
	b := thisBuild()
	o := status.Options{
		Device: a.cfg.Device, Version: b.version, Commit: b.commit, Units: a.cfg.Units,
		Listen: a.listen, Hosts: a.cfg.HTTP.Hosts, Proxies: a.cfg.HTTP.Proxies, PasswordFile: a.cfg.HTTP.PasswordFile,
		Submit: func(ctx context.Context, zone string, control []byte) (status.Answer, error) {
			return pageAnswer(a.session.Submit(ctx, zone, "page", control))
		},
		Clear: func(ctx context.Context, zone string) (status.Answer, error) {
			return pageAnswer(a.session.Clear(ctx, zone))
		},
		Counters: func(zone string) controlloop.Counters { return a.counters[zone].now() },
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

func pageAnswer(answer mqtt.Answer, err error) (status.Answer, error) {
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
	past := a.recallHistory()
	ctx, cancel := context.WithCancel(context.Background())
	served, kept := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(served)
		a.contain.run("the page", func() { a.page.Run(ctx) })
	}()
	go func() {
		defer close(kept)
		a.contain.run("the page's history", func() { past.keep(ctx) })
	}()
	return func() {
		cancel()
		<-served
		select {
		case <-kept:
		case <-time.After(keepersEnd): // a slow card: nothing waits for it
		}
	}
}

// historyEvery is how often the history is written: cards wear. A crash costs
// the chart what came after the last time.
const historyEvery = time.Hour

// pastPage keeps what the page shows of the last 24 hours.
type pastPage struct {
	file string // empty: nothing is kept
	page *status.Server
	log  *slog.Logger
}

// recallHistory gives the page its past. It is comfort: what cannot be read or
// written is told in the log and no fault.
func (a *agent) recallHistory() pastPage {
	p := pastPage{page: a.page, log: a.log}
	if a.cfg.StateDir == "" {
		return p
	}
	p.file = filepath.Join(a.cfg.StateDir, "history.json")
	var kept status.Kept
	err := readChecked(p.file, &kept)
	if errors.Is(err, fs.ErrNotExist) {
		return p
	}
	if err == nil {
		err = a.page.Restore(kept)
	}
	if err != nil {
		p.log.Warn("the chart begins anew", "error", err)
	}
	return p
}

// keep writes the history once an hour, and at the end.
func (p pastPage) keep(ctx context.Context) {
	if p.file == "" {
		return
	}
	hourly := time.NewTicker(historyEvery)
	defer hourly.Stop()
	for ctx.Err() == nil {
		select {
		case <-hourly.C:
		case <-ctx.Done():
		}
		if err := writeChecked(p.file, p.page.Kept()); err != nil {
			p.log.Warn("the history is not kept", "error", err)
		}
	}
}
