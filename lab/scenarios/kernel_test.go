package scenarios

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"thermostat/lab/board"
	"thermostat/lab/chips"
)

// part is a chip of the shelf, the way to it, and how it breaks.
type part struct {
	zone, sensor string
	line         int
	faults       []fault
}

// shelf is a board with one of each chip that the real kernel meets.
type shelf struct {
	*rig
	sht4x, sht3x, htu21 *chips.WordSensor
	s20, ds1822, couple *chips.DS18B20
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	board.Need(t)
	bus := chips.NewBus()
	s := &shelf{
		rig:   &rig{t: t, bridge: chips.NewDS2482(), weather: chips.NewBME280()},
		sht4x: chips.NewSHT4x(), sht3x: chips.NewSHT3x(), htu21: chips.NewHTU21(),
		s20: chips.NewDS18S20(0x0316a2790001), ds1822: chips.NewDS1822(0x0316a2790002), couple: chips.NewMAX31850(0x0316a2790003),
	}
	s.weather.Set(20, 45, 101325)
	s.weather.Break(chips.IsBMP280)
	for _, d := range []*chips.DS18B20{s.s20, s.ds1822, s.couple} {
		s.bridge.Plug(d)
	}
	bus.Attach(0x18, s.bridge)
	bus.Attach(0x44, s.sht4x)
	bus.Attach(0x45, s.sht3x)
	bus.Attach(0x40, s.htu21)
	bus.Attach(0x76, s.weather)
	s.boot(board.Options{Network: true, PersistOutputs: true}, bus, chips.NewBank(board.Lines))
	for _, module := range []string{"sht4x", "htu21"} {
		if err := s.Load(s.ctx(), module); err != nil {
			board.Missing(t, err.Error()+": lab/build.sh makes it")
		}
	}
	for _, chip := range []string{"ds2482 0x18", "sht4x 0x44", "htu21 0x40"} {
		if err := s.NewI2C(s.ctx(), chip); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []*chips.DS18B20{s.s20, s.ds1822, s.couple} {
		eventually(t, "the kernel finds "+d.ID(), func() bool {
			_, err := s.ReadFile(s.ctx(), "/sys/bus/w1/devices/"+d.ID()+"/w1_slave")
			return err == nil
		})
	}
	return s
}

func wordFaults(c *chips.WordSensor, gone string) []fault {
	heal := func(*rig) { c.Break(chips.NoFault) }
	return []fault{
		{"no answer, or no power", func(*rig) { c.Break(chips.Gone) }, heal, gone},
		{"a flipped bit", func(*rig) { c.Break(chips.BadCRC) }, heal, "crc"},
	}
}

func (s *shelf) parts() []part {
	w1 := func(d *chips.DS18B20, more ...fault) []fault {
		heal := func(*rig) { d.Break(chips.NoFault) }
		return append(more,
			fault{"unplugged", func(r *rig) { r.bridge.Unplug(d) }, func(r *rig) { r.bridge.Plug(d) }, "no_answer"},
			fault{"a flipped bit", func(*rig) { d.Break(chips.BadCRC) }, heal, "no_answer"})
	}
	powerLoss := func(d *chips.DS18B20) fault {
		return fault{"power loss", func(*rig) { d.Break(chips.PowerOn) }, func(*rig) { d.Break(chips.NoFault) }, "power_on"}
	}
	swapped := fault{"another chip at the address",
		func(r *rig) { r.I2C.Attach(0x45, chips.NewBME280()) }, func(r *rig) { r.I2C.Attach(0x45, s.sht3x) }, "crc"}
	return []part{
		{"sht4x", "driver: kernel, device: i2c-0/0x44", 17, wordFaults(s.sht4x, "absent")},
		{"htu21", "driver: kernel, device: i2c-0/0x40", 27, wordFaults(s.htu21, "absent")},
		{"sht3x", "driver: sht3x, bus: 0, address: 0x45", 22, append(wordFaults(s.sht3x, "bus_error"), swapped)},
		{"bmp280", "driver: bmp280, bus: 0", 23, []fault{
			{"no answer", func(r *rig) { r.weather.Break(chips.BusError) }, func(r *rig) { r.weather.Break(chips.IsBMP280) }, "bus_error"},
			{"a BME280 at the address", func(r *rig) { r.weather.Break(chips.NoFault) }, func(r *rig) { r.weather.Break(chips.IsBMP280) }, "wrong_chip"},
		}},
		{"ds18s20", kernelSensor(s.s20), 24, w1(s.s20, powerLoss(s.s20))},
		{"ds1822", kernelSensor(s.ds1822), 25, w1(s.ds1822, powerLoss(s.ds1822))},
		{"max31850", kernelSensor(s.couple), 26, w1(s.couple, fault{"open thermocouple", func(*rig) { s.couple.Break(chips.Open) }, func(*rig) { s.couple.Break(chips.NoFault) }, "absent"})},
	}
}

// From the chip by the real kernel to the relay: each part heats its room, each of its
// faults ends the heat with its verdict and never in a number, and it heats again.
func TestEachPartOfTheShelfHeatsAndEachFaultEndsThat(t *testing.T) {
	t.Parallel()
	s, b := newShelf(t), newBroker(t)
	parts := s.parts()
	var zones []string
	for _, p := range parts {
		heater := fmt.Sprintf("driver: gpio, line: GPIO%d", p.line)
		zones = append(zones, nervous(zone(p.zone, p.sensor, heater, warm)))
	}
	s.config(b.onBroker(house(zones...)))
	if got := s.thermostat("check"); got.Exit != 0 {
		t.Fatalf("%+v", got)
	}
	probed := s.thermostat("probe")
	for _, word := range []string{"i2c-0/0x44  sht4x  20.0", "i2c-0/0x40  htu21  20.0", "0x45  sht3x  20.0", "0x76  bmp280  20.0", "DS18S20 or DS1920  20.0", "DS1822  20.0", "MAX31850  20.0"} {
		if !strings.Contains(probed.Stdout, word) {
			t.Errorf("probe has no %q\n%s", word, probed.Stdout)
		}
	}
	s.start()
	for _, p := range parts {
		s.wire(p.line, true)
	}
	for _, p := range parts {
		for _, f := range p.faults {
			f.inject(s.rig)
			eventually(t, p.zone+": "+f.name+" is told as "+f.verdict, func() bool { return b.last(p.zone).Sensor == f.verdict })
			s.wire(p.line, false)
			f.mend(s.rig)
			s.wire(p.line, true)
		}
	}
	s.I2C.Stall(true)
	for _, p := range parts {
		eventually(t, p.zone+" on a hung bus has no reading", func() bool { got := b.last(p.zone); return got.Temperature == nil && got.Sensor != "ok" })
		s.wire(p.line, false)
	}
	s.I2C.Stall(false)
	for _, p := range parts {
		s.wire(p.line, true)
	}
	for _, celsius := range b.numbers() {
		if math.Abs(celsius-20) > 0.3 {
			t.Errorf("%v °C was told, but it was 20 °C all the time", celsius)
		}
	}
}

// The kernel's own driver of an SHT3x ignores the checksums: nothing is read by it before
// somebody says that this is known, and check and probe say so.
func TestTheKernelsSHT3xIsToldAsUnchecked(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	if err := s.Load(s.ctx(), "sht3x"); err != nil {
		board.Missing(t, err.Error()+": lab/build.sh makes it")
	}
	if err := s.NewI2C(s.ctx(), "sht3x 0x45"); err != nil {
		t.Fatal(err)
	}
	const bound = "driver: kernel, device: i2c-0/0x45"
	for _, row := range []struct {
		sensor, says string
		exit         int
	}{
		{bound, "write unchecked: true", 2},
		{bound + ", unchecked: true", "warning: ", 0},
		{"driver: sht3x, bus: 0, address: 0x45", "", 0},
	} {
		s.config(house(zone("bath", row.sensor, highRelay, off)))
		if got := s.thermostat("check"); got.Exit != row.exit || !strings.Contains(got.Stderr, row.says) {
			t.Errorf("%s: %+v", row.sensor, got)
		}
	}
	if got := s.thermostat("probe"); !strings.Contains(got.Stdout, "i2c-0/0x45  sht3x  20.0") || !strings.Contains(got.Stdout, "(answers unchecked)") || !strings.Contains(got.Stdout, "write driver: sht3x") {
		t.Errorf("%+v", got)
	}
}
