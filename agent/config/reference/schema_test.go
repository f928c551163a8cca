package reference

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"thermostat/agent/clitest"
	"thermostat/agent/config"
	"thermostat/agent/config/machine"
)

// schema is the product's own, as a validator of others understands it.
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("urn:thermostat:configuration", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("urn:thermostat:configuration")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// underlined says what an editor says of a configuration; nil: nothing.
func underlined(t *testing.T, s *jsonschema.Schema, text string) error {
	t.Helper()
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return s.Validate(value)
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// An editor underlines nothing in the examples and the documents.
func TestSchemaTakesEveryExample(t *testing.T) {
	s, found := schema(t), 0
	files, err := filepath.Glob("../../../examples/*.yaml")
	if err != nil || len(files) < 7 {
		t.Fatal(files, err)
	}
	for _, file := range append(files, "../../../systemd/config.yaml") {
		if err := underlined(t, s, read(t, file)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	pages, err := filepath.Glob("../../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, "../../../README.md") {
		for _, block := range regexp.MustCompile("(?s)```yaml\n(device:.*?)```").FindAllStringSubmatch(read(t, page), -1) {
			found++
			if err := underlined(t, s, block[1]); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
	if found < 2 {
		t.Errorf("%d configurations in the documents", found)
	}
}

// What the reader takes, an editor does not underline: every key with a value, texts
// that YAML takes for numbers, and differences with their K.
func TestSchemaTakesWhatTheReaderTakes(t *testing.T) {
	s := schema(t)
	for _, text := range []string{
		"device: den\nmqtt: {brokers: [mqtt://h], username: 007, tls: {ca_file: ca.pem, cert_file: c, key_file: k}, discovery_prefix: '', birth_topic: h/b, sensor_every: 1h30m}\n",
		"device: 12\nhttp: {listen: '', hosts: [den.example], proxies: [\"::1\", 172.30.32.0/23]}\nzones: []\n",
		clitest.Room + "    max_disagreement: 0.5K\n    fallback_sensors: [{driver: simulated, noise: 0.1, seed: 18446744073709551615, offset: -1.5K}]\n",
		clitest.Room + "    cooler: {driver: gpio, line: 17, chip: gpiochip0, active_low: true}\n    timing: {max_on: 0s, frozen_after: 5h}\n",
		clitest.Room + "    on_sensor_loss: {action: duty, percent: 25, for: 48h}\n    default_setpoint: {mode: off}\n",
		"mqtt: {brokers: [mqtt://h]}\nzones:\n- name: 7\n  timing: {stale_after: 1m}\n  sensor: {driver: mqtt, topic: t/⚡, field: x.0.y, unit: F, where: {Id: 0000A1B2C3D4, channel: 1}}\n" +
			"  heater: {driver: mqtt, topic: t, on: 1, off: 0, state_topic: s, state_field: o, lease: 90s, retain: false}\n",
		"zones:\n- name: a\n  sensor: {driver: ds18b20, id: 28-0316a2795bff, bus: ds2482, i2c_bus: 3, resolution: 9}\n  heater: {driver: gpio, line: GPIO17}\n  cooler: {driver: gpio, line: 7J1 Header Pin11}\n" +
			"  fallback_sensors: [{driver: bme280, bus: 0, address: 0x77}, {driver: bme280, address: 118}]\n",
	} {
		if err := underlined(t, s, text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		for _, c := range complaintsOf(text) {
			t.Errorf("%s: %v", text, c)
		}
	}
}

// complaintsOf are the errors that the reader finds.
func complaintsOf(text string) (errors []config.Complaint) {
	_, complaints := config.ReadOn("f", []byte(text), machine.Machine{Hostname: "den", Getenv: func(string) string { return "" }})
	for _, c := range complaints {
		if !c.Warning {
			errors = append(errors, c)
		}
	}
	return errors
}

// An editor underlines the mistakes that one key makes by itself, at its place.
func TestSchemaFindsAnEditorsMistakes(t *testing.T) {
	s := schema(t)
	example := read(t, "../../../examples/bme280.yaml")
	if err := underlined(t, s, example); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ name, right, wrong, at string }{
		{"an unknown key at the top", "device: cellar", "devise: cellar", "devise"},
		{"an unknown key of a zone", "plant: electric", "plants: electric", "plants"},
		{"an unknown key of a driver", "bus: 1, address", "buss: 1, address", "buss"},
		{"a key of another driver", "line: GPIO5,", "line: GPIO5, topic: t,", "topic"},
		{"a word for a driver", "driver: bme280", "driver: bme180", "/zones/0/sensor/driver"},
		{"a word for a plant", "plant: electric", "plant: oven", "/zones/0/plant"},
		{"a word for a mode", "mode: heat_cool", "mode: heatcool", "/zones/1/default_setpoint/mode"},
		{"a word for a bus", "bus: ds2482", "bus: ds2484", "/zones/1/sensor/bus"},
		{"a text for a number", "desired: 12}", "desired: warm}", "/zones/0/default_setpoint/desired"},
		{"a number in quotes", "desired: 12}", "desired: '12'}", "/zones/0/default_setpoint/desired"},
		{"a decimal comma", "desired: 12}", "desired: \"12,5\"}", "/zones/0/default_setpoint/desired"},
		{"a word for a boolean", "active_low: true", "active_low: yes", "/zones/0/heater/active_low"},
		{"a list for a mapping", "{driver: gpio, line: GPIO17}", "[gpio]", "/zones/1/heater"},
		{"a word for a list", "device: cellar", "device: cellar\nmqtt: {brokers: mqtt://h}", "/mqtt/brokers"},
		{"a number out of bounds", "resolution: 12", "resolution: 13", "/zones/1/sensor/resolution"},
		{"a delta out of bounds", "up_delta: 0.5", "up_delta: 20", "/zones/1/default_setpoint/up_delta"},
		{"an address that is none", "address: 0x76", "address: 0x78", "/zones/0/sensor/address"},
		{"a duration without unit", "plant: electric", "timing: {sample: 5}", "/zones/0/timing/sample"},
		{"a duration in words", "plant: electric", "timing: {sample: 5 min}", "/zones/0/timing/sample"},
		{"a limit out of bounds", "plant: electric", "limits: {max_rate: 0}", "/zones/0/limits/max_rate"},
		{"a name of capitals", "name: cellar", "name: Cellar", "/zones/0/name"},
		{"no name", "- name: cellar\n    plant", "- plant", "name"},
		{"no line", "line: GPIO17", "active_low: false", "line"},
		{"no driver", "driver: bme280, ", "", "driver"},
		{"an id of another form", "28-011927aa01c2", "28-011927AA01C2", "/zones/1/sensor/id"},
		{"a key beside the wrong word", "bus: ds2482", "bus: kernel", "i2c_bus"},
		{"a key of the duty alone", "plant: electric", "on_sensor_loss: {percent: 20}", "percent"},
		{"a duty without its share", "plant: electric", "on_sensor_loss: {action: duty}", "percent"},
		{"an empty value", "plant: electric", "plant:", "/zones/0/plant"},
		{"a password", "device: cellar", "device: cellar\nmqtt: {password: secret}", "password"},
		{"a topic with a wildcard", "{driver: gpio, line: GPIO17}", "{driver: mqtt, topic: t/#}", "/zones/1/heater/topic"},
	} {
		if !strings.Contains(example, row.right) {
			t.Fatalf("%s: the example has no %s", row.name, row.right)
		}
		text := strings.Replace(example, row.right, row.wrong, 1)
		err := underlined(t, s, text)
		if err == nil || !strings.Contains(err.Error(), row.at) {
			t.Errorf("%s: %v, want it at %s", row.name, err, row.at)
		}
		if len(complaintsOf(text)) == 0 {
			t.Errorf("%s: the reader takes it", row.name)
		}
	}
}

// An editor says nothing against what the reader takes: of all the files that people
// wrote wrong, and of their lines changed.
func TestSchemaIsNoStricterThanTheReader(t *testing.T) {
	s := schema(t)
	files, err := filepath.Glob("../testdata/wrong/*.yaml")
	if err != nil || len(files) < 40 {
		t.Fatal(files, err)
	}
	found := 0
	for _, file := range files {
		var value any
		text := read(t, file)
		if yaml.Unmarshal([]byte(text), &value) != nil {
			continue
		}
		wrong := s.Validate(value) != nil
		if wrong {
			found++
		}
		if wrong && len(complaintsOf(text)) == 0 {
			t.Errorf("%s: the schema alone refuses it", file)
		}
	}
	if found < 20 {
		t.Errorf("the schema finds %d of the wrong files", found)
	}
}

// The patterns are read by editors in ECMAScript: nothing of Go's own may be in one.
func TestPatternsAreThoseOfEditors(t *testing.T) {
	text, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	patterns := regexp.MustCompile(`"pattern": (".*")`).FindAllStringSubmatch(string(text), -1)
	if len(patterns) < 20 {
		t.Errorf("%d patterns", len(patterns))
	}
	for _, p := range patterns {
		if strings.Contains(p[1], "(?") || strings.Contains(p[1], `\\z`) || strings.Contains(p[1], "[[:") {
			t.Error(p[1])
		}
	}
}
