package config

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"thermostat/controlloop"
	"thermostat/drivers"
	"thermostat/drivers/simulated"
	"thermostat/mqtt/device"
)

// readFallbacks reads the sensors that stand in for a zone's own, in order.
func (r *reader) readFallbacks(n *node, devices *drivers.Spec) {
	for i, item := range r.items(n) {
		var spec drivers.SensorSpec
		r.readThermometer(item, &spec, func(n *node, s *simulated.Spec) {
			s.Seed += uint64(i) + 1 // its noise is its own
			r.readSpare(n, s, devices.Sensor.Driver)
		})
		if twice(spec, append(devices.Fallbacks, devices.Sensor)) {
			r.complain(item, "is a sensor that this zone has already: it cannot stand in for itself")
		}
		devices.Fallbacks = append(devices.Fallbacks, spec)
	}
}

// readSpare reads a further thermometer in the zone's simulated room: the room
// itself is the first one's.
func (r *reader) readSpare(n *node, s *simulated.Spec, first string) {
	r.isMapping(n, "driver", "noise", "seed", "offset")
	if !drivers.SensorDriverOf(first).Simulated {
		r.complain(n.child("driver"), "a simulated fallback needs a simulated sensor: it measures that sensor's room")
	}
	before := len(r.complaints)
	r.number(n.child("noise"), &s.Noise)
	r.seed(n.child("seed"), &s.Seed)
	r.checkSimulated(n, *s, r.badPlaces(before))
}

// sensorOwner is a zone's own sensor on this board.
type sensorOwner struct {
	zone   string
	sensor drivers.SensorSpec
}

// addSensor finds two zones that go by one chip: mostly a line that was copied.
// Another zone's sensor as a fallback is a choice.
func (u *unique) addSensor(n *node, z Zone) {
	spec := z.Devices.Sensor
	if spec.ChipKey() == "" {
		return
	}
	for _, o := range u.sensors {
		if !twice(spec, []drivers.SensorSpec{o.sensor}) {
			continue
		}
		at, _ := find(n, spec.ChipKey())
		u.warn(at, fmt.Sprintf("is also the sensor of zone %s: both zones go by one place's temperature; where this one has a sensor of its own, write that (thermostat probe lists them)", o.zone))
		return
	}
	u.sensors = append(u.sensors, sensorOwner{z.Name, spec})
}

// twice reports whether a sensor is one of the others.
func twice(spec drivers.SensorSpec, others []drivers.SensorSpec) bool {
	named := func(s drivers.SensorSpec) drivers.SensorSpec { // by the field that counts where none is named
		s.Remote.Field = cmp.Or(s.Remote.Field, device.UsualField)
		return s
	}
	return slices.ContainsFunc(others, func(o drivers.SensorSpec) bool { return named(spec).Same(named(o)) })
}

func (r *reader) readDisagreement(zone *node, p *controlloop.Params) {
	n := zone.child("max_disagreement")
	if r.kelvin(n, &p.MaxDisagreement) && p.MaxDisagreement > 0 && zone.child("fallback_sensors") == nil {
		r.warn(n, "compares nothing: the zone has no fallback_sensors")
	}
}

// The duty where the configuration leaves it open. Its share it must name.
const (
	dutyPeriod = 20 * time.Minute
	dutyFor    = 12 * time.Hour
)

// readSensorLoss reads what happens without a reading; nothing by default.
func (r *reader) readSensorLoss(n *node, to *controlloop.Duty) {
	if !r.isMapping(n, "action", "percent", "period", "for") {
		return
	}
	action := "off"
	if !r.oneOf(n.child("action"), &action, "off", "duty") {
		return
	}
	if action == "duty" {
		r.readDuty(n, to)
		return
	}
	for _, key := range []string{"percent", "period", "for"} {
		if c := n.child(key); c != nil {
			r.complain(c, "belongs to action duty, but the action is off")
		}
	}
}

func (r *reader) readDuty(n *node, to *controlloop.Duty) {
	d := controlloop.Duty{Period: dutyPeriod, For: dutyFor}
	if n.child("percent") == nil {
		r.missing(n, "percent", "is missing: 1 to 30")
		return
	}
	ok := r.number(n.child("percent"), &d.Percent)
	ok = r.duration(n.child("period"), &d.Period) && ok
	ok = r.duration(n.child("for"), &d.For) && ok
	if ok {
		*to = d
	}
}
