package main

import (
	"log/slog"

	"thermostat/agent/config"
	"thermostat/agent/service"
	"thermostat/agent/state"
	"thermostat/controlloop"
	"thermostat/drivers"
	"thermostat/mqtt/setpoint"
	"thermostat/mqtt/wire"
)

// zone is one zone of the house: what was configured, the loop that controls it,
// the devices that it is wired to, and what is kept of it.
type zone struct {
	config.Zone
	log      *slog.Logger
	loop     *controlloop.Zone
	devices  drivers.Devices
	alarm    *state.Alarm // of what cannot be kept
	counters *state.Counters
	saver    *state.Saver // of the last switches; nil without a state folder
}

// newZone wires a zone; its relays are off.
func newZone(a *agent, cfg config.Zone, d drivers.Devices) *zone {
	alarms := controlloop.NewAlarms()
	z := &zone{
		Zone: cfg, log: a.log.With("zone", cfg.Name), devices: d,
		alarm: state.NewAlarm(alarms), counters: state.NewCounters(nil),
	}
	z.loop = &controlloop.Zone{
		Name: z.Name, SensorID: z.SensorID, Params: z.Params,
		Sensor: d.Sensor, Fallbacks: d.Fallbacks, Heater: d.Heater, Cooler: d.Cooler, Safety: d.Safety,
		Clears:    controlloop.NewLatest[struct{}](),
		Setpoints: controlloop.NewLatest[controlloop.Setpoint](),
		Slept:     a.sleep.Total,
		Woken:     controlloop.NewLatest[struct{}](),
		Alarms:    alarms,
		Observe:   observer(a, z),
	}
	return z
}

// observer passes a zone's snapshots on. None of those who look can reach a relay.
func observer(a *agent, z *zone) func(controlloop.Snapshot) {
	journal := &service.Journal{Log: z.log}
	return func(s controlloop.Snapshot) {
		s.Wear = z.counters.Saw(s)
		a.session.Observe(s)
		z.saver.Saw(s)
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
		Name: z.Name, SensorID: z.SensorID, Params: z.Params, Default: z.Default, Humidity: z.Devices.MeasuresHumidity(),
		Setpoints: z.loop.Setpoints, Clears: z.loop.Clears, Alarms: z.loop.Alarms,
	}
}

// info is what the agent's info says of the zone.
func (z *zone) info() wire.ZoneInfo {
	return wire.ZoneInfo{SensorID: z.SensorID, Plant: z.Plant, Default: wire.DefaultOf(z.Default)}
}

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
