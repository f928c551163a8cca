// Package unique finds what two zones or sources of a file share and must not: names,
// numbers, lines, relays of a board, topics, and wires of a bus that a sensor is on.
package unique

import (
	"fmt"

	"thermostat/agent/config/yamltree"
	"thermostat/agent/devices"
	"thermostat/drivers"
	"thermostat/drivers/modbus"
)

// Zone is what is looked at of a zone.
type Zone struct {
	Name     string       // empty: it has been complained of
	SensorID int32        // 0: it could not be read
	Devices  devices.Zone // those that could be read
}

// Tell takes one finding: at is the value or, with a key, the mapping that has it or should.
type Tell func(at *yamltree.Node, key, text string, warning bool)

func (u *Finder) complain(at *yamltree.Node, format string, args ...any) {
	u.tell(at, "", fmt.Sprintf(format, args...), false)
}

func (u *Finder) complainOfField(n *yamltree.Node, key, format string, args ...any) {
	u.tell(n, key, fmt.Sprintf(format, args...), false)
}

func (u *Finder) warn(at *yamltree.Node, format string, args ...any) {
	u.tell(at, "", fmt.Sprintf(format, args...), true)
}

// Finder finds what two zones share and must not. Make one with [New].
type Finder struct {
	tell   Tell
	names  map[string]*yamltree.Node
	ids    map[int32]*yamltree.Node
	lines  []lineOwner
	topics map[string]*yamltree.Node
	buses  busUsers

	sensors []sensorOwner
}

type lineOwner struct {
	at   *yamltree.Node
	gpio drivers.GPIO
	coil modbus.Address
}

// New makes a finder that has seen nothing.
func New(tell Tell) *Finder {
	return &Finder{tell: tell, names: map[string]*yamltree.Node{}, ids: map[int32]*yamltree.Node{}, topics: map[string]*yamltree.Node{}, buses: busUsers{i2c: map[int]*yamltree.Node{}}}
}

// Add takes a zone in, and tells what it shares with those before it.
func (u *Finder) Add(n *yamltree.Node, z Zone) {
	u.addSensor(n.Child("sensor"), z)
	u.AddRelay(n.Child("heater"), z.Devices.Heater)
	u.AddRelay(n.Child("cooler"), z.Devices.Cooler)
	u.AddRelay(n.Child("safety_relay"), z.Devices.Safety)
	if contact := z.Devices.Contact; contact != nil {
		u.addLine(n.Child("window").Child("contact"), contact.GPIO.GPIO)
	}
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

// AddRelay takes a relay in; nil is none. Those of sources are nobody's but theirs.
func (u *Finder) AddRelay(n *yamltree.Node, relay *devices.Relay) {
	if relay != nil {
		u.addLine(n, relay.GPIO)
		if board := relay.Modbus; board != nil {
			u.addCoil(n, board.Address)
		}
	}
	u.addTopic(n, relay)
}

// addCoil finds a board's relay that two devices would fight for, and two speeds of one port.
func (u *Finder) addCoil(n *yamltree.Node, a modbus.Address) {
	if a.Port == "" {
		return
	}
	for _, other := range u.lines {
		if key, text := a.Clash(other.coil); key != "" {
			u.complainOfField(n, key, text, other.at.Path())
			return
		}
	}
	u.lines = append(u.lines, lineOwner{at: n, coil: a})
}

// addLine finds a GPIO line that two devices would fight for.
func (u *Finder) addLine(n *yamltree.Node, line drivers.GPIO) {
	if line.Line == "" {
		return
	}
	for _, other := range u.lines {
		if line.SameLine(other.gpio) {
			u.complain(n.Child("line"), "%s is also the line of %s: each needs one of its own", line, other.at.Path())
			return
		}
	}
	u.lines = append(u.lines, lineOwner{at: n, gpio: line})
}

func (u *Finder) addID(n *yamltree.Node, z Zone) {
	if z.SensorID == 0 {
		return
	}
	owner := u.ids[z.SensorID]
	if owner == nil {
		u.ids[z.SensorID] = n
		return
	}
	u.complainOfField(n, "sensor_id", "%d of %s is also that of %s (%s)", z.SensorID, z.Name, owner.Path(), owner.Child("name").Text)
}

// addTopic finds a relay on the broker that two zones would command.
func (u *Finder) addTopic(n *yamltree.Node, relay *devices.Relay) {
	if relay == nil || relay.Broker.Topic == "" {
		return
	}
	if other := u.topics[relay.Broker.Topic]; other != nil {
		u.complain(n.Child("topic"), "%s is also the topic of %s", fmt.Sprintf("%q", yamltree.Shortened(relay.Broker.Topic)), other.Path())
		return
	}
	u.topics[relay.Broker.Topic] = n
}

// sensorOwner is a zone's own sensor on this board.
type sensorOwner struct {
	zone   string
	sensor devices.Sensor
}

// addSensor finds two zones that go by one chip: mostly a line that was copied.
// Another zone's sensor as a fallback is a choice.
func (u *Finder) addSensor(n *yamltree.Node, z Zone) {
	spec := z.Devices.Sensor
	if spec.ChipKey() == "" {
		return
	}
	for _, o := range u.sensors {
		if !spec.Same(o.sensor) {
			continue
		}
		at := n.Child(spec.ChipKey())
		if at == nil {
			at = n // the key has a default
		}
		u.warn(at, "is also the sensor of zone %s: both zones go by one place's temperature; where this one has a sensor of its own, write that (thermostat probe lists them)", o.zone)
		return
	}
	u.sensors = append(u.sensors, sensorOwner{z.Name, spec})
}
