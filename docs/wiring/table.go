package main

// part is a picture: a part, its pins from the top down, and what must be written for it.
type part struct {
	file    string // docs/wiring-FILE.svg
	title   string
	look    look
	pins    []pin
	bridges []bridge
	right   []terminal
	across  string   // the resistor between the first and the second half of the terminals on the right
	line    string   // in config.txt
	mapping string   // in the configuration, behind key
	key     string   // sensor, or heater
	notes   []string // below it
	warning string
}

// pin is one of a part's. It is wired to a pin of the header that carries what it needs; to: 0 is not wired.
type pin struct {
	name, needs string
	to          int
}

// bridge joins a pin of the part, counted from 0, with the next one: by a resistor, or by a wire where it has no value.
type bridge struct {
	upper int
	value string
}

// terminal is one on the part's right side, and where it leads; to: "" leads nowhere.
type terminal struct{ name, to string }

// look is how a part looks.
type look int

const (
	board look = iota // a chip on a board
	bare              // three legs and a body
	relay
)

const (
	i2cLine = "dtparam=i2c_arm=on"
	apart   = "Boards differ in the order of their pins: go by the names."
	volts   = "3.3 V, not 5 V, which its pull-ups would lead to the Pi."
)

// onI2C are the four wires that every part on the I²C bus has; power is what its board calls 3.3 V.
func onI2C(power string) []pin {
	return []pin{{"SDA", "SDA", 3}, {"SCL", "SCL", 5}, {power, "3.3 V", 17}, {"GND", "GND", 20}}
}

// parts are the pictures, in the order of docs/hardware.md.
var parts = []part{
	{
		file: "ds18b20", title: "DS18B20", look: bare,
		pins:    []pin{{"VDD", "3.3 V", 1}, {"DATA", "GPIO4", 7}, {"GND", "GND", 9}},
		bridges: []bridge{{0, "4.7 kΩ"}},
		line:    "dtoverlay=w1-gpio", key: "sensor", mapping: "{driver: ds18b20, id: 28-0316a2795bff}",
		notes: []string{
			"One resistor is enough for all thermometers on the wire; some boards have it already.",
			"Of a probe VDD is mostly red, DATA yellow, GND black. Of the bare part, its flat side to you and its legs down: GND, DATA, VDD from the left.",
		},
		warning: "3.3 V, not 5 V: the resistor would lead 5 V to GPIO4.",
	},
	{
		file: "bme280", title: "BME280",
		pins: onI2C("VIN"),
		line: i2cLine, key: "sensor", mapping: "{driver: bme280}",
		notes:   []string{apart, "On a board with six pins: CSB and SDO as at the BMP280.", "No resistors: the Pi has its own at SDA and SCL."},
		warning: volts,
	},
	{
		file: "bmp280", title: "BMP280",
		pins:    []pin{{"SDA", "SDA", 3}, {"SCL", "SCL", 5}, {"CSB", "", 0}, {"VCC", "3.3 V", 17}, {"GND", "GND", 20}, {"SDO", "", 0}},
		bridges: []bridge{{2, ""}, {4, ""}},
		line:    i2cLine, key: "sensor", mapping: "{driver: bmp280}",
		notes:   []string{apart, "CSB at 3.3 V chooses I²C. SDO at GND is address 0x76; at 3.3 V it is 0x77, and the mapping says address: 0x77."},
		warning: volts,
	},
	{
		file: "sht31", title: "SHT31",
		pins: append(onI2C("VIN"), pin{"AD", "", 0}),
		line: i2cLine, key: "sensor", mapping: "{driver: sht3x, bus: 1, address: 0x44}",
		notes:   []string{apart, "AD (ADDR) left open is address 0x44; at 3.3 V it is 0x45.", "SHT30 and SHT35 are wired alike."},
		warning: volts,
	},
	{
		file: "sht41", title: "SHT41",
		pins: onI2C("VIN"),
		line: "dtoverlay=i2c-sensor,sht4x", key: "sensor", mapping: "{driver: kernel, device: i2c-1/0x44}",
		notes:   []string{apart, "SHT40, SHT43 and SHT45 are wired alike."},
		warning: volts,
	},
	{
		file: "htu21", title: "HTU21D, SI7021",
		pins: onI2C("VIN"),
		line: "dtoverlay=i2c-sensor,htu21", key: "sensor", mapping: "{driver: kernel, device: i2c-1/0x40}",
		notes:   []string{apart, "An SI7021 (GY-21) is wired alike; its line is dtoverlay=i2c-sensor,si7020, and its mapping has unchecked: true."},
		warning: volts,
	},
	{
		file: "dht22", title: "DHT22, AM2302", look: bare,
		pins:    []pin{{"VCC", "3.3 V", 1}, {"DATA", "GPIO4", 7}, {"NC", "", 0}, {"GND", "GND", 9}},
		bridges: []bridge{{0, "4.7 kΩ"}},
		line:    "dtoverlay=dht11,gpiopin=4", key: "sensor", mapping: "{driver: kernel, device: dht11@4}",
		notes: []string{
			"A DHT11 is wired alike. Looking at the grid, VCC is on the left. A board with three pins has the resistor already.",
			"Where 1-Wire thermometers are on GPIO4, take pin 15 and gpiopin=22; thermostat probe then tells the device.",
		},
		warning: "3.3 V, not 5 V: the resistor would lead 5 V to GPIO4.",
	},
	{
		file: "max31865", title: "MAX31865",
		pins:  []pin{{"VIN", "3.3 V", 17}, {"GND", "GND", 20}, {"SDI", "MOSI", 19}, {"SDO", "MISO", 21}, {"CS", "CE0", 24}, {"CLK", "SCLK", 23}},
		right: []terminal{{"F+", ""}, {"RTD+", ""}, {"RTD−", ""}, {"F−", ""}}, across: "PT100",
		line: "an overlay of your own for SPI", key: "sensor", mapping: "{driver: kernel, device: spi0.0, unchecked: true, r0: 100, r_ref: 430}",
		notes: []string{
			"Four wires, as drawn, need no jumper. With two wires join F+ to RTD+, and F− to RTD−.",
			"A PT1000 needs a board with 4300 Ω: r0: 1000, r_ref: 4300. RDY stays open.",
		},
		warning: "3.3 V, not 5 V: the Pi's inputs take no more.",
	},
	{
		file: "ads1115", title: "ADS1115",
		pins:    []pin{{"SDA", "SDA", 3}, {"SCL", "SCL", 5}, {"VDD", "3.3 V", 17}, {"A0", "", 0}, {"GND", "GND", 20}, {"ADDR", "", 0}},
		bridges: []bridge{{2, "10 kΩ"}, {3, "NTC"}, {4, ""}},
		line:    "dtoverlay=ads1115,cha_enable", key: "sensor",
		mapping: "{driver: kernel, device: i2c-1/0x48, channel: in_voltage0, unchecked: true, ntc: {r25: 10000, beta: 3950, pullup: 10000, vcc: 3.3}}",
		notes:   []string{"pullup is the 10 kΩ between VDD and A0; r25 and beta are those of your NTC, from its data sheet."},
		warning: "3.3 V, not 5 V: no input may be above VDD.",
	},
	{
		file: "relay-high", title: "Relay, on while its input is high", look: relay,
		pins:    []pin{{"VCC", "5 V", 2}, {"IN", "GPIO17", 11}, {"GND", "GND", 14}},
		bridges: []bridge{{1, "10 kΩ"}},
		right:   []terminal{{"NO", "to the heater"}, {"COM", "from its supply"}, {"NC", ""}},
		key:     "heater", mapping: "{driver: gpio, line: GPIO17}",
		notes:   []string{"The heater hangs on NO: without power it is off. The 10 kΩ keeps the relay off while nobody drives the pin."},
		warning: "Mains belongs into a closed box, wired by an electrician.",
	},
	{
		file: "relay-low", title: "Relay, on while its input is low", look: relay,
		pins:    []pin{{"JD-VCC", "5 V", 4}, {"VCC", "3.3 V", 17}, {"IN", "GPIO5", 29}, {"GND", "GND", 34}},
		bridges: []bridge{{1, "10 kΩ"}},
		right:   []terminal{{"NO", "to the heater"}, {"COM", "from its supply"}, {"NC", ""}},
		key:     "heater", mapping: "{driver: gpio, line: GPIO5, active_low: true}",
		notes:   []string{"Take the jumper from VCC to JD-VCC off. GPIO5 pulls up at reset: the relay stays off until the agent runs."},
		warning: "Mains belongs into a closed box, wired by an electrician.",
	},
}
