package drivers

import (
	"os"
	"path/filepath"
	"testing"

	"thermostat/controlloop"
	"thermostat/drivers/kernel"
	"thermostat/drivers/w1/w1test"
)

// The sensor of the table reads what the kernel tells, and the verdict where it tells nothing.
func TestAChipOfTheKernelIsASensor(t *testing.T) {
	h := NewHardware(t.TempDir())
	s, err := h.Sensor(SensorSpec{Driver: "kernel", Kernel: &kernel.Spec{Device: "i2c-1/0x44"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(t.Context()); w1test.Judged(err) != controlloop.VerdictAbsent {
		t.Errorf("%v of an empty board", err)
	}
	folder := h.Files.Path("/sys/bus/i2c/devices/1-0044")
	if err := os.MkdirAll(folder+"/hwmon/hwmon9", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../drivers/sht4x", filepath.Join(folder, "driver")); err != nil {
		t.Fatal(err)
	}
	writeFile(t, folder+"/hwmon/hwmon9/temp1_input", "21375\n")
	if r, err := s.Read(t.Context()); err != nil || r.Celsius != 21.375 || r.Unchecked {
		t.Errorf("%+v, %v", r, err)
	}
}
