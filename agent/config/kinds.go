package config

import (
	"slices"
	"time"

	"thermostat/agent/devices"
	"thermostat/drivers"
	"thermostat/drivers/correction"
	"thermostat/drivers/kernel"
	"thermostat/drivers/modbus"
	"thermostat/drivers/simulated"
	"thermostat/drivers/w1"
	"thermostat/mqtt/device"
)

// The drivers and the keys of each. Whose relations are more than a row can say
// has an end beside its table.

var sensors = []driver{
	{name: "ds18b20", says: "a 1-Wire thermometer: DS18B20, DS18S20, DS1822, DS1825, DS28EA00, MAX31826, MAX31850", keys: &ds18b20Keys,
		example: "id: 28-0316a2795bff} with its own id, which thermostat probe lists"},
	{name: "bme280", says: "a BME280 on an I2C bus", keys: &bme280Keys},
	{name: "bmp280", says: "a BMP280 on an I2C bus", keys: &bmp280Keys},
	{name: "sht3x", says: "an SHT30, SHT31 or SHT35 on an I2C bus", keys: &sht3xKeys},
	{name: "kernel", says: "a chip that a driver of the kernel's reads", keys: &kernelKeys,
		example: "device: i2c-1/0x44} with its own place, which thermostat probe lists"},
	{name: "simulated", says: "a simulated room", keys: &simulatedKeys},
	{name: devices.OnBroker, says: "a sensor on the broker", keys: &remoteSensorKeys, example: exampleOnBroker},
}

// fallbacks are the sensors that may stand in for another. A simulated one is a
// further thermometer in the room of the zone's own.
var fallbacks = []driver{
	sensors[0], sensors[1], sensors[2], sensors[3], sensors[4],
	{name: "simulated", says: "a further thermometer in the zone's simulated room", keys: &spareKeys},
	sensors[6],
}

var relays = []driver{
	{name: "gpio", says: "a relay on a GPIO line", keys: &gpioKeys, example: "line: GPIO17} with its own line"},
	{name: "modbus", says: "a relay of a Modbus RTU board on a serial port", keys: &modbusKeys,
		example: "port: /dev/serial/by-id/…, coil: 0} with its own port"},
	{name: "simulated", says: "a relay of the zone's simulated room; of a source, its simulated boiler or pump", keys: &simulatedRelayKeys},
	{name: devices.OnBroker, says: "a relay on the broker", keys: &remoteRelayKeys, example: exampleOnBroker},
}

var contacts = []driver{
	{name: "gpio", says: "a contact on a GPIO line", keys: &gpioContactKeys, example: "line: GPIO27} with its own line"},
	{name: "simulated", says: "a window of the zone's simulated room", keys: &table{keys: ofContact()}},
	{name: devices.OnBroker, says: "a contact on the broker", keys: &remoteContactKeys, example: `topic: zigbee2mqtt/window, open: "false"} with its own topic`},
}

// exampleOnBroker is what a device on the broker needs.
const exampleOnBroker = "topic: home/room} with its own topic"

// ofSensor are a sensor's keys between those that every one has.
func ofSensor(own ...key) []key {
	first := key{name: "driver", at: in(func(s *devices.Sensor) *string { return &s.Driver }), says: "what the sensor is"}
	points := key{name: "calibrate", at: in(func(s *devices.Sensor) *correction.Points { return &s.Calibrate }), usual: "none",
		says: "1 to 3 points `[raw, true]` in °C, the coldest first: what it showed, and what it was; in place of `offset`"}
	last := key{name: "offset", at: in(func(s *devices.Sensor) *float64 { return &s.Offset }), bound: within(-10.0, 10.0), unit: "K", says: "is added to each reading"}
	return append(append([]key{first}, own...), last, points)
}

// ofRelay are a relay's keys behind that which every one has.
func ofRelay(own ...key) []key {
	return append([]key{{name: "driver", at: in(func(s *devices.Relay) *string { return &s.Driver }), says: "what the relay is"}}, own...)
}

// ofContact are a contact's keys behind that which every one has.
func ofContact(own ...key) []key {
	return append([]key{{name: "driver", at: in(func(c *devices.Contact) *string { return &c.Driver }), says: "what the contact is"}}, own...)
}

var gpioContactKeys = table{keys: ofContact(
	key{name: "line", at: in(func(c *devices.Contact) *string { return &c.GPIO.Line }), form: lineName, must: "is missing: the line's name, such as GPIO27", says: "the kernel's name of the line, or its number"},
	key{name: "chip", at: in(func(c *devices.Contact) *string { return &c.GPIO.Chip }), form: chipName, usual: "a Raspberry Pi's header", says: "another GPIO chip, by label or device"},
	key{name: "active_low", at: in(func(c *devices.Contact) *bool { return &c.GPIO.ActiveLow }), says: "true turns high and low of `open` round"},
	key{name: "bias", at: in(func(c *devices.Contact) *string { return &c.GPIO.Bias }), form: form{words: []string{"pull_up", "pull_down", "none"}}, says: "the resistor of the pin; none: there is one on the board"},
	key{name: "open", at: in(func(c *devices.Contact) *string { return &c.GPIO.Open }), form: form{words: []string{"high", "low"}}, says: "the level while the window is open; high: the contact goes to ground and opens with its window"},
	key{name: "debounce", at: in(func(c *devices.Contact) *time.Duration { return &c.GPIO.Debounce }), bound: within(time.Duration(0), time.Minute), says: "a level counts once it has stood so long"},
)}

var remoteContactKeys = table{
	end: after(func(r *reader, n *node, _ *devices.Contact, _ badKeys) { needsBroker(r, n) }),
	keys: ofContact(
		key{name: "topic", at: in(func(c *devices.Contact) *string { return &c.Broker.Topic }), form: deviceTopic, must: "is missing", says: "one topic, without a wildcard, and none of the agent's own"},
		key{name: "field", at: in(func(c *devices.Contact) *string { return &c.Broker.Field }), form: jsonPath, says: "of JSON: where the position is; a message without it is about something else"},
		key{name: "open", at: in(func(c *devices.Contact) *string { return &c.Broker.Open }), form: command, must: "is missing: what the contact says while its window is open, mostly \"false\" of a contact that is closed no more", says: "the text there, or the whole message, while the window is open"},
		key{name: "stale_after", at: in(func(c *devices.Contact) *time.Duration { return &c.Broker.StaleAfter }), bound: within(time.Minute, 30*24*time.Hour), says: "a position that is older is a fault and counts as closed"},
	),
}

var i2cBuses = within(0, 255)

var ds18b20Keys = table{
	end: after(kernelSetsNoResolution),
	keys: ofSensor(
		key{name: "id", at: in(func(s *devices.Sensor) *string { return &s.DS18B20.ID }), form: thermometerID, says: "the thermometer's name; `thermostat probe` lists them",
			must: "is missing: the thermometer's name, such as 28-0316a2795bff (thermostat probe lists them)"},
		key{name: "bus", at: in(func(s *devices.Sensor) *string { return &s.DS18B20.Bus }), form: form{words: []string{"kernel", "ds2482", "netlink"}},
			says: "kernel reads through w1_therm, ds2482 through a bridge on an I2C bus, netlink through the kernel's netlink socket"},
		key{name: "i2c_bus", at: in(func(s *devices.Sensor) *int { return &s.DS18B20.I2CBus }), bound: i2cBuses, says: "the N of the bridge's /dev/i2c-N",
			only: when{"bus", []string{"ds2482"}, "belongs to bus ds2482, but the bus is %s"}},
		key{name: "resolution", at: in(func(s *devices.Sensor) *int { return &s.DS18B20.Resolution }), bound: within(9, 12), unit: "bits", usual: "the chip's own", says: "how finely it measures"},
	),
}

func kernelSetsNoResolution(r *reader, n *node, s *devices.Sensor, unread badKeys) {
	at := n.Child("resolution")
	switch {
	case at == nil || unread.has("resolution"):
	case !unread.has("id") && !w1.FamilyOf(s.DS18B20.ID).Settable:
		r.complain(at, "of a %s nobody can set it: leave it out", w1.FamilyOf(s.DS18B20.ID).Chips)
	case s.DS18B20.Bus == "kernel":
		r.warn(at, "the kernel lets only root set it: else the thermometer keeps its own")
	}
}

var (
	bme280Keys = table{keys: atI2C(func(s *devices.Sensor) *drivers.I2CPlace { return &s.BME280 }, 0x76, 0x77, "a BME280")}
	bmp280Keys = table{keys: atI2C(func(s *devices.Sensor) *drivers.I2CPlace { return &s.BMP280 }, 0x76, 0x77, "a BMP280")}
	sht3xKeys  = table{keys: atI2C(func(s *devices.Sensor) *drivers.I2CPlace { return &s.SHT3x }, 0x44, 0x45, "an SHT3x")}
)

// atI2C are the keys of a chip that has one of two addresses.
func atI2C(place func(*devices.Sensor) *drivers.I2CPlace, low, high uint16, chip string) []key {
	return ofSensor(
		key{name: "bus", at: in(func(s *devices.Sensor) *int { return &place(s).Bus }), bound: i2cBuses, says: "the N of /dev/i2c-N"},
		key{name: "address", at: in(func(s *devices.Sensor) *uint16 { return &place(s).Address }), bound: within(low, high), form: form{is: "the addresses that " + chip + " can have"}, says: "the chip's address on the bus"},
	)
}

var kernelKeys = table{
	end: after(checkKernel),
	keys: ofSensor(
		key{name: "device", at: in(func(s *devices.Sensor) *string { return &s.Kernel.Device }), form: kernelDevice, says: "its place on its bus: i2c-1/0x44, spi0.0, dht11@4; `thermostat probe` lists them",
			must: "is missing: the chip's place, such as i2c-1/0x44 (thermostat probe lists them)"},
		key{name: "channel", at: in(func(s *devices.Sensor) *string { return &s.Kernel.Channel }), form: kernelChannel, usual: "the only one", says: "which of its temperatures, such as temp1 or in_temp_object; of an NTC, which voltage"},
		key{name: "unchecked", at: in(func(s *devices.Sensor) *bool { return &s.Kernel.Unchecked }), says: "true: I know that nobody checks its answers; without it and without another sensor in the zone such a chip is refused"},
		key{name: "r0", at: in(func(s *devices.Sensor) *float64 { return &s.Kernel.R0 }), bound: within(10.0, 10000.0), unit: "Ω", usual: "none", says: "of a MAX31865, with `r_ref`: its resistor at 0 °C, 100 of a PT100"},
		key{name: "r_ref", at: in(func(s *devices.Sensor) *float64 { return &s.Kernel.RRef }), bound: within(10.0, 100000.0), unit: "Ω", usual: "none", says: "of a MAX31865: the reference on its board, mostly 430 or 400, 4300 of a PT1000"},
		key{name: "ntc", at: in(func(s *devices.Sensor) *kernel.NTC { return &s.Kernel.NTC }), keys: &ntcKeys, says: "of an ADC: the thermistor between its input and ground"},
	),
}

var ntcKeys = table{keys: []key{
	{name: "r25", at: in(func(n *kernel.NTC) *float64 { return &n.R25 }), bound: within(100.0, 10e6), unit: "Ω", must: "is missing: mostly 10000", says: "its resistance at 25 °C"},
	{name: "beta", at: in(func(n *kernel.NTC) *float64 { return &n.Beta }), bound: within(1000.0, 10000.0), unit: "K", must: "is missing: mostly 3950 or 3435", says: "how steep it is, of its datasheet"},
	{name: "pullup", at: in(func(n *kernel.NTC) *float64 { return &n.Pullup }), bound: within(100.0, 10e6), unit: "Ω", must: "is missing: mostly 10000", says: "the resistor from the input to the supply"},
	{name: "vcc", at: in(func(n *kernel.NTC) *float64 { return &n.VCC }), bound: within(1.0, 12.0), unit: "V", must: "is missing: mostly 3.3", says: "that supply"},
}}

// checkKernel complains of what the keys say together, and takes from the board what shows only there.
func checkKernel(r *reader, n *node, s *devices.Sensor, _ badKeys) {
	s.Kernel.Humid = s.Kernel.MeasuresHumidity(r.machine.Files)
	switch r0, ref, ntc := n.Child("r0"), n.Child("r_ref"), n.Child("ntc"); {
	case (r0 == nil) != (ref == nil):
		r.complain(n, "r0 and r_ref go together: the resistor and the one it is held against")
	case r0 != nil && ntc != nil:
		r.complain(ntc, "a MAX31865's resistor is no thermistor: leave out ntc, or r0 and r_ref")
	}
}

// checkUnchecked complains of a chip whose answers nobody checks, unless that is known.
func checkUnchecked(r *reader, n *node, s *devices.Sensor, others bool, disagree float64) {
	if s.Driver != "kernel" {
		return
	}
	s.Kernel.Compared = others
	if text, refused := s.Kernel.Doubt(r.machine.Files, disagree > 0); refused {
		r.complain(n, "%s", text)
	} else if text != "" {
		r.warn(n, text)
	}
}

var roomLaw = lawOf(simulated.Bounds(), "")

var simulatedKeys = table{
	start: before(takeModel),
	end:   after(checkSimulated),
	keys: ofSensor(
		key{name: "model", at: in(func(s *devices.Sensor) *string { return &s.Simulated.Model }), form: form{words: simulated.Models()},
			says: "room has air, walls and weather, linear constant rates; the others are [rooms](simulate.md#rooms) that have defaults of their own"},
		key{name: "speed", at: in(func(s *devices.Sensor) *float64 { return &s.Simulated.Speed }), bound: roomLaw("speed"), says: "how many times faster than the clock room time runs"},
		key{name: "start", at: in(func(s *devices.Sensor) *float64 { return &s.Simulated.Start }), bound: roomLaw("start"), unit: "°C", says: "the temperature at the beginning"},
		key{name: "up", at: in(func(s *devices.Sensor) *time.Duration { return &s.Simulated.Up }), bound: roomLaw("up"), says: "linear: the time in which it gains 1 K"},
		key{name: "down", at: in(func(s *devices.Sensor) *time.Duration { return &s.Simulated.Down }), bound: roomLaw("down"), says: "linear: the time in which it loses 1 K"},
		key{name: "outdoor", at: in(func(s *devices.Sensor) *float64 { return &s.Simulated.Outdoor }), bound: roomLaw("outdoor"), unit: "°C", says: "where an unheated room ends"},
		key{name: "outdoor_swing", at: in(func(s *devices.Sensor) *float64 { return &s.Simulated.OutdoorSwing }), bound: roomLaw("outdoor_swing"), unit: "K", says: "around `outdoor` over a day; not of linear"},
		key{name: "sun", at: in(func(s *devices.Sensor) *float64 { return &s.Simulated.Sun }), bound: roomLaw("sun"), unit: "W/m²", says: "the sun at noon; not of linear"},
		key{name: "place", at: in(func(s *devices.Sensor) *string { return &s.Simulated.Place }), form: form{words: simulated.Places(), empty: true}, usual: "air, or the model's own", says: "where the sensor hangs; not of linear"},
		key{name: "heater_power", at: in(func(s *devices.Sensor) *float64 { return &s.Simulated.HeaterPower }), bound: roomLaw("heater_power"), unit: "W", says: "the heater's power; not of linear"},
		key{name: "cooler_power", at: in(func(s *devices.Sensor) *float64 { return &s.Simulated.CoolerPower }), bound: roomLaw("cooler_power"), unit: "W", says: "the cooler's power; not of linear"},
		noiseKey, seedKey,
	),
}

var (
	noiseKey = key{name: "noise", at: in(func(s *devices.Sensor) *float64 { return &s.Simulated.Noise }), bound: roomLaw("noise"), unit: "K", says: "the standard deviation of a reading"}
	seedKey  = key{name: "seed", at: in(func(s *devices.Sensor) *uint64 { return &s.Simulated.Seed }), says: "the seed of the noise"}
)

// takeModel looks at the model before the other keys: it sets their defaults.
func takeModel(_ *reader, n *node, s *devices.Sensor) {
	if model := n.Child("model"); model != nil {
		s.Simulated = simulated.SpecOf(model.Text)
		s.Simulated.Model = simulated.Default().Model
	}
}

var spareKeys = table{
	start: before(func(_ *reader, n *node, s *devices.Sensor) {
		s.Simulated.Seed += uint64(n.Index) + 1 // its noise is its own
	}),
	end:  after(checkSimulated),
	keys: ofSensor(noiseKey, seedKey),
}

// checkSimulated complains of values out of bounds, once each.
func checkSimulated(r *reader, n *node, s *devices.Sensor, unread badKeys) {
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
	end: after(checkRemoteSensor),
	keys: ofSensor(
		key{name: "topic", at: in(func(s *devices.Sensor) *string { return &s.Broker.Topic }), form: deviceTopic, must: "is missing", says: "one topic, without a wildcard, and none of the agent's own"},
		key{name: "format", at: in(func(s *devices.Sensor) *string { return &s.Broker.Format }), form: form{words: device.SensorFormats}, says: "protobuf is a SensorData, number a plain text in °C; auto tells by the first byte"},
		key{name: "field", at: in(func(s *devices.Sensor) *string { return &s.Broker.Field }), form: jsonPath, usual: device.UsualField, only: jsonOnly, says: "json: where the temperature is, names and places in lists parted by dots: `DS18B20-1.Temperature`, `sensors.0.t`; a name may hold dots itself"},
		key{name: "humidity_field", at: in(func(s *devices.Sensor) *string { return &s.Broker.HumidityField }), form: jsonPath, only: jsonOnly, says: "json: where the relative humidity is, in %"},
		key{name: "unit", at: in(func(s *devices.Sensor) *string { return &s.Broker.Unit }), form: form{words: device.SensorUnits}, usual: "what the message says, else C", only: numbersOnly, says: "the unit of numbers and json; a SensorData is in °C"},
		key{name: "where", at: in(func(s *devices.Sensor) *map[string]string { return &s.Broker.Where }), only: jsonOnly,
			says: "json: words by path that a reading must have beside it, such as `{Id: 0119A4B2C3D4, channel: 1}`, on topics that several sensors share"},
	),
}

// checkRemoteSensor complains of what keys of a sensor on the broker say together.
func checkRemoteSensor(r *reader, n *node, s *devices.Sensor, _ badKeys) {
	needsBroker(r, n)
	spec := s.Broker
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
	end: after(checkGPIO),
	keys: ofRelay(
		key{name: "line", at: in(func(s *devices.Relay) *string { return &s.GPIO.Line }), form: lineName, must: "is missing: the line's name, such as GPIO17", says: "the kernel's name of the line, or its number"},
		key{name: "chip", at: in(func(s *devices.Relay) *string { return &s.GPIO.Chip }), form: chipName, usual: "a Raspberry Pi's header", says: "another GPIO chip, by label, device or place on its I2C bus"},
		key{name: "active_low", at: in(func(s *devices.Relay) *bool { return &s.GPIO.ActiveLow }), says: "true for a board that is on while its input is low"},
	),
}

// checkGPIO complains of a line that is spelled otherwise on the header, and
// warns of a pull that switches the relay on.
func checkGPIO(r *reader, n *node, s *devices.Relay, _ badKeys) {
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

var modbusKeys = table{
	end: after(checkModbus),
	keys: ofRelay(
		key{name: "port", at: in(func(s *devices.Relay) *string { return &s.Modbus.Port }), form: serialPort, must: "is missing: the port of the adapter, such as /dev/ttyUSB0 (ls /dev/serial/by-id names it for good)", says: "the serial port; the names in /dev/serial/by-id stay the same over restarts"},
		key{name: "baud", at: in(func(s *devices.Relay) *int { return &s.Modbus.Baud }), bound: within(slices.Min(modbus.Bauds), slices.Max(modbus.Bauds)), unit: "bits/s", says: "the speed of the board; 8 bits, no parity, 1 stop bit"},
		key{name: "unit", at: in(func(s *devices.Relay) *int { return &s.Modbus.Unit }), bound: within(modbus.MinUnit, modbus.MaxUnit), says: "the board's address on the line"},
		key{name: "coil", at: in(func(s *devices.Relay) *int { return &s.Modbus.Coil }), bound: within(0, modbus.MaxCoil), must: "is missing: the relay of the board, of which the first is 0", says: "the relay of the board; the first is 0"},
		key{name: "lease", at: in(func(s *devices.Relay) *time.Duration { return &s.Modbus.Lease }), bound: within(time.Duration(0), modbus.MaxLease), says: "the board opens its contact by itself after so long without an On, which is said again each third of it, by its flash-on; at least 6s; 0s: the board knows none, and a killed agent leaves the relay on"},
	),
}

// checkModbus complains of what keys of a relay on a board say, and warns of one without a lease.
func checkModbus(r *reader, n *node, s *devices.Relay, unread badKeys) {
	if key, wrong := s.Modbus.Wrong(); key != "" && !unread.has(key) {
		r.complainOfField(n, key, "%s", wrong)
	}
	if at := n.Child("lease"); at != nil && !unread.has("lease") && s.Modbus.Lease == 0 {
		r.warn(at, "without a lease the relay stays on when agent or line die, until thermostat off runs: take a board that has flash-on, or let the load have a cut-out of its own")
	}
}

var simulatedRelayKeys = table{keys: ofRelay()}

var remoteRelayKeys = table{
	end: after(checkRemoteRelay),
	keys: ofRelay(
		key{name: "topic", at: in(func(s *devices.Relay) *string { return &s.Broker.Topic }), form: deviceTopic, must: "is missing", says: "the topic of its commands; no two relays share one"},
		key{name: "on", at: in(func(s *devices.Relay) *string { return &s.Broker.On }), form: command, usual: "a HeaterControl message", says: "the command as plain text, with `off`"},
		key{name: "off", at: in(func(s *devices.Relay) *string { return &s.Broker.Off }), form: command, usual: "a HeaterControl message", says: "the command as plain text, with `on`"},
		key{name: "state_topic", at: in(func(s *devices.Relay) *string { return &s.Broker.StateTopic }), form: deviceTopic, says: "where the device tells its position: HeaterControl, the texts of `on` and `off`, on/off/true/false/1/0, or JSON; upper or lower case; any other text is not known"},
		key{name: "state_field", at: in(func(s *devices.Relay) *string { return &s.Broker.StateField }), form: jsonPath, usual: "state", says: "of JSON on `state_topic`: where the position is"},
		key{name: "lease", at: in(func(s *devices.Relay) *time.Duration { return &s.Broker.Lease }), bound: within(3*time.Second, time.Hour), says: "how long the device stays on by itself; an On is said again three times within it, an Off within 30 s"},
		key{name: "retain", at: in(func(s *devices.Relay) *bool { return &s.Broker.Retain }), says: "the broker keeps the commands; `check` warns: a device that comes back obeys an On when nobody may be there to end it"},
	),
}

// checkRemoteRelay complains of what keys of a relay on the broker say together.
func checkRemoteRelay(r *reader, n *node, spec *devices.Relay, unread badKeys) {
	needsBroker(r, n)
	s := spec.Broker
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
