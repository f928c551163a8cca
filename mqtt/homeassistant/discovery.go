// Package homeassistant makes the discovery documents: what Home Assistant must
// know of an agent and of its zones.
package homeassistant

import (
	"strings"

	"thermostat/controlloop"
	"thermostat/mqtt/setpoint"
	"thermostat/mqtt/wire"
)

// usualOnlineTopic is Home Assistant's default, whatever its discovery prefix is.
const usualOnlineTopic = "homeassistant/status"

// OnlineTopics are the topics on which Home Assistant says that it is online (its birth
// message): the one that is configured, else the usual ones for a discovery prefix.
func OnlineTopics(configured, discovery string) []string {
	if configured != "" {
		return []string{configured}
	}
	return []string{discovery + "/status", usualOnlineTopic}
}

// Discovery makes what Home Assistant must know: one device for the agent and
// one for each zone, by device-based MQTT discovery.
type Discovery struct {
	topics  wire.Topics
	device  string // the agent's name
	version string
}

// NewDiscovery makes the documents of one agent.
func NewDiscovery(t wire.Topics, device, version string) Discovery {
	return Discovery{t, device, version}
}

// Device is the payload of one config topic. Home Assistant refuses
// all of it for one key here, in device or in origin that it does not know.
type Device struct {
	Device       discoveryInfo     `json:"device"`
	Origin       discoveryOrigin   `json:"origin"`
	Availability string            `json:"availability_topic,omitempty"`
	QoS          int               `json:"qos"`
	Components   map[string]entity `json:"components"`
}

type discoveryInfo struct {
	Identifiers  []string `json:"identifiers"`
	Name         string   `json:"name"`
	Manufacturer string   `json:"manufacturer"`
	Model        string   `json:"model"`
	Version      string   `json:"sw_version,omitempty"`
	Via          string   `json:"via_device,omitempty"`
}

type discoveryOrigin struct {
	Name    string `json:"name"`
	Version string `json:"sw_version"`
}

// entity is one component, by Home Assistant's own key names.
type entity map[string]any

// discoveryID makes of a topic a name that Home Assistant allows in its own
// topics, [a-zA-Z0-9_-]. No two topics give the same one: _ becomes __, / becomes _-.
func discoveryID(topic string) string {
	return strings.NewReplacer("_", "__", "/", "_-").Replace(topic)
}

// id is the name of a zone's device, or of the agent's own where zone is empty.
// No zone has upper case in its name, so the two are never the same.
func (d Discovery) id(zone string) string {
	if zone == "" {
		zone = "AGENT"
	}
	return discoveryID(d.topics.Base + "/" + zone)
}

// Config is the discovery topic of a zone, or of the agent where zone is empty.
func (d Discovery) Config(prefix, zone string) string {
	return prefix + "/device/" + d.id(zone) + "/config"
}

func (d Discovery) origin() discoveryOrigin { return discoveryOrigin{"thermostat", d.version} }

// Agent is the agent's own device; restart tells whether it obeys that button.
func (d Discovery) Agent(restart bool) Device {
	id := d.id("")
	p := parts{id: id, state: d.topics.Info(), available: d.topics.Status(), all: map[string]entity{}}
	p.show("problem", "problem", true, problemSensor())
	p.show("faults", "problem_text", true, faultsSensor())
	p.show("started", "started_at", true, entity{
		"platform": "sensor", "name": "Last start", "device_class": "timestamp", "entity_category": "diagnostic",
	})
	p.add("restart", restart, entity{
		"platform": "button", "name": "Restart", "device_class": "restart", "entity_category": "config",
		"command_topic": d.topics.Restart(),
	})
	p.available = "" // who tells of the connection must be there without it
	p.add("connection", true, entity{
		"platform": "binary_sensor", "name": "Connection", "device_class": "connectivity", "entity_category": "diagnostic",
		"state_topic": d.topics.Status(), "payload_on": "online", "payload_off": "offline",
	})
	return Device{
		Device:     discoveryInfo{Identifiers: []string{id}, Name: d.device, Manufacturer: "thermostat", Model: "agent", Version: d.version},
		Origin:     d.origin(),
		QoS:        1,
		Components: p.all,
	}
}

// Zone is the device of one zone. Its availability is the agent's connection and
// not the sensor's health: the heat can be switched off while the sensor is
// dead. No sensor needs to expire: without a fresh reading the state says null,
// and without an agent the broker says offline.
func (d Discovery) Zone(z setpoint.Zone, both bool) Device {
	id := d.id(z.Name)
	p := parts{id: id, state: d.topics.State(z.Name), all: map[string]entity{}}
	p.add("climate", true, d.climate(z, both))
	p.addSensors(z)
	p.addOutput("heat_call", "Heat call", "heater", "Heater", z.Params.Heater)
	p.addOutput("cool_call", "Cool call", "cooler", "Cooler", z.Params.Cooler)
	p.add("clear", true, entity{
		"platform": "button", "name": "Clear faults", "entity_category": "config", "command_topic": d.topics.Set(z.Name, "clear"),
	})
	return Device{
		Device:       discoveryInfo{Identifiers: []string{id}, Name: z.Name, Manufacturer: "thermostat", Model: "zone", Via: d.id("")},
		Origin:       d.origin(),
		Availability: d.topics.Status(),
		QoS:          1,
		Components:   p.all,
	}
}

// Whole is a device with every component that it can ever have had.
func (d Discovery) Whole(zone string) Device {
	if zone == "" {
		return d.Agent(true)
	}
	all := d.Zone(setpoint.Zone{Name: zone, Humidity: true, Params: controlloop.Params{Heater: true, Cooler: true, DesiredMin: 5, DesiredMax: 28}}, true)
	all.Device.Via = "" // that one may be gone, too
	return all
}
