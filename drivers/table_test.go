package drivers

import (
	"slices"
	"testing"
)

// TestEveryRowOfTheTableIsWhole: its name is its own, it can be opened unless its
// room gives it, and of a chip of this board it is known when two are one and which bus has it.
func TestEveryRowOfTheTableIsWhole(t *testing.T) {
	for _, name := range SensorDrivers() {
		row := SensorDriverOf(name)
		if (row.open == nil) != row.Simulated || row.text == nil {
			t.Errorf("sensor %s: %+v", name, row)
		}
		if row.ChipKey != "" && (row.same == nil || row.bus == nil) {
			t.Errorf("sensor %s is a chip of this board: %+v", name, row)
		}
		if s := DefaultSensor(name); s.Driver != name {
			t.Errorf("%+v", s)
		}
	}
	for _, name := range RelayDrivers() {
		if row := RelayDriverOf(name); (row.open == nil) != row.Simulated {
			t.Errorf("relay %s: %+v", name, row)
		}
	}
	for _, names := range [][]string{SensorDrivers(), RelayDrivers()} {
		if sorted := slices.Compact(slices.Sorted(slices.Values(names))); len(sorted) != len(names) || names[0] == "" {
			t.Errorf("%v", names)
		}
	}
}

// TestOneChipIsKnownByItsDriversKeys: what is beside them makes no other chip.
func TestOneChipIsKnownByItsDriversKeys(t *testing.T) {
	sensor := func(driver string, change func(*SensorSpec)) SensorSpec {
		s := DefaultSensor(driver)
		change(&s)
		return s
	}
	one := sensor("ds18b20", func(s *SensorSpec) { s.DS18B20.ID = "28-0316a2795bff" })
	for _, row := range []struct {
		a, b SensorSpec
		want bool
	}{
		{one, sensor("ds18b20", func(s *SensorSpec) { s.DS18B20.ID, s.DS18B20.Resolution = one.DS18B20.ID, 9 }), true},
		{one, sensor("ds18b20", func(s *SensorSpec) { s.DS18B20.ID = "28-000000000001" }), false},
		{DefaultSensor("ds18b20"), DefaultSensor("ds18b20"), false}, // not named yet
		{DefaultSensor("bme280"), DefaultSensor("bme280"), true},
		{DefaultSensor("bme280"), sensor("bme280", func(s *SensorSpec) { s.BME280.Address = 0x77 }), false},
		{DefaultSensor("bme280"), one, false},
		{DefaultSensor("simulated"), DefaultSensor("simulated"), false},
		{SensorSpec{}, SensorSpec{}, false},
	} {
		if got := row.a.Same(row.b); got != row.want {
			t.Errorf("%v and %v: %v", row.a, row.b, got)
		}
	}
}
