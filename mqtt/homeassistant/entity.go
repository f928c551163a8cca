package homeassistant

import (
	"fmt"
	"strings"

	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/mqtt/setpoint"
)

// parts collects the components of one device.
type parts struct {
	id    string // of the device
	state string // the topic of the JSON that its sensors show
	all   map[string]entity

	available string // topic of the components' own availability; empty: the device's
}

// add adds a component, or that the device does not have it.
func (p parts) add(name string, has bool, e entity) {
	if !has {
		p.all[name] = absent(e["platform"].(string))
		return
	}
	e["unique_id"] = p.id + "_-" + name
	if p.available != "" {
		e["availability_topic"] = p.available
	}
	p.all[name] = e
}

// absent is a component that a device does not have. Home Assistant removes one
// that it had until now, and does not mind one that it never had.
func absent(platform string) entity { return entity{"platform": platform} }

// nameBy has Home Assistant make new entities' ids of the zone's name, as without a title:
// climate.living_room, sensor.living_room_heat_call. Ids that it has given already stay.
func (p parts) nameBy(zone string) {
	for _, e := range p.all {
		if e["unique_id"] == nil {
			continue // it is taken back
		}
		id := e["platform"].(string) + "." + zone
		if name, ok := e["name"].(string); ok {
			id += "_" + strings.ToLower(name)
		}
		e["default_entity_id"] = strings.NewReplacer("-", "_", " ", "_").Replace(id)
	}
}

// show adds a sensor that shows one key of the state.
func (p parts) show(name, key string, has bool, e entity) {
	p.showBy(template(key), name, has, e)
}

// showBy adds a sensor that shows what a template makes of the state.
func (p parts) showBy(template, name string, has bool, e entity) {
	e["state_topic"], e["value_template"] = p.state, template
	p.add(name, has, e)
}

// template takes one key out of a JSON state; null gives None, which Home
// Assistant knows as unknown.
func template(key string) string { return "{{ value_json." + key + " }}" }

// actionTemplate gives the action, but while a room is heated for a time to come that.
const actionTemplate = "{{ 'preheating' if value_json.reason == 'preheat' else value_json.action }}"

// climate is the thermostat itself. Its name is null: it has the device's.
func (d Discovery) climate(z setpoint.Zone, is Offer) entity {
	state := d.topics.State(z.Name)
	e := entity{
		"platform": "climate", "name": nil,
		"modes":              zoneModes(z, is),
		"mode_command_topic": d.topics.Set(z.Name, "mode"), "mode_state_topic": state, "mode_state_template": template("mode"),
		"power_command_topic":       d.topics.Set(z.Name, "power"), // else on is the first mode that Home Assistant likes
		"temperature_command_topic": d.topics.Set(z.Name, "desired"),
		"temperature_state_topic":   state, "temperature_state_template": template("desired"),
		"current_temperature_topic": state, "current_temperature_template": template("temperature"),
		"action_topic": state, "action_template": actionTemplate,
		// A bound that is converted to °F and back must not be past itself.
		"min_temp": z.Params.DesiredMin - setpoint.Rounding, "max_temp": z.Params.DesiredMax + setpoint.Rounding, "temp_step": 0.5, "precision": 0.1,
		"temperature_unit": "C",
	}
	if z.Humidity {
		e["current_humidity_topic"], e["current_humidity_template"] = state, template("humidity")
	}
	if presets := strings.Fields(is.Presets); len(presets) > 0 {
		e["preset_modes"] = presets // Home Assistant adds none by itself
		e["preset_mode_command_topic"] = d.topics.Set(z.Name, "preset")
		e["preset_mode_state_topic"], e["preset_mode_value_template"] = state, presetTemplate(presets)
	}
	return e
}

// presetTemplate gives the preset that is aimed at. A control may name one that the zone
// does not have, such as a boost without a preset for it: that is none here.
func presetTemplate(presets []string) string {
	return fmt.Sprintf("{{ value_json.preset if value_json.preset in ['%s'] else 'none' }}", strings.Join(presets, "', '"))
}

// zoneModes are the modes that a zone's relays allow, and those that it offers.
func zoneModes(z setpoint.Zone, is Offer) []string {
	p, modes := z.Params, []string{controlloop.ModeOff.String()}
	if p.Heater {
		modes = append(modes, controlloop.ModeHeat.String())
	}
	if p.Cooler {
		modes = append(modes, controlloop.ModeCool.String())
	}
	if is.Both {
		modes = append(modes, controlloop.ModeHeatCool.String())
	}
	if is.Auto {
		modes = append(modes, controlloop.ModeAuto.String())
	}
	return modes
}

// button is one that says an empty text on one of the zone's set topics.
func (d Discovery) button(zone, what, name string) entity {
	return entity{"platform": "button", "name": name, "command_topic": d.topics.Set(zone, what), "payload_press": ""}
}

func (p parts) addSensors(z setpoint.Zone) {
	p.show("temperature", "temperature", true, entity{
		"platform": "sensor", "name": "Temperature", "device_class": "temperature",
		"unit_of_measurement": "°C", "state_class": "measurement", "suggested_display_precision": 1,
	})
	p.show("humidity", "humidity", z.Humidity, entity{
		"platform": "sensor", "name": "Humidity", "device_class": "humidity",
		"unit_of_measurement": "%", "state_class": "measurement", "suggested_display_precision": 0,
	})
	p.show("problem", "problem", true, problemSensor())
	p.show("faults", "problem_text", true, faultsSensor())
	p.show("reason", "reason", true, entity{
		"platform": "sensor", "name": "Reason", "device_class": "enum", "options": controlloop.Reasons(),
		"entity_category": "diagnostic", "enabled_by_default": false,
	})
	p.show("sensor_age", "reading_age_s", true, entity{
		"platform": "sensor", "name": "Sensor age", "device_class": "duration", "unit_of_measurement": "s",
		"state_class": "measurement", "entity_category": "diagnostic", "enabled_by_default": false,
	})
}

// addComfort adds what chose the temperature, and when a program changes it next.
func (p parts) addComfort(program bool) {
	p.show("target", "target", true, entity{
		"platform": "sensor", "name": "Target", "device_class": "enum", "options": comfort.Targets(),
	})
	p.showBy(nextTemplate, "next_change", program, entity{"platform": "sensor", "name": "Next change", "device_class": "timestamp"})
}

// nextTemplate gives the moment of the next transition: None of null, of which no
// moment can be asked.
const nextTemplate = "{{ value_json.next.at if value_json.next else None }}"

// addOutput adds what is shown of a heater or cooler: key is its name in the
// state, and what its counters' names begin with.
func (p parts) addOutput(call, callName, key, name string, has bool) {
	p.show(call, key, has, runs(callName))
	p.show(key+"_runtime", key+"_runtime_h", has, runtimeSensor(name+" runtime"))
	p.show(key+"_cycles", key+"_cycles", has, cyclesSensor(name+" cycles"))
}

// runs shows whether something that a relay switches does.
func runs(name string) entity {
	return entity{"platform": "binary_sensor", "name": name, "device_class": "running", "payload_on": "on", "payload_off": "off"}
}

func runtimeSensor(name string) entity {
	return entity{
		"platform": "sensor", "name": name, "device_class": "duration", "unit_of_measurement": "h",
		"state_class": "total_increasing", "suggested_display_precision": 1, "entity_category": "diagnostic",
	}
}

func cyclesSensor(name string) entity {
	return entity{"platform": "sensor", "name": name, "state_class": "total_increasing", "entity_category": "diagnostic"}
}

func problemSensor() entity {
	return entity{
		"platform": "binary_sensor", "name": "Problem", "device_class": "problem", "entity_category": "diagnostic",
		"payload_on": "on", "payload_off": "off",
	}
}

func faultsSensor() entity {
	return entity{"platform": "sensor", "name": "Faults", "entity_category": "diagnostic"}
}
