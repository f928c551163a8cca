package config

import (
	"regexp"

	"thermostat/drivers"
)

var ZoneForm = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)

// readZones reads the zones; none at all is valid.
func (r *reader) readZones(n *node, c *Config) {
	u := &unique{reader: r, names: map[string]*node{}, ids: map[int32]idOwner{}, topics: map[string]*node{}, buses: busUsers{i2c: map[int]*node{}}}
	for _, item := range r.items(n) {
		var z Zone
		if r.readZone(item, c.Device, &z) {
			u.add(item, z)
		}
		c.Zones = append(c.Zones, z)
	}
	u.checkPins()
}

// readZone reports whether there was a mapping to read.
func (r *reader) readZone(n *node, device string, z *Zone) bool {
	if !r.isMapping(n, "name", "sensor_id", "plant", "sensor", "fallback_sensors", "max_disagreement",
		"heater", "cooler", "safety_relay", "default_setpoint", "limits", "timing", "on_sensor_loss") {
		return false
	}
	r.readIdentity(n, device, z)
	z.Plant = "boiler"
	r.oneOf(n.child("plant"), &z.Plant, Plants()...)
	z.Params = ParamsOf(z.Plant)
	r.readDevices(n, z)
	sound := r.readParams(n, &z.Params)
	z.Devices.Identify(z.SensorID, z.Params)
	r.readSetpoint(n.child("default_setpoint"), sound, z)
	return true
}

func (r *reader) readIdentity(n *node, device string, z *Zone) {
	if n.child("name") == nil {
		r.missing(n, "name", "is missing: each dash begins another zone, so take this one away if its keys belong to the zone above, else write - name: and a name")
	}
	r.spelled(n.child("name"), &z.Name, ZoneForm, zoneNameIs, zoneWord)
	z.SensorID = defaultSensorID(device, z.Name)
	if id := n.child("sensor_id"); id != nil {
		x, _ := r.whole(id, 1, 1<<31-1)
		z.SensorID = int32(x) // 0 where it is bad, which was complained of
	}
}

// unique finds what two zones share and must not.
type unique struct {
	*reader
	names  map[string]*node
	ids    map[int32]idOwner
	lines  []lineOwner
	topics map[string]*node
	buses  busUsers

	sensors []sensorOwner
}

type lineOwner struct {
	relay *node
	gpio  drivers.GPIO
}

type idOwner struct {
	zone *node
	name string
}

func (u *unique) add(n *node, z Zone) {
	u.addSensor(n.child("sensor"), z)
	u.addRelay(n.child("heater"), z.Devices.Heater)
	u.addRelay(n.child("cooler"), z.Devices.Cooler)
	u.addRelay(n.child("safety_relay"), z.Devices.Safety)
	u.addSensors(n, z)
	if z.Name == "" {
		return // complained of, and the default number hangs on the name
	}
	other := u.names[z.Name]
	if other != nil {
		u.complain(n.child("name"), "%q is also the name of %s", z.Name, other.path())
	} else {
		u.names[z.Name] = n
	}
	if other == nil || n.child("sensor_id") != nil {
		u.addID(n, z)
	}
}

func (u *unique) addRelay(n *node, relay *drivers.RelaySpec) {
	u.addLine(n, relay)
	u.addTopic(n, relay)
}

// addLine finds a GPIO line that two relays would fight for.
func (u *unique) addLine(n *node, relay *drivers.RelaySpec) {
	if relay == nil || relay.GPIO.Line == "" {
		return
	}
	for _, other := range u.lines {
		if relay.GPIO.SameLine(other.gpio) {
			u.complain(n.child("line"), "%s is also the line of %s: each relay needs one of its own", relay.GPIO, other.relay.path())
			return
		}
	}
	u.lines = append(u.lines, lineOwner{n, relay.GPIO})
}

func (u *unique) addID(n *node, z Zone) {
	if z.SensorID == 0 {
		return
	}
	owner, taken := u.ids[z.SensorID]
	if !taken {
		u.ids[z.SensorID] = idOwner{n, z.Name}
		return
	}
	at, _ := find(n, "sensor_id")
	u.complainOf(at, join(n.path(), "sensor_id"), "%d of %s is also that of %s (%s)", z.SensorID, z.Name, owner.zone.path(), owner.name)
}
