package config

import (
	"fmt"
	"math"
	"net/netip"
	"time"

	"thermostat/controlloop"
	"thermostat/drivers"
	"thermostat/mqtt/broker"
)

// defaults are what a configuration says that says nothing. The device and its
// state folder are the machine's.
func defaults() Config {
	c := Config{Units: "C", HTTP: HTTP{Listen: DefaultListen}}
	c.MQTT.Prefix, c.MQTT.DiscoveryPrefix, c.MQTT.StateEvery = "thermostat", "homeassistant", time.Minute
	return c
}

var rootKeys = table{
	fresh: func() any { c := defaults(); return &c },
	start: before(deviceOfHost),
	end:   after(stateFolder),
	keys: []key{
		{name: "device", at: in(func(c *Config) *string { return &c.Device }), form: deviceName, usual: "host name",
			says: "the name of this device, a part of every topic; it must be given where the host name is one that fresh systems share"},
		{name: "state_dir", at: in(func(c *Config) *string { return &c.StateDir }), usual: "`$STATE_DIRECTORY`, else the user's state folder",
			says: "the folder in which the agent remembers"},
		{name: "units", at: in(func(c *Config) *string { return &c.Units }), form: form{words: []string{"C", "F"}},
			says: "what page, `watch` and `set` show and take; everything else is in °C"},
		{name: "mqtt", at: in(func(c *Config) *MQTT { return &c.MQTT }), keys: &mqttKeys, says: "the broker"},
		{name: "http", at: in(func(c *Config) *HTTP { return &c.HTTP }), keys: &httpKeys, says: "the page"},
		{name: "zones", at: in(func(c *Config) *[]Zone { return &c.Zones }), keys: &zoneKeys, says: "the zones; none at all is valid"},
	},
}

var mqttKeys = table{
	end: after(passwordNeedsUser),
	keys: []key{
		{name: "brokers", at: in(func(c *MQTT) *[]string { return &c.Brokers }), form: brokerURL, says: "the brokers' URLs (mqtt, mqtts, ws, wss), tried in order; none: no broker"},
		{name: "username", at: in(func(c *MQTT) *string { return &c.Username }), form: form{empty: true}, says: "the user at the broker"},
		{name: "password_file", at: in(func(c *MQTT) *string { return &c.PasswordFile }), form: fileName, says: "the file with the user's password alone; it is read again at each connection"},
		{name: "tls", at: in(func(c *MQTT) *broker.Access { return &c.Access }), keys: &tlsKeys, says: "the certificates for mqtts and wss"},
		{name: "prefix", at: in(func(c *MQTT) *string { return &c.Prefix }), form: topicPrefix, says: "the first part of every topic"},
		{name: "discovery_prefix", at: in(func(c *MQTT) *string { return &c.DiscoveryPrefix }), form: orEmpty(topicPrefix), says: "the first part of Home Assistant's topics; \"\": the agent tells it nothing"},
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
		{name: "listen", at: in(func(c *HTTP) *string { return &c.Listen }), form: listenAddress, says: "the address of the page; \"\": no page"},
		{name: "password_file", at: in(func(c *HTTP) *string { return &c.PasswordFile }), form: fileName, says: "the file with the password that changes over HTTP need"},
		{name: "hosts", at: in(func(c *HTTP) *[]string { return &c.Hosts }), form: hostName, says: "further names that the page answers to"},
		{name: "proxies", at: in(func(c *HTTP) *[]netip.Prefix { return &c.Proxies }), form: proxyNetwork, says: "addresses or networks of proxies that are believed"},
	},
}

// zoneOfFile is a zone and what only its reader needs.
type zoneOfFile struct {
	Zone
	loss loss
}

// freshZone is a zone that says nothing but its plant.
func freshZone(plant Plant) zoneOfFile {
	return zoneOfFile{
		Zone: Zone{
			Plant:   plant.Name,
			Params:  plant.Params,
			Default: controlloop.Setpoint{Desired: math.NaN(), UpDelta: defaultDelta, DownDelta: defaultDelta, Source: "config"},
		},
		loss: loss{"off", controlloop.Duty{Period: 20 * time.Minute, For: 12 * time.Hour}},
	}
}

// defaultDelta stands in for a delta that default_setpoint leaves out, in K.
const defaultDelta = 0.5

var ofLaw = controlloop.Bounds()

var zoneKeys = table{
	fresh: func() any { z := freshZone(usualPlant()); return &z },
	start: before(takePlant),
	end:   after(checkZone),
	keys: []key{
		{name: "name", at: in(func(z *zoneOfFile) *string { return &z.Name }), form: zoneName, says: "the zone's name, a part of its topics; no two zones have one",
			must: "is missing: each dash begins another zone, so take this one away if its keys belong to the zone above, else write - name: and a name"},
		{name: "sensor_id", at: in(func(z *zoneOfFile) *int32 { return &z.SensorID }), bound: within(int32(1), int32(math.MaxInt32)), usual: "a stable number made of device and name",
			says: "the zone's number in messages; no two zones have one"},
		{name: "plant", at: in(func(z *zoneOfFile) *string { return &z.Plant }), form: form{words: Plants()}, says: "what the relay switches; it sets the defaults of `limits` and `timing`"},
		{name: "sensor", at: in(func(z *zoneOfFile) *drivers.SensorSpec { return &z.Devices.Sensor }), kinds: sensors, must: "is missing", says: "the zone's thermometer"},
		{name: "fallback_sensors", at: in(func(z *zoneOfFile) *[]drivers.SensorSpec { return &z.Devices.Fallbacks }), kinds: fallbacks, says: "sensors that stand in for it, in their order"},
		{name: "max_disagreement", at: in(func(z *zoneOfFile) *float64 { return &z.Params.MaxDisagreement }), bound: lawOf(ofLaw, "")("max_disagreement"), unit: "K",
			says: "how far apart two sensors of the zone may be; 0: they are not compared"},
		{name: "heater", at: in(func(z *zoneOfFile) **drivers.RelaySpec { return &z.Devices.Heater }), kinds: relays, says: "the relay that heats; a zone has this one or `cooler`, or both"},
		{name: "cooler", at: in(func(z *zoneOfFile) **drivers.RelaySpec { return &z.Devices.Cooler }), kinds: relays, says: "the relay that cools"},
		{name: "safety_relay", at: in(func(z *zoneOfFile) **drivers.RelaySpec { return &z.Devices.Safety }), kinds: relays, says: "a relay whose contact is in series with those of heater and cooler"},
		{name: "default_setpoint", at: in(func(z *zoneOfFile) *controlloop.Setpoint { return &z.Default }), keys: &setpointKeys, says: "what the zone holds until somebody says otherwise; any control outranks it"},
		{name: "limits", at: in(func(z *zoneOfFile) *controlloop.Params { return &z.Params }), keys: &limitKeys, says: "limits of temperatures"},
		{name: "timing", at: in(func(z *zoneOfFile) *controlloop.Params { return &z.Params }), keys: &timingKeys, says: "times"},
		{name: "on_sensor_loss", at: in(func(z *zoneOfFile) *loss { return &z.loss }), keys: &lossKeys, says: "what happens while no sensor answers"},
	},
}

var setpointLaw = lawOf(ofLaw, "default_setpoint.")

var setpointKeys = table{keys: []key{
	{name: "mode", at: in(func(s *controlloop.Setpoint) *controlloop.Mode { return &s.Mode }), form: form{words: controlloop.Modes()}, usual: "heat, or cool in a zone with only a cooler", says: "what the zone may do"},
	{name: "desired", at: in(func(s *controlloop.Setpoint) *float64 { return &s.Desired }), bound: setpointLaw("desired"), unit: "°C", vary: true,
		says: "the temperature to hold; every mode but off needs it; with `up_delta` it stays below `heat_cutout`, less `down_delta` above `cool_cutout`"},
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
	{name: "max_rate", at: in(func(p *controlloop.Params) *float64 { return &p.MaxRate }), bound: limitLaw("max_rate"), unit: "K/min", vary: true,
		says: "a faster change waits for a second reading that confirms it"},
}}

var timingLaw = lawOf(ofLaw, "timing.")

var timingKeys = table{keys: []key{
	{name: "sample", at: in(func(p *controlloop.Params) *time.Duration { return &p.Sample }), bound: timingLaw("sample"), vary: true, says: "how often the zone reads its sensor and decides"},
	{name: "stale_after", at: in(func(p *controlloop.Params) *time.Duration { return &p.StaleAfter }), bound: timingLaw("stale_after"), vary: true,
		says: "how old a reading may be: the heat goes off that long after the last; at least two times `sample`; it must be given where a sensor is mqtt"},
	{name: "min_on", at: in(func(p *controlloop.Params) *time.Duration { return &p.MinOn }), bound: timingLaw("min_on"), vary: true, says: "the shortest stretch on, of each output"},
	{name: "min_off", at: in(func(p *controlloop.Params) *time.Duration { return &p.MinOff }), bound: timingLaw("min_off"), vary: true, says: "the shortest rest, of each output"},
	{name: "max_on", at: in(func(p *controlloop.Params) *time.Duration { return &p.MaxOn }), bound: timingLaw("max_on"), vary: true,
		says: "the longest stretch on, at least `min_on` and `sample`, which a rest follows; 0s: none"},
	{name: "changeover", at: in(func(p *controlloop.Params) *time.Duration { return &p.Changeover }), bound: timingLaw("changeover"), vary: true, says: "the pause between heating and cooling"},
	{name: "frozen_after", at: in(func(p *controlloop.Params) *time.Duration { return &p.FrozenAfter }), bound: timingLaw("frozen_after"), vary: true,
		says: "how long the zone may heat or cool without one bit of change, at least ten times `sample`, before its sensor is taken for stuck; 0s: for ever"},
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
	{name: "action", at: in(func(l *loss) *string { return &l.action }), form: form{words: []string{"off", "duty"}}, says: "duty: the heater is on for a share of the time, against frost"},
	{name: "percent", at: in(func(l *loss) *float64 { return &l.Percent }), bound: lossLaw("percent"), unit: "%", only: dutyOnly, must: fmt.Sprintf("is missing: %v to %v", lossLaw("percent").low, lossLaw("percent").high),
		says: "the share of each `period`: its on part is at least `min_on` and `sample`, its off part at least `min_off`"},
	{name: "period", at: in(func(l *loss) *time.Duration { return &l.Period }), bound: lossLaw("period"), only: dutyOnly, says: "the off part comes first"},
	{name: "for", at: in(func(l *loss) *time.Duration { return &l.For }), bound: lossLaw("for"), only: dutyOnly, says: "the duty ends that long after the last reading, at least a `period`"},
}}
