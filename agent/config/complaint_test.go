package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"thermostat/agent/clitest"
)

// Every complaint has one row: a file, and exactly what is said of it.
func TestEveryComplaintHasItsPlaceAndText(t *testing.T) {
	for _, row := range []struct{ name, text, want string }{
		// the file
		{"empty", "", "f:1:1: the file is empty: thermostat probe --write FILE makes a configuration"},
		{"only a comment", "# hello\n", "f:1:1: the file is empty: thermostat probe --write FILE makes a configuration"},
		{"only a dash line", "---\n", "f:1:1: the file is empty: thermostat probe --write FILE makes a configuration"},
		{"null", "~\n", "f:1:1: the file is empty, but a mapping is wanted"},
		{"a list", "- a\n", "f:1:1: the file is a list, but a mapping is wanted"},
		{"a word that is a key", "units\n", "f:1:1: a colon is missing: write units:"},
		{"a word", "hello\n", "f:1:1: the file is a plain value, but a mapping is wanted"},
		{"not UTF-8", "device: a\nunits: \"\xff\"\n", "f:2:9: the file is not UTF-8"},
		{"Latin-1 in a comment", "# K\xfcche\n", "f:1:4: the file is not UTF-8"},
		{"control character", "device: a\x00\n", "f:1:10: the control character U+0000 has no place in a text file"},
		{"too large", strings.Repeat("#", maxConfigSize+1), "f:1:1: the file is larger than 4 MiB"},
		{"second document", "device: a\n---\nunits: F\n", "f:2:1: a second document begins here: the file must be one"},
		{"second document after dots", "device: a\n...\nunits: F\n", "f:3:1: a second document begins here: the file must be one"},
		{"second document, empty", "device: a\n---\n", "f:2:1: a second document begins here: the file must be one"},
		{"directive", "%YAML 1.2\n---\ndevice: a\n", "f:1:1: a directive (%) has no place here: leave it out"},
		{"syntax", "device: a\nmqtt: [1\n", "f:2:7: the [ here is not closed: write ] behind its last value"},
		{"tab", "mqtt:\n\tprefix: a\n", "f:2:1: a tab before the first word: YAML is indented with blanks alone, put blanks in its place"},
		{"no-break space in a value", "mqtt:\n  prefix:\u00a0a\n", "f:1:1: mqtt: a no-break space (U+00A0) looks like a blank and is none: type a blank in its place"},
		{"no-break space that breaks the form", "mqtt:\n  prefix: b\n  username:\u00a0a\n", "f:3:12: a no-break space (U+00A0) looks like a blank and is none: type a blank in its place"},
		{"no-break space before a key", "device: a\n\u00a0units: C\n", `f:2:1: "\u00a0units": a no-break space (U+00A0) looks like a blank and is none: type a blank in its place`},
		{"no-break space in a comment", "device: a #\u00a0hello\n", ""},
		{"question mark", "? device\n: a\n", "f:1:1: a key after ? is not understood: write key: value"},
		{"anchor", "device: &x a\n", "f:1:1: device: an anchor (&) is not understood: write the value out wherever it is wanted"},
		{"alias", "device: *x\n", "f:1:1: device: an alias (*) is not understood: write the value out"},
		{"alias as key", "*x : a\n", "f:1:1: a key with an anchor, an alias or a tag is not understood: write the plain word"},
		{"tag", "device: !!str a\n", "f:1:1: device: a tag (!) is not understood: leave it out"},
		{"merge key", "<<: {a: 1}\n", "f:1:1: \"<<\": a merge key is not understood: write the values out"},
		{"doubled key", "device: a\nunits: C\ndevice: b\n", "f:3:1: device: is given twice, first in line 1"},
		{"doubled key, quoted", "device: a\n'device': b\n", "f:2:1: device: is given twice, first in line 1"},
		{"unknown key", "devise: a\n", "f:1:1: devise: is an unknown key: did you mean device?"},
		{"unknown key, far", "xyzzy: a\n", "f:1:1: xyzzy: is an unknown key: known here are device, state_dir, units, mqtt, http, zones"},
		{"unknown key, strange", "\"a b\\n\": 1\n", `f:1:1: "a b\n": is an unknown key: known here are device, state_dir, units, mqtt, http, zones`},
		{"too deep", "zones: " + strings.Repeat("[", 40), "f:1:40: nested deeper than 32"},
		{"too many keys", strings.Repeat("a: 1\n", 1001), "f:1001:1: more than 1000 keys in one mapping"},
		{"too many empty values", "zones:\n" + strings.Repeat("-\n", 1001), "f:1002:2: more than 1000 empty values"},
		{"too many empty values in {}", "zones: [" + strings.Repeat("{a},", 1001) + "]", "f:1:4010: more than 1000 empty values"},
		{"too many keys in an open {", "zones: {" + strings.Repeat("a,", 1001), "f:1:8: the { here is not closed: write } behind its last value"},
		{"too many tags", strings.Repeat("!!map\n", 9) + "a: 1", "f:2:1: what begins here does not belong to what stands before it"},
		{"too deep, closed", "zones: " + strings.Repeat("[", 40) + strings.Repeat("]", 40), "f:1:40: nested deeper than 32"},
		{"too deep by lines", deepLines(40), "f:33:34: nested deeper than 32"},
		{"a key after ? behind another", "device: a\n? units\n: C\n", "f:2:1: a key after ? is not understood: write key: value"},
		{"a key after ? as a value", "device: ? a\n", "f:1:9: a key after ? is not understood: write key: value"},
		{"a list as a key", "{[a]: b}\n", "f:1:2: a list or a mapping is no key: write a plain word"},
		{"no blank in {}", "http: {listen:x}\n", "f:1:8: http.listen: a blank is missing after the colon: write listen: x"},
		{"no blank in {} before a secret", "mqtt: {password:hunter2}\n", "f:1:8: mqtt.password: a blank is missing after the colon: write password: …\n" +
			"f:1:8: mqtt.password: a password has no place in this file: write it alone into one of its own, such as mqtt-password beside this one, and name that: password_file: mqtt-password"},
		{"a colon too many", "device: a: b\n", "f:1:10: this colon is one too many: write a value that has a colon in quotes"},
		{"a character that begins nothing", "device: @a\n", "f:1:9: no value begins with this character: write the value in quotes"},
		{"a comma too many", "zones: [a,,b]\n", "f:1:11: a value is missing here"},
		{"a word behind a value", "device: 'a' b\n", "f:1:13: what begins here does not belong to what stands before it"},
		{"a comment without a blank", "device: 'a'#b\n", "f:1:12: a blank is missing before the #"},
		{"a strange escape", `state_dir: "a\q"` + "\n", `f:1:14: a backslash between " is followed by a letter that YAML does not know there: write \\ for a backslash`},
		{"directive behind a comment", "# x\n\n%TAG ! t:\n---\ndevise: a\n", "f:3:1: a directive (%) has no place here: leave it out\nf:5:1: devise: is an unknown key: did you mean device?"},
		{"directive behind the document", "device: a\n...\n%YAML 1.2\n---\nunits: C\n", "f:3:1: a directive (%) has no place here: leave it out"},
		{"a line end that editors do not show", "# a\u2028device: b\n", "f:1:4: the invisible character U+2028 has no place here: take it out, or type a blank in its place"},
		{"control character of Latin-1", "# \u0085\n", "f:1:3: the control character U+0085 has no place in a text file"},

		// the top
		{"device with a space", "device: a b\n", `f:1:1: device: "a b" is no name of a device, which is made of A-Z, a-z, 0-9, _ and -, at most 63 of them: write a-b`},
		{"device too long", "device: " + strings.Repeat("a", 64) + "\n", `f:1:1: device: "` + strings.Repeat("a", 40) + `…" is no name of a device, which is made of A-Z, a-z, 0-9, _ and -, at most 63 of them`},
		{"device reserved", "device: heaters\n", `f:1:1: device: "heaters" is reserved: the topics of simulated heaters begin with it`},
		{"device empty", "device:\n", "f:1:1: device: is empty, but a text is wanted"},
		{"device a list", "device: [a]\n", "f:1:1: device: is a list, but a text is wanted"},
		{"control character in quotes", "state_dir: \"a\\e[2J\"\n", "f:1:1: state_dir: has a control character or a line break"},
		{"state_dir empty", "state_dir: ''\n", `f:1:1: state_dir: "" is empty`},
		{"units", "units: K\n", `f:1:1: units: "K" is none of C, F`},
		{"mqtt a list", "mqtt: []\n", "f:1:1: mqtt: is a list, but a mapping is wanted"},
		{"zones a mapping", "zones: {}\n", "f:1:1: zones: is a mapping, but a list is wanted: begin each zone with a dash, a blank and its name, such as - name: living-room"},

		// mqtt
		{"brokers a word", "mqtt: {brokers: 'mqtt://h'}\n", "f:1:8: mqtt.brokers: is a plain value, but a list is wanted: put the value into [ ], such as [a, b]"},
		{"broker empty", "mqtt: {brokers: ['']}\n", `f:1:18: mqtt.brokers[0]: "" is empty`},
		{"broker's scheme", "mqtt: {brokers: ['tcp://h']}\n", `f:1:18: mqtt.brokers[0]: "tcp://h" is not a broker's URL such as mqtt://host:1883 (mqtt, mqtts, ws, wss)`},
		{"broker without host", "mqtt: {brokers: ['mqtt://:1']}\n", `f:1:18: mqtt.brokers[0]: "mqtt://:1" is not a broker's URL such as mqtt://host:1883 (mqtt, mqtts, ws, wss)`},
		{"broker's port", "mqtt: {brokers: ['mqtt://h:0']}\n", `f:1:18: mqtt.brokers[0]: "mqtt://h:0" has a port outside 1..65535`},
		{"broker's path", "mqtt: {brokers: ['mqtt://h/x']}\n", `f:1:18: mqtt.brokers[0]: "mqtt://h/x" goes on behind the port, where a mqtt URL must end`},
		{"password in the URL", "mqtt: {brokers: ['mqtt://u:secret@h']}\n", "f:1:18: mqtt.brokers[0]: a user or password has no place in the URL: use username and password_file"},
		{"password in a broken URL", "mqtt: {brokers: ['mqtt://u:se%cret@h']}\n", "f:1:18: mqtt.brokers[0]: a user or password has no place in the URL: use username and password_file"},
		{"password", "mqtt: {password: secret}\n", "f:1:8: mqtt.password: a password has no place in this file: write it alone into one of its own, such as mqtt-password beside this one, and name that: password_file: mqtt-password"},
		{"password without user", "mqtt: {password_file: /p}\n", "f:1:8: mqtt.password_file: needs mqtt.username beside it"},
		{"cert without key", "mqtt: {tls: {cert_file: /c}}\n", "f:1:8: mqtt.tls: cert_file and key_file go together"},
		{"prefix", "mqtt: {prefix: a//b}\n", `f:1:8: mqtt.prefix: "a//b" is no beginning of topics, which is words of A-Z, a-z, 0-9, _ and - with one / between two: write a/b`},
		{"prefix empty", "mqtt: {prefix: ''}\n", `f:1:8: mqtt.prefix: "" is no beginning of topics, which is words of A-Z, a-z, 0-9, _ and - with one / between two`},
		{"prefix too long", "mqtt: {prefix: " + strings.Repeat("a", 101) + "}\n", "f:1:8: mqtt.prefix: is longer than 100 characters"},
		{"discovery_prefix", "mqtt: {discovery_prefix: '#'}\n", `f:1:8: mqtt.discovery_prefix: "#" is no beginning of topics, which is words of A-Z, a-z, 0-9, _ and - with one / between two`},
		{"birth_topic with a wildcard", "mqtt: {birth_topic: hass/+}\n", `f:1:8: mqtt.birth_topic: "hass/+" has a wildcard: it is the one topic on which Home Assistant says online`},
		{"birth_topic empty", "mqtt: {birth_topic: ''}\n", `f:1:8: mqtt.birth_topic: "" is empty`},
		{"birth_topic of our own", "device: den\nmqtt: {birth_topic: thermostat/den/status}\n", `f:2:8: mqtt.birth_topic: "thermostat/den/status" is one of this agent's own topics, below thermostat/den/`},
		{"bare duration", "mqtt: {sensor_every: 5}\n", "f:1:8: mqtt.sensor_every: 5 has no unit: write 5s or 5m"},
		{"bare zero", "mqtt: {sensor_every: 0}\n", "f:1:8: mqtt.sensor_every: 0 has no unit: write 0s or 0m"},
		{"no duration", "mqtt: {sensor_every: soon}\n", `f:1:8: mqtt.sensor_every: "soon" is not a duration such as 5s, 10m or 1h30m`},
		{"negative rate", "mqtt: {state_every: -1s}\n", "f:1:8: mqtt.state_every: -1s is outside 0s..24h"},

		// http
		{"page for all", "http: {listen: ':8466'}\n", "warning: f:1:1: http: other machines can look, but nobody can change anything over HTTP: that needs http.password_file"},
		{"page of one address", "http: {listen: '192.0.2.1:8466'}\n", "warning: f:1:1: http: other machines can look, but nobody can change anything over HTTP: that needs http.password_file"},
		{"listen", "http: {listen: here}\n", `f:1:8: http.listen: "here" is not an address such as 127.0.0.1:8466`},
		{"listen's port", "http: {listen: '127.0.0.1:http'}\n", `f:1:8: http.listen: "127.0.0.1:http" is not an address such as 127.0.0.1:8466`},
		{"host with a port", "http: {hosts: ['cabin.lan:80']}\n", `f:1:16: http.hosts[0]: "cabin.lan:80" is not a host name such as cabin.example; the port does not belong to it`},
		{"proxy by its name", "http: {proxies: [localhost]}\n", `f:1:18: http.proxies[0]: "localhost" is not an address such as 127.0.0.1, or a network such as 172.30.32.0/23`},
		{"proxy with a port", "http: {proxies: ['127.0.0.1:80']}\n", `f:1:18: http.proxies[0]: "127.0.0.1:80" is not an address such as 127.0.0.1, or a network such as 172.30.32.0/23`},
		{"proxies everywhere", "http: {proxies: [0.0.0.0/0]}\n", `f:1:18: http.proxies[0]: "0.0.0.0/0" would believe everybody: name the proxy's own address, such as 127.0.0.1`},
		{"hosts", "http: {listen: '', hosts: x}\n", "f:1:20: http.hosts: is a plain value, but a list is wanted: put the value into [ ], such as [a, b]"},

		// zones
		{"zone a word", "zones: [a]\n", "f:1:9: zones[0]: is a plain value, but a mapping is wanted"},
		{"no name", "zones:\n  - sensor: {driver: simulated}\n    heater: {driver: simulated}\n", "f:2:5: zones[0].name: is missing: each dash begins another zone, so take this one away if its keys belong to the zone above, else write - name: and a name"},
		{"name", strings.Replace(clitest.Room, "a\n", "Küche\n", 1), `f:2:5: zones[0].name: "Küche" is no name of a zone, which is made of a-z, 0-9 and -, at most 40 of them: write kueche`},
		{"one thermometer in two zones", roomsWith("{driver: ds18b20, id: 28-0316a2795bff}", "{driver: ds18b20, id: 28-0316a2795bff, resolution: 12, bus: ds2482}"),
			"warning: f:8:31: zones[1].sensor.id: is also the sensor of zone a: both zones go by one place's temperature; where this one has a sensor of its own, write that (thermostat probe lists them)"},
		{"one chip in two zones", roomsWith("{driver: bme280}", "{driver: bme280, address: 0x76}"),
			"warning: f:8:30: zones[1].sensor.address: is also the sensor of zone a: both zones go by one place's temperature; where this one has a sensor of its own, write that (thermostat probe lists them)"},
		{"two thermometers in two zones", roomsWith("{driver: ds18b20, id: 28-0316a2795bff}", "{driver: ds18b20, id: 28-0316a2795b00}"), ""},
		{"same name", clitest.Room + strings.TrimPrefix(clitest.Room, "zones:\n"), `f:5:5: zones[1].name: "a" is also the name of zones[0]`},
		{"same sensor_id", clitest.Room + "    sensor_id: 5\n" + strings.Replace(strings.TrimPrefix(clitest.Room, "zones:\n"), "a\n", "b\n", 1) + "    sensor_id: 5\n",
			"f:9:5: zones[1].sensor_id: 5 of b is also that of zones[0] (a)"},
		{"sensor_id of another by default", clitest.Room + strings.Replace(strings.TrimPrefix(clitest.Room, "zones:\n"), "a\n", "b\n", 1) +
			fmt.Sprintf("    sensor_id: %d\n", defaultSensorID("cabin", "a")),
			fmt.Sprintf("f:8:5: zones[1].sensor_id: %d of b is also that of zones[0] (a)", defaultSensorID("cabin", "a"))},
		{"sensor_id zero", clitest.Room + "    sensor_id: 0\n", "f:5:5: zones[0].sensor_id: 0 is outside 1..2147483647"},
		{"sensor_id a fraction", clitest.Room + "    sensor_id: 1.5\n", `f:5:5: zones[0].sensor_id: "1.5" is not a whole number`},
		{"sensor_id octal", clitest.Room + "    sensor_id: 010\n", `f:5:5: zones[0].sensor_id: "010" is not a whole number`},
		{"sensor_id huge", clitest.Room + "    sensor_id: 99999999999999999999\n", "f:5:5: zones[0].sensor_id: 99999999999999999999 is outside 1..2147483647"},
		{"plant", clitest.Room + "    plant: oven\n", `f:5:5: zones[0].plant: "oven" is none of electric, boiler, heat_pump, floor, fridge, fermenter`},
		{"no sensor", "zones:\n  - name: a\n    heater: {driver: simulated}\n", "f:2:5: zones[0].sensor: is missing"},
		{"no relay", "zones:\n  - name: a\n    sensor: {driver: simulated}\n", "f:2:5: zones[0].heater: missing but a zone needs a heater or a cooler"},
		{"relay empty", clitest.Room + "    cooler:\n", "f:5:5: zones[0].cooler: is empty, but a mapping such as {driver: gpio} is wanted"},
		{"relay without driver", clitest.Room + "    cooler: {line: GPIO4}\n", "f:5:5: zones[0].cooler.driver: is missing: one of gpio, simulated, mqtt"},
		{"relay on no broker", clitest.Room + "    cooler: {driver: mqtt, topic: x}\n", "f:5:14: zones[0].cooler.driver: needs a broker: mqtt.brokers is empty"},
		{"no line", clitest.Room + "    cooler: {driver: gpio}\n", "f:5:5: zones[0].cooler.line: is missing: the line's name, such as GPIO17"},
		{"line with a space", clitest.Room + "    cooler: {driver: gpio, line: GPIO 17}\n", `f:5:28: zones[0].cooler.line: "GPIO 17" is no line of a Raspberry Pi's header: write GPIO17; of another board, name the chip as well`},
		{"polarity a word", clitest.Room + "    cooler: {driver: gpio, line: GPIO17, active_low: yes}\n", `f:5:42: zones[0].cooler.active_low: "yes" is none of true, false: write true`},
		{"key of a GPIO relay", clitest.Room + "    cooler: {driver: gpio, line: GPIO17, activ_low: true}\n", "f:5:42: zones[0].cooler.activ_low: is an unknown key: did you mean active_low?"},
		{"pull at reset, active low", clitest.Room + "    cooler: {driver: gpio, line: GPIO17, active_low: true}\n", "warning: f:5:28: zones[0].cooler.line: GPIO17 pulls down at reset, which holds an active-low relay on until the agent runs: GPIO0 to GPIO8 pull up"},
		{"pull at reset, active high", clitest.Room + "    cooler: {driver: gpio, line: GPIO5}\n", "warning: f:5:28: zones[0].cooler.line: GPIO5 pulls up at reset, which holds an active-high relay on until the agent runs: GPIO9 to GPIO27 pull down"},
		{"a line twice in a zone", strings.Replace(clitest.Room, "heater: {driver: simulated}", "heater: {driver: gpio, line: GPIO17}", 1) + "    cooler: {driver: gpio, line: 17}\n", "f:5:28: zones[0].cooler.line: 17 is also the line of zones[0].heater: each relay needs one of its own"},
		{"a line twice in two zones", clitest.Room + "    cooler: {driver: gpio, line: GPIO17}\n" + strings.Replace(strings.TrimPrefix(clitest.Room, "zones:\n"), "a\n", "b\n", 1) + "    cooler: {driver: gpio, line: GPIO17, chip: pinctrl-rp1}\n",
			"f:9:28: zones[1].cooler.line: GPIO17 of pinctrl-rp1 is also the line of zones[0].cooler: each relay needs one of its own"},
		{"relay unknown", clitest.Room + "    cooler: {driver: magic, wand: 1}\n", `f:5:14: zones[0].cooler.driver: "magic" is none of gpio, simulated, mqtt`},
		{"relay with more", clitest.Room + "    cooler: {driver: simulated, line: GPIO4}\n", "f:5:33: zones[0].cooler.line: is an unknown key: known here are driver"},
		{"fallback sensor unknown", clitest.Room + "    fallback_sensors: [{driver: simulated}, {driver: magic}]\n", `f:5:46: zones[0].fallback_sensors[1].driver: "magic" is none of ds18b20, bme280, simulated, mqtt`},
		{"fallback sensors no list", clitest.Room + "    fallback_sensors: {driver: simulated}\n", "f:5:5: zones[0].fallback_sensors: is a mapping, but a list is wanted: put a dash and a blank before the first key of each item"},
		{"fallback sensor with a room", clitest.Room + "    fallback_sensors: [{driver: simulated, speed: 2}]\n", "f:5:44: zones[0].fallback_sensors[0].speed: is an unknown key: did you mean seed?"},
		{"fallback sensor's noise", clitest.Room + "    fallback_sensors: [{driver: simulated, noise: 6}]\n", "f:5:44: zones[0].fallback_sensors[0].noise: 6 is outside 0..5"},
		{"fallback sensor without a room", strings.Replace(wired, "driver: simulated}", "driver: bme280}", 1) + "    fallback_sensors: [{driver: simulated}]\n",
			"f:5:25: zones[0].fallback_sensors[0].driver: a simulated fallback needs a simulated sensor: it measures that sensor's room"},
		{"simulated relays without a room", strings.Replace(clitest.Room, "driver: simulated}", "driver: bme280}", 1) + "    cooler: {driver: gpio, line: GPIO27}\n    safety_relay: {driver: simulated}\n",
			"f:4:14: zones[0].heater.driver: a simulated relay needs a simulated sensor, whose room it heats or cools: the zone's is \"bme280\"\n" +
				"f:6:20: zones[0].safety_relay.driver: a simulated relay needs a simulated sensor, whose room it heats or cools: the zone's is \"bme280\""},
		{"one sensor twice", strings.Replace(wired, "driver: simulated}", "driver: bme280}", 1) + "    fallback_sensors: [{driver: bme280, address: 0x77}, {driver: bme280, offset: 1}]\n",
			"f:5:57: zones[0].fallback_sensors[1]: is a sensor that this zone has already: it cannot stand in for itself"},
		{"max_disagreement alone", clitest.Room + "    max_disagreement: 1.5K\n", "warning: f:5:5: zones[0].max_disagreement: compares nothing: the zone has no fallback_sensors"},
		{"max_disagreement negative", clitest.Room + "    max_disagreement: -1\n", "f:5:5: zones[0].max_disagreement: -1 is outside 0..50 K; 0 is not compared"},
		{"safety relay on the heater's line", strings.Replace(clitest.Room, "heater: {driver: simulated}", "heater: {driver: gpio, line: GPIO17}", 1) + "    safety_relay: {driver: gpio, line: 17}\n", "f:5:34: zones[0].safety_relay.line: 17 is also the line of zones[0].heater: each relay needs one of its own"},
		{"duty's key", clitest.Room + "    on_sensor_loss: {percent: 5}\n", "f:5:22: zones[0].on_sensor_loss.percent: belongs to action duty, but the action is off"},
		{"duty without its share", clitest.Room + "    on_sensor_loss: {action: duty}\n", "f:5:5: zones[0].on_sensor_loss.percent: is missing: 1 to 30"},
		{"duty's share", clitest.Room + "    on_sensor_loss: {action: duty, percent: 31}\n", "f:5:36: zones[0].on_sensor_loss.percent: 31 is outside 1..30"},
		{"duty's share a text", clitest.Room + "    on_sensor_loss: {action: duty, percent: 5%}\n", `f:5:36: zones[0].on_sensor_loss.percent: "5%" is not a decimal number`},
		{"duty's period", clitest.Room + "    on_sensor_loss: {action: duty, percent: 20, period: 25h}\n", "f:5:49: zones[0].on_sensor_loss.period: 25h0m0s is outside 1m0s..24h0m0s"},
		{"duty's end", clitest.Room + "    on_sensor_loss: {action: duty, percent: 20, for: 19m}\n", "f:5:49: zones[0].on_sensor_loss.for: 19m0s is outside 20m0s..168h0m0s"},
		{"duty shorter than min_on", clitest.Room + "    on_sensor_loss: {action: duty, percent: 19, period: 20m}\n", "f:5:49: zones[0].on_sensor_loss.period: 20m0s with 19 percent is on for 3m48s, which must be at least min_on and a sample, 4m0s"},
		{"duty longer than its rest", clitest.Room + "    on_sensor_loss: {action: duty, percent: 30, period: 20m}\n    timing: {min_off: 15m}\n", "f:5:49: zones[0].on_sensor_loss.period: 20m0s with 30 percent is off for 14m0s, which must be at least min_off 15m0s"},
		{"sensor loss", clitest.Room + "    on_sensor_loss: {action: heat}\n", `f:5:22: zones[0].on_sensor_loss.action: "heat" is none of off, duty`},

		// limits and timing
		{"frozen_after", clitest.Room + "    timing: {frozen_after: 49s}\n", "f:5:14: zones[0].timing.frozen_after: 49s must be 0s for never, or from 10 samples, 50s, to 168h"},
		{"no number", clitest.Room + "    limits: {max_rate: fast}\n", `f:5:14: zones[0].limits.max_rate: "fast" is not a decimal number`},
		{"a number in quotes", clitest.Room + "    limits: {max_rate: '5'}\n", `f:5:14: zones[0].limits.max_rate: "5" is a text, but a number is wanted: leave out the quotes`},
		{"NaN", clitest.Room + "    limits: {max_rate: .nan}\n", "f:5:14: zones[0].limits.max_rate: .nan is not a finite number"},
		{"infinite", clitest.Room + "    limits: {max_rate: -.inf}\n", "f:5:14: zones[0].limits.max_rate: -.inf is not a finite number"},
		{"too great for a float", clitest.Room + "    limits: {max_rate: 1e999}\n", "f:5:14: zones[0].limits.max_rate: 1e999 is not a finite number"},
		{"hexadecimal", clitest.Room + "    limits: {max_rate: 0x10}\n", `f:5:14: zones[0].limits.max_rate: "0x10" is not a decimal number`},
		{"limit", clitest.Room + "    limits: {max_rate: 0}\n", "f:5:14: zones[0].limits.max_rate: 0 is outside 0.01..100000"},
		{"limit against a default", clitest.Room + "    limits: {desired_max: 36}\n", "f:2:5: zones[0].limits.heat_cutout: 35 (the default) must be above desired_max 36"},
		{"sample", clitest.Room + "    timing:\n      sample: 500ms\n", "f:6:7: zones[0].timing.sample: 500ms is outside 1s..10m0s"},
		{"stale_after not given", clitest.Room + "    timing: {sample: 31s}\n", "f:2:5: zones[0].timing.stale_after: 1m0s (the default) must be at least 2 samples, 1m2s"},
		{"stale_after", clitest.Room + "    timing: {stale_after: 9s}\n", "f:5:14: zones[0].timing.stale_after: 9s must be at least 2 samples, 10s"},
		{"a bad sample is said once", clitest.Room + "    timing: {sample: 5}\n", "f:5:14: zones[0].timing.sample: 5 has no unit: write 5s or 5m"},

		{"a default stands in unjudged", clitest.Room + "    timing: {sample: 1m, stale_after: x}\n", `f:5:26: zones[0].timing.stale_after: "x" is not a duration such as 5s, 10m or 1h30m`},

		// the default setpoint
		{"mode", clitest.Room + "    default_setpoint: {mode: warm, desired: 20}\n", `f:5:24: zones[0].default_setpoint.mode: "warm" is none of off, heat, cool, heat_cool`},
		{"mode without relay", clitest.Room + "    default_setpoint: {mode: cool, desired: 20}\n", "f:5:24: zones[0].default_setpoint.mode: cool needs a cooler, and the zone has none"},
		{"no desired", clitest.Room + "    default_setpoint: {}\n", "f:5:5: zones[0].default_setpoint.desired: is missing: every mode but off needs it"},
		{"desired", clitest.Room + "    default_setpoint: {desired: 29}\n", "f:5:24: zones[0].default_setpoint.desired: 29 is outside 5..28 °C"},
		{"desired though off", clitest.Room + "    default_setpoint: {mode: off, desired: 29}\n", "f:5:35: zones[0].default_setpoint.desired: 29 is outside 5..28 °C"},
		{"delta", clitest.Room + "    default_setpoint: {desired: 20, up_delta: 0.01}\n", "f:5:37: zones[0].default_setpoint.up_delta: 0.01 is outside 0.05..10 K"},
		{"band", both + "\n     default_setpoint: {mode: heat_cool, desired: 20, up_delta: 0.25, down_delta: 0.5}}\n", "f:3:6: zones[0].default_setpoint: up_delta + down_delta: 0.75 must be at least 1 K in mode heat_cool"},
		{"a bad delta is no narrow band", both + "\n     default_setpoint: {mode: heat_cool, desired: 20, up_delta: 0.01, down_delta: 0.5}}\n", "f:3:55: zones[0].default_setpoint.up_delta: 0.01 is outside 0.05..10 K"},
		{"into both cut-outs", both + "\n     limits: {desired_min: 12, cool_cutout: 11, heat_cutout: 29},\n     default_setpoint: {mode: cool, desired: 20, up_delta: 10, down_delta: 10}}\n",
			"f:4:6: zones[0].default_setpoint: desired + up_delta: 30 must stay below heat_cutout 29 °C\n" +
				"f:4:6: zones[0].default_setpoint: desired - down_delta: 10 must stay above cool_cutout 11 °C"},
		{"into the cut-out", clitest.Room + "    default_setpoint: {desired: 28, up_delta: 7}\n", "f:5:5: zones[0].default_setpoint: desired + up_delta: 35 must stay below heat_cutout 35 °C"},
		{"into the cool cut-out", both + "\n     default_setpoint: {mode: cool, desired: 5, down_delta: 2}}\n", "f:3:6: zones[0].default_setpoint: desired - down_delta: 3 must stay above cool_cutout 3 °C"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := strings.Join(complaintsOf(row.text), "\n"); got != row.want {
				t.Errorf("got\n%s\nwant\n%s", got, row.want)
			}
		})
	}
}

// deepLines is a mapping in a mapping, each a blank further in.
func deepLines(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

// roomsWith is a configuration of two zones with these sensors.
func roomsWith(first, second string) string {
	return fmt.Sprintf(`device: d
zones:
  - name: a
    sensor: %s
    heater: {driver: gpio, line: GPIO17}
    default_setpoint: {mode: heat, desired: 20}
  - name: b
    sensor: %s
    heater: {driver: gpio, line: GPIO22}
    default_setpoint: {mode: heat, desired: 20}
`, first, second)
}

// The complaints of each sensor.
func TestEveryComplaintOfASensorHasItsPlaceAndText(t *testing.T) {
	for _, row := range []struct{ sensor, want string }{
		{"word", "f:3:5: zones[0].sensor: is a plain value, but a mapping such as {driver: ds18b20} is wanted"},
		{"{model: room}", "f:3:5: zones[0].sensor.driver: is missing: one of ds18b20, bme280, simulated, mqtt"},
		{"{driver: [x]}", "f:3:14: zones[0].sensor.driver: is a list, but a text is wanted"},
		{"{driver: mqtt, topic: x}", "f:2:5: zones[0].timing.stale_after: is missing: an mqtt sensor needs it, longer than the longest pause between two of its readings; the heat goes off that long after the last\n" +
			"f:3:14: zones[0].sensor.driver: needs a broker: mqtt.brokers is empty"},
		{"{driver: ds18b21}", `f:3:14: zones[0].sensor.driver: "ds18b21" is none of ds18b20, bme280, simulated, mqtt`},
		{"{driver: ds18b20, id: 28-0316a2795bff, bus: kernel, offset: -0.3}", ""},
		{"{driver: ds18b20}", "f:3:5: zones[0].sensor.id: is missing: the thermometer's name, such as 28-0316a2795bff (thermostat probe lists them)"},
		{"{driver: ds18b20, id: 22-0316a2795bff}", ""},
		{"{driver: ds18b20, id: 42-0316a2795bff}", ""},
		{"{driver: ds18b20, id: 10-0316a2795bff}", `f:3:31: zones[0].sensor.id: 10-0316a2795bff is a DS18S20 or DS1920 (family 10), which counts otherwise and is not read; another thermometer is needed: DS18B20 (28-), DS1822 (22-) and DS28EA00 (42-) are read`},
		{"{driver: ds18b20, id: 28-0316A2795BFF}", `f:3:31: zones[0].sensor.id: "28-0316A2795BFF" is no id of a 1-Wire thermometer such as 28-0316a2795bff (thermostat probe lists yours): write 28-0316a2795bff`},
		{"{driver: ds18b20, id: 28-0316a2795bff, bus: w1}", `f:3:52: zones[0].sensor.bus: "w1" is none of kernel, ds2482, netlink`},
		{"{driver: ds18b20, id: 28-0316a2795bff, bus: ds2482, i2c_bus: 3, resolution: 9}", ""},
		{"{driver: ds18b20, id: 28-0316a2795bff, i2c_bus: 1}", "f:3:52: zones[0].sensor.i2c_bus: belongs to bus ds2482, but the bus is kernel"},
		{"{driver: ds18b20, id: 28-0316a2795bff, bus: ds2482, i2c_bus: 256}", "f:3:65: zones[0].sensor.i2c_bus: 256 is outside 0..255"},
		{"{driver: ds18b20, id: 28-0316a2795bff, bus: netlink, resolution: 13}", "f:3:66: zones[0].sensor.resolution: 13 is outside 9..12"},
		{"{driver: ds18b20, id: 28-0316a2795bff, resolution: 10}", "warning: f:3:52: zones[0].sensor.resolution: the kernel lets only root set it: else the thermometer keeps its own"},
		{"{driver: bme280}", ""},
		{"{driver: bme280, bus: 0, address: 0x77, offset: 1}", ""},
		{"{driver: bme280, address: 119}", ""},
		{"{driver: bme280, address: 0x78}", "f:3:30: zones[0].sensor.address: 0x78 is none of 0x76, 0x77, the addresses that a BME280 can have"},
		{"{driver: bme280, address: [1]}", "f:3:30: zones[0].sensor.address: is a list, but an address is wanted"},
		{"{driver: bme280, bus: -1}", "f:3:30: zones[0].sensor.bus: -1 is outside 0..255"},
		{"{driver: bme280, id: 3}", "f:3:30: zones[0].sensor.id: is an unknown key: known here are driver, bus, address, offset"},
		{"{driver: simulated, outdor: 1}", "f:3:33: zones[0].sensor.outdor: is an unknown key: did you mean outdoor?"},
		{"{driver: simulated, model: house}", `f:3:33: zones[0].sensor.model: "house" is none of room, linear, timber, massive, panel, radiator, refrigerator, fermenter`},
		{"{driver: simulated, speed: 0}", "f:3:33: zones[0].sensor.speed: 0 is outside 0.001..100000"},
		{"{driver: simulated, speed: x}", `f:3:33: zones[0].sensor.speed: "x" is not a decimal number`},
		{"{driver: simulated, up: 0s}", "f:3:33: zones[0].sensor.up: 0s is outside 1s..24h0m0s"},
		{"{driver: simulated, seed: -1}", "f:3:33: zones[0].sensor.seed: -1 is outside 0..18446744073709551615"},
		{"{driver: simulated, seed: [1]}", "f:3:33: zones[0].sensor.seed: is a list, but a whole number is wanted"},
		{"{driver: simulated, offset: 10.5}", "f:3:33: zones[0].sensor.offset: 10.5 is outside -10..10 K"},
	} {
		text := strings.Replace(wired, "{driver: simulated}", row.sensor, 1)
		if got := strings.Join(complaintsOf(text), "\n"); got != row.want {
			t.Errorf("%s: got\n%s\nwant\n%s", row.sensor, got, row.want)
		}
	}
}

// What is wrong in one place hides nothing elsewhere, and all comes in the
// order of the file.
func TestAllComplaintsComeAtOnceAndInOrder(t *testing.T) {
	got := complaintsOf(`device: a b
mqtt:
  brokers: ["mqtt://u:hunter2@h", "ftp://x"]
  password: hunter2
zones:
  - name: A
    sensor: {driver: ds18b20}
    heater: {driver: gpio}
    timing: {sample: 5, min_on: 3h}
    default_setpoint: {mode: cool, desired: 99, up_delta: 20, down_delta: 0}
  - name: b
    name: c
    sensor: {driver: simulated, speed: -1, noise: 9}
    cooler: {driver: simulated}
    limits: {max_rate: -1}
    default_setpoint: {desired: 99, down_delta: x}
`)
	want := []string{
		`f:1:1: device: "a b" is no name of a device, which is made of A-Z, a-z, 0-9, _ and -, at most 63 of them: write a-b`,
		"f:3:13: mqtt.brokers[0]: a user or password has no place in the URL: use username and password_file",
		`f:3:35: mqtt.brokers[1]: "ftp://x" is not a broker's URL such as mqtt://host:1883 (mqtt, mqtts, ws, wss)`,
		"f:4:3: mqtt.password: a password has no place in this file: write it alone into one of its own, such as mqtt-password beside this one, and name that: password_file: mqtt-password",
		`f:6:5: zones[0].name: "A" is no name of a zone, which is made of a-z, 0-9 and -, at most 40 of them: write a`,
		"f:7:5: zones[0].sensor.id: is missing: the thermometer's name, such as 28-0316a2795bff (thermostat probe lists them)",
		"f:8:5: zones[0].heater.line: is missing: the line's name, such as GPIO17",
		"f:9:14: zones[0].timing.sample: 5 has no unit: write 5s or 5m",
		"f:9:25: zones[0].timing.min_on: 3h0m0s is outside 0s..2h0m0s",
		"f:10:24: zones[0].default_setpoint.mode: cool needs a cooler, and the zone has none",
		"f:10:36: zones[0].default_setpoint.desired: 99 is outside 5..28 °C",
		"f:10:49: zones[0].default_setpoint.up_delta: 20 is outside 0.05..10 K",
		"f:10:63: zones[0].default_setpoint.down_delta: 0 is outside 0.05..10 K",
		"f:12:5: zones[1].name: is given twice, first in line 11",
		"f:13:33: zones[1].sensor.speed: -1 is outside 0.001..100000",
		"f:13:44: zones[1].sensor.noise: 9 is outside 0..5",
		"f:15:14: zones[1].limits.max_rate: -1 is outside 0.01..100000",
		"f:16:24: zones[1].default_setpoint.desired: 99 is outside 5..28 °C",
		`f:16:37: zones[1].default_setpoint.down_delta: "x" is not a decimal number`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A limit that could not be read must not lend its default to the judgement of
// a setpoint.
func TestUnreadableLimitBlamesNoSetpoint(t *testing.T) {
	got := complaintsOf(clitest.Room + "    limits: {desired_max: 30x}\n    default_setpoint: {desired: 29, up_delta: 11}\n")
	want := []string{
		`f:5:14: zones[0].limits.desired_max: "30x" is not a decimal number`,
		"f:6:37: zones[0].default_setpoint.up_delta: 11 is outside 0.05..10 K",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// No complaint may show a password, wherever somebody wrote it.
func TestNoComplaintShowsAPassword(t *testing.T) {
	for _, text := range []string{
		"mqtt: {brokers: ['mqtt://u:hunter2@h']}",
		"mqtt: {brokers: ['mqtt://u:hunter2@h:x%']}",
		"mqtt: {password: hunter2}", "mqtt: {pasword: hunter2}", "password: [hunter2]",
		"http: {listen: '', password: hunter2}",
		"mqtt: {password: hunter2", "mqtt:\n  password: hunter2\n bad: x\n", "mqtt: {password: \"hunter2}",
	} {
		got := complaintsOf(text)
		if len(got) == 0 || strings.Contains(strings.Join(got, "\n"), "hunter2") {
			t.Errorf("%s: %q", text, got)
		}
	}
}

func TestTheNearestKnownNameIsProposed(t *testing.T) {
	known := []string{"up", "down", "outdoor", "outdoor_swing"}
	for word, want := range map[string]string{
		"outdor": "outdoor", "outdoor-swing": "outdoor_swing", "dwon": "down", "UP": "", "xx": "", "": "",
		"temperature": "", strings.Repeat("outdoor", 1000): "",
	} {
		if got := Nearest(word, known); got != want {
			t.Errorf("%.20q: got %q, want %q", word, got, want)
		}
	}
}

// TestEveryComplaintOfARemoteDeviceHasItsPlaceAndText: of sensors and relays on the broker.
func TestEveryComplaintOfARemoteDeviceHasItsPlaceAndText(t *testing.T) {
	const broker = "device: den\nmqtt: {brokers: [mqtt://h]}\nzones:\n  - name: a\n    timing: {stale_after: 60s}\n"
	for _, row := range []struct{ devices, want string }{
		{"sensor: {driver: mqtt, topic: t/a}\n    heater: {driver: mqtt, topic: t/b}", ""},
		{"sensor: {driver: mqtt}\n    heater: {driver: mqtt}",
			"f:6:5: zones[0].sensor.topic: is missing\nf:7:5: zones[0].heater.topic: is missing"},
		{"sensor: {driver: mqtt, topic: t/+}\n    heater: {driver: mqtt, topic: $SYS/x}",
			"f:6:28: zones[0].sensor.topic: \"t/+\" has a wildcard: one device has one topic\nf:7:28: zones[0].heater.topic: \"$SYS/x\" begins with $, which is the broker's own"},
		{"sensor: {driver: mqtt, topic: thermostat/den/a/sensor}\n    heater: {driver: mqtt, topic: t/b, on: ON}",
			"f:6:28: zones[0].sensor.topic: \"thermostat/den/a/sensor\" is one of this agent's own topics, below thermostat/den/\nf:7:5: zones[0].heater: on and off go together; without both the commands are HeaterControl messages"},
		{"sensor: {driver: mqtt, topic: homeassistant/status}\n    heater: {driver: mqtt, topic: t/b}",
			"f:6:28: zones[0].sensor.topic: \"homeassistant/status\" is where Home Assistant says that it is there"},
		{"sensor: {driver: mqtt, topic: t/a, format: number, field: x}\n    heater: {driver: mqtt, topic: t/b, on: ON, off: ON}",
			"f:6:56: zones[0].sensor.field: belongs to format json, but the format is number\nf:7:48: zones[0].heater.off: \"ON\" is also what switches on"},
		{"sensor: {driver: mqtt, topic: t/a, format: xml}\n    heater: {driver: mqtt, topic: t/b, lease: 2s}",
			"f:6:40: zones[0].sensor.format: \"xml\" is none of auto, protobuf, json, number\nf:7:40: zones[0].heater.lease: 2s is outside 3s..1h"},
		{"sensor: {driver: mqtt, topic: t/a}\n    heater: {driver: mqtt, topic: t/b, state_topic: t/b}",
			"f:7:40: zones[0].heater.state_topic: is also the topic of the commands: our own would count as the device's answer"},
		{"sensor: {driver: mqtt, topic: t/a}\n    heater: {driver: mqtt, topic: t/b, state_field: x}",
			"f:7:40: zones[0].heater.state_field: is a field of what comes on state_topic, which is missing"},
		{"sensor: {driver: mqtt, topic: t/a}\n    heater: {driver: mqtt, topic: t/b, retain: true}",
			"warning: f:7:40: zones[0].heater.retain: a retained On switches a heater on that comes back when no agent is there"},
		{"sensor: {driver: mqtt, topic: t/a}\n    heater: {driver: mqtt, topic: t/b}\n    cooler: {driver: mqtt, topic: t/b}",
			"f:8:28: zones[0].cooler.topic: \"t/b\" is also the topic of zones[0].heater"},
		{"sensor: {driver: mqtt, topic: t/a}\n    fallback_sensors: [{driver: mqtt, topic: t/a, field: temperature}]\n    heater: {driver: mqtt, topic: t/b}",
			"f:7:24: zones[0].fallback_sensors[0]: is a sensor that this zone has already: it cannot stand in for itself"},
		{"sensor: {driver: mqtt, topic: t/a, where: {id: 1}}\n    fallback_sensors: [{driver: mqtt, topic: t/a, where: {id: 2}}]\n    heater: {driver: mqtt, topic: t/b}", ""},
		{"sensor: {driver: mqtt, topic: t/a, unit: F, where: {}}\n    heater: {driver: mqtt, topic: t/b}", ""},
		{"sensor: {driver: mqtt, topic: t/a, unit: K, where: [Id]}\n    heater: {driver: mqtt, topic: t/b}",
			"f:6:40: zones[0].sensor.unit: \"K\" is none of C, F\nf:6:49: zones[0].sensor.where: is a list, but a mapping such as {Id: 01191ED4A0B2} is wanted"},
		{"sensor: {driver: mqtt, topic: t/a, where: {Id: '', channel: {a: 1}}}\n    heater: {driver: mqtt, topic: t/b}",
			"f:6:48: zones[0].sensor.where.Id: \"\" is empty\nf:6:56: zones[0].sensor.where.channel: is a mapping, but a text is wanted"},
		{"sensor: {driver: mqtt, topic: t/a, format: number, where: {Id: A}}\n    heater: {driver: mqtt, topic: t/b}",
			"f:6:56: zones[0].sensor.where: belongs to format json, but the format is number"},
		{"sensor: {driver: mqtt, topic: t/a, format: protobuf, unit: F}\n    heater: {driver: mqtt, topic: t/b}",
			"f:6:58: zones[0].sensor.unit: belongs to formats json and number: a SensorData is in °C"},
		{"sensor: {driver: mqtt, topic: t/a, field: tC, unit: F}\n    heater: {driver: mqtt, topic: t/b}",
			"warning: f:6:51: zones[0].sensor.unit: is F, but the field's name \"tC\" says °C: the unit counts"},
		{"sensor: {driver: mqtt, topic: t/a}\n    heater: {driver: simulated}\n    safety_relay: {driver: simulated}",
			"f:7:14: zones[0].heater.driver: a simulated relay needs a simulated sensor, whose room it heats or cools: the zone's is \"mqtt\"\n" +
				"f:8:20: zones[0].safety_relay.driver: a simulated relay needs a simulated sensor, whose room it heats or cools: the zone's is \"mqtt\""},
		{"sensor: {driver: mqtt, topic:\u00a0t}\n    heater: {driver: mqtt, topic: \"t\\u200bb\", state_topic: 't/s ', state_field: \"s\u00ad\"}",
			"f:6:28: zones[0].sensor.topic: a no-break space (U+00A0) looks like a blank and is none: type a blank in its place\n" +
				"f:7:28: zones[0].heater.topic: the invisible character U+200B has no place here: take it out, or type a blank in its place\n" +
				"f:7:47: zones[0].heater.state_topic: \"t/s \" begins or ends with a blank\n" +
				"f:7:68: zones[0].heater.state_field: the invisible character U+00AD has no place here: take it out, or type a blank in its place"},
		{"sensor: {driver: mqtt, topic: t/a, \ufefffield: x, where: {\"I\u202ed\": 1, channel: \u28001}}\n    heater: {driver: mqtt, topic: t/b}",
			"f:6:40: zones[0].sensor.\"\\ufefffield\": the invisible character U+FEFF has no place here: take it out, or type a blank in its place\n" +
				"f:6:59: zones[0].sensor.where.\"I\\u202ed\": the invisible character U+202E has no place here: take it out, or type a blank in its place\n" +
				"f:6:69: zones[0].sensor.where.channel: the invisible character U+2800 has no place here: take it out, or type a blank in its place"},
		{"sensor: {driver: mqtt, topic: t/⚡\ufe0f/👨\u200d👩\u200d👧/می\u200cخواهم}\n    heater: {driver: mqtt, topic: Küche/ö}", ""},
	} {
		if got := strings.Join(complaintsOf(broker+"    "+row.devices+"\n"), "\n"); got != row.want {
			t.Errorf("%s:\ngot  %q\nwant %q", row.devices, got, row.want)
		}
	}
}
