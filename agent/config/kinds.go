package config

import (
	"time"

	"thermostat/drivers"
	"thermostat/drivers/simulated"
	"thermostat/mqtt/device"
)

// The drivers and the keys of each. Whose relations are more than a row can say
// has an end beside its table.

var sensors = []driver{
	{name: "ds18b20", says: "a 1-Wire thermometer DS18B20, DS1822 or DS28EA00", keys: &ds18b20Keys},
	{name: "bme280", says: "a BME280 on an I2C bus", keys: &bme280Keys},
	{name: "simulated", says: "a simulated room", keys: &simulatedKeys},
	{name: "mqtt", says: "a sensor on the broker", keys: &remoteSensorKeys},
}

// fallbacks are the sensors that may stand in for another. A simulated one is a
// further thermometer in the room of the zone's own.
var fallbacks = []driver{
	sensors[0], sensors[1],
	{name: "simulated", says: "a further thermometer in the zone's simulated room", keys: &spareKeys},
	sensors[3],
}

var relays = []driver{
	{name: "gpio", says: "a relay on a GPIO line", keys: &gpioKeys},
	{name: "simulated", says: "a relay of the zone's simulated room", keys: &simulatedRelayKeys},
	{name: "mqtt", says: "a relay on the broker", keys: &remoteRelayKeys},
}

// ofSensor are a sensor's keys between those that every one has.
func ofSensor(own ...key) []key {
	first := key{name: "driver", at: in(func(s *drivers.SensorSpec) *string { return &s.Driver }), says: "what the sensor is"}
	last := key{name: "offset", at: in(func(s *drivers.SensorSpec) *float64 { return &s.Offset }), bound: within(-10.0, 10.0), unit: "K", says: "is added to each reading"}
	return append(append([]key{first}, own...), last)
}

// ofRelay are a relay's keys behind that which every one has.
func ofRelay(own ...key) []key {
	return append([]key{{name: "driver", at: in(func(s *drivers.RelaySpec) *string { return &s.Driver }), says: "what the relay is"}}, own...)
}

// sensorOf is a sensor of which the configuration says nothing but its driver.
func sensorOf(driver string) func() any {
	return func() any {
		s := drivers.DefaultSensor(driver)
		return &s
	}
}

func relayOf(driver string) func() any {
	return func() any {
		s := drivers.DefaultRelay(driver)
		return &s
	}
}

var i2cBuses = within(0, 255)

var ds18b20Keys = table{
	fresh: sensorOf("ds18b20"),
	end:   after(kernelSetsNoResolution),
	keys: ofSensor(
		key{name: "id", at: in(func(s *drivers.SensorSpec) *string { return &s.DS18B20.ID }), form: thermometerID, says: "the thermometer's name; `thermostat probe` lists them",
			must: "is missing: the thermometer's name, such as 28-0316a2795bff (thermostat probe lists them)"},
		key{name: "bus", at: in(func(s *drivers.SensorSpec) *string { return &s.DS18B20.Bus }), form: form{words: []string{"kernel", "ds2482", "netlink"}},
			says: "kernel: w1_therm reads it; ds2482: it is behind a bridge on an I2C bus; netlink: the kernel's master, without w1_therm"},
		key{name: "i2c_bus", at: in(func(s *drivers.SensorSpec) *int { return &s.DS18B20.I2CBus }), bound: i2cBuses, says: "the N of the bridge's /dev/i2c-N",
			only: when{"bus", []string{"ds2482"}, "belongs to bus ds2482, but the bus is %s"}},
		key{name: "resolution", at: in(func(s *drivers.SensorSpec) *int { return &s.DS18B20.Resolution }), bound: within(9, 12), unit: "bits", usual: "the chip's own", says: "how finely it measures"},
	),
}

func kernelSetsNoResolution(r *reader, n *node, s *drivers.SensorSpec, unread badKeys) {
	if at := n.Child("resolution"); at != nil && !unread.has("resolution") && s.DS18B20.Bus == "kernel" {
		r.warn(at, "the kernel lets only root set it: else the thermometer keeps its own")
	}
}

var bme280Keys = table{
	fresh: sensorOf("bme280"),
	keys: ofSensor(
		key{name: "bus", at: in(func(s *drivers.SensorSpec) *int { return &s.BME280.Bus }), bound: i2cBuses, says: "the N of /dev/i2c-N"},
		key{name: "address", at: in(func(s *drivers.SensorSpec) *uint16 { return &s.BME280.Address }), bound: within(uint16(0x76), uint16(0x77)), form: form{is: "the addresses that a BME280 can have"}, says: "the chip's address on the bus"},
	),
}

var roomLaw = lawOf(simulated.Bounds(), "")

var simulatedKeys = table{
	fresh: sensorOf("simulated"),
	start: before(takeModel),
	end:   after(checkSimulated),
	keys: ofSensor(
		key{name: "model", at: in(func(s *drivers.SensorSpec) *string { return &s.Simulated.Model }), form: form{words: simulated.Models()},
			says: "room: air, walls and weather; linear: constant rates; the others are measured buildings, which set the defaults of the keys below"},
		key{name: "speed", at: in(func(s *drivers.SensorSpec) *float64 { return &s.Simulated.Speed }), bound: roomLaw("speed"), says: "room time runs that many times faster"},
		key{name: "start", at: in(func(s *drivers.SensorSpec) *float64 { return &s.Simulated.Start }), bound: roomLaw("start"), unit: "°C", says: "the temperature at the beginning"},
		key{name: "up", at: in(func(s *drivers.SensorSpec) *time.Duration { return &s.Simulated.Up }), bound: roomLaw("up"), says: "linear: the time in which it gains 1 K"},
		key{name: "down", at: in(func(s *drivers.SensorSpec) *time.Duration { return &s.Simulated.Down }), bound: roomLaw("down"), says: "linear: the time in which it loses 1 K"},
		key{name: "outdoor", at: in(func(s *drivers.SensorSpec) *float64 { return &s.Simulated.Outdoor }), bound: roomLaw("outdoor"), unit: "°C", says: "the mean of the day outdoors"},
		key{name: "outdoor_swing", at: in(func(s *drivers.SensorSpec) *float64 { return &s.Simulated.OutdoorSwing }), bound: roomLaw("outdoor_swing"), unit: "K", says: "how far the warmest and the coldest hour are from that mean"},
		key{name: "sun", at: in(func(s *drivers.SensorSpec) *float64 { return &s.Simulated.Sun }), bound: roomLaw("sun"), unit: "W/m²", says: "the sun through the window at noon"},
		key{name: "place", at: in(func(s *drivers.SensorSpec) *string { return &s.Simulated.Place }), form: form{words: simulated.Places(), empty: true}, usual: "where the model has it", says: "where the sensor is"},
		key{name: "heater_power", at: in(func(s *drivers.SensorSpec) *float64 { return &s.Simulated.HeaterPower }), bound: roomLaw("heater_power"), unit: "W", says: "the heater's power"},
		key{name: "cooler_power", at: in(func(s *drivers.SensorSpec) *float64 { return &s.Simulated.CoolerPower }), bound: roomLaw("cooler_power"), unit: "W", says: "the cooler's power"},
		noiseKey, seedKey,
	),
}

var (
	noiseKey = key{name: "noise", at: in(func(s *drivers.SensorSpec) *float64 { return &s.Simulated.Noise }), bound: roomLaw("noise"), unit: "K", says: "the standard deviation of a reading"}
	seedKey  = key{name: "seed", at: in(func(s *drivers.SensorSpec) *uint64 { return &s.Simulated.Seed }), says: "the seed of the noise"}
)

// takeModel looks at the model before the other keys: it sets their defaults.
func takeModel(_ *reader, n *node, s *drivers.SensorSpec) {
	if model := n.Child("model"); model != nil {
		s.Simulated = simulated.SpecOf(model.Text)
		s.Simulated.Model = simulated.Default().Model
	}
}

var spareKeys = table{
	fresh: simulatedKeys.fresh,
	start: before(func(_ *reader, n *node, s *drivers.SensorSpec) {
		s.Simulated.Seed += uint64(n.Index) + 1 // its noise is its own
	}),
	end:  after(checkSimulated),
	keys: ofSensor(noiseKey, seedKey),
}

// checkSimulated complains of values out of bounds, once each.
func checkSimulated(r *reader, n *node, s *drivers.SensorSpec, unread badKeys) {
	for _, v := range s.Simulated.Validate() {
		if !unread.has(v.Field) {
			r.complainOfField(n, v.Field, "%s %s", v.Value, v.Bound)
		}
	}
}

var (
	jsonOnly    = when{"format", []string{"auto", "json"}, "belongs to format json, but the format is %s"}
	numbersOnly = when{"format", []string{"auto", "number", "json"}, "belongs to formats json and number: a SensorData is in °C"}
)

var remoteSensorKeys = table{
	fresh: sensorOf("mqtt"),
	end:   after(checkRemoteSensor),
	keys: ofSensor(
		key{name: "topic", at: in(func(s *drivers.SensorSpec) *string { return &s.Remote.Topic }), form: deviceTopic, must: "is missing", says: "the topic of its readings"},
		key{name: "format", at: in(func(s *drivers.SensorSpec) *string { return &s.Remote.Format }), form: form{words: device.SensorFormats}, says: "what its messages are"},
		key{name: "field", at: in(func(s *drivers.SensorSpec) *string { return &s.Remote.Field }), form: jsonPath, usual: device.UsualField, only: jsonOnly, says: "json: the path of the temperature, such as DS18B20.Temperature"},
		key{name: "humidity_field", at: in(func(s *drivers.SensorSpec) *string { return &s.Remote.HumidityField }), form: jsonPath, only: jsonOnly, says: "json: the path of the humidity"},
		key{name: "unit", at: in(func(s *drivers.SensorSpec) *string { return &s.Remote.Unit }), form: form{words: device.SensorUnits}, usual: "what the message says, else C", only: numbersOnly, says: "the unit of its numbers"},
		key{name: "where", at: in(func(s *drivers.SensorSpec) *map[string]string { return &s.Remote.Where }), only: jsonOnly,
			says: "json: words by path that a message must have, such as {Id: 01191ED4A0B2}, where several sensors speak on one topic"},
	),
}

// checkRemoteSensor complains of what keys of a sensor on the broker say together.
func checkRemoteSensor(r *reader, n *node, s *drivers.SensorSpec, _ badKeys) {
	needsBroker(r, n)
	spec := s.Remote
	if at, says := n.Child("unit"), device.UnitOfName(spec.Field); at != nil && says != "" && says != spec.Unit && spec.Unit != "" {
		r.warn(at, "is "+spec.Unit+", but the field's name "+Shown(spec.Field)+" says °"+says+": the unit counts")
	}
}

// needsBroker complains of a device on a broker where none is configured.
func needsBroker(r *reader, n *node) {
	if brokers := r.root.Child("mqtt").Child("brokers"); len(r.config.MQTT.Brokers) == 0 && (brokers == nil || len(brokers.Children) == 0) {
		r.complain(n.Child("driver"), "needs a broker: mqtt.brokers is empty")
	}
}

var gpioKeys = table{
	fresh: relayOf("gpio"),
	end:   after(checkGPIO),
	keys: ofRelay(
		key{name: "line", at: in(func(s *drivers.RelaySpec) *string { return &s.GPIO.Line }), form: lineName, must: "is missing: the line's name, such as GPIO17", says: "the line's name, or its number on the chip"},
		key{name: "chip", at: in(func(s *drivers.RelaySpec) *string { return &s.GPIO.Chip }), form: chipName, usual: "that of the board's header", says: "the chip's label, or its device such as gpiochip0"},
		key{name: "active_low", at: in(func(s *drivers.RelaySpec) *bool { return &s.GPIO.ActiveLow }), says: "true: the relay is on while the line is low"},
	),
}

// checkGPIO complains of a line that is spelled otherwise on the header, and
// warns of a pull that switches the relay on.
func checkGPIO(r *reader, n *node, s *drivers.RelaySpec, _ badKeys) {
	line := n.Child("line")
	if line == nil {
		return
	}
	if s.GPIO.HeaderChip() {
		checkHeaderLine(r, line, &s.GPIO)
	}
	if s.GPIO.SwitchesOnAtReset() {
		r.warn(line, AtReset(s.GPIO))
	}
}

// AtReset says what the pull of a pin does before the agent runs.
func AtReset(g drivers.GPIO) string {
	if g.ActiveLow {
		return g.Line + " pulls down at reset, which holds an active-low relay on until the agent runs: GPIO0 to GPIO8 pull up"
	}
	return g.Line + " pulls up at reset, which holds an active-high relay on until the agent runs: GPIO9 to GPIO27 pull down"
}

var simulatedRelayKeys = table{fresh: relayOf("simulated"), keys: ofRelay()}

var remoteRelayKeys = table{
	fresh: relayOf("mqtt"),
	end:   after(checkRemoteRelay),
	keys: ofRelay(
		key{name: "topic", at: in(func(s *drivers.RelaySpec) *string { return &s.Remote.Topic }), form: deviceTopic, must: "is missing", says: "the topic of its commands"},
		key{name: "on", at: in(func(s *drivers.RelaySpec) *string { return &s.Remote.On }), form: command, usual: "a HeaterControl message", says: "the message that switches it on, with `off`"},
		key{name: "off", at: in(func(s *drivers.RelaySpec) *string { return &s.Remote.Off }), form: command, usual: "a HeaterControl message", says: "the message that switches it off, with `on`"},
		key{name: "state_topic", at: in(func(s *drivers.RelaySpec) *string { return &s.Remote.StateTopic }), form: deviceTopic, says: "the topic on which it tells its position"},
		key{name: "state_field", at: in(func(s *drivers.RelaySpec) *string { return &s.Remote.StateField }), form: jsonPath, says: "the path of the position in JSON on `state_topic`"},
		key{name: "lease", at: in(func(s *drivers.RelaySpec) *time.Duration { return &s.Remote.Lease }), bound: within(3*time.Second, time.Hour), says: "the time after the last On in which the device lets go by itself; the agent says On three times as often"},
		key{name: "retain", at: in(func(s *drivers.RelaySpec) *bool { return &s.Remote.Retain }), says: "true: the broker keeps the commands"},
	),
}

// checkRemoteRelay complains of what keys of a relay on the broker say together.
func checkRemoteRelay(r *reader, n *node, spec *drivers.RelaySpec, unread badKeys) {
	needsBroker(r, n)
	s := spec.Remote
	switch on, off := n.Child("on"), n.Child("off"); {
	case unread.has("on") || unread.has("off"):
	case (on == nil) != (off == nil):
		r.complain(n, "on and off go together; without both the commands are HeaterControl messages")
	case on != nil && s.On == s.Off:
		r.complain(off, "%s is also what switches on", Shown(s.Off))
	}
	if s.Topic != "" && s.StateTopic == s.Topic {
		r.complain(n.Child("state_topic"), "is also the topic of the commands: our own would count as the device's answer")
	}
	if at := n.Child("state_field"); at != nil && n.Child("state_topic") == nil {
		r.complain(at, "is a field of what comes on state_topic, which is missing")
	}
	if s.Retain {
		r.warn(n.Child("retain"), "a retained On switches a heater on that comes back when no agent is there")
	}
}
