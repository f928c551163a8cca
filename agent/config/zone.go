package config

import (
	"math"
	"slices"
	"strings"

	"thermostat/agent/config/yamltree"
	"thermostat/controlloop"
	"thermostat/drivers"
)

// takePlant looks at the plant before the other keys: it sets their defaults.
func takePlant(_ *reader, n *node, z *zoneOfFile) {
	plant := usualPlant()
	if at := n.Child("plant"); at != nil && PlantOf(at.Text).Name != "" {
		plant = PlantOf(at.Text)
	}
	*z = freshZone(plant)
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
		z.SensorID = defaultSensorID(r.config.Device, z.Name)
	}
	if z.loss.action == "duty" {
		z.Params.Loss = z.loss.Duty
	}
	z.Params.Heater, z.Params.Cooler = z.Devices.Heater != nil, z.Devices.Cooler != nil
	z.Params.Speed = z.Devices.Sensor.Simulated.Speed // 0 where the room is real
	checkSensors(r, n, z.Devices)
	needsStaleAfter(r, n, z.Devices)
	needsRoom(r, n, z.Devices)
	sound := checkParams(r, n, z.Params, unread)
	z.Devices.Identify(z.SensorID, z.Params)
	if at := n.Child("default_setpoint"); at != nil && at.Kind == yamltree.Mapping {
		z.Configured = true
		checkDefault(r, at, &z.Zone, sound, unread.below("default_setpoint"))
	}
}

// checkSensors complains of a fallback that cannot stand in for the zone's sensor,
// and of sensors that nothing compares.
func checkSensors(r *reader, zone *node, d drivers.Spec) {
	for i, s := range d.Fallbacks {
		item := zone.Child("fallback_sensors").Children[i]
		if s.IsSimulated() && !d.Sensor.IsSimulated() {
			r.complain(item.Child("driver"), "a simulated fallback needs a simulated sensor: it measures that sensor's room")
		}
		if twice(s, append(slices.Clone(d.Fallbacks[:i]), d.Sensor)) {
			r.complain(item, "is a sensor that this zone has already: it cannot stand in for itself")
		}
	}
}

// remotes reports whether one of a zone's sensors is on the broker.
func remotes(spec drivers.Spec) bool {
	return spec.Sensor.IsRemote() || slices.ContainsFunc(spec.Fallbacks, drivers.SensorSpec.IsRemote)
}

// needsStaleAfter demands that the promise of a sensor on the broker is chosen:
// only its owner knows how often it speaks.
func needsStaleAfter(r *reader, zone *node, spec drivers.Spec) {
	if _, given := find(zone, "timing.stale_after"); remotes(spec) && !given {
		r.missing(zone, "timing.stale_after", "is missing: an mqtt sensor needs it, longer than the longest pause between two of its readings; the heat goes off that long after the last")
	}
}

// needsRoom complains of a simulated relay where the sensor is real: it has no room to heat.
func needsRoom(r *reader, zone *node, d drivers.Spec) {
	if d.Sensor.Driver == "" || d.Sensor.IsSimulated() {
		return
	}
	for _, key := range []string{"heater", "cooler", "safety_relay"} {
		if at := zone.Child(key).Child("driver"); at != nil && drivers.RelayDriverOf(at.Text).Simulated {
			r.complain(at, "a simulated relay needs a simulated sensor, whose room it heats or cools: the zone's is %s", Shown(d.Sensor.Driver))
		}
	}
}

// checkParams holds the constants of a zone to the law. It reports whether a
// setpoint can be held against them.
func checkParams(r *reader, zone *node, p controlloop.Params, unread badKeys) (sound bool) {
	wrong := slices.Clone(unread)
	for _, v := range p.Validate() {
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
	if n.Child("mode") == nil {
		z.Default.Mode = z.Params.UsualMode()
	}
	s := z.Default
	if unread.has("mode") {
		s.Mode = controlloop.ModeOff
	}
	if math.IsNaN(s.Desired) && n.Child("desired") == nil && s.Mode != controlloop.ModeOff {
		r.missing(n, "desired", "is missing: every mode but off needs it")
		unread = append(unread, "desired")
	}
	if !sound {
		unread = append(unread, "desired")
	}
	for _, v := range z.Params.CheckSetpoint(s) {
		switch {
		case slices.ContainsFunc(strings.Fields(v.Field), unread.has):
		case strings.Contains(v.Field, " "): // a sum of two has no key of its own
			r.complain(n, "%s: %s %s", v.Field, v.Value, v.Bound)
		default:
			r.complainOfField(n, v.Field, "%s %s", v.Value, v.Bound)
		}
	}
}
