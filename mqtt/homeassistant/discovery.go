// Package homeassistant makes the discovery documents: what Home Assistant must
// know of an agent, of its zones and of the sources that these share.
package homeassistant

import (
	"cmp"
	"strings"

	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
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

// Discovery makes what Home Assistant must know: one device for the agent, one for
// each zone and one for each source, by device-based MQTT discovery.
type Discovery struct {
	topics  wire.Topics
	device  string // the agent's name
	version string
	page    string // where the agent's page is; empty: nobody can be told
}

// NewDiscovery makes the documents of one agent. page is the address of its page; empty: none.
func NewDiscovery(t wire.Topics, device, version, page string) Discovery {
	return Discovery{t, device, version, page}
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
	Area         string   `json:"suggested_area,omitempty"`    // counts where a person has chosen none
	Page         string   `json:"configuration_url,omitempty"` // Home Assistant's Visit
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

// id is the name of a device. Neither a zone nor a source has upper case in its name, so no
// two are the same, also of a zone that has the name of a source that is gone.
func (d Discovery) id(a Announced) string {
	name := "AGENT"
	switch {
	case a.Zone != "":
		name = a.Zone
	case a.Source != "":
		name = a.Source + "/SOURCE"
	}
	return discoveryID(d.topics.Base + "/" + name)
}

// Config is the discovery topic of a device.
func (d Device) Config(prefix string) string {
	return prefix + "/device/" + d.Device.Identifiers[0] + "/config"
}

func (d Discovery) origin() discoveryOrigin { return discoveryOrigin{"thermostat", d.version} }

// Agent is the agent's own device; restart tells whether it obeys that button, away
// whether there is a zone from which people can go away.
func (d Discovery) Agent(restart, away bool) Device {
	id := d.id(Announced{})
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
	p.show("away", "away", away, entity{
		"platform": "switch", "name": "Away", "command_topic": d.topics.Away(),
		"state_on": "True", "state_off": "False", // as a template writes JSON's true and false
	})
	p.available = "" // who tells of the connection must be there without it
	p.add("connection", true, entity{
		"platform": "binary_sensor", "name": "Connection", "device_class": "connectivity", "entity_category": "diagnostic",
		"state_topic": d.topics.Status(), "payload_on": "online", "payload_off": "offline",
	})
	return Device{
		Device:     discoveryInfo{Identifiers: []string{id}, Name: d.device, Manufacturer: "thermostat", Model: "agent", Version: d.version, Page: d.page},
		Origin:     d.origin(),
		QoS:        1,
		Components: p.all,
	}
}

// Offer is what a zone offers that may change while the agent runs: what is always
// refused is not offered, and what a state may say is.
type Offer struct {
	Both    bool   // mode heat_cool is accepted with the deltas in force, or shown
	Auto    bool   // there is a program, or mode auto is shown without one
	Program bool   // there is a program
	Presets string // their names, parted by blanks
}

// Zone is the device of one zone. Its availability is the agent's connection and
// not the sensor's health: the heat can be switched off while the sensor is
// dead. No sensor needs to expire: without a fresh reading the state says null,
// and without an agent the broker says offline.
func (d Discovery) Zone(z setpoint.Zone, is Offer) Device {
	id := d.id(Announced{Zone: z.Name})
	p := parts{id: id, state: d.topics.State(z.Name), all: map[string]entity{}}
	p.add("climate", true, d.climate(z, is))
	p.addSensors(z)
	p.addComfort(is.Program)
	p.show("window", "window", z.Comfort.Window.Contact || z.Comfort.Window.BySlope, entity{
		"platform": "binary_sensor", "name": "Window", "device_class": "window", "payload_on": "open", "payload_off": "closed",
	})
	p.addOutput("heat_call", "Heat call", "heater", "Heater", z.Params.Heater)
	p.addOutput("cool_call", "Cool call", "cooler", "Cooler", z.Params.Cooler)
	p.add("clear", true, entity{
		"platform": "button", "name": "Clear faults", "entity_category": "config", "command_topic": d.topics.Set(z.Name, "clear"),
	})
	p.add("boost", true, d.button(z.Name, "boost", "Boost"))
	p.add("resume", true, d.button(z.Name, "resume", "Resume"))
	if z.Title != "" {
		p.nameBy(z.Name)
	}
	return Device{
		Device: discoveryInfo{
			Identifiers: []string{id}, Name: cmp.Or(z.Title, z.Name), Manufacturer: "thermostat", Model: "zone", Via: d.id(Announced{}),
			Area: areaOf(z), Page: d.pageOf(z.Name),
		},
		Origin:       d.origin(),
		Availability: d.topics.Status(),
		QoS:          1,
		Components:   p.all,
	}
}

// areaOf is the room that a zone is: its title, or its name as people write it, for Home
// Assistant has Living room where a zone is living-room. A fridge is none.
func areaOf(z setpoint.Zone) string {
	words := strings.TrimSpace(strings.ReplaceAll(z.Name, "-", " "))
	switch {
	case z.Goods, words == "" && z.Title == "":
		return ""
	case z.Title != "":
		return z.Title
	}
	return strings.ToUpper(words[:1]) + words[1:]
}

// pageOf is where the page shows a zone.
func (d Discovery) pageOf(zone string) string {
	if d.page == "" {
		return ""
	}
	return d.page + "#zone-" + zone
}

// Removal is a device whose every component is taken back. An empty message would do
// as well, but Home Assistant warns of each for a device that it does not know.
func (d Discovery) Removal(gone Announced) Device {
	none := d.Whole(gone)
	for name, e := range none.Components {
		none.Components[name] = absent(e["platform"].(string))
	}
	return none
}

// Whole is a device with every component that it can ever have had.
func (d Discovery) Whole(gone Announced) (all Device) {
	switch {
	case gone.Zone != "":
		all = d.Zone(setpoint.Zone{Name: gone.Zone, Humidity: true, Params: controlloop.Params{Heater: true, Cooler: true, DesiredMin: 5, DesiredMax: 28},
			Comfort: comfort.Plan{Window: comfort.Window{Contact: true}}}, Offer{Both: true, Program: true})
	case gone.Source != "":
		all = d.Source(Source{Name: gone.Source, Pump: true})
	default:
		all = d.Agent(true, true)
	}
	all.Device.Via = "" // that one may be gone, too
	return all
}
