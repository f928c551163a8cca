package main

import (
	"context"
	"log/slog"
	"time"

	"thermostat/agent/state"
	"thermostat/mqtt"
	"thermostat/mqtt/setpoint"
)

// What the state folder keeps of a zone, as its fault memory calls it.
const (
	keptSetpoint = "the setpoint"
	keptSwitches = "the last switches and the counters"
	keptInstance = "the name of this installation"
	keptRelays   = "the list of relays that `thermostat off` reads"
)

// remember fills in what the state folder keeps, and how it is written.
func (a *agent) remember(o *mqtt.Options) {
	mem, err := state.Open(a.cfg.StateDir)
	if err != nil {
		a.forgetful(keptSetpoint, err)
		o.Save = func(string, setpoint.Memory) error { return err } // the fault stands until a restart
		return
	}
	damaged := false
	for i, z := range a.zones {
		if o.Zones[i].Memory, err = mem.Load(z.Name); err != nil {
			damaged = true
			z.unkept(keptSetpoint, err)
		}
	}
	a.recall(mem, state.ThisBoot())
	if o.Instance, err = mem.Instance(damaged); err != nil {
		a.forgetful(keptInstance, err)
	}
	o.Save = a.saver(mem)
	rememberAnnounced(mem, o, a.log)
	if err := mem.Hold(a.held); err != nil {
		a.forgetful(keptRelays, err)
	}
}

// recall gives the zones their past, and each a keeper for what comes.
func (a *agent) recall(mem *state.Folder, boot state.BootClock) {
	for _, z := range a.zones {
		kept, err := mem.LoadPast(z.Name)
		if err != nil { // it is written anew at the start, so this is no lasting fault
			z.log.Warn("the last switches are not known: all of min_off and changeover is served", "error", err)
		}
		z.loop.Past = kept.Past(boot)
		z.counters = state.NewCounters(kept.Counters)
		z.saver = state.NewSaver(mem.PastFile(z.Name), mem.Slots, boot, z.counters)
	}
	crashes, err := mem.Started(boot)
	if err != nil {
		a.log.Warn("a crash loop cannot be told", "error", err)
	}
	for _, z := range a.zones {
		state.LockOut(z.loop, crashes, state.CrashLocked(z.Zone, crashes))
	}
	a.ended = mem.Ended
}

func (a *agent) saver(mem *state.Folder) func(string, setpoint.Memory) error {
	return func(zone string, m setpoint.Memory) error {
		err := mem.Save(zone, m)
		a.byName[zone].unkept(keptSetpoint, err)
		return err
	}
}

// forgetful tells every zone that something common to them cannot be kept. The
// fault stands until a restart: nothing but the start writes it.
func (a *agent) forgetful(what string, err error) {
	for _, z := range a.zones {
		z.unkept(what, err)
	}
}

// keep starts the savers. The function that it gives ends them, once the
// zones have said their last.
func (a *agent) keep() (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var saving []*state.Saver
	for _, z := range a.zones {
		if z.saver == nil {
			continue
		}
		saving = append(saving, z.saver)
		go a.contain.run("the memory", func() {
			z.saver.Run(ctx, func(err error) { z.unkept(keptSwitches, err) })
		})
	}
	return func() {
		for _, s := range saving { // the zones have ended: theirs is ours
			s.HandOver()
		}
		cancel()
		late := time.After(saversEnd)
		for _, s := range saving {
			select {
			case <-s.Done:
			case <-late:
				return
			}
		}
	}
}

// saversEnd is how long the end waits for a slow card, within the unit's
// TimeoutStopSec: the relays are off.
const saversEnd = 3 * time.Second

// rememberAnnounced lets the session take back what is no more. Without this
// memory an old device stays in Home Assistant until somebody deletes it there.
func rememberAnnounced(mem *state.Folder, o *mqtt.Options, log *slog.Logger) {
	if len(o.Brokers) == 0 {
		return // nobody is told anything
	}
	warn := func(err error) {
		if err != nil {
			log.Warn("what was announced to Home Assistant cannot be remembered", "error", err)
		}
	}
	base, ours := o.Prefix+"/"+o.Device, o.Announces()
	var err error
	o.Gone, err = mem.Announce(base, ours)
	warn(err)
	o.Forgotten = func() { warn(mem.AnnouncedOnly(base, ours)) }
}
