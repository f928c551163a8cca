package config

import (
	"math"
	"slices"
	"strings"

	"thermostat/agent/config/machine"
	"thermostat/agent/config/plant"
	"thermostat/agent/config/yamltree"
	"thermostat/agent/devices"
	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/limits"
)

// takePlant looks at the plant before the other keys: it sets their defaults.
func takePlant(_ *reader, n *node, z *zoneOfFile) {
	p := plant.Usual()
	if at := n.Child("plant"); at != nil && plant.Of(at.Text).Name != "" {
		p = plant.Of(at.Text)
	}
	if n.Child("calls") != nil {
		p = p.Calling(n.Child("heater") != nil)
	}
	*z = freshZone(p)
}

// wholeDuty lets no duty begin of which a part could not be read.
func wholeDuty(_ *reader, _ *node, l *loss, unread badKeys) {
	if len(unread) > 0 {
		l.action = "off"
	}
}

// checkZone is what a zone's keys say together: which of them count for the
// devices, the constants against each other, the setpoint against the constants.
func checkZone(r *reader, n *node, z *zoneOfFile, unread badKeys) {
	if n.Child("sensor_id") == nil {
		z.SensorID = machine.SensorID(r.config.Device, z.Name)
	}
	if z.loss.action == "duty" {
		z.Params.Loss = z.loss.Duty
	}
	z.Params.Heater, z.Params.Cooler = z.Devices.Heater != nil || z.Calls != "" || unread.has("calls"), z.Devices.Cooler != nil
	z.Devices.Water, z.Params.Speed = z.Calls, z.Devices.Sensor.Simulated.Speed // 0 where the room is real
	checkSensors(r, n, &z.Devices, z.Params.MaxDisagreement)
	needsStaleAfter(r, n, z.Devices)
	needsRoom(r, n, z.Devices)
	sound := checkParams(r, n, z.Params, unread)
	z.Devices.Identify(z.SensorID, z.Params)
	takeProgram(r, n, z, unread)
	takeFrost(r, n, z, unread)
	takeWindow(r, n, z, unread)
	if at := n.Child("default_setpoint"); at != nil && at.Kind == yamltree.Mapping {
		z.Configured = true
		checkDefault(r, at, &z.Zone, sound, unread.below("default_setpoint"))
	}
	if z.Comfort.Default = z.Default; sound && programMode(r, n, z, unread) {
		checkProgram(r, n, z)
	}
}

// checkSensors complains of a fallback that cannot stand in for the zone's sensor,
// and of sensors that nothing compares.
func checkSensors(r *reader, zone *node, d *devices.Zone, disagree float64) {
	if at := zone.Child("sensor"); at != nil {
		checkUnchecked(r, at, &d.Sensor, len(d.Fallbacks) > 0, disagree)
	}
	for i, s := range d.Fallbacks {
		item := zone.Child("fallback_sensors").Children[i]
		checkUnchecked(r, item, &d.Fallbacks[i], true, disagree)
		if s.IsSimulated() && !d.Sensor.IsSimulated() {
			r.complain(item.Child("driver"), "a simulated fallback needs a simulated sensor: it measures that sensor's room")
		}
		if s.Same(d.Sensor) || slices.ContainsFunc(d.Fallbacks[:i], s.Same) {
			r.complain(item, "is a sensor that this zone has already: it cannot stand in for itself")
		}
	}
}

// needsStaleAfter demands that the promise of a sensor on the broker is chosen:
// only its owner knows how often it speaks.
func needsStaleAfter(r *reader, zone *node, d devices.Zone) {
	if _, given := find(zone, "timing.stale_after"); d.ListensToBroker() && !given {
		r.missing(zone, "timing.stale_after", "is missing: an mqtt sensor needs it, longer than the longest pause between two of its readings; the heat goes off that long after the last")
	}
}

// needsRoom complains of a simulated relay where the sensor is real: it has no room to heat.
func needsRoom(r *reader, zone *node, d devices.Zone) {
	if d.Sensor.Driver == "" || d.Sensor.IsSimulated() {
		return
	}
	for _, key := range []string{"heater", "cooler", "safety_relay"} {
		if at := zone.Child(key).Child("driver"); at != nil && devices.DefaultRelay(at.Text).IsSimulated() {
			r.complain(at, "a simulated relay needs a simulated sensor, whose room it heats or cools: the zone's is %s", Shown(d.Sensor.Driver))
		}
	}
}

// checkParams holds the constants of a zone to the law. It reports whether a
// setpoint can be held against them.
func checkParams(r *reader, zone *node, p controlloop.Params, unread badKeys) (sound bool) {
	wrong := slices.Clone(unread)
	for _, v := range limits.Validate(p) {
		_, found := find(zone, v.Field)
		if found && unread.has(v.Field) {
			continue // it has been complained of, and the default stands in for it
		}
		r.complainOfField(zone, v.Field, "%s%s %s", v.Value, ifDefault(v.Field, found), v.Bound)
		if found {
			wrong = append(wrong, v.Field)
		}
	}
	if at := zone.Child("max_disagreement"); p.MaxDisagreement > 0 && at != nil && !wrong.has("max_disagreement") && zone.Child("fallback_sensors") == nil {
		r.warn(at, "compares nothing: the zone has no fallback_sensors")
	}
	return !slices.ContainsFunc([]string{"limits", "limits.desired_min", "limits.desired_max", "limits.heat_cutout", "limits.cool_cutout"}, wrong.has)
}

func ifDefault(field string, found bool) string {
	if found || !strings.Contains(field, ".") {
		return ""
	}
	return " (the default)"
}

// checkDefault complains of all that is wrong with the setpoint that counts until
// somebody gives one, but not of what could not be read and of the sums with it.
// The desired temperature is held against limits only where those are sound.
func checkDefault(r *reader, n *node, z *Zone, sound bool, unread badKeys) {
	switch {
	case n.Child("mode") != nil:
	case z.Comfort.HasProgram() && n.Child("desired") == nil && n.Child("preset") == nil: // deltas alone
		z.Default.Mode = controlloop.ModeAuto
	default:
		z.Default.Mode = comfort.UsualMode(z.Params)
	}
	if preset := z.Default.Preset; preset != "" {
		if z.Default.Desired = z.Comfort.Temperature(z.Default); math.IsNaN(z.Default.Desired) {
			r.complain(n.Child("preset"), "%s", z.Comfort.UnknownPreset(preset))
			return
		}
	}
	s := z.Default
	if s.Mode == controlloop.ModeAuto && !math.IsNaN(s.Desired) {
		s.Mode = z.Comfort.Mode // which the temperature is for
	}
	if math.IsNaN(s.Desired) && n.Child("desired") == nil && s.Mode != controlloop.ModeOff && s.Mode != controlloop.ModeAuto {
		r.missing(n, "desired", "is missing: every mode but off and auto needs it")
		unread = append(unread, "desired")
	}
	if unread.has("mode") || s.Mode == controlloop.ModeAuto {
		s.Mode = controlloop.ModeOff
	}
	if !sound {
		unread = append(unread, "desired")
	}
	for _, v := range limits.CheckSetpoint(z.Params, s) {
		switch {
		case slices.ContainsFunc(strings.Fields(v.Field), unread.has):
		case strings.Contains(v.Field, " "): // a sum of two has no key of its own
			r.complain(n, "%s: %s %s", v.Field, v.Value, v.Bound)
		default:
			r.complainOfField(n, v.Field, "%s %s", v.Value, v.Bound)
		}
	}
}
