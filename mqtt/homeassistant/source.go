package homeassistant

import "thermostat/controlloop/source"

// Source is what Home Assistant must know of a boiler that zones share.
type Source struct {
	Name string
	Pump bool // it has one
}

// Source is the device of a source. It is in no area: a boiler is no room.
func (d Discovery) Source(s Source) Device {
	id := d.id(Announced{Source: s.Name})
	p := parts{id: id, state: d.topics.Source(s.Name), all: map[string]entity{}}
	p.show("heating", "relay", true, runs("Heating"))
	p.show("pump", "pump", s.Pump, runs("Pump"))
	p.show("reason", "reason", true, entity{
		"platform": "sensor", "name": "Reason", "device_class": "enum", "options": source.Reasons(),
	})
	p.showBy("{{ value_json.calling | length }}", "calling", true, entity{
		"platform": "sensor", "name": "Rooms calling", "state_class": "measurement",
		"json_attributes_topic": p.state, "json_attributes_template": "{{ {'rooms': value_json.calling} | tojson }}",
	})
	p.showBy("{{ 'on' if value_json.faults else 'off' }}", "problem", true, problemSensor())
	p.showBy(faultsTemplate, "faults", true, faultsSensor())
	p.show("runtime", "runtime_h", true, runtimeSensor("Runtime"))
	p.show("cycles", "cycles", true, cyclesSensor("Cycles"))
	return Device{
		Device: discoveryInfo{
			Identifiers: []string{id}, Name: s.Name, Manufacturer: "thermostat", Model: "source", Via: d.id(Announced{}), Page: d.page,
		},
		Origin:       d.origin(),
		Availability: d.topics.Status(),
		QoS:          1,
		Components:   p.all,
	}
}

// faultsTemplate writes the faults in one line, within the 255 characters that Home
// Assistant takes, as a zone's state does.
const faultsTemplate = `{{ value_json.faults | map(attribute="text") | join('; ') | truncate(255, true, '…', 0) or 'ok' }}`
