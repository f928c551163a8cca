package config

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"thermostat/drivers"
	"thermostat/drivers/simulated"
)

// offsetBound is how far a sensor may be corrected, in K.
const offsetBound = 10

var (
	thermometerForm = regexp.MustCompile(`^(28|22|42)-[0-9a-f]{12}$`) // DS18B20, and two families that are read alike
	// A line and a chip are names of the kernel's: at most 31 printable characters,
	// blanks among them, such as 7J1 Header Pin11.
	lineForm = regexp.MustCompile(`^[!-~]([ -~]{0,29}[!-~])?$`)
	chipForm = regexp.MustCompile(`^[!-~]([ -~]{0,34}[!-~])?$`) // with /dev/ before it
)

// readDevices takes a relay that is named badly for one that is there: the
// complaint about the name is enough.
func (r *reader) readDevices(zone *node, z *Zone) {
	r.readSensor(zone, &z.Devices.Sensor)
	r.readFallbacks(zone.child("fallback_sensors"), &z.Devices)
	r.needsStaleAfter(zone, z.Devices)
	z.Devices.Heater = r.readRelay(zone.child("heater"))
	z.Devices.Cooler = r.readRelay(zone.child("cooler"))
	z.Devices.Safety = r.readRelay(zone.child("safety_relay"))
	r.needsRoom(zone, z.Devices)
	z.Params.Heater = z.Devices.Heater != nil
	z.Params.Cooler = z.Devices.Cooler != nil
	z.Params.Speed = z.Devices.Sensor.Simulated.Speed // 0 where the room is real
}

// needsRoom complains of a simulated relay where the sensor is real: it has no room to heat.
func (r *reader) needsRoom(zone *node, d drivers.Spec) {
	if d.Sensor.Driver == "" || d.Sensor.IsSimulated() {
		return
	}
	for _, key := range []string{"heater", "cooler", "safety_relay"} {
		if at := zone.child(key).child("driver"); at != nil && drivers.RelayDriverOf(at.text).Simulated {
			r.complain(at, "a simulated relay needs a simulated sensor, whose room it heats or cools: the zone's is %s", Shown(d.Sensor.Driver))
		}
	}
}

// readDriver reads the name of a driver and reports whether it is one that
// this version has. Only then do the other keys mean anything to it.
func (r *reader) readDriver(n *node, to *string, known ...string) bool {
	switch {
	case n == nil || n.kind == kindRefused:
		return false
	case n.kind != kindMapping:
		r.complain(n, "is %v, but a mapping such as {driver: %s} is wanted%s", n.kind, known[0], exampleOf(n, known))
		return false
	case n.child("driver") == nil:
		r.missing(n, "driver", "is missing: one of "+strings.Join(known, ", "))
		return false
	}
	at := n.child("driver")
	if !r.text(at, to) || at.kind != kindScalar {
		return false
	}
	if !slices.Contains(known, *to) {
		r.noneOf(at, *to, known)
		*to = "" // nothing else can be said of it
		return false
	}
	return true
}

func (r *reader) readRelay(n *node) *drivers.RelaySpec {
	if n == nil {
		return nil
	}
	var spec drivers.RelaySpec
	if !r.readDriver(n, &spec.Driver, drivers.RelayDrivers()...) {
		return &spec
	}
	switch spec.Driver {
	case "simulated":
		r.isMapping(n, drivers.RelayDriverOf(spec.Driver).Keys...)
	case "mqtt":
		r.readRemoteRelay(n, &spec.Remote)
	default:
		r.readGPIO(n, &spec.GPIO)
	}
	return &spec
}

func (r *reader) readGPIO(n *node, g *drivers.GPIO) {
	r.isMapping(n, drivers.RelayDriverOf("gpio").Keys...)
	line := n.child("line")
	if line == nil {
		r.missing(n, "line", "is missing: the line's name, such as GPIO17")
	}
	r.spelled(n.child("chip"), &g.Chip, chipForm, chipNameIs, func(string) string { return "" })
	r.readLine(line, g)
	r.boolean(n.child("active_low"), &g.ActiveLow)
	if g.SwitchesOnAtReset() {
		r.warn(line, AtReset(*g))
	}
}

// AtReset says what the pull of a pin does before the agent runs.
func AtReset(g drivers.GPIO) string {
	if g.ActiveLow {
		return g.Line + " pulls down at reset, which holds an active-low relay on until the agent runs: GPIO0 to GPIO8 pull up"
	}
	return g.Line + " pulls up at reset, which holds an active-high relay on until the agent runs: GPIO9 to GPIO27 pull down"
}

func (r *reader) readSensor(zone *node, spec *drivers.SensorSpec) {
	n := zone.child("sensor")
	if n == nil {
		r.missing(zone, "sensor", "is missing")
		return
	}
	r.readThermometer(n, spec, r.readRoom)
}

// readThermometer reads a sensor; a simulated one is read by room.
func (r *reader) readThermometer(n *node, spec *drivers.SensorSpec, room func(*node, *simulated.Spec)) {
	if !r.readDriver(n, &spec.Driver, drivers.SensorDrivers()...) {
		return
	}
	*spec = drivers.DefaultSensor(spec.Driver)
	switch spec.Driver {
	case "ds18b20":
		r.readDS18B20(n, &spec.DS18B20)
	case "bme280":
		r.readBME280(n, &spec.BME280)
	case "simulated":
		room(n, &spec.Simulated)
	case "mqtt":
		r.readRemoteSensor(n, &spec.Remote)
	}
	r.readOffset(n.child("offset"), &spec.Offset)
}

func (r *reader) readDS18B20(n *node, d *drivers.DS18B20) {
	r.isMapping(n, drivers.SensorDriverOf("ds18b20").Keys...)
	if n.child("id") == nil {
		r.missing(n, "id", "is missing: the thermometer's name, such as 28-0316a2795bff (thermostat probe lists them)")
	}
	r.readThermometerID(n.child("id"), &d.ID)
	r.oneOf(n.child("bus"), &d.Bus, "kernel", "ds2482", "netlink")
	r.i2cBus(n.child("i2c_bus"), &d.I2CBus)
	if at := n.child("i2c_bus"); at != nil && d.Bus != "ds2482" {
		r.complain(at, "belongs to bus ds2482, but the bus is %s", d.Bus)
	}
	at := n.child("resolution")
	if bits, ok := r.whole(at, 9, 12); ok && at != nil {
		d.Resolution = int(bits)
		if d.Bus == "kernel" {
			r.warn(at, "the kernel lets only root set it: else the thermometer keeps its own")
		}
	}
}

func (r *reader) readBME280(n *node, b *drivers.BME280) {
	r.isMapping(n, drivers.SensorDriverOf("bme280").Keys...)
	r.i2cBus(n.child("bus"), &b.Bus)
	r.i2cAddress(n.child("address"), &b.Address)
}

func (r *reader) i2cBus(n *node, to *int) {
	if bus, ok := r.whole(n, 0, 255); ok && n != nil {
		*to = int(bus)
	}
}

// i2cAddress reads one of the two addresses that a BME280 can have, in the hex
// of the datasheet or decimal.
func (r *reader) i2cAddress(n *node, to *uint16) {
	text, ok := r.scalar(n, "an address")
	if !ok {
		return
	}
	x, err := strconv.ParseUint(text, 0, 16)
	if err != nil || x != 0x76 && x != 0x77 {
		r.complain(n, "%s is none of 0x76, 0x77, the addresses that a BME280 can have", shortened(text))
		return
	}
	*to = uint16(x)
}

func (r *reader) readRoom(n *node, s *simulated.Spec) {
	r.isMapping(n, drivers.SensorDriverOf("simulated").Keys...)
	before := len(r.complaints)
	r.readSimulated(n, s)
	r.checkSimulated(n, *s, r.badPlaces(before))
}

// checkSimulated complains of values out of bounds, once each.
func (r *reader) checkSimulated(n *node, s simulated.Spec, bad map[place]bool) {
	for _, v := range s.Validate() {
		if at, found := find(n, v.Field); !found || !bad[at.place()] {
			r.complainOf(at, join(n.path(), v.Field), "%s %s", v.Value, v.Bound)
		}
	}
}

func (r *reader) readOffset(n *node, to *float64) {
	if r.kelvin(n, to) && (*to < -offsetBound || *to > offsetBound) {
		r.complain(n, "%v is outside -%d..%d K", *to, offsetBound, offsetBound)
	}
}

func (r *reader) readSimulated(n *node, s *simulated.Spec) {
	if r.text(n.child("model"), &s.Model) {
		*s = simulated.SpecOf(s.Model)
	}
	r.text(n.child("place"), &s.Place)
	r.seed(n.child("seed"), &s.Seed)
	for key, to := range map[string]*time.Duration{"up": &s.Up, "down": &s.Down} {
		r.duration(n.child(key), to)
	}
	for key, to := range map[string]*float64{
		"speed": &s.Speed, "start": &s.Start, "outdoor": &s.Outdoor, "outdoor_swing": &s.OutdoorSwing, "sun": &s.Sun,
		"heater_power": &s.HeaterPower, "cooler_power": &s.CoolerPower, "noise": &s.Noise,
	} {
		r.number(n.child(key), to)
	}
}
