package scenarios

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"thermostat/lab/board"
	"thermostat/lab/chips"
)

// truth is how near a reading must come to the physical value, in K.
const truth = 0.07

var physical = []float64{-10.125, 0, 21.5, 60}

// Every way to a sensor reads what is there; two thermometers on one bus feed
// two zones and are not mixed up.
func TestSensorsReadTheTruth(t *testing.T) {
	t.Parallel()
	for name, sensor := range map[string]func(*chips.DS18B20) string{"kernel": kernelSensor, "ds2482": bridgeSensor, "netlink": netlinkSensor} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, b := newRig(t, board.Options{Network: true}), newBroker(t)
			if name != "ds2482" {
				r.kernelThermometers()
			}
			r.config(b.onBroker(house(
				zone("one", sensor(r.one), highRelay, off),
				zone("two", sensor(r.two), lowRelay, off),
				zone("weather", bme, "driver: gpio, line: GPIO27", off))))
			r.start()
			for i, celsius := range physical {
				other := physical[(i+1)%len(physical)]
				r.one.Set(celsius)
				r.two.Set(other)
				r.weather.Set(celsius, 45, 101325)
				shows(t, b, "one", celsius)
				shows(t, b, "two", other)
				shows(t, b, "weather", celsius)
			}
		})
	}
}

func shows(t *testing.T, b *broker, zone string, celsius float64) {
	t.Helper()
	eventually(t, fmt.Sprintf("zone %s shows %v °C", zone, celsius), func() bool {
		got := b.last(zone).Temperature
		return got != nil && math.Abs(*got-celsius) <= truth
	})
}

// fault is a way to break a sensor's path, and the verdict that must be told.
type fault struct {
	name    string
	inject  func(*rig)
	mend    func(*rig)
	verdict string
}

func thermometerFault(name string, f chips.Fault, verdict string) fault {
	return fault{name, func(r *rig) { r.one.Break(f) }, func(r *rig) { r.one.Break(chips.NoFault) }, verdict}
}

func bridgeFault(name string, f chips.Fault, verdict string) fault {
	return fault{name, func(r *rig) { r.bridge.Break(f) }, func(r *rig) { r.bridge.Break(chips.NoFault) }, verdict}
}

func weatherFault(name string, f chips.Fault, verdict string) fault {
	return fault{name, func(r *rig) { r.weather.Break(f) }, func(r *rig) { r.weather.Break(chips.NoFault) }, verdict}
}

var (
	unplugged  = func(r *rig) { r.bridge.Unplug(r.one) }
	plugged    = func(r *rig) { r.bridge.Plug(r.one) }
	hungBus    = fault{"hung bus", func(r *rig) { r.I2C.Stall(true) }, func(r *rig) { r.I2C.Stall(false) }, "no_answer"}
	noWeather  = func(r *rig) { r.I2C.Attach(0x76, nil) }
	theWeather = func(r *rig) { r.I2C.Attach(0x76, r.weather) }
)

// kernelFaults: where the kernel itself finds the fault it says no more than
// that there is no answer.
var kernelFaults = []fault{
	{"unplugged", unplugged, plugged, "no_answer"},
	thermometerFault("bad checksum", chips.BadCRC, "no_answer"),
	thermometerFault("all ones", chips.AllOnes, "no_answer"),
	thermometerFault("all zero", chips.AllZero, "shorted"),
	thermometerFault("power-on value", chips.PowerOn, "power_on"),
	thermometerFault("127.9375", chips.Value127, "not_converted"),
	thermometerFault("reserved configuration", chips.ReservedConfig, "bad_config"),
	thermometerFault("150 °C", chips.TooHot, "out_of_range"),
	thermometerFault("-60 °C", chips.TooCold, "out_of_range"),
	bridgeFault("shorted line", chips.Short, "no_answer"),
	bridgeFault("bridge gone", chips.Gone, "no_answer"),
	bridgeFault("bridge busy", chips.StuckBusy, "no_answer"),
	hungBus,
}

var bridgeFaults = []fault{
	{"unplugged", unplugged, plugged, "all_ones"},
	thermometerFault("bad checksum", chips.BadCRC, "crc"),
	thermometerFault("all ones", chips.AllOnes, "all_ones"),
	thermometerFault("all zero", chips.AllZero, "shorted"),
	thermometerFault("power-on value", chips.PowerOn, "power_on"),
	thermometerFault("127.9375", chips.Value127, "not_converted"),
	thermometerFault("reserved configuration", chips.ReservedConfig, "bad_config"),
	thermometerFault("150 °C", chips.TooHot, "out_of_range"),
	thermometerFault("-60 °C", chips.TooCold, "out_of_range"),
	bridgeFault("shorted line", chips.Short, "shorted"),
	bridgeFault("bridge gone", chips.Gone, "absent"),
	bridgeFault("bridge busy", chips.StuckBusy, "bus_error"),
	hungBus,
}

var weatherFaults = []fault{
	{"unplugged", noWeather, theWeather, "bus_error"},
	weatherFault("bus error", chips.BusError, "bus_error"),
	weatherFault("another chip", chips.WrongID, "wrong_chip"),
	weatherFault("a BMP280", chips.IsBMP280, "no_humidity"),
	weatherFault("reset values", chips.ResetData, "reset_data"),
	weatherFault("a calibration of zeros", chips.NoCalibration, "bad_calibration"),
	weatherFault("stuck busy", chips.StuckBusy, "busy"),
	hungBus,
}

// Every fault, one by one and in random order, while heating: the relay is off
// in time, the state names the verdict, heating resumes by itself, and no
// number but the true one is ever told.
func TestEverySensorFaultEndsTheHeat(t *testing.T) {
	t.Parallel()
	for _, path := range []struct {
		name   string
		sensor func(*rig) string
		faults []fault
	}{
		{"ds18b20 kernel", func(r *rig) string { return kernelSensor(r.one) }, kernelFaults},
		{"ds18b20 ds2482", func(r *rig) string { return bridgeSensor(r.one) }, bridgeFaults},
		{"bme280", func(*rig) string { return bme }, weatherFaults},
	} {
		t.Run(path.name, func(t *testing.T) {
			t.Parallel()
			r, b := newRig(t, board.Options{Network: true, PersistOutputs: true}), newBroker(t)
			if strings.Contains(path.name, "kernel") {
				r.kernelThermometers()
			}
			r.config(b.onBroker(house(nervous(zone("bath", path.sensor(r), highRelay, warm)))))
			r.start()
			r.wire(highLine, true)
			seed := uint64(time.Now().UnixNano())
			t.Logf("random order of seed %d", seed)
			for _, i := range rand.New(rand.NewPCG(seed, 0)).Perm(len(path.faults)) {
				r.survives(b, path.faults[i])
			}
			for _, celsius := range b.numbers() {
				if math.Abs(celsius-20) > truth {
					t.Errorf("%v °C was told, but it was 20 °C all the time", celsius)
				}
			}
		})
	}
}

// survives injects a fault while the heat is on, and mends it.
func (r *rig) survives(b *broker, f fault) {
	r.t.Helper()
	before, broken := len(r.GPIO.Changes(highLine)), time.Now()
	f.inject(r)
	eventually(r.t, f.name+" is told as "+f.verdict, func() bool { return b.last("bath").Sensor == f.verdict })
	r.wire(highLine, false)
	if took := r.GPIO.Changes(highLine)[before].Time.Sub(broken); took > staleAfter+sample+emulation {
		r.t.Errorf("%s: the heat was on for %v more", f.name, took)
	}
	eventually(r.t, f.name+" is a fault of its own", func() bool {
		s := b.last("bath")
		return s.Temperature == nil && s.Sensor == f.verdict && s.Reason == "stale_reading" && len(s.Faults) == 1 && s.Faults[0].Name == "sensor"
	})
	f.mend(r)
	r.wire(highLine, true)
	r.changes(highLine, before+2)
}

// Nothing is there when the agent starts: it runs, says so, and heats once the
// bus, the bridge and the sensor appear.
func TestAnAgentHeatsOnceItsSensorsAppear(t *testing.T) {
	t.Parallel()
	r, b := newRig(t, board.Options{Network: true, Without: []string{"i2c-virtio", "ds2482", "w1_therm"}}), newBroker(t)
	r.config(b.onBroker(house(
		zone("one", kernelSensor(r.one), highRelay, warm),
		zone("weather", bme, lowRelay, warm))))
	p := r.start()
	for _, word := range []string{"dtoverlay=w1-gpio", "dtparam=i2c_arm=on"} {
		r.says(p, word)
	}
	for _, zone := range []string{"one", "weather"} {
		eventually(t, zone+" is absent", func() bool {
			s := b.last(zone)
			return s.Sensor == "absent" && s.Reason == "no_reading" && s.Temperature == nil
		})
	}
	r.changes(highLine, 0)
	r.changes(lowLine, 0)
	for _, module := range []string{"i2c-virtio", "ds2482", "w1_therm"} {
		if err := r.Load(r.ctx(), module); err != nil {
			t.Fatal(err)
		}
	}
	r.wire(lowLine, false)
	if err := r.NewW1Bridge(r.ctx()); err != nil {
		t.Fatal(err)
	}
	r.wire(highLine, true)
}

// The agent drives its own lines and asks its own chips, nothing else.
func TestTheAgentTouchesOnlyItsOwnLinesAndChips(t *testing.T) {
	t.Parallel()
	r := newRig(t, board.Options{})
	r.config(house(zone("bath", bme, highRelay, warm), zone("attic", bridgeSensor(r.two), lowRelay, warm)))
	lines := len(r.GPIO.Log())
	r.start()
	r.wire(highLine, true)
	r.wire(lowLine, false)
	for _, e := range r.GPIO.Log()[lines:] {
		if e.Line != highLine && e.Line != lowLine {
			t.Errorf("line %d: %v", e.Line, e)
		}
	}
	for _, transfer := range r.I2C.Log() {
		if transfer.Addr != 0x76 && transfer.Addr != 0x18 {
			t.Errorf("address %#x: %+v", transfer.Addr, transfer)
		}
	}
}
