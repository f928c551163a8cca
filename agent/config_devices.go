package main

import (
	"slices"
	"strings"
	"time"

	"thermostat/drivers"
)

// offsetBound is how far a sensor may be corrected, in K.
const offsetBound = 10

// readDevices takes a relay that is named badly for one that is there: the
// complaint about the name is enough.
func (r *reader) readDevices(zone *node, z *ZoneConfig) {
	r.readSensor(zone, &z.Devices.Sensor)
	z.Devices.Heater = r.readRelay(zone.child("heater"))
	z.Devices.Cooler = r.readRelay(zone.child("cooler"))
	z.Params.Heater = z.Devices.Heater != nil
	z.Params.Cooler = z.Devices.Cooler != nil
}

// readDriver reads the name of a driver and reports whether it is one that
// this version has. Only then do the other keys mean anything to it.
func (r *reader) readDriver(n *node, to *string, later ...string) bool {
	switch {
	case n == nil || n.kind == kindRefused:
		return false
	case n.kind != kindMapping:
		r.complain(n, "is %v, but a mapping such as {driver: simulated} is wanted", n.kind)
		return false
	case n.child("driver") == nil:
		r.missing(n, "driver", "is missing: simulated is the one of this version")
		return false
	}
	at := n.child("driver")
	if !r.text(at, to) || at.kind != kindScalar {
		return false
	}
	if slices.Contains(later, *to) {
		r.complain(at, "%s is not in this version yet (simulated is)", *to)
	} else if *to != "simulated" {
		r.complain(at, "%s is none of %s", shown(*to), strings.Join(append([]string{"simulated"}, later...), ", "))
	}
	return *to == "simulated"
}

func (r *reader) readRelay(n *node) *drivers.RelaySpec {
	if n == nil {
		return nil
	}
	var spec drivers.RelaySpec
	if r.readDriver(n, &spec.Driver, "gpio", "mqtt") {
		r.isMapping(n, "driver")
	}
	return &spec
}

func (r *reader) readSensor(zone *node, spec *drivers.SensorSpec) {
	n := zone.child("sensor")
	if n == nil {
		r.missing(zone, "sensor", "is missing")
		return
	}
	if !r.readDriver(n, &spec.Driver, "ds18b20", "bme280", "mqtt") {
		return
	}
	before := len(r.complaints)
	spec.Simulated = drivers.DefaultSimulated()
	r.readSimulated(n, &spec.Simulated)
	r.readOffset(n.child("offset"), &spec.Offset)
	bad := r.badPlaces(before)
	for _, v := range spec.Simulated.Validate() {
		if at, found := find(n, v.Field); !found || !bad[at.place()] {
			r.complainOf(at, join(n.path(), v.Field), "%s %s", v.Value, v.Bound)
		}
	}
}

func (r *reader) readOffset(n *node, to *float64) {
	if r.kelvin(n, to) && (*to < -offsetBound || *to > offsetBound) {
		r.complain(n, "%v is outside -%d..%d K", *to, offsetBound, offsetBound)
	}
}

func (r *reader) readSimulated(n *node, s *drivers.Simulated) {
	r.isMapping(n, "driver", "model", "speed", "start", "up", "down", "outdoor", "outdoor_swing",
		"heater_power", "cooler_power", "noise", "seed", "offset")
	r.text(n.child("model"), &s.Model)
	r.seed(n.child("seed"), &s.Seed)
	for key, to := range map[string]*time.Duration{"up": &s.Up, "down": &s.Down} {
		r.duration(n.child(key), to)
	}
	for key, to := range map[string]*float64{
		"speed": &s.Speed, "start": &s.Start, "outdoor": &s.Outdoor, "outdoor_swing": &s.OutdoorSwing,
		"heater_power": &s.HeaterPower, "cooler_power": &s.CoolerPower, "noise": &s.Noise,
	} {
		r.number(n.child(key), to)
	}
}
