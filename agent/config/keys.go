package config

import (
	"fmt"
	"math"
	"net/netip"
	"time"

	"thermostat/agent/config/plant"
	"thermostat/agent/config/sources"
	"thermostat/agent/devices"
	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/limits"
	"thermostat/mqtt/broker"
)

// defaults are what a configuration says that says nothing. The device and its
// state folder are the machine's.
func defaults() Config {
	c := Config{Units: "C", Clock: "auto", HTTP: HTTP{Listen: DefaultListen}}
	c.MQTT.Prefix, c.MQTT.DiscoveryPrefix, c.MQTT.StateEvery = "thermostat", "homeassistant", time.Minute
	return c
}

var rootKeys = table{
	start: before(deviceOfHost),
	end:   after(wholeFile),
	keys: []key{
		{name: "device", more: "#the-devices-name", at: in(func(c *Config) *string { return &c.Device }), form: deviceName, usual: "host name",
			says: "the name of this device, a part of every topic; it must be given where the host name is one that fresh systems share"},
		{name: "state_dir", more: "#memory", at: in(func(c *Config) *string { return &c.StateDir }), usual: "`$STATE_DIRECTORY`, else the user's state folder",
			says: "the folder in which the agent remembers"},
		{name: "units", at: in(func(c *Config) *string { return &c.Units }), form: form{words: []string{"C", "F"}},
			says: "what page, `watch` and `set` show and take; everything else is in °C"},
		{name: "timezone", more: "comfort.md", at: in(func(c *Config) *string { return &c.Timezone }), form: timezone, usual: "the system's", says: "the place on whose clocks programs run, such as Europe/Berlin"},
		{name: "clock", more: "comfort.md", at: in(func(c *Config) *string { return &c.Clock }), form: form{words: []string{"auto", "trust"}},
			says: "auto: a program follows the clock once a time server has set it, or a battery has kept it; trust: always"},
		{name: "presets", more: "comfort.md", at: in(func(c *Config) *map[string]float64 { return &c.Presets }), unit: "°C", says: "temperatures by name, for all zones"},
		{name: "mqtt", at: in(func(c *Config) *MQTT { return &c.MQTT }), keys: &mqttKeys, says: "the broker"},
		{name: "http", at: in(func(c *Config) *HTTP { return &c.HTTP }), keys: &httpKeys, says: "the page"},
		{name: "sources", more: "boiler.md", at: in(func(c *Config) *[]sources.Source { return &c.Sources }), keys: &sourceKeys, says: "what heats several zones, such as a boiler"},
		{name: "zones", at: in(func(c *Config) *[]Zone { return &c.Zones }), keys: &zoneKeys, says: "the zones; none at all is valid"},
	},
}

var mqttKeys = table{
	end: after(passwordNeedsUser),
	keys: []key{
		{name: "brokers", at: in(func(c *MQTT) *[]string { return &c.Brokers }), form: brokerURL, says: "the brokers' URLs (mqtt, mqtts, ws, wss), tried in order; none: no broker"},
		{name: "username", at: in(func(c *MQTT) *string { return &c.Username }), form: form{empty: true}, says: "the user at the broker"},
		{name: "password_file", more: "#secrets", at: in(func(c *MQTT) *string { return &c.PasswordFile }), form: fileName, says: "the file with the user's password alone; it is read again at each connection"},
		{name: "tls", at: in(func(c *MQTT) *broker.Access { return &c.Access }), keys: &tlsKeys, says: "the certificates for mqtts and wss"},
		{name: "prefix", at: in(func(c *MQTT) *string { return &c.Prefix }), form: topicPrefix, says: "the first part of every topic"},
		{name: "discovery_prefix", more: "home-assistant.md", at: in(func(c *MQTT) *string { return &c.DiscoveryPrefix }), form: orEmpty(topicPrefix), says: "the first part of Home Assistant's topics; \"\": the agent tells it nothing"},
		{name: "birth_topic", at: in(func(c *MQTT) *string { return &c.BirthTopic }), form: birthTopic, usual: "`<discovery_prefix>/status` and `homeassistant/status`",
			says: "the one topic on which Home Assistant says `online`, where its MQTT settings name another"},
		{name: "sensor_every", at: in(func(c *MQTT) *time.Duration { return &c.SensorEvery }), bound: within(time.Duration(0), 24*time.Hour), says: "the least time between two readings that are published; 0s: each is"},
		{name: "state_every", at: in(func(c *MQTT) *time.Duration { return &c.StateEvery }), bound: within(time.Duration(0), 24*time.Hour), says: "the longest time between two states that are published; a change is always sent"},
	},
}

var tlsKeys = table{
	end: after(certificateNeedsKey),
	keys: []key{
		{name: "ca_file", at: in(func(a *broker.Access) *string { return &a.CAFile }), form: fileName, usual: "the system's", says: "the certificate authority that signs for the broker"},
		{name: "cert_file", at: in(func(a *broker.Access) *string { return &a.CertFile }), form: fileName, says: "the agent's certificate, with `key_file`"},
		{name: "key_file", at: in(func(a *broker.Access) *string { return &a.KeyFile }), form: fileName, says: "the key of `cert_file`"},
	},
}

var httpKeys = table{
	end: after(changesNeedPassword),
	keys: []key{
		{name: "listen", more: "http.md", at: in(func(c *HTTP) *string { return &c.Listen }), form: listenAddress, says: "the address of the page; \"\": no page"},
		{name: "password_file", more: "#the-pages-password", at: in(func(c *HTTP) *string { return &c.PasswordFile }), form: fileName, says: "the file with the password that changes over HTTP need"},
		{name: "hosts", more: "http.md#names", at: in(func(c *HTTP) *[]string { return &c.Hosts }), form: hostName, says: "further names that the page answers to"},
		{name: "proxies", more: "http.md#behind-a-proxy", at: in(func(c *HTTP) *[]netip.Prefix { return &c.Proxies }), form: proxyNetwork, says: "addresses or networks of proxies that are believed"},
	},
}

// zoneOfFile is a zone and what only its reader needs.
type zoneOfFile struct {
	Zone
	loss           loss
	frost          comfort.Frost
	window         window
	week, unsynced string
	preheat        string
}

// freshZone is a zone that says nothing but its plant.
func freshZone(p plant.Plant) zoneOfFile {
	return zoneOfFile{
		Zone: Zone{
			Plant:   p.Name,
			Params:  p.Params,
			Default: controlloop.Setpoint{Desired: math.NaN(), UpDelta: defaultDelta, DownDelta: defaultDelta, Source: "config"},
			Comfort: comfort.Plan{HoldMax: 12 * time.Hour},
		},
		frost:    comfort.Frost{Below: 5, Rise: 1},
		window:   window{slope: "off", Window: comfort.Window{Delay: 30 * time.Second, CloseDelay: 30 * time.Second, Max: 30 * time.Minute}},
		unsynced: string(comfort.Last),
		preheat:  "auto",
		loss:     loss{"off", controlloop.Duty{Period: 20 * time.Minute, For: 12 * time.Hour}},
	}
}

// defaultDelta stands in for a delta that default_setpoint leaves out, in K.
const defaultDelta = 0.5

var ofLaw = limits.Bounds()

var zoneKeys = table{
	start: before(takePlant),
	end:   after(checkZone),
	keys: []key{
		{name: "name", at: in(func(z *zoneOfFile) *string { return &z.Name }), form: zoneName, says: "the zone's name, a part of its topics; no two zones have one",
			must: "is missing: each dash begins another zone, so take this one away if its keys belong to the zone above, else write - name: and a name"},
		{name: "title", at: in(func(z *zoneOfFile) *string { return &z.Title }), form: zoneTitle, usual: "the name", says: "what people see in place of the name, on the page and in Home Assistant"},
		{name: "sensor_id", at: in(func(z *zoneOfFile) *int32 { return &z.SensorID }), bound: within(int32(1), int32(math.MaxInt32)), usual: "a stable number made of device and name",
			says: "the zone's number in messages; no two zones have one"},
		{name: "plant", at: in(func(z *zoneOfFile) *string { return &z.Plant }), form: form{words: plant.Names()}, says: "what the relay switches; it sets the defaults of `limits` and `timing`"},
		{name: "sensor", more: "devices.md#sensors-on-the-board", at: in(func(z *zoneOfFile) *devices.Sensor { return &z.Devices.Sensor }), kinds: sensors, must: "is missing", says: "the zone's thermometer"},
		{name: "fallback_sensors", more: "#fallback-sensors", at: in(func(z *zoneOfFile) *[]devices.Sensor { return &z.Devices.Fallbacks }), kinds: fallbacks, says: "sensors that stand in for it, in their order"},
		{name: "max_disagreement", at: in(func(z *zoneOfFile) *float64 { return &z.Params.MaxDisagreement }), bound: lawOf(ofLaw, "")("max_disagreement"), unit: "K",
			says: "how far apart two sensors of the zone may be; 0: they are not compared"},
		{name: "calls", more: "boiler.md", at: in(func(z *zoneOfFile) *string { return &z.Calls }), form: zoneName, says: "the source that heats the zone; `heater` is then its valve, if it has one"},
		{name: "heater", more: "devices.md#relays-on-the-board", at: in(func(z *zoneOfFile) **devices.Relay { return &z.Devices.Heater }), kinds: relays, says: "the relay that heats; a zone has this one, `cooler` or `calls`"},
		{name: "normally_open", more: "boiler.md", at: in(func(z *zoneOfFile) *bool { return &z.Devices.NormallyOpen }), says: "the valve is shut while its relay is on"},
		{name: "cooler", at: in(func(z *zoneOfFile) **devices.Relay { return &z.Devices.Cooler }), kinds: relays, says: "the relay that cools"},
		{name: "safety_relay", at: in(func(z *zoneOfFile) **devices.Relay { return &z.Devices.Safety }), kinds: relays, says: "a relay whose contact is in series with those of heater and cooler"},
		{name: "default_setpoint", more: "#the-default-setpoint", at: in(func(z *zoneOfFile) *controlloop.Setpoint { return &z.Default }), keys: &setpointKeys, says: "what the zone holds until somebody says otherwise; any control outranks it"},
		{name: "presets", more: "comfort.md", at: in(func(z *zoneOfFile) *map[string]float64 { return &z.Comfort.Presets }), unit: "°C", says: "temperatures by name, beside those of all zones and before them"},
		{name: "program", more: "comfort.md", at: in(func(z *zoneOfFile) *string { return &z.week }), form: week, says: "a week of targets, such as `mon-fri 06:00 comfort, 22:30 sleep; sat,sun 08:00 comfort, 23:00 17.5`"},
		{name: "program_mode", more: "comfort.md", at: in(func(z *zoneOfFile) *controlloop.Mode { return &z.Comfort.Mode }), form: form{words: []string{"heat", "cool", "heat_cool"}}, usual: "heat, or cool in a zone with only a cooler", says: "what the program lets the zone do"},
		{name: "program_unsynced", more: "comfort.md", at: in(func(z *zoneOfFile) *string { return &z.unsynced }), form: form{words: []string{"last", "default", "follow"}},
			says: "what counts while the clock is not to be followed: the last transition, `default_setpoint`, or the clock all the same"},
		{name: "hold_max", more: "comfort.md", at: in(func(z *zoneOfFile) *time.Duration { return &z.Comfort.HoldMax }), bound: within(10*time.Minute, 168*time.Hour), says: "the longest hold until the next transition"},
		{name: "preheat", more: "comfort.md#preheating", at: in(func(z *zoneOfFile) *string { return &z.preheat }), form: form{words: []string{"auto", "off"}}, says: "auto: before a transition to a warmer temperature the zone heats, so that it is warm in time"},
		{name: "law", more: "control.md", at: in(func(z *zoneOfFile) *string { return (*string)(&z.Params.Law) }), form: form{words: controlloop.Laws()}, vary: true,
			says: "what decides within the band: `hysteresis`, or `foresee`, which learns the room and looks ahead; auto: foresee while the zone follows a program"},
		{name: "starts_per_day", more: "control.md", at: in(func(z *zoneOfFile) *float64 { return &z.Params.StartsPerDay }), bound: within(1.0, 200.0), vary: true, says: "so often the output starts a day under `foresee`, as far as the deltas let it"},
		{name: "frost", more: "comfort.md#frost", at: in(func(z *zoneOfFile) *comfort.Frost { return &z.frost }), keys: &frostKeys, says: "protects a zone with a heater against frost, whatever was said; without this key nothing does"},
		{name: "window", more: "comfort.md#open-windows", at: in(func(z *zoneOfFile) *window { return &z.window }), keys: &windowKeys, says: "while a window is open nothing heats or cools; without this key nobody knows"},
		{name: "limits", at: in(func(z *zoneOfFile) *controlloop.Params { return &z.Params }), keys: &limitKeys, says: "limits of temperatures"},
		{name: "timing", at: in(func(z *zoneOfFile) *controlloop.Params { return &z.Params }), keys: &timingKeys, says: "times"},
		{name: "on_sensor_loss", more: "#without-any-sensor", at: in(func(z *zoneOfFile) *loss { return &z.loss }), keys: &lossKeys, says: "what happens while no sensor answers"},
	},
}

var frostKeys = table{keys: []key{
	{name: "below", at: in(func(f *comfort.Frost) *float64 { return &f.Below }), bound: within(comfort.MinFrostBelow, comfort.MaxFrostBelow), unit: "°C", says: "under it the zone heats, whatever `desired_min` says; with `rise` below `heat_cutout`"},
	{name: "rise", at: in(func(f *comfort.Frost) *float64 { return &f.Rise }), bound: within(comfort.MinFrostRise, comfort.MaxFrostRise), unit: "K", says: "how far above `below` it stops"},
	{name: "in_off", at: in(func(f *comfort.Frost) *bool { return &f.InOff }), says: "also in mode off"},
}}

// window is what a zone does about its windows, and how it knows of them.
type window struct {
	comfort.Window
	contact *devices.Contact
	slope   string // off, auto, or K/h
}

var windowKeys = table{keys: []key{
	{name: "contact", more: "devices.md#window-contacts", at: in(func(w *window) **devices.Contact { return &w.contact }), kinds: contacts, says: "the contact at the window; a zone has this, or `slope`, or both"},
	{name: "delay", at: in(func(w *window) *time.Duration { return &w.Delay }), bound: within(time.Duration(0), time.Hour), says: "how long a window must be open to count"},
	{name: "close_delay", at: in(func(w *window) *time.Duration { return &w.CloseDelay }), bound: within(time.Duration(0), time.Hour), says: "how long it must be closed"},
	{name: "slope", more: "comfort.md#windows-without-a-contact", at: in(func(w *window) *string { return &w.slope }), form: form{wrong: wrongSlope}, says: "finds a window by how fast the room cools; auto: faster than it has learned; or K/h, 0.5 to 60; off: not at all"},
	{name: "max", at: in(func(w *window) *time.Duration { return &w.Max }), bound: within(time.Minute, 24*time.Hour), says: "so long a window found by `slope` lasts, and so long any may keep back the duty of `on_sensor_loss`"},
}}

var setpointLaw = lawOf(ofLaw, "default_setpoint.")

var setpointKeys = table{keys: []key{
	{name: "mode", at: in(func(s *controlloop.Setpoint) *controlloop.Mode { return &s.Mode }), form: form{words: controlloop.Modes()}, usual: "heat, or cool in a zone with only a cooler; auto beside a program where neither `desired` nor `preset` is given", says: "what the zone may do"},
	{name: "desired", more: "#bounds-of-a-setpoint", at: in(func(s *controlloop.Setpoint) *float64 { return &s.Desired }), bound: setpointLaw("desired"), unit: "°C", vary: true,
		says: "the temperature to hold; every mode but off and auto needs it; with `up_delta` it stays below `heat_cutout`, less `down_delta` above `cool_cutout`"},
	{name: "preset", more: "comfort.md", at: in(func(s *controlloop.Setpoint) *string { return &s.Preset }), form: form{empty: true}, says: "the preset whose temperature is held, in place of `desired`"},
	{name: "up_delta", at: in(func(s *controlloop.Setpoint) *float64 { return &s.UpDelta }), bound: setpointLaw("up_delta"), unit: "K", vary: true,
		says: "how far above `desired` the heater stops; heat_cool needs 1 K of `up_delta` and `down_delta` together"},
	{name: "down_delta", at: in(func(s *controlloop.Setpoint) *float64 { return &s.DownDelta }), bound: setpointLaw("down_delta"), unit: "K", vary: true,
		says: "how far below `desired` the heater starts"},
}}

var limitLaw = lawOf(ofLaw, "limits.")

var limitKeys = table{keys: []key{
	{name: "desired_min", at: in(func(p *controlloop.Params) *float64 { return &p.DesiredMin }), bound: limitLaw("desired_min"), unit: "°C", says: "the lowest setpoint that is accepted, below `desired_max`"},
	{name: "desired_max", at: in(func(p *controlloop.Params) *float64 { return &p.DesiredMax }), bound: limitLaw("desired_max"), unit: "°C", says: "the highest setpoint that is accepted"},
	{name: "heat_cutout", at: in(func(p *controlloop.Params) *float64 { return &p.HeatCutout }), bound: limitLaw("heat_cutout"), unit: "°C", vary: true,
		says: "the heater is never on at or above it, and released 2 K below; above `desired_max`"},
	{name: "cool_cutout", at: in(func(p *controlloop.Params) *float64 { return &p.CoolCutout }), bound: limitLaw("cool_cutout"), unit: "°C", vary: true,
		says: "the cooler is never on at or below it, and released 2 K above; below `desired_min`"},
	{name: "plausible_min", at: in(func(p *controlloop.Params) *float64 { return &p.PlausibleMin }), bound: limitLaw("plausible_min"), unit: "°C", says: "a reading below it is a fault; not above `desired_min`"},
	{name: "plausible_max", at: in(func(p *controlloop.Params) *float64 { return &p.PlausibleMax }), bound: limitLaw("plausible_max"), unit: "°C", says: "a reading above it is a fault; not below `desired_max`"},
	{name: "max_rate", more: "#the-fastest-change", at: in(func(p *controlloop.Params) *float64 { return &p.MaxRate }), bound: limitLaw("max_rate"), unit: "K/min", vary: true,
		says: "a faster change waits for a second reading that confirms it"},
}}

var timingLaw = lawOf(ofLaw, "timing.")

var timingKeys = table{keys: []key{
	{name: "sample", at: in(func(p *controlloop.Params) *time.Duration { return &p.Sample }), bound: timingLaw("sample"), vary: true, says: "how often the zone reads its sensor and decides"},
	{name: "stale_after", at: in(func(p *controlloop.Params) *time.Duration { return &p.StaleAfter }), bound: timingLaw("stale_after"), vary: true,
		says: "how old a reading may be: the heat goes off that long after the last; it must be given where a sensor is mqtt"},
	{name: "min_on", at: in(func(p *controlloop.Params) *time.Duration { return &p.MinOn }), bound: timingLaw("min_on"), vary: true, says: "the shortest stretch on, of each output"},
	{name: "min_off", at: in(func(p *controlloop.Params) *time.Duration { return &p.MinOff }), bound: timingLaw("min_off"), vary: true, says: "the shortest rest, of each output"},
	{name: "max_on", at: in(func(p *controlloop.Params) *time.Duration { return &p.MaxOn }), bound: timingLaw("max_on"), vary: true,
		says: "the longest stretch on, which a rest of max(`min_off`, `max_on`/10) follows; 0s: none"},
	{name: "changeover", at: in(func(p *controlloop.Params) *time.Duration { return &p.Changeover }), bound: timingLaw("changeover"), vary: true, says: "the pause between heating and cooling"},
	{name: "frozen_after", at: in(func(p *controlloop.Params) *time.Duration { return &p.FrozenAfter }), bound: timingLaw("frozen_after"), vary: true,
		says: "how long the zone may heat or cool without one bit of change before its sensor is taken for stuck; 0s: for ever"},
}}

// loss is what happens without a reading.
type loss struct {
	action string // off or duty
	controlloop.Duty
}

var (
	lossLaw  = lawOf(ofLaw, "on_sensor_loss.")
	dutyOnly = when{"action", []string{"duty"}, "belongs to action duty, but the action is %s"}
)

var lossKeys = table{end: after(wholeDuty), keys: []key{
	{name: "action", at: in(func(l *loss) *string { return &l.action }), form: form{words: []string{"off", "duty"}}, says: "with duty the heater is on for a share of the time, against frost"},
	{name: "percent", at: in(func(l *loss) *float64 { return &l.Percent }), bound: lossLaw("percent"), unit: "%", only: dutyOnly, must: fmt.Sprintf("is missing: %v to %v", lossLaw("percent").low, lossLaw("percent").high),
		says: "the share of each `period`: its on part is at least `min_on` and `sample`, its off part at least `min_off`"},
	{name: "period", at: in(func(l *loss) *time.Duration { return &l.Period }), bound: lossLaw("period"), only: dutyOnly, says: "how long one off part and the on part behind it are together"},
	{name: "for", at: in(func(l *loss) *time.Duration { return &l.For }), bound: lossLaw("for"), only: dutyOnly, says: "the duty ends that long after the last reading"},
}}

var sourceKeys = table{
	start: before(func(_ *reader, _ *node, s *sources.Source) { *s = sources.Usual() }),
	end:   after(takeSource),
	keys: []key{
		{name: "name", at: in(func(s *sources.Source) *string { return &s.Name }), form: zoneName, must: "is missing", says: "the source's name, a part of its topics; no zone and no other source has it"},
		{name: "relay", more: "devices.md#relays-on-the-board", at: in(func(s *sources.Source) **devices.Relay { return &s.Relay }), kinds: relays, must: "is missing", says: "the relay that calls the source"},
		{name: "pump", at: in(func(s *sources.Source) **devices.Relay { return &s.Pump }), kinds: relays, says: "the relay of its pump"},
		{name: "valve_open", at: in(func(s *sources.Source) *time.Duration { return &s.Law.ValveOpen }), bound: within(time.Duration(0), 15*time.Minute), says: "how long a valve opens: the source waits for that"},
		{name: "pump_overrun", at: in(func(s *sources.Source) *time.Duration { return &s.Law.PumpOverrun }), bound: within(time.Duration(0), time.Hour), says: "how long the pump runs on, through an open valve; without a pump 0s"},
		{name: "min_on", at: in(func(s *sources.Source) *time.Duration { return &s.Law.MinOn }), bound: within(time.Duration(0), 2*time.Hour), says: "the shortest stretch on"},
		{name: "min_off", at: in(func(s *sources.Source) *time.Duration { return &s.Law.MinOff }), bound: within(time.Duration(0), 2*time.Hour), says: "the shortest rest"},
		{name: "call", at: in(func(s *sources.Source) *int { return &s.Law.Call }), bound: within(1, 1000), says: "how many zones must call, at most as many as there are; one that frost protection heats is enough"},
		{name: "bypass", at: in(func(s *sources.Source) *bool { return &s.Law.Bypass }), says: "water can flow with all valves shut, so the overrun is always served"},
		{name: "exercise", more: "boiler.md", at: in(func(s *sources.Source) *sources.Exercise { return &s.Exercise }), keys: &exerciseKeys, says: "valves and pump that stood still are moved; without this key never"},
	},
}

var exerciseKeys = table{keys: []key{
	{name: "every", at: in(func(e *sources.Exercise) *time.Duration { return &e.Every }), bound: within(24*time.Hour, 720*time.Hour), says: "what stood still for so long is moved"},
	{name: "for", at: in(func(e *sources.Exercise) *time.Duration { return &e.For }), bound: within(30*time.Second, 15*time.Minute), says: "for how long"},
}}
