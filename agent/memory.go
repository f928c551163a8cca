package main

import (
	"context"
	"time"

	"thermostat/agent/boiler"
	"thermostat/agent/service"
	"thermostat/agent/state"
	"thermostat/drivers"
	"thermostat/mqtt"
	"thermostat/mqtt/setpoint"
)

// What the state folder keeps of a zone, as its fault memory calls it.
const (
	keptSetpoint = "the setpoint"
	keptProgram  = "the program"
	keptSwitches = "the last switches and the counters"
	keptInstance = "the name of this installation"
	keptRelays   = "the list of relays that `thermostat off` reads"
)

// remember gives the zones, their sources and the session what a state folder keeps, and has
// held written down: the lines that off must switch off if we die. The function
// that it gives notes an orderly end; nil where nothing can be kept.
func (zs zones) remember(all boiler.All, o *mqtt.Options, stateDir string, held []drivers.Held, clock *service.ClockTrust) (ended func() error) {
	mem, err := state.Open(stateDir)
	if err != nil {
		zs.unkept(keptSetpoint, err)
		o.Save = func(string, setpoint.Memory) error { return err } // the fault stands until a restart
		o.SaveProgram = o.Save
		return nil
	}
	damaged := false
	for i, z := range zs {
		control, controlErr := mem.Load(z.Name)
		program, programErr := mem.LoadProgram(z.Name)
		o.Zones[i].Memory, o.Zones[i].ProgramMemory = control, program
		damaged = damaged || controlErr != nil || programErr != nil
		z.unkept(keptSetpoint, controlErr)
		z.unkept(keptProgram, programErr)
	}
	boot := state.ThisBoot()
	crashes, err := mem.Started(boot)
	if err != nil { // the last switches could not be kept either, then
		o.Log.Warn("this start cannot be noted: a crash loop cannot be told, and all of min_off and changeover is served", "error", err)
	}
	zs.recall(mem, boot, crashes, err == nil)
	all.Recall(mem, err == nil)
	if o.Instance, err = mem.Instance(damaged); err != nil {
		zs.unkept(keptInstance, err)
	}
	o.Save, o.SaveProgram = zs.saving(keptSetpoint, mem.Save), zs.saving(keptProgram, mem.SaveProgram)
	clock.Before, clock.Spoilt = mem.ClockFollowed()
	clock.Changed = func() {
		if err := mem.FollowClock(clock.Followed); err != nil {
			o.Log.Warn("that the clock is right cannot be remembered", "error", err)
		}
	}
	rememberAnnounced(mem, o)
	if err := mem.Hold(held); err != nil {
		zs.unkept(keptRelays, err)
	}
	return mem.Ended
}

// recall gives the zones their past, and each a saver for what comes. Writes: the folder can be
// written to; else what it keeps may be older than the last switches.
func (zs zones) recall(mem *state.Folder, boot state.BootClock, crashes int, writes bool) {
	for _, z := range zs {
		kept, err := mem.LoadPast(z.Name)
		if err != nil { // it is written anew at the start, so this is no lasting fault
			z.log.Warn("the last switches are not known: all of min_off and changeover is served", "error", err)
		}
		if !writes || kept.Room != "" && kept.Room != z.room() { // the switches may be of other relays
			kept.Heater, kept.Cooler = nil, nil
		}
		z.loop.Past = kept.Past(boot)
		if z.loop.Past.Room, err = kept.ModelOf(z.room()); err != nil {
			z.log.Warn("what was learned of the room cannot be read: it is learned anew", "error", err)
		}
		z.planner.Recall(kept.Program, kept.LearnedOf(z.room()))
		z.counters = state.NewCounters(kept.Counters)
		z.saver = state.NewSaver(mem.PastFile(z.Name), mem.Slots, boot, z.counters, z.remembers, z.model)
	}
	for _, z := range zs {
		state.LockOut(z.loop, crashes, state.CrashLocked(z.Zone, crashes))
	}
}

// saving gives what saves something of a zone, and tells when it cannot.
func (zs zones) saving(what string, save func(zone string, m setpoint.Memory) error) func(string, setpoint.Memory) error {
	named := zs.byName()
	return func(zone string, m setpoint.Memory) error {
		err := save(zone, m)
		named[zone].unkept(what, err)
		return err
	}
}

// unkept tells every zone that something common to them cannot be kept. The
// fault stands until a restart: nothing but the start writes it.
func (zs zones) unkept(what string, err error) {
	for _, z := range zs {
		z.unkept(what, err)
	}
}

// keep starts the savers. The function that it gives ends them, once the
// zones have said their last, and tells what to wait for.
func (zs zones) keep(contain *containment) (end func() (done []<-chan struct{})) {
	ctx, cancel := context.WithCancel(context.Background())
	var saving []*state.Saver
	for _, z := range zs {
		if z.saver == nil {
			continue
		}
		saving = append(saving, z.saver)
		go contain.run("the memory", func() {
			z.saver.Run(ctx, func(err error) { z.unkept(keptSwitches, err) })
		})
	}
	return func() (done []<-chan struct{}) {
		for _, s := range saving { // the zones have ended: theirs is ours
			s.HandOver()
			done = append(done, s.Done)
		}
		cancel()
		return done
	}
}

// saversEnd is how long the end waits for a slow card, within the unit's
// TimeoutStopSec: the relays are off.
const saversEnd = 3 * time.Second

// rememberAnnounced lets the session take back what is no more. Without this
// memory an old device stays in Home Assistant until somebody deletes it there.
func rememberAnnounced(mem *state.Folder, o *mqtt.Options) {
	if len(o.Brokers) == 0 {
		return // nobody is told anything
	}
	warn := func(err error) {
		if err != nil {
			o.Log.Warn("what was announced to Home Assistant cannot be remembered", "error", err)
		}
	}
	base, ours := o.Prefix+"/"+o.Device, o.Announces()
	var err error
	o.Gone, err = mem.Announce(base, ours)
	warn(err)
	o.Forgotten = func() { warn(mem.AnnouncedOnly(base, ours)) }
}
