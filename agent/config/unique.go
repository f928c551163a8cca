package config

import (
	"cmp"
	"fmt"
	"slices"

	"thermostat/drivers"
	"thermostat/mqtt/device"
)

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

func newUnique(r *reader) *unique {
	return &unique{reader: r, names: map[string]*node{}, ids: map[int32]idOwner{}, topics: map[string]*node{}, buses: busUsers{i2c: map[int]*node{}}}
}

func (u *unique) add(n *node, z Zone) {
	u.addSensor(n.Child("sensor"), z)
	u.addRelay(n.Child("heater"), z.Devices.Heater)
	u.addRelay(n.Child("cooler"), z.Devices.Cooler)
	u.addRelay(n.Child("safety_relay"), z.Devices.Safety)
	u.addSensors(n, z)
	if z.Name == "" {
		return // complained of, and the default number hangs on the name
	}
	other := u.names[z.Name]
	if other != nil {
		u.complain(n.Child("name"), "%q is also the name of %s", z.Name, other.Path())
	} else {
		u.names[z.Name] = n
	}
	if other == nil || n.Child("sensor_id") != nil {
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
			u.complain(n.Child("line"), "%s is also the line of %s: each relay needs one of its own", relay.GPIO, other.relay.Path())
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
	u.complainOfField(n, "sensor_id", "%d of %s is also that of %s (%s)", z.SensorID, z.Name, owner.zone.Path(), owner.name)
}

// addTopic finds a relay on the broker that two zones would command.
func (u *unique) addTopic(n *node, relay *drivers.RelaySpec) {
	if relay == nil || relay.Remote.Topic == "" {
		return
	}
	if other := u.topics[relay.Remote.Topic]; other != nil {
		u.complain(n.Child("topic"), "%s is also the topic of %s", Shown(relay.Remote.Topic), other.Path())
		return
	}
	u.topics[relay.Remote.Topic] = n
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
