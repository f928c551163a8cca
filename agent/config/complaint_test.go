package config

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"thermostat/agent/clitest"
	"thermostat/agent/config/machine"
	"thermostat/drivers/hostfs"
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
		{"unknown key, far", "xyzzy: a\n", "f:1:1: xyzzy: is an unknown key: known here are device, state_dir, units, timezone, clock, presets, mqtt, http, sources, zones"},
		{"unknown key, strange", "\"a b\\n\": 1\n", `f:1:1: "a b\n": is an unknown key: known here are device, state_dir, units, timezone, clock, presets, mqtt, http, sources, zones`},
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
		{"state_dir without its beginning", "state_dir: memory\n", `warning: f:1:1: state_dir: "memory" is another folder wherever a command is started: write its whole path, from / on`},
		{"units", "units: K\n", `f:1:1: units: "K" is none of C, F`},
		{"mqtt a list", "mqtt: []\n", "f:1:1: mqtt: is a list, but a mapping is wanted"},
		{"mqtt empty", "mqtt:\n", "f:1:1: mqtt: is empty, but a mapping is wanted: write its keys below it, further in, or leave it out"},
		{"brokers empty", "mqtt:\n  brokers:\n", "f:2:3: mqtt.brokers: is empty, but a list is wanted: write its items below it, each behind a dash and a blank, or brokers: [] where there are none"},
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
		{"listen's port, too high", "http: {listen: ':65536'}\n", `f:1:8: http.listen: ":65536" has a port outside 0..65535`},
		{"host with a port", "http: {hosts: ['cabin.lan:80']}\n", `f:1:16: http.hosts[0]: "cabin.lan:80" is not a host name such as cabin.example; the port does not belong to it`},
		{"proxy by its name", "http: {proxies: [localhost]}\n", `f:1:18: http.proxies[0]: "localhost" is not an address such as 127.0.0.1, or a network such as 172.30.32.0/23`},
		{"proxy with a port", "http: {proxies: ['127.0.0.1:80']}\n", `f:1:18: http.proxies[0]: "127.0.0.1:80" is not an address such as 127.0.0.1, or a network such as 172.30.32.0/23`},
		{"proxies everywhere", "http: {proxies: [0.0.0.0/0]}\n", `f:1:18: http.proxies[0]: "0.0.0.0/0" would believe everybody: name the proxy's own address, such as 127.0.0.1`},
		{"hosts", "http: {listen: '', hosts: x}\n", "f:1:20: http.hosts: is a plain value, but a list is wanted: put the value into [ ], such as [a, b]"},

		// zones
		{"zone a word", "zones: [a]\n", "f:1:9: zones[0]: is a plain value, but a mapping is wanted"},
		{"no name", "zones:\n  - sensor: {driver: simulated}\n    heater: {driver: simulated}\n", "f:2:5: zones[0].name: is missing: each dash begins another zone, so take this one away if its keys belong to the zone above, else write - name: and a name"},
		{"name", strings.Replace(clitest.Room, "a\n", "Küche\n", 1), `f:2:5: zones[0].name: "Küche" is no name of a zone, which is made of a-z, 0-9 and -, at most 40 of them: write kueche, and for people title: "Küche" beside it`},
		{"title with a line break", clitest.Room + "    title: \"a\\nb\"\n", "f:5:5: zones[0].title: has a control character or a line break"},
		{"title that turns what follows", clitest.Room + "    title: \"a\u202eb\"\n", "f:5:5: zones[0].title: the invisible character U+202E has no place here: take it out, or type a blank in its place"},
		{"title that turns what follows, spelled", clitest.Room + `    title: "a\u202eb"` + "\n", "f:5:5: zones[0].title: the invisible character U+202E has no place here: take it out, or type a blank in its place"},
		{"title empty", clitest.Room + "    title: \"\"\n", `f:5:5: zones[0].title: "" is no title, which is 1 to 64 printable characters, no blank at either end`},
		{"title too long", clitest.Room + "    title: " + strings.Repeat("ü", 65) + "\n", `f:5:5: zones[0].title: "` + strings.Repeat("ü", 40) + `…" is no title, which is 1 to 64 printable characters, no blank at either end`},
		{"title that ends with a blank", clitest.Room + "    title: \"a \"\n", `f:5:5: zones[0].title: "a " begins or ends with a blank`},
		{"two of one title", roomsWith("{driver: simulated}\n    title: Küche 👩‍🍳", "{driver: simulated}\n    title: Küche 👩‍🍳"), ""},
		{"one thermometer in two zones", roomsWith("{driver: ds18b20, id: 28-0316a2795bff}", "{driver: ds18b20, id: 28-0316a2795bff, resolution: 12, bus: ds2482}"),
			"warning: f:8:31: zones[1].sensor.id: is also the sensor of zone a: both zones go by one place's temperature; where this one has a sensor of its own, write that (thermostat probe lists them)"},
		{"one chip in two zones", roomsWith("{driver: bme280}", "{driver: bme280, address: 0x76}"),
			"warning: f:8:30: zones[1].sensor.address: is also the sensor of zone a: both zones go by one place's temperature; where this one has a sensor of its own, write that (thermostat probe lists them)"},
		{"two thermometers in two zones", roomsWith("{driver: ds18b20, id: 28-0316a2795bff}", "{driver: ds18b20, id: 28-0316a2795b00}"), ""},
		{"same name", clitest.Room + strings.TrimPrefix(clitest.Room, "zones:\n"), `f:5:5: zones[1].name: "a" is also the name of zones[0]`},
		{"same sensor_id", clitest.Room + "    sensor_id: 5\n" + strings.Replace(strings.TrimPrefix(clitest.Room, "zones:\n"), "a\n", "b\n", 1) + "    sensor_id: 5\n",
			"f:9:5: zones[1].sensor_id: 5 of b is also that of zones[0] (a)"},
		{"sensor_id of another by default", clitest.Room + strings.Replace(strings.TrimPrefix(clitest.Room, "zones:\n"), "a\n", "b\n", 1) +
			fmt.Sprintf("    sensor_id: %d\n", machine.SensorID("cabin", "a")),
			fmt.Sprintf("f:8:5: zones[1].sensor_id: %d of b is also that of zones[0] (a)", machine.SensorID("cabin", "a"))},
		{"sensor_id zero", clitest.Room + "    sensor_id: 0\n", "f:5:5: zones[0].sensor_id: 0 is outside 1..2147483647"},
		{"sensor_id a fraction", clitest.Room + "    sensor_id: 1.5\n", `f:5:5: zones[0].sensor_id: "1.5" is not a whole number`},
		{"sensor_id octal", clitest.Room + "    sensor_id: 010\n", `f:5:5: zones[0].sensor_id: "010" is not a whole number`},
		{"sensor_id in quotes", clitest.Room + "    sensor_id: '7'\n", `f:5:5: zones[0].sensor_id: "7" is a text, but a whole number is wanted: leave out the quotes`},
		{"sensor_id huge", clitest.Room + "    sensor_id: 99999999999999999999\n", "f:5:5: zones[0].sensor_id: 99999999999999999999 is outside 1..2147483647"},
		{"plant", clitest.Room + "    plant: oven\n", `f:5:5: zones[0].plant: "oven" is none of electric, boiler, heat_pump, floor, fridge, fermenter`},
		{"no sensor", "zones:\n  - name: a\n    heater: {driver: simulated}\n", "f:2:5: zones[0].sensor: is missing"},
		{"no relay", "zones:\n  - name: a\n    sensor: {driver: simulated}\n", "f:2:5: zones[0].heater: missing but a zone needs a heater or a cooler, or calls a source"},
		{"relay empty", clitest.Room + "    cooler:\n", "f:5:5: zones[0].cooler: is empty, but a mapping such as {driver: gpio} is wanted"},
		{"relay without driver", clitest.Room + "    cooler: {line: GPIO4}\n", "f:5:5: zones[0].cooler.driver: is missing: one of gpio, modbus, simulated, mqtt"},
		{"relay on no broker", clitest.Room + "    cooler: {driver: mqtt, topic: x}\n", "f:5:14: zones[0].cooler.driver: needs a broker: mqtt.brokers is empty"},
		{"no line", clitest.Room + "    cooler: {driver: gpio}\n", "f:5:5: zones[0].cooler.line: is missing: the line's name, such as GPIO17"},
		{"line with a space", clitest.Room + "    cooler: {driver: gpio, line: GPIO 17}\n", `f:5:28: zones[0].cooler.line: "GPIO 17" is no line of a Raspberry Pi's header: write GPIO17; of another board, name the chip as well`},
		{"polarity a word", clitest.Room + "    cooler: {driver: gpio, line: GPIO17, active_low: yes}\n", `f:5:42: zones[0].cooler.active_low: "yes" is none of true, false: write true`},
		{"key of a GPIO relay", clitest.Room + "    cooler: {driver: gpio, line: GPIO17, activ_low: true}\n", "f:5:42: zones[0].cooler.activ_low: is an unknown key: did you mean active_low?"},
		{"pull at reset, active low", clitest.Room + "    cooler: {driver: gpio, line: GPIO17, active_low: true}\n", "warning: f:5:28: zones[0].cooler.line: GPIO17 pulls down at reset, which holds an active-low relay on until the agent runs: GPIO0 to GPIO8 pull up"},
		{"pull at reset, active high", clitest.Room + "    cooler: {driver: gpio, line: GPIO5}\n", "warning: f:5:28: zones[0].cooler.line: GPIO5 pulls up at reset, which holds an active-high relay on until the agent runs: GPIO9 to GPIO27 pull down"},
		{"a line twice in a zone", strings.Replace(clitest.Room, "heater: {driver: simulated}", "heater: {driver: gpio, line: GPIO17}", 1) + "    cooler: {driver: gpio, line: 17}\n", "f:5:28: zones[0].cooler.line: 17 is also the line of zones[0].heater: each needs one of its own"},
		{"a line twice in two zones", clitest.Room + "    cooler: {driver: gpio, line: GPIO17}\n" + strings.Replace(strings.TrimPrefix(clitest.Room, "zones:\n"), "a\n", "b\n", 1) + "    cooler: {driver: gpio, line: GPIO17, chip: pinctrl-rp1}\n",
			"f:9:28: zones[1].cooler.line: GPIO17 of pinctrl-rp1 is also the line of zones[0].cooler: each needs one of its own"},
		{"relay without its mapping", clitest.Room + "    cooler: gpio\n", "f:5:5: zones[0].cooler: is a plain value, but a mapping such as {driver: gpio} is wanted: write {driver: gpio, line: GPIO17} with its own line"},
		{"relay on the broker without its mapping", clitest.Room + "    cooler: mqtt\n", "f:5:5: zones[0].cooler: is a plain value, but a mapping such as {driver: gpio} is wanted: write {driver: mqtt, topic: home/room} with its own topic"},
		{"relay unknown", clitest.Room + "    cooler: {driver: magic, wand: 1}\n", `f:5:14: zones[0].cooler.driver: "magic" is none of gpio, modbus, simulated, mqtt`},
		{"relay with more", clitest.Room + "    cooler: {driver: simulated, line: GPIO4}\n", "f:5:33: zones[0].cooler.line: is an unknown key: known here are driver"},
		{"fallback sensor unknown", clitest.Room + "    fallback_sensors: [{driver: simulated}, {driver: magic}]\n", `f:5:46: zones[0].fallback_sensors[1].driver: "magic" is none of ds18b20, bme280, bmp280, sht3x, kernel, simulated, mqtt`},
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
		{"calibrate beside offset", strings.Replace(clitest.Room, "{driver: simulated}", "{driver: simulated, offset: 1, calibrate: [[1, 0]]}", 1),
			"f:3:33: zones[0].sensor.offset: belongs to a sensor without calibrate, which says it, too: take one of the two away"},
		{"calibrate is a number", strings.Replace(clitest.Room, "{driver: simulated}", "{driver: simulated, calibrate: 1}", 1),
			"f:3:33: zones[0].sensor.calibrate: is a plain value, but a list of pairs such as [[0.4, 0.0], [25.1, 25.0]] is wanted"},
		{"calibrate is one pair", strings.Replace(clitest.Room, "{driver: simulated}", "{driver: simulated, calibrate: [1, 0]}", 1),
			"f:3:45: zones[0].sensor.calibrate[0]: is no pair of numbers: a list of pairs such as [[0.4, 0.0], [25.1, 25.0]] is wanted"},
		{"calibrate by too much", strings.Replace(clitest.Room, "{driver: simulated}", "{driver: simulated, calibrate: [[30, 19]]}", 1),
			"f:3:33: zones[0].sensor.calibrate: corrects [30, 19] by -11 K, at most 10 K can be: such a sensor is broken, or was not where the truth was"},
		{"a board's relay without port and coil", clitest.Room + "    cooler: {driver: modbus}\n",
			"f:5:5: zones[0].cooler.port: is missing: the port of the adapter, such as /dev/ttyUSB0 (ls /dev/serial/by-id names it for good)\n" +
				"f:5:5: zones[0].cooler.coil: is missing: the relay of the board, of which the first is 0"},
		{"a board's port, speed, unit, coil and lease", clitest.Room + "    cooler: {driver: modbus, port: ttyUSB0, baud: 9601, unit: 248, coil: 256, lease: 5s}\n",
			"f:5:30: zones[0].cooler.port: \"ttyUSB0\" is no serial port, which is a path below /dev, such as /dev/ttyUSB0\n" +
				"f:5:45: zones[0].cooler.baud: 9601 is no speed of a serial port: one of 1200 2400 4800 9600 19200 38400 57600 115200\n" +
				"f:5:57: zones[0].cooler.unit: 248 is outside 1..247\n" +
				"f:5:68: zones[0].cooler.coil: 256 is outside 0..255"},
		{"a board's short lease", clitest.Room + "    cooler: {driver: modbus, port: /dev/ttyUSB0, coil: 0, lease: 5s}\n",
			"f:5:59: zones[0].cooler.lease: 5s is outside 6s..10m: a third of it must leave time to say it again"},
		{"a board's lease of a part of a tenth", clitest.Room + "    cooler: {driver: modbus, port: /dev/ttyUSB0, coil: 0, lease: 6.05s}\n",
			"f:5:59: zones[0].cooler.lease: 6.05s is no whole number of tenths of a second, in which boards count"},
		{"a board without a lease", clitest.Room + "    cooler: {driver: modbus, port: /dev/ttyUSB0, coil: 0, lease: 0s}\n",
			"warning: f:5:59: zones[0].cooler.lease: without a lease the relay stays on when agent or line die, until thermostat off runs: take a board that has flash-on, or let the load have a cut-out of its own"},
		{"a board's relay twice", strings.Replace(clitest.Room, "heater: {driver: simulated}", "heater: {driver: modbus, port: /dev/ttyUSB0, coil: 1}", 1) + "    cooler: {driver: modbus, port: /dev/ttyUSB0, coil: 1, baud: 19200}\n",
			"f:5:50: zones[0].cooler.coil: coil 1 of unit 1 on /dev/ttyUSB0 is also that of zones[0].heater: each needs one of its own"},
		{"a port of two speeds", strings.Replace(clitest.Room, "heater: {driver: simulated}", "heater: {driver: modbus, port: /dev/ttyUSB0, coil: 1}", 1) + "    cooler: {driver: modbus, port: /dev/ttyUSB0, coil: 2, baud: 19200}\n",
			"f:5:59: zones[0].cooler.baud: 19200, but zones[0].heater speaks with 9600 on the same port: a line has one speed"},
		{"safety relay on the heater's line", strings.Replace(clitest.Room, "heater: {driver: simulated}", "heater: {driver: gpio, line: GPIO17}", 1) + "    safety_relay: {driver: gpio, line: 17}\n", "f:5:34: zones[0].safety_relay.line: 17 is also the line of zones[0].heater: each needs one of its own"},
		{"duty's key", clitest.Room + "    on_sensor_loss: {percent: 5}\n", "f:5:22: zones[0].on_sensor_loss.percent: belongs to action duty, but the action is off"},
		{"duty without its share", clitest.Room + "    on_sensor_loss: {action: duty}\n", "f:5:5: zones[0].on_sensor_loss.percent: is missing: 1 to 30"},
		{"duty's share", clitest.Room + "    on_sensor_loss: {action: duty, percent: 31}\n", "f:5:36: zones[0].on_sensor_loss.percent: 31 is outside 1..30"},
		{"duty's share a text", clitest.Room + "    on_sensor_loss: {action: duty, percent: 5%}\n", `f:5:36: zones[0].on_sensor_loss.percent: "5%" is not a decimal number`},
		{"duty's period", clitest.Room + "    on_sensor_loss: {action: duty, percent: 20, period: 25h}\n", "f:5:49: zones[0].on_sensor_loss.period: 25h0m0s is outside 1m0s..24h0m0s"},
		{"duty's end", clitest.Room + "    on_sensor_loss: {action: duty, percent: 20, for: 19m}\n", "f:5:49: zones[0].on_sensor_loss.for: 19m0s is outside 20m0s..168h0m0s"},
		{"duty shorter than min_on", clitest.Room + "    on_sensor_loss: {action: duty, percent: 19, period: 20m}\n", "f:5:49: zones[0].on_sensor_loss.period: 20m0s with 19 percent is on for 3m48s, which must be at least min_on and a sample, 4m0s"},
		{"duty longer than its rest", clitest.Room + "    on_sensor_loss: {action: duty, percent: 30, period: 20m}\n    timing: {min_off: 15m}\n", "f:5:49: zones[0].on_sensor_loss.period: 20m0s with 30 percent is off for 14m0s, which must be at least min_off 15m0s"},
		{"frost", clitest.Room + "    frost: {below: 2.9, rise: 5.5}\n", "f:5:13: zones[0].frost.below: 2.9 is outside 3..12 °C\nf:5:25: zones[0].frost.rise: 5.5 is outside 0.5..5 K"},
		{"frost as a plain value", clitest.Room + "    frost: 5\n", "f:5:5: zones[0].frost: is a plain value, but a mapping is wanted"},
		{"frost over the cut-out", clitest.Room + "    frost: {below: 12, rise: 4}\n    limits: {desired_min: 5, desired_max: 14, heat_cutout: 15}\n", "f:5:5: zones[0].frost: below + rise: 16 must stay below heat_cutout 15 °C"},
		{"frost without a heater", strings.Replace(clitest.Room, "heater:", "cooler:", 1) + "    frost: {}\n", "f:5:5: zones[0].frost: needs a heater, and the zone has none: leave it out"},
		{"frost in a fridge", clitest.Room + "    plant: fermenter\n    frost: {}\n", "f:6:5: zones[0].frost: has no place in a fridge or a fermenter: what lies in it decides how cold it may be, so leave it out"},
		{"a window that nothing tells of", clitest.Room + "    window: {delay: 1m}\n", "f:5:5: zones[0].window: needs a contact, or slope: auto"},
		{"a slope", clitest.Room + "    window: {slope: on}\n", `f:5:14: zones[0].window.slope: "on" is none of off, auto, and a number of 0.5..60 K/h`},
		{"a slope in hexadecimal", clitest.Room + "    window: {slope: 0x1p3}\n", `f:5:14: zones[0].window.slope: "0x1p3" is none of off, auto, and a number of 0.5..60 K/h`},
		{"a slope out of bounds", clitest.Room + "    window: {slope: 61}\n", `f:5:14: zones[0].window.slope: "61" is none of off, auto, and a number of 0.5..60 K/h`},
		{"a slope in a massive room in coarse steps", "zones:\n  - {name: a, plant: floor, sensor: {driver: ds18b20, id: 28-0316a2795bff, resolution: 9, bus: netlink}, heater: {driver: gpio, line: GPIO17}, window: {slope: auto}}\n",
			"warning: f:2:153: zones[0].window.slope: steps of a thermometer of 9 or 10 bits are too coarse to show a window in a massive room: a contact does, such as one of Zigbee for 10 to 15 €, or a reed contact on a GPIO line for 2 €"},
		{"a window's times", clitest.Room + "    window: {contact: {driver: simulated}, delay: 61m, close_delay: -1s, max: 59s}\n",
			"f:5:44: zones[0].window.delay: 1h1m0s is outside 0s..1h\nf:5:56: zones[0].window.close_delay: -1s is outside 0s..1h\nf:5:74: zones[0].window.max: 59s is outside 1m..24h"},
		{"a contact on the broker", clitest.Room + "    window: {contact: {driver: mqtt, topic: a}}\n",
			"f:5:14: zones[0].window.contact.open: is missing: what the contact says while its window is open, mostly \"false\" of a contact that is closed no more\nf:5:24: zones[0].window.contact.driver: needs a broker: mqtt.brokers is empty"},
		{"a contact on a relay's line", "zones:\n  - {name: a, sensor: {driver: simulated}, heater: {driver: gpio, line: GPIO17}, window: {contact: {driver: gpio, line: GPIO17}}}\n",
			"f:2:115: zones[0].window.contact.line: GPIO17 is also the line of zones[0].heater: each needs one of its own"},
		{"a simulated contact of a real room", "zones:\n  - {name: a, sensor: {driver: bme280}, heater: {driver: gpio, line: GPIO17}, window: {contact: {driver: simulated}}}\n",
			"f:2:88: zones[0].window.contact: a simulated contact needs a simulated sensor, at whose room's window it is"},
		{"sensor loss", clitest.Room + "    on_sensor_loss: {action: heat}\n", `f:5:22: zones[0].on_sensor_loss.action: "heat" is none of off, duty`},

		// limits and timing
		{"frozen_after", clitest.Room + "    timing: {frozen_after: 49s}\n", "f:5:14: zones[0].timing.frozen_after: 49s must be 0s for never, or from 10 samples, 50s, to 168h"},
		{"a plus", clitest.Room + "    max_disagreement: 0\n    limits: {max_rate: +5}\n    sensor_id: +7\n", ""},
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
		{"mode", clitest.Room + "    default_setpoint: {mode: warm, desired: 20}\n", `f:5:24: zones[0].default_setpoint.mode: "warm" is none of off, heat, cool, heat_cool, auto`},
		{"mode without relay", clitest.Room + "    default_setpoint: {mode: cool, desired: 20}\n", "f:5:24: zones[0].default_setpoint.mode: cool needs a cooler, and the zone has none"},
		{"no desired", clitest.Room + "    default_setpoint: {}\n", "f:5:5: zones[0].default_setpoint.desired: is missing: every mode but off and auto needs it"},
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
		{"bme280", "f:3:5: zones[0].sensor: is a plain value, but a mapping such as {driver: ds18b20} is wanted: write {driver: bme280}"},
		{"ds18b20", "f:3:5: zones[0].sensor: is a plain value, but a mapping such as {driver: ds18b20} is wanted: write {driver: ds18b20, id: 28-0316a2795bff} with its own id, which thermostat probe lists"},
		{"mqtt", "f:3:5: zones[0].sensor: is a plain value, but a mapping such as {driver: ds18b20} is wanted: write {driver: mqtt, topic: home/room} with its own topic"},
		{"gpio", "f:3:5: zones[0].sensor: is a plain value, but a mapping such as {driver: ds18b20} is wanted"},
		{"{model: room}", "f:3:5: zones[0].sensor.driver: is missing: one of ds18b20, bme280, bmp280, sht3x, kernel, simulated, mqtt"},
		{"{driver: [x]}", "f:3:14: zones[0].sensor.driver: is a list, but a text is wanted"},
		{"{driver: mqtt, topic: x}", "f:2:5: zones[0].timing.stale_after: is missing: an mqtt sensor needs it, longer than the longest pause between two of its readings; the heat goes off that long after the last\n" +
			"f:3:14: zones[0].sensor.driver: needs a broker: mqtt.brokers is empty"},
		{"{driver: ds18b21}", `f:3:14: zones[0].sensor.driver: "ds18b21" is none of ds18b20, bme280, bmp280, sht3x, kernel, simulated, mqtt`},
		{"{driver: ds18b20, id: 28-0316a2795bff, bus: kernel, offset: -0.3}", ""},
		{"{driver: ds18b20}", "f:3:5: zones[0].sensor.id: is missing: the thermometer's name, such as 28-0316a2795bff (thermostat probe lists them)"},
		{"{driver: ds18b20, id: 22-0316a2795bff}", ""},
		{"{driver: ds18b20, id: 42-0316a2795bff}", ""},
		{"{driver: ds18b20, id: 26-0316a2795bff}", `f:3:31: zones[0].sensor.id: 26-0316a2795bff is of family 26, which is no thermometer: their ids begin with 28- (DS18B20), 22- (DS1822), 42- (DS28EA00), 10- (DS18S20 or DS1920), 3b- (DS1825, MAX31826 or MAX31850)`},
		{"{driver: ds18b20, id: 10-0316a2795bff, resolution: 12}", `f:3:52: zones[0].sensor.resolution: of a DS18S20 or DS1920 nobody can set it: leave it out`},
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
		{"{driver: sht3x, address: 0x46}", "f:3:29: zones[0].sensor.address: 0x46 is none of 0x44, 0x45, the addresses that an SHT3x can have"},
		{"{driver: bme280, address: [1]}", "f:3:30: zones[0].sensor.address: is a list, but an address is wanted"},
		{"{driver: bme280, bus: -1}", "f:3:30: zones[0].sensor.bus: -1 is outside 0..255"},
		{"{driver: bme280, id: 3}", "f:3:30: zones[0].sensor.id: is an unknown key: known here are driver, bus, address, offset, calibrate"},
		{"{driver: kernel, device: i2c-1/0x44}", ""},
		{"{driver: kernel}", "f:3:5: zones[0].sensor.device: is missing: the chip's place, such as i2c-1/0x44 (thermostat probe lists them)"},
		{"{driver: kernel, device: 1-0044}", `f:3:30: zones[0].sensor.device: "1-0044" is no device of the kernel's such as i2c-1/0x44, spi0.0 or dht11@4 (thermostat probe lists yours): write i2c-1/0x44`},
		{"{driver: kernel, device: i2c-1/0x44, r0: 100}", "f:3:5: zones[0].sensor: r0 and r_ref go together: the resistor and the one it is held against"},
		{"{driver: kernel, device: spi0.0, r0: 1, r_ref: 430}", "f:3:46: zones[0].sensor.r0: 1 is outside 10..10000 Ω"},
		{"{driver: kernel, device: i2c-1/0x48, ntc: {r25: 10000, beta: 3950, pullup: 10000}}", "f:3:50: zones[0].sensor.ntc.vcc: is missing: mostly 3.3"},
		{"{driver: kernel, device: spi0.0, unchecked: true, r0: 100, r_ref: 430}", "warning: f:3:5: zones[0].sensor: nobody checks the answers of this chip: a damaged one is a temperature like any other, which only plausible_min, plausible_max, max_rate and other sensors can find"},
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

// A chip of this board whose driver checks nothing is an error until its owner says that
// this is known, or other sensors stand beside it.
func TestAChipThatNobodyChecksNeedsItsOwnersWord(t *testing.T) {
	m := cabin()
	m.Files = hostfs.Root(t.TempDir())
	for device, driver := range map[string]string{"1-0044": "sht3x", "1-0045": "sht4x"} {
		folder := m.Files.Path("/sys/bus/i2c/devices", device)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("../drivers/"+driver, folder+"/driver"); err != nil {
			t.Fatal(err)
		}
	}
	const spare = "\n    fallback_sensors: [{driver: bme280}]\n"
	for _, row := range []struct{ sensor, more, want string }{
		{"{driver: kernel, device: i2c-1/0x45}", "", ""},
		{"{driver: kernel, device: i2c-1/0x44}", "", "f:3:5: zones[0].sensor: the kernel's driver sht3x does not check"},
		{"{driver: kernel, device: i2c-1/0x44}", spare, "warning: f:3:5: zones[0].sensor: nobody checks the answers of this chip, and nothing compares them: write max_disagreement"},
		{"{driver: kernel, device: i2c-1/0x44}", spare + "    max_disagreement: 2\n", "warning: f:3:5: zones[0].sensor: nobody checks the answers of this chip: a damaged one"},
		{"{driver: kernel, device: i2c-1/0x44, unchecked: true}", "", "warning: f:3:5: zones[0].sensor: nobody checks the answers of this chip: a damaged one"},
	} {
		text := strings.Replace(wired, "{driver: simulated}", row.sensor, 1) + strings.TrimPrefix(row.more, "\n")
		_, complaints := ReadOn("f", []byte(text), m)
		var got []string
		for _, c := range complaints {
			word := ""
			if c.Warning {
				word = "warning: "
			}
			got = append(got, word+c.String())
		}
		if all := strings.Join(got, "\n"); !strings.HasPrefix(all, row.want) || (all == "") != (row.want == "") || len(got) > 1 {
			t.Errorf("%s%s: got\n%s\nwant\n%s", row.sensor, row.more, all, row.want)
		}
	}
}
