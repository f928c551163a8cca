// Package sources is what a configuration says about sources of heat that zones
// share, such as a boiler, and what is wrong between them and the zones.
package sources

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"thermostat/agent/devices"
	"thermostat/controlloop/source"
	"thermostat/drivers/simulated"
)

// Source is one source, defaults filled in.
type Source struct {
	Name     string
	Relay    *devices.Relay
	Pump     *devices.Relay // nil: the source has one of its own, or none
	Law      source.Params
	Exercise Exercise
}

// Exercise moves what stood still for Every; its zero value is none.
type Exercise struct{ Every, For time.Duration }

// Usual is a source that says nothing.
func Usual() Source {
	return Source{
		Law:      source.Params{ValveOpen: 210 * time.Second, PumpOverrun: 5 * time.Minute, MinOn: 5 * time.Minute, MinOff: 5 * time.Minute, Call: 1},
		Exercise: Exercise{168 * time.Hour, 5 * time.Minute},
	}
}

// IsSimulated reports whether it heats simulated rooms by a simulated water.
func (s Source) IsSimulated() bool { return s.Relay != nil && s.Relay.IsSimulated() }

// Relays are those that there are, in the order in which they go off.
func (s Source) Relays() []*devices.Relay {
	return slices.DeleteFunc([]*devices.Relay{s.Relay, s.Pump}, func(r *devices.Relay) bool { return r == nil })
}

// Identify gives what is the source's to its relays on the broker and on a simulated water.
func (s Source) Identify(sensorID int32) {
	for _, r := range s.Relays() {
		rest := s.Law.MinOff
		if r == s.Pump {
			rest = 0
		}
		r.Identify(sensorID, source.Step, rest)
		if r.IsSimulated() {
			r.Simulated = simulated.RelaySpec{Water: s.Name, Pump: r == s.Pump}
		}
	}
}

// Zone is what a source must know of a zone.
type Zone struct {
	Name    string
	Calls   string // the source; empty: none
	Devices devices.Zone
}

// Complaint is one thing that is wrong, and where: in a source or in a zone.
type Complaint struct {
	Source, Zone int    // the index; -1: in the other one
	Field        string // with dots
	Text         string
	Warning      bool
}

// Check complains of all that sources and zones say together.
func Check(all []Source, zones []Zone) (cs []Complaint) {
	for i, s := range all {
		cs = append(cs, s.check(i, all[:i], zones)...)
	}
	for i, z := range zones {
		at := func(field string, warning bool, text string, args ...any) {
			cs = append(cs, Complaint{-1, i, field, fmt.Sprintf(text, args...), warning})
		}
		n := slices.IndexFunc(all, func(s Source) bool { return s.Name == z.Calls })
		switch {
		case z.Calls == "" && z.Devices.NormallyOpen:
			at("normally_open", false, "belongs to the valve of a zone that calls a source: calls is missing")
		case z.Calls == "" || slices.Contains(names(all), ""): // one without a name has been complained of
		case n < 0 && len(all) == 0:
			at("calls", false, "%q is no source: there are none; give it under sources", z.Calls)
		case n < 0:
			at("calls", false, "%q is no source: there are %s", z.Calls, strings.Join(names(all), ", "))
		default:
			z.check(all[n], at)
			if all[n].IsSimulated() {
				z.checkSpeed(zones[:i], at)
			}
		}
	}
	return cs
}

func names(all []Source) (names []string) {
	for _, s := range all {
		names = append(names, s.Name)
	}
	return names
}

// check is what a source says that does not fit the others or the zones.
func (s Source) check(i int, before []Source, zones []Zone) (cs []Complaint) {
	at := func(field string, warning bool, text string, args ...any) {
		cs = append(cs, Complaint{i, -1, field, fmt.Sprintf(text, args...), warning})
	}
	if s.Name == "" {
		return nil // it has been complained of
	}
	if n := slices.IndexFunc(before, func(o Source) bool { return o.Name == s.Name }); n >= 0 {
		at("name", false, "%q is also the name of sources[%d]", s.Name, n)
	}
	if n := slices.IndexFunc(zones, func(z Zone) bool { return z.Name == s.Name }); n >= 0 {
		at("name", false, "%q is also the name of zones[%d]: sources and zones share the names of topics", s.Name, n)
	}
	if s.Relay != nil && s.Pump != nil && s.Relay.IsSimulated() != s.Pump.IsSimulated() {
		at("pump", false, "is on another water than relay: both must be simulated, or none; write driver: simulated in both, or leave pump out where the boiler drives its own")
	}
	calling, valves := 0, 0
	for _, z := range zones {
		if z.Calls == s.Name {
			calling++
			if z.Devices.Heater != nil {
				valves++
			}
		}
	}
	switch {
	case calling == 0:
		at("name", true, "no zone calls it, so it stays off: write calls: %s in the zones that it heats", s.Name)
	case s.Law.Call > calling:
		at("call", false, "%d is more than the %d zones that call it, so it would never go on: at most %d", s.Law.Call, calling, calling)
	}
	if s.Law.PumpOverrun > 0 && s.Law.ValveOpen < quick && !s.Law.Bypass && !s.IsSimulated() && valves > 0 && valves == calling {
		at("valve_open", true, "valves that shut within %v leave the overrun of %v no way when a cut-out shuts the last one: a bypass keeps one open (bypass: true)", s.Law.ValveOpen, s.Law.PumpOverrun)
	}
	if s.Exercise.Every > 0 && valves > 0 && !s.IsSimulated() {
		at("exercise", true, "a valve whose end switch calls the boiler by wire would fire it at each exercise: only the relay of %s may call it", s.Name)
	}
	return cs
}

// quick is a valve that is shut before the heat left in a boiler can leave it. A simulated one has a
// time of its own.
const quick = 30 * time.Second

// maxLease is how long a source on the broker may go on by itself where valves stand open without power.
const maxLease = time.Minute

// complain takes what is wrong in one place.
type complain func(field string, warning bool, text string, args ...any)

// checkWater is what does not fit between a zone and a source of which one is simulated.
func (z Zone) checkWater(s Source, at complain) {
	d := z.Devices
	switch {
	case d.Sensor.Driver == "" || s.Relay == nil || s.Relay.Driver == "": // it has been complained of
	case !s.IsSimulated() && !d.Sensor.IsSimulated():
	case !s.IsSimulated():
		at("calls", false, "%s heats real rooms, and this one is simulated: write driver: simulated in the relay of %s (and its pump), or a real sensor here", s.Name, s.Name)
	case !d.Sensor.IsSimulated() && d.Heater != nil && d.Heater.IsSimulated(): // it has been complained of, too
	case !d.Sensor.IsSimulated():
		at("calls", false, "%s heats simulated rooms, and this one is real: write driver: simulated in this sensor and heater, or a real relay in %s", s.Name, s.Name)
	case d.Heater != nil && !d.Heater.IsSimulated():
		at("heater", false, "is no valve of a simulated water: write driver: simulated, or leave it out where there is no valve")
	case !simulated.HeatedByWater(d.Sensor.Simulated.Model):
		at("sensor.model", false, "%s is not heated by water: write one of %s", d.Sensor.Simulated.Model, strings.Join(simulated.WaterModels(), ", "))
	}
}

// checkSpeed complains of a time of its own on a water that the zone shares with one before it.
func (z Zone) checkSpeed(before []Zone, at complain) {
	n := slices.IndexFunc(before, func(o Zone) bool { return o.Calls == z.Calls && o.Devices.Sensor.IsSimulated() })
	if n < 0 || !z.Devices.Sensor.IsSimulated() {
		return
	}
	if is, was := z.Devices.Sensor.Simulated.Speed, before[n].Devices.Sensor.Simulated.Speed; is != was {
		at("sensor.speed", false, "%v is not the %v of %s: all rooms of %s live in one time, so write the same speed in each", is, was, before[n].Name, z.Calls)
	}
}

// check is what a zone that calls does not say right.
func (z Zone) check(s Source, at complain) {
	z.checkWater(s, at)
	d := z.Devices
	if d.Heater == nil {
		at("calls", true, "has no valve, so each zone that calls %s heats it: only its cut-out keeps %s off", s.Name, s.Name)
		if d.NormallyOpen {
			at("normally_open", false, "is said of a valve, and the zone has none: heater is missing")
		}
		return
	}
	if !d.NormallyOpen || s.Relay == nil {
		return
	}
	switch r := *s.Relay; {
	case r.IsRemote() && r.Broker.Lease > maxLease:
		at("normally_open", false, "needs a source that lets go by itself within %v, because the valve stands open without power: the lease of %s is %v", maxLease, s.Name, r.Broker.Lease)
	case r.Modbus != nil && (r.Modbus.Lease <= 0 || r.Modbus.Lease > maxLease):
		at("normally_open", false, "needs a source that lets go by itself within %v, because the valve stands open without power: the lease of %s is %v", maxLease, s.Name, r.Modbus.Lease)
	case r.Driver == "gpio" && r.GPIO.SwitchesOnAtReset():
		at("normally_open", false, "needs a source whose relay is off without the agent, because the valve stands open then: the pull of %v at reset would switch %s on", r.GPIO, s.Name)
	}
}
