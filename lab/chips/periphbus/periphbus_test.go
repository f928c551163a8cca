package periphbus_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"periph.io/x/conn/v3/onewire"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/devices/v3/bmxx80"
	"periph.io/x/devices/v3/ds18b20"
	"periph.io/x/devices/v3/ds248x"

	"thermostat/lab/chips"
	"thermostat/lab/chips/periphbus"
)

func celsius(t physic.Temperature) float64 {
	return float64(t-physic.ZeroCelsius) / float64(physic.Celsius)
}

// periph's BME280 driver reads what was set.
func TestPeriphReadsTheBME280(t *testing.T) {
	bus, chip := chips.NewBus(), chips.NewBME280()
	bus.Attach(0x76, chip)
	dev, err := bmxx80.NewI2C(periphbus.New(bus), 0x76, &bmxx80.DefaultOpts)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []float64{-10.125, 0, 21.5, 60} {
		chip.Set(want, 45, 101325)
		var env physic.Env
		if err := dev.Sense(&env); err != nil {
			t.Fatal(err)
		}
		humidity := float64(env.Humidity) / float64(physic.PercentRH)
		pascal := float64(env.Pressure) / float64(physic.Pascal)
		if math.Abs(celsius(env.Temperature)-want) > 0.01 || math.Abs(humidity-45) > 0.1 || math.Abs(pascal-101325) > 3 {
			t.Errorf("%v °C: %v", want, env)
		}
	}
}

// periph's driver meets the faults as a real chip would show them.
func TestPeriphMeetsTheFaultsOfTheBME280(t *testing.T) {
	bus, chip := chips.NewBus(), chips.NewBME280()
	bus.Attach(0x76, chip)
	open := func() (*bmxx80.Dev, error) { return bmxx80.NewI2C(periphbus.New(bus), 0x76, &bmxx80.DefaultOpts) }

	chip.Break(chips.WrongID)
	if _, err := open(); err == nil || !strings.Contains(err.Error(), "unexpected chip id 61") {
		t.Errorf("wrong id: %v", err)
	}
	chip.Break(chips.BusError)
	if _, err := open(); err == nil {
		t.Error("bus error: no error")
	}
	chip.Break(chips.IsBMP280)
	dev, err := open()
	if err != nil || !strings.HasPrefix(dev.String(), "BMP280") {
		t.Errorf("BMP280: %v %v", dev, err)
	}
	chip.Break(chips.ResetData)
	if dev, err = open(); err != nil {
		t.Fatal(err)
	}
	var env physic.Env
	if err := dev.Sense(&env); err != nil {
		t.Errorf("reset data: %v", err)
	}
}

// periph's DS248x and DS18B20 drivers find three parts and read one.
func TestPeriphFindsThreeThermometersBehindTheBridge(t *testing.T) {
	bus, bridge := chips.NewBus(), chips.NewDS2482()
	bus.Attach(0x18, bridge)
	serials := []uint64{0x0316a2795bff, 0x0316a2795bfe, 0x800000000000}
	parts := make(map[onewire.Address]*chips.DS18B20)
	for i, serial := range serials {
		part := chips.NewDS18B20(serial)
		part.Set(float64(10*i) + 0.5)
		bridge.Plug(part)
		parts[onewire.Address(serial)] = part
	}
	master, err := ds248x.New(periphbus.New(bus), 0x18, &ds248x.DefaultOpts)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(master.String(), "DS2482-100") {
		t.Errorf("recognized as %v", master)
	}
	found, err := master.Search(false)
	if err != nil || len(found) != len(parts) {
		t.Fatalf("found %x, %v", found, err)
	}
	for _, address := range found {
		if parts[address<<8>>16] == nil {
			t.Errorf("found %016x, which is not there", address)
		}
	}
	readOne(t, master, found[0], parts[found[0]<<8>>16])

	bridge.Break(chips.Short)
	_, err = master.Search(false)
	if shorted, ok := err.(onewire.ShortedBusError); !ok || !shorted.IsShorted() {
		t.Errorf("shorted: %v", err)
	}
}

// readOne reads one part at several temperatures.
func readOne(t *testing.T, master onewire.Bus, address onewire.Address, part *chips.DS18B20) {
	t.Helper()
	dev, err := ds18b20.New(master, address, 12)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []float64{-10.125, 21.5} {
		part.Set(want)
		begin := time.Now()
		var env physic.Env
		if err := dev.Sense(&env); err != nil {
			t.Fatal(err)
		}
		if got := celsius(env.Temperature); math.Abs(got-want) > 0.001 || time.Since(begin) < 750*time.Millisecond {
			t.Errorf("%v °C: read %v after %v", want, got, time.Since(begin))
		}
	}
	if got := part.Counts(); got.EEPROMCopies != 0 || got.Conversions != 2 {
		t.Errorf("counts %+v", got)
	}
}
