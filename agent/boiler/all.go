package boiler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"thermostat/agent/config/sources"
	"thermostat/agent/devices"
	"thermostat/agent/state"
	"thermostat/controlloop"
	"thermostat/controlloop/report"
)

// Options are what all sources of a house share.
type Options struct {
	Open    func(devices.Relay) (controlloop.Relay, error) // opens a relay, off
	Log     *slog.Logger
	Trusted func(now time.Time) bool    // as in [Boiler]
	Slept   func() time.Duration        // as in [Boiler]
	Observe func(report.SourceSnapshot) // as in [Boiler]
}

// All are the sources of a house, in the order of the configuration.
type All []*Boiler

// Open opens the relays of all sources, each off. What was opened before an error is in what it gives.
func Open(configured []sources.Source, o Options) (all All, err error) {
	for _, s := range configured {
		b := &Boiler{Source: s, Log: o.Log, Boot: state.ThisBoot(), Slept: o.Slept, Observe: o.Observe, Trusted: o.Trusted}
		all = append(all, b)
		if b.Switch, err = o.Open(*s.Relay); err != nil {
			return all, fmt.Errorf("source %s: relay: %w", s.Name, err)
		}
		if s.Pump == nil {
			continue
		}
		if b.Pump, err = o.Open(*s.Pump); err != nil {
			return all, fmt.Errorf("source %s: pump: %w", s.Name, err)
		}
	}
	return all, nil
}

// Names are those of all sources.
func (all All) Names() []string {
	names := []string{}
	for _, b := range all {
		names = append(names, b.Name)
	}
	return names
}

// Call has a zone call the source of that name; "" is none, and gives nil.
func (all All) Call(name string, z *controlloop.Zone, normallyOpen bool) *Caller {
	for _, b := range all {
		if b.Name == name {
			return b.Add(z, normallyOpen)
		}
	}
	return nil
}

// Recall gives the sources their past, and keeps what comes. Writes: the folder can be
// written to; else what it keeps may be older than the last switches.
func (all All) Recall(mem *state.Folder, writes bool) {
	for _, b := range all {
		kept, err := state.LoadSource(mem, b.Name)
		if err != nil {
			b.Log.Warn("the last switches are not known: all of min_off is served", "source", b.Name, "error", err)
		}
		if !writes {
			kept.Relay = nil
		}
		b.Past, b.saver = kept, state.NewWriter[state.KeptSource](state.SourceFile(mem, b.Name), mem.Slots)
		b.Keep = b.saver.Put
	}
}

// Start begins all sources, which run until the context ends. The function that it
// gives waits until all are off, and tells which are not.
func (all All) Start(ctx context.Context) (wait func() error) {
	var running sync.WaitGroup
	errs := make([]error, len(all))
	for i, b := range all {
		b.Begin(time.Now())
		running.Go(func() { errs[i] = b.Run(ctx) })
	}
	return func() error {
		running.Wait()
		return errors.Join(errs...)
	}
}

// Save starts what keeps the last switches; contain runs what drives no relay. Call end
// once all sources are off: it tells what to wait for.
func (all All) Save(contain func(part string, f func())) (end func() (done []<-chan struct{})) {
	ctx, cancel := context.WithCancel(context.Background())
	var saving []<-chan struct{}
	for _, b := range all {
		if b.saver != nil {
			saving = append(saving, b.saver.Done)
			go contain("the memory", func() { b.saver.Run(ctx, b.unkept) })
		}
	}
	return func() []<-chan struct{} {
		cancel()
		return saving
	}
}

// unkept notes that the source's last switches cannot be kept, or can again.
func (b *Boiler) unkept(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil && b.memory == nil {
		b.unkeptSince = time.Now()
	}
	if b.memory = err; err != nil {
		b.Log.Error("memory", "source", b.Name, "error", err)
	}
}

// Close gives the relays back, each off: the source before its pump.
func (all All) Close() error {
	var err error
	for _, b := range all {
		err = errors.Join(err, devices.CloseRelay("source "+b.Name, b.Switch), devices.CloseRelay("pump of "+b.Name, b.Pump))
	}
	return err
}
