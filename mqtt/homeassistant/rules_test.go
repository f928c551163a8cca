package homeassistant

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"thermostat/controlloop/report"
	"thermostat/mqtt/wire"
)

// What Home Assistant takes, as a table. The facts are those of its source, the
// development version of 2026, below homeassistant/components/mqtt/ unless
// another place is named.

// haTop are the keys beside which a device payload may have none, or all of it
// is refused: schemas.py, DEVICE_DISCOVERY_SCHEMA.
var haTop = keySet{
	required: words("device origin components"),
	optional: words("availability availability_mode availability_template availability_topic payload_available payload_not_available " +
		"state_topic command_topic message_expiry_interval qos encoding"),
}

// haInfo: schemas.py, MQTT_ENTITY_DEVICE_INFO_SCHEMA; it needs an identifier, or a connection, which we have not.
var haInfo = keySet{
	required: words("identifiers"),
	optional: words("connections manufacturer model model_id name hw_version serial_number sw_version via_device suggested_area configuration_url"),
}

// haOrigin: schemas.py, MQTT_ORIGIN_INFO_SCHEMA.
var haOrigin = keySet{required: words("name"), optional: words("sw_version support_url")}

// haCommon are the keys of every component: schemas.py, MQTT_ENTITY_COMMON_SCHEMA
// and check_unique_id; qos and encoding of config.py. The name has no default
// that people want to see, so we must give one.
var haCommon = keySet{
	required: words("platform unique_id name"),
	optional: words("availability availability_mode availability_template availability_topic payload_available payload_not_available " +
		"default_entity_id enabled_by_default entity_category entity_picture icon json_attributes_topic json_attributes_template " +
		"message_expiry_interval visible_by_default qos encoding"),
}

// haPlatform is what one platform knows.
type haPlatform struct {
	keySet
	classes    []string // device_class, where it is given
	categories []string // entity_category, where it is given
}

var haPlatforms = map[string]haPlatform{
	// climate.py, _PLATFORM_SCHEMA_BASE, where every key is optional. Required here:
	// without a state topic a property is what was last asked for, not what is.
	"climate": {keySet{
		required: words("modes mode_command_topic mode_state_topic mode_state_template temperature_command_topic temperature_state_topic " +
			"temperature_state_template current_temperature_topic current_temperature_template action_topic action_template " +
			"min_temp max_temp temp_step precision temperature_unit"),
		optional: words("current_humidity_topic current_humidity_template power_command_topic " +
			"preset_modes preset_mode_command_topic preset_mode_state_topic preset_mode_value_template"),
	}, nil, nil},
	// switch.py; without a state topic it shows what was last asked for.
	"switch": {keySet{
		required: words("command_topic state_topic value_template state_on state_off"),
		optional: words("device_class payload_on payload_off command_template retain optimistic"),
	}, words("outlet switch"), words("config")},
	// sensor.py; device classes of components/sensor/const.py; category config is
	// refused by components/sensor/__init__.py.
	"sensor": {keySet{
		required: words("state_topic value_template"),
		optional: words("device_class unit_of_measurement state_class options suggested_display_precision expire_after force_update"),
	}, words("temperature humidity duration enum timestamp"), words("diagnostic")},
	// binary_sensor.py; device classes of components/binary_sensor/__init__.py, and
	// the same of category config.
	"binary_sensor": {keySet{
		required: words("state_topic payload_on payload_off"),
		optional: words("device_class value_template expire_after force_update off_delay"),
	}, words("running problem connectivity heat cold window"), words("diagnostic")},
	// button.py; device classes of components/button/__init__.py.
	"button": {keySet{
		required: words("command_topic"),
		optional: words("device_class payload_press command_template retain"),
	}, words("identify restart update"), words("config diagnostic")},
}

// haUnits: components/sensor/const.py, DEVICE_CLASS_UNITS; "" stands for no unit.
var haUnits = map[string][]string{
	"temperature": words("°C °F K"), "humidity": words("%"), "duration": words("d h min s ms µs"),
	"enum": {""}, "timestamp": {""}, "": {""},
}

// haStateClasses: components/sensor/const.py, DEVICE_CLASS_STATE_CLASSES.
var haStateClasses = map[string][]string{
	"temperature": words("measurement"), "humidity": words("measurement"), "duration": words("measurement total total_increasing"),
	"enum": {""}, "timestamp": {""}, "": {"", "measurement", "total", "total_increasing"},
}

var (
	haModes   = words("auto off cool heat dry fan_only heat_cool")                 // components/climate/const.py, HVACMode
	haActions = words("off heating cooling drying idle fan defrosting preheating") // the same, HVACAction
	haName    = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)                             // discovery.py, TOPIC_MATCHER
	ourForms  = regexp.MustCompile(`^\{\{ (KEY|KEY if KEY in \[WORD(, WORD)*\] else WORD|WORD if KEY == WORD else KEY|KEY\.at if KEY else None|` +
		`WORD if KEY else WORD|KEY \| length|\{WORD: KEY\} \| tojson|KEY \| map\(attribute="text"\) \| join\('; '\) \| truncate\(255, true, '…', 0\) or WORD) \}\}$`)
	ourKey   = regexp.MustCompile(`value_json\.([a-z0-9_]+)`)
	ourWord  = regexp.MustCompile(`'[a-z0-9-]+'`)
	ourSets  = words("set/mode set/desired set/preset set/clear set/power set/boost set/resume")                                    // of a zone
	jsonKeys = map[string][]string{"state": keysOf(report.State{}), "info": keysOf(wire.Info{}), "source": keysOf(report.Source{})} // of what the agent publishes
)

// keySet are the keys of one JSON object.
type keySet struct{ required, optional []string }

func words(text string) []string { return strings.Fields(text) }

func keysOf(v any) []string {
	var object map[string]any
	if json.Unmarshal(wire.JSON(v), &object) != nil {
		return nil
	}
	return slices.Collect(maps.Keys(object))
}

// haChecker collects what Home Assistant would not take.
type haChecker struct {
	base string
	bad  []string
	ids  map[string]bool // platform and unique_id, over all devices
}

func (c *haChecker) complain(format string, args ...any) {
	c.bad = append(c.bad, fmt.Sprintf(format, args...))
}

// check looks at one message. zone may be the name of a source, and is empty for the agent's own device.
func (c *haChecker) check(topic, zone string, payload []byte) {
	c.checkTopic(topic)
	var top map[string]any
	if err := json.Unmarshal(payload, &top); err != nil {
		c.complain("no JSON: %v", err)
		return
	}
	c.keys("the payload", top, haTop)
	device, _ := top["device"].(map[string]any)
	c.keys("device", device, haInfo)
	// device_registry.py, _validate_configuration_url: all of the device is refused for another one.
	if u, told := device["configuration_url"]; told {
		if at, err := url.Parse(fmt.Sprint(u)); err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Hostname() == "" {
			c.complain("configuration_url %v", u)
		}
	}
	if area, told := device["suggested_area"]; told && area == "" {
		c.complain("an area without a name")
	}
	origin, _ := top["origin"].(map[string]any)
	c.keys("origin", origin, haOrigin)
	ids, _ := device["identifiers"].([]any)
	if len(ids) == 0 || !strings.Contains(topic, "/"+fmt.Sprint(ids[0])+"/") {
		c.complain("identifiers %v are not the topic's", ids)
	}
	if topic, ok := top["availability_topic"]; ok && topic != c.base+"/status" {
		c.complain("availability hangs on %v", topic)
	}
	components, _ := top["components"].(map[string]any)
	for name, v := range components {
		e, _ := v.(map[string]any)
		c.component(zone+"/"+name, zone, e, top["availability_topic"] != nil)
	}
}

func (c *haChecker) checkTopic(topic string) {
	parts := strings.Split(topic, "/device/")
	if len(parts) != 2 || !strings.HasSuffix(topic, "/config") || !haName.MatchString(strings.TrimSuffix(parts[1], "/config")) {
		c.complain("topic %q is no config topic", topic)
	}
}

func (c *haChecker) keys(where string, object map[string]any, allowed keySet) {
	for _, key := range allowed.required {
		if _, ok := object[key]; !ok {
			c.complain("%s: no %s", where, key)
		}
	}
	for key := range object {
		if !slices.Contains(allowed.required, key) && !slices.Contains(allowed.optional, key) {
			c.complain("%s: %s is not known", where, key)
		}
	}
}

// component: a platform alone removes the component.
func (c *haChecker) component(where, zone string, e map[string]any, available bool) {
	platform, _ := e["platform"].(string)
	p, ok := haPlatforms[platform]
	if !ok {
		c.complain("%s: platform %q is none of ours", where, platform)
		return
	}
	if len(e) == 1 {
		return
	}
	c.keys(where, e, keySet{
		slices.Concat(haCommon.required, p.required), slices.Concat(haCommon.optional, p.optional),
	})
	c.identity(where, e)
	c.member(where, e, "device_class", p.classes)
	c.member(where, e, "entity_category", p.categories)
	if e["retain"] == true {
		c.complain("%s: a retained command would be obeyed again at each connection", where)
	}
	if own, ok := e["availability_topic"]; !available && !ok && e["device_class"] != "connectivity" || ok && own != c.base+"/status" {
		c.complain("%s: availability %v", where, own)
	}
	for key, v := range e {
		c.value(where, zone, key, v, e)
	}
	switch platform {
	case "climate":
		c.climate(where, e)
	case "sensor":
		c.sensor(where, e)
	}
}

func (c *haChecker) identity(where string, e map[string]any) {
	id, _ := e["unique_id"].(string)
	key := fmt.Sprint(e["platform"], " ", id)
	if !haName.MatchString(id) || c.ids[key] {
		c.complain("%s: unique_id %q is odd or there twice", where, id)
	}
	c.ids[key] = true
	if name, isText := e["name"].(string); (name == "" || !isText) && e["name"] != nil {
		c.complain("%s: name %v", where, e["name"])
	}
	if e["name"] == nil && e["platform"] != "climate" {
		c.complain("%s: only the climate has the device's name", where)
	}
}

func (c *haChecker) member(where string, e map[string]any, key string, allowed []string) {
	if v, ok := e[key]; ok && !slices.Contains(allowed, fmt.Sprint(v)) {
		c.complain("%s: %s %v is none of %v", where, key, v, allowed)
	}
}

// value looks at topics and templates: a topic must be one that the agent has,
// and a template one key of what the agent publishes there.
func (c *haChecker) value(where, zone, key string, v any, e map[string]any) {
	text, _ := v.(string)
	switch {
	case key == "availability_topic":
	case strings.HasSuffix(key, "command_topic"):
		rest, ok := strings.CutPrefix(text, c.base+"/"+zone+"/")
		if zone == "" {
			rest, ok = text, text == c.base+"/set/restart" || text == c.base+"/set/away"
		} else {
			ok = ok && slices.Contains(ourSets, rest)
		}
		if !ok {
			c.complain("%s: nobody obeys %s %q", where, key, text)
		}
	case strings.HasSuffix(key, "topic"):
		if c.kind(zone, text) == "" {
			c.complain("%s: nobody publishes %s %q", where, key, text)
		}
	case strings.HasSuffix(key, "template"):
		c.template(where, zone, key, text, e)
	}
}

// template: its form is one of ours, and every key that it asks for is there.
func (c *haChecker) template(where, zone, key, text string, e map[string]any) {
	of := strings.TrimSuffix(key, "template") + "topic"
	if rest, ok := strings.CutSuffix(key, "value_template"); ok {
		of = rest + "state_topic"
	}
	topic, _ := e[of].(string)
	form := ourWord.ReplaceAllString(ourKey.ReplaceAllString(text, "KEY"), "WORD")
	fits := ourForms.MatchString(form)
	for _, asked := range ourKey.FindAllStringSubmatch(text, -1) {
		fits = fits && slices.Contains(jsonKeys[c.kind(zone, topic)], asked[1])
	}
	if !fits {
		c.complain("%s: %s %q shows nothing of %q", where, key, text, topic)
	}
}

// kind tells what the agent publishes on a topic.
func (c *haChecker) kind(zone, topic string) string {
	switch {
	case topic == c.base+"/status":
		return "status"
	case zone == "" && topic == c.base+"/info":
		return "info"
	case zone != "" && topic == c.base+"/"+zone+"/state":
		return "state"
	case zone != "" && topic == c.base+"/"+zone+"/source":
		return "source"
	}
	return ""
}

func (c *haChecker) climate(where string, e map[string]any) {
	modes, _ := e["modes"].([]any)
	for _, m := range modes {
		if !slices.Contains(haModes, fmt.Sprint(m)) {
			c.complain("%s: mode %v", where, m)
		}
	}
	low, _ := e["min_temp"].(float64)
	high, _ := e["max_temp"].(float64)
	step, _ := e["temp_step"].(float64)
	if len(modes) < 2 || modes[0] != "off" || low >= high || step <= 0 || e["temperature_unit"] != "C" {
		c.complain("%s: modes %v, %v..%v, step %v, unit %v", where, modes, low, high, step, e["temperature_unit"])
	}
	// climate.py, valid_preset_mode_configuration; inclusive in _PLATFORM_SCHEMA_BASE.
	presets, _ := e["preset_modes"].([]any)
	if _, commanded := e["preset_mode_command_topic"]; commanded != (len(presets) > 0) || slices.Contains(presets, any("none")) {
		c.complain("%s: presets %v, to be commanded %v", where, presets, commanded)
	}
	for _, preset := range presets {
		if text, _ := e["preset_mode_value_template"].(string); !strings.Contains(text, fmt.Sprintf("'%v'", preset)) {
			c.complain("%s: preset %v is never shown by %q", where, preset, text)
		}
	}
	if p := e["precision"]; p != 0.1 && p != 0.5 && p != 1.0 { // climate.py: tenths, halves, whole
		c.complain("%s: precision %v", where, p)
	}
}

// sensor: sensor.py, validate_sensor_state_and_device_class_config.
func (c *haChecker) sensor(where string, e map[string]any) {
	text := func(key string) string { t, _ := e[key].(string); return t }
	class, unit, state := text("device_class"), text("unit_of_measurement"), text("state_class")
	if !slices.Contains(haUnits[class], unit) || !slices.Contains(haStateClasses[class], state) {
		c.complain("%s: class %q with unit %q and state class %q", where, class, unit, state)
	}
	options, has := e["options"].([]any)
	if has != (class == "enum") || has && (len(options) == 0 || unit != "" || state != "") {
		c.complain("%s: options %v of class %q", where, options, class)
	}
}
