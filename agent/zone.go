package main

import (
	"log/slog"

	"thermostat/agent/boiler"
	"thermostat/agent/config"
	"thermostat/agent/config/plant"
	"thermostat/agent/devices"
	"thermostat/agent/service"
	"thermostat/agent/state"
	"thermostat/controlloop"
	"thermostat/controlloop/mailbox"
	"thermostat/mqtt/setpoint"
	"thermostat/mqtt/wire"
)

// zone is one zone of the house: what was configured, the loop that controls it,
// the devices that it is wired to, and what is kept of it.
type zone struct {
	config.Zone
	log      *slog.Logger
	loop     *controlloop.Zone
	devices  devices.Opened
	alarm    *state.Alarm // of what cannot be kept
	counters *state.Counters
	planner  *service.Planner
	caller   *boiler.Caller // nil: its heater is a source itself
	saver    *state.Saver   // of the last switches; nil without a state folder
}

// newZone wires a zone; its relays are off.
func newZone(a *agent, cfg config.Zone, d devices.Opened) *zone {
	alarms := controlloop.NewAlarms()
	z := &zone{
		Zone: cfg, log: a.log.With("zone", cfg.Name), devices: d,
		alarm: state.NewAlarm(alarms), counters: state.NewCounters(nil),
		planner: &service.Planner{Law: cfg.Params, Trust: a.clock, Alarms: alarms, Contact: d.Contact},
	}
	z.planner.Follow(cfg.Comfort)
	z.loop = &controlloop.Zone{
		Name: z.Name, SensorID: z.SensorID, Params: z.Params,
		Sensor: d.Sensor, Fallbacks: d.Fallbacks, Heater: d.Heater, Cooler: d.Cooler, Safety: d.Safety,
		Clears:    mailbox.New[struct{}](),
		Setpoints: mailbox.New[controlloop.Setpoint](),
		Slept:     a.sleep.Total,
		Woken:     mailbox.New[struct{}](),
		Alarms:    alarms,
		Plan:      z.planner.Target,
		Observe:   observer(a, z),
	}
	z.caller = a.sources.Call(z.Calls, z.loop, z.Devices.NormallyOpen)
	return z
}

// observer passes a zone's snapshots on. None of those who look can reach a relay.
func observer(a *agent, z *zone) func(controlloop.Snapshot) {
	journal := &service.Journal{Log: z.log}
	return func(s controlloop.Snapshot) {
		s.Wear = z.counters.Saw(s)
		a.session.Observe(s)
		z.saver.Saw(s)
		if z.caller != nil {
			z.caller.Saw(s)
		}
		a.beat.Saw(s)
		journal.Saw(s)
		a.page.Saw(s)
		if a.also != nil {
			a.also(s)
		}
	}
}

// onBroker is the zone as the session knows it.
func (z *zone) onBroker() setpoint.Zone {
	return setpoint.Zone{
		Name: z.Name, Title: z.Title, SensorID: z.SensorID, Params: z.Params, Default: z.Default, Humidity: z.Devices.MeasuresHumidity(), Goods: plant.Of(z.Plant).Goods,
		Comfort: z.Comfort, Clock: z.planner.Clock, Follow: z.planner.Follow,
		Setpoints: z.loop.Setpoints, Clears: z.loop.Clears, Alarms: z.loop.Alarms,
	}
}

// info is what the agent's info says of the zone.
func (z *zone) info() wire.ZoneInfo {
	i := wire.ZoneInfo{SensorID: z.SensorID, Plant: z.Plant, Default: wire.DefaultOf(z.Default), HoldMaxS: z.Comfort.HoldMax.Seconds()}
	if p := z.program(); z.planner.Plan().HasProgram() {
		i.Program = &p
	}
	return i
}

// program is the zone's program as it is in force.
func (z *zone) program() wire.Program { return wire.ProgramOf(z.planner.Plan(), &z.Comfort) }

// room tells the zone's room and what heats it from any other.
func (z *zone) room() string { return z.Devices.Fingerprint(z.Plant) }

// remembers is what is kept of the zone's comfort.
func (z *zone) remembers() state.Comfort {
	return state.Comfort{Program: z.planner.Last(), Room: z.room(), Learned: z.planner.Learned()}
}

// model is what is kept of what the law has learned of the room. It is for the zone's goroutine.
func (z *zone) model() []byte { return z.loop.Foresight().Kept() }

// unkept raises the zone's fault that something cannot be kept, or with nil
// says that this can.
func (z *zone) unkept(what string, err error) {
	if z.alarm.Tell(what, err) {
		z.log.Error("memory", "error", err)
	}
}

// zones are all of them, in the order of the configuration.
type zones []*zone

// loops are what controls them.
func (zs zones) loops() []*controlloop.Zone {
	var all []*controlloop.Zone
	for _, z := range zs {
		all = append(all, z.loop)
	}
	return all
}

func (zs zones) byName() map[string]*zone {
	all := map[string]*zone{}
	for _, z := range zs {
		all[z.Name] = z
	}
	return all
}
