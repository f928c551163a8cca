package homeassistant

import (
	"thermostat/controlloop"
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

// show adds a sensor that shows one key of the state.
func (p parts) show(name, key string, has bool, e entity) {
	e["state_topic"], e["value_template"] = p.state, template(key)
	p.add(name, has, e)
}

// template takes one key out of a JSON state; null gives None, which Home
// Assistant knows as unknown.
func template(key string) string { return "{{ value_json." + key + " }}" }

// climate is the thermostat itself. Its name is null: it has the device's. Whether it
// offers heat_cool hangs on the deltas in force: what is always refused is not offered.
func (d Discovery) climate(z setpoint.Zone, both bool) entity {
	state := d.topics.State(z.Name)
	e := entity{
		"platform": "climate", "name": nil,
		"modes":              zoneModes(z.Params, both),
		"mode_command_topic": d.topics.Set(z.Name, "mode"), "mode_state_topic": state, "mode_state_template": template("mode"),
		"temperature_command_topic": d.topics.Set(z.Name, "desired"),
		"temperature_state_topic":   state, "temperature_state_template": template("desired"),
		"current_temperature_topic": state, "current_temperature_template": template("temperature"),
		"action_topic": state, "action_template": template("action"),
		"min_temp": z.Params.DesiredMin, "max_temp": z.Params.DesiredMax, "temp_step": 0.5, "precision": 0.1,
		"temperature_unit": "C",
	}
	if z.Humidity {
		e["current_humidity_topic"], e["current_humidity_template"] = state, template("humidity")
	}
	return e
}

// zoneModes are the modes that a zone's relays allow.
func zoneModes(p controlloop.Params, both bool) []string {
	modes := []string{controlloop.ModeOff.String()}
	if p.Heater {
		modes = append(modes, controlloop.ModeHeat.String())
	}
	if p.Cooler {
		modes = append(modes, controlloop.ModeCool.String())
	}
	if both {
		modes = append(modes, controlloop.ModeHeatCool.String())
	}
	return modes
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

// addOutput adds what is shown of a heater or cooler: key is its name in the
// state, and what its counters' names begin with.
func (p parts) addOutput(call, callName, key, name string, has bool) {
	p.show(call, key, has, entity{
		"platform": "binary_sensor", "name": callName, "device_class": "running", "payload_on": "on", "payload_off": "off",
	})
	p.show(key+"_runtime", key+"_runtime_h", has, entity{
		"platform": "sensor", "name": name + " runtime", "device_class": "duration", "unit_of_measurement": "h",
		"state_class": "total_increasing", "suggested_display_precision": 1, "entity_category": "diagnostic",
	})
	p.show(key+"_cycles", key+"_cycles", has, entity{
		"platform": "sensor", "name": name + " cycles", "state_class": "total_increasing", "entity_category": "diagnostic",
	})
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
