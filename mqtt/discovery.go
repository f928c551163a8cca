package mqtt

import (
	"strings"

	"thermostat/controlloop"
)

// usualBirth is Home Assistant's default, whatever its discovery prefix is.
const usualBirth = "homeassistant/status"

// Births are the topics on which Home Assistant says that it is there: the one
// that is configured, else the usual ones for a discovery prefix.
func Births(configured, discovery string) []string {
	if configured != "" {
		return []string{configured}
	}
	return []string{discovery + "/status", usualBirth}
}

// discovery makes what Home Assistant must know: one device for the agent and
// one for each zone, by device-based MQTT discovery.
type discovery struct {
	topics  topics
	device  string // the agent's name
	version string
}

// newDiscovery makes the documents of one agent.
func newDiscovery(t topics, device, version string) discovery { return discovery{t, device, version} }

// discoveryDevice is the payload of one config topic. Home Assistant refuses
// all of it for one key here, in device or in origin that it does not know.
type discoveryDevice struct {
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
func (d discovery) id(zone string) string {
	if zone == "" {
		zone = "AGENT"
	}
	return discoveryID(d.topics.base + "/" + zone)
}

// config is the discovery topic of a zone, or of the agent where zone is empty.
func (d discovery) config(prefix, zone string) string {
	return prefix + "/device/" + d.id(zone) + "/config"
}

func (d discovery) origin() discoveryOrigin { return discoveryOrigin{"thermostat", d.version} }

// agent is the agent's own device; restart tells whether it obeys that button.
func (d discovery) agent(restart bool) discoveryDevice {
	id := d.id("")
	p := parts{id: id, state: d.topics.info(), available: d.topics.status(), all: map[string]entity{}}
	p.show("problem", "problem", true, problemSensor())
	p.show("faults", "problem_text", true, faultsSensor())
	p.show("started", "started_at", true, entity{
		"platform": "sensor", "name": "Last start", "device_class": "timestamp", "entity_category": "diagnostic",
	})
	p.add("restart", restart, entity{
		"platform": "button", "name": "Restart", "device_class": "restart", "entity_category": "config",
		"command_topic": d.topics.restart(),
	})
	p.available = "" // who tells of the connection must be there without it
	p.add("connection", true, entity{
		"platform": "binary_sensor", "name": "Connection", "device_class": "connectivity", "entity_category": "diagnostic",
		"state_topic": d.topics.status(), "payload_on": "online", "payload_off": "offline",
	})
	return discoveryDevice{
		Device:     discoveryInfo{Identifiers: []string{id}, Name: d.device, Manufacturer: "thermostat", Model: "agent", Version: d.version},
		Origin:     d.origin(),
		QoS:        1,
		Components: p.all,
	}
}

// zone is the device of one zone. Its availability is the agent's connection and
// not the sensor's health: the heat can be switched off while the sensor is
// dead. No sensor needs to expire: without a fresh reading the state says null,
// and without an agent the broker says offline.
func (d discovery) zone(z Zone, both bool) discoveryDevice {
	id := d.id(z.Name)
	p := parts{id: id, state: d.topics.state(z.Name), all: map[string]entity{}}
	p.add("climate", true, d.climate(z, both))
	p.addSensors(z)
	p.addOutput("heat_call", "Heat call", "heater", "Heater", z.Params.Heater)
	p.addOutput("cool_call", "Cool call", "cooler", "Cooler", z.Params.Cooler)
	p.add("clear", true, entity{
		"platform": "button", "name": "Clear faults", "entity_category": "config", "command_topic": d.topics.set(z.Name, "clear"),
	})
	return discoveryDevice{
		Device:       discoveryInfo{Identifiers: []string{id}, Name: z.Name, Manufacturer: "thermostat", Model: "zone", Via: d.id("")},
		Origin:       d.origin(),
		Availability: d.topics.status(),
		QoS:          1,
		Components:   p.all,
	}
}

// whole is a device with every component that it can ever have had.
func (d discovery) whole(zone string) discoveryDevice {
	if zone == "" {
		return d.agent(true)
	}
	all := d.zone(Zone{Name: zone, Humidity: true, Params: controlloop.Params{Heater: true, Cooler: true, DesiredMin: 5, DesiredMax: 28}}, true)
	all.Device.Via = "" // that one may be gone, too
	return all
}
