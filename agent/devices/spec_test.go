package devices

import (
	"log/slog"
	"testing"
	"time"

	"thermostat/controlloop"
	"thermostat/drivers"
	"thermostat/mqtt/device"
)

// onBroker is a sensor on the broker, changed.
func onBroker(topic string, change func(*Sensor)) Sensor {
	s := DefaultSensor(OnBroker)
	s.Broker.Topic = topic
	change(&s)
	return s
}

func unchanged(*Sensor) {}

// TestOneSensorIsKnownByWhatIsRead: of the broker by topic, field and where, of
// this machine by its chip; an offset makes no other sensor.
func TestOneSensorIsKnownByWhatIsRead(t *testing.T) {
	room, chip := onBroker("t/room", unchanged), DefaultSensor("bme280")
	chip.Offset = 1
	for _, row := range []struct {
		a, b Sensor
		want bool
	}{
		{room, onBroker("t/room", func(s *Sensor) { s.Offset, s.Broker.Format, s.Broker.Unit = 1, "json", "F" }), true},
		{room, onBroker("t/room", func(s *Sensor) { s.Broker.Field = device.UsualField }), true},
		{room, onBroker("t/room", func(s *Sensor) { s.Broker.Field = "t" }), false},
		{room, onBroker("t/room", func(s *Sensor) { s.Broker.Where = map[string]string{"Id": "7"} }), false},
		{room, onBroker("t/hall", unchanged), false},
		{onBroker("", unchanged), onBroker("", unchanged), false}, // not named yet
		{room, chip, false},
		{chip, room, false},
		{chip, DefaultSensor("bme280"), true},
		{Sensor{}, Sensor{}, false},
	} {
		if got := row.a.Same(row.b); got != row.want {
			t.Errorf("%v and %v: %v", row.a, row.b, got)
		}
	}
}

// TestADeviceSaysWhichItIs, wherever it is.
func TestADeviceSaysWhichItIs(t *testing.T) {
	chip, plug, line := DefaultSensor("bme280"), DefaultRelay(OnBroker), DefaultRelay("gpio")
	chip.Offset, plug.Broker.Topic, line.GPIO.Line = -0.4, "plug/set", "GPIO17"
	confirmed := plug
	confirmed.Broker.StateTopic = "plug"
	for _, row := range []struct{ got, want string }{
		{onBroker("t/room", unchanged).String(), "mqtt t/room, format auto"},
		{onBroker("t/room", func(s *Sensor) {
			s.Offset, s.Broker.Field, s.Broker.Unit, s.Broker.Where = 1, "x.t", "F", map[string]string{"b": "1", "a": "2"}
		}).String(), "mqtt t/room, format auto, field x.t, where a is 2, where b is 1, in °F, offset 1 K"},
		{chip.String(), "bme280 at 0x76 on i2c-1, offset -0.4 K"},
		{plug.String(), "mqtt plug/set, lease 30s"},
		{confirmed.String(), "mqtt plug/set, lease 30s, confirmed by plug"},
		{line.String(), "gpio GPIO17"},
	} {
		if row.got != row.want {
			t.Errorf("%s, want %s", row.got, row.want)
		}
	}
}

// TestOnlyDevicesOnTheBrokerAreToldOfTheirZone: the first choice, fallbacks and
// relays; which of these is in series they learn, too.
func TestOnlyDevicesOnTheBrokerAreToldOfTheirZone(t *testing.T) {
	plug, contact, line := DefaultRelay(OnBroker), DefaultRelay(OnBroker), DefaultRelay("gpio")
	z := Zone{Sensor: DefaultSensor("bme280"), Fallbacks: []Sensor{onBroker("t/room", unchanged)}, Heater: &plug, Cooler: &line, Safety: &contact}
	z.Identify(7, controlloop.Params{Sample: 5 * time.Second, MinOff: time.Minute, StaleAfter: time.Hour})
	if got := z.Fallbacks[0].Broker; got.SensorID != 7 || got.StaleAfter != time.Hour {
		t.Errorf("%+v", got)
	}
	if b := plug.Broker; b.SensorID != 7 || b.Sample != 5*time.Second || b.MinOff != time.Minute || b.Safety || !contact.Broker.Safety {
		t.Errorf("heater %+v, safety relay %+v", b, contact.Broker)
	}
	if z.Sensor.Broker.SensorID != 0 || line.Broker != (device.RelaySpec{}) {
		t.Errorf("of this machine: %+v, %+v", z.Sensor.Broker, line.Broker)
	}
}

// TestAZoneMeasuresWhatOneOfItsSensorsDoes: humidity of the broker where a field of it is named.
func TestAZoneMeasuresWhatOneOfItsSensorsDoes(t *testing.T) {
	dry, humid := onBroker("t/a", unchanged), onBroker("t/b", func(s *Sensor) { s.Broker.HumidityField = "h" })
	for _, row := range []struct {
		zone      Zone
		want, far bool
	}{
		{Zone{Sensor: dry}, false, true},
		{Zone{Sensor: dry, Fallbacks: []Sensor{humid}}, true, true},
		{Zone{Sensor: DefaultSensor("ds18b20"), Fallbacks: []Sensor{dry}}, false, true},
		{Zone{Sensor: DefaultSensor("ds18b20"), Fallbacks: []Sensor{DefaultSensor("bme280")}}, true, false},
	} {
		if got, far := row.zone.MeasuresHumidity(), row.zone.ListensToBroker(); got != row.want || far != row.far {
			t.Errorf("%+v: humidity %v, on the broker %v", row.zone, got, far)
		}
	}
}

// TestADeviceIsOpenedWhereItIs: on the broker by its group, with its offset; what
// is of this machine is none of the group's.
func TestADeviceIsOpenedWhereItIs(t *testing.T) {
	group := device.NewGroup(slog.New(slog.DiscardHandler))
	if _, err := (Zone{Sensor: DefaultSensor("bme280")}).Open(drivers.NewHardware(t.TempDir()), group); err != nil || !group.Empty() {
		t.Fatalf("%v: the group has a chip of this machine", err)
	}
	plug := DefaultRelay(OnBroker)
	plug.Broker.Topic = "plug/set"
	d, err := Zone{Sensor: onBroker("t/room", func(s *Sensor) { s.Offset = 1.5 }), Heater: &plug}.Open(drivers.NewHardware(t.TempDir()), group)
	if err != nil || !group.Take("plug/set", nil, true) || !group.Take("t/room", []byte("19.5"), false) {
		t.Fatalf("%v: the group knows a topic not", err)
	}
	if got := read(t, d.Sensor).Celsius; got != 21 {
		t.Errorf("%v °C with the offset, want 21", got)
	}
}

// TestAnotherSensorPlantSourceOrRelayIsAnotherRoom: and another safety relay or contact is not.
func TestAnotherSensorPlantSourceOrRelayIsAnotherRoom(t *testing.T) {
	relay := func(line string) *Relay {
		r := DefaultRelay("gpio")
		r.GPIO.Line = line
		return &r
	}
	is := Zone{Sensor: DefaultSensor("bme280"), Heater: relay("GPIO17")}
	same, sensor, heater, cooler, source := is, is, is, is, is
	same.Safety, same.Contact = relay("GPIO22"), &Contact{Driver: "gpio"}
	sensor.Sensor.BME280.Bus = 3
	heater.Heater, cooler.Heater, cooler.Cooler = relay("GPIO27"), nil, is.Heater
	source.Water = "boiler" // the heater is now its valve
	all := map[string]bool{is.Fingerprint("boiler"): true}
	if all[same.Fingerprint("boiler")] != true {
		t.Error("a safety relay or a contact makes another room")
	}
	for i, other := range []string{is.Fingerprint("floor"), sensor.Fingerprint("boiler"), heater.Fingerprint("boiler"), cooler.Fingerprint("boiler"), source.Fingerprint("boiler")} {
		if all[other] {
			t.Errorf("%d is the same room", i)
		}
		all[other] = true
	}
}
