package drivers

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"thermostat/controlloop"
	"thermostat/drivers/w1"
)

// oneWireLimit is how long a 1-Wire read may take: a conversion of 750 ms, and
// the kernel's five tries. Other thermometers on the bus may take as long before it.
const oneWireLimit = 5 * time.Second

func openDS18B20(h *Hardware, d DS18B20) (controlloop.Sensor, error) {
	if d.Bus == "kernel" {
		return &kernelThermometer{
			dir:        h.Files.Path("/sys/bus/w1/devices", d.ID),
			onBus:      func() []string { return w1.IDs(h.Files) },
			resolution: d.Resolution,
			readLimit:  readLimit{limit: oneWireLimit, queue: h.oneWireQueue(d)},
		}, nil
	}
	return h.openBridged(d)
}

// kernelThermometer reads a 1-Wire thermometer through the kernel's w1_therm, which keeps
// the times, tries again after a damaged answer, feeds parasite power, and
// needs no rights.
type kernelThermometer struct {
	dir        string          // /sys/bus/w1/devices/28-…
	onBus      func() []string // all thermometers that the kernel has found
	resolution int             // bits; 0 leaves the chip's own
	readLimit  readLimit
}

// Read has the kernel measure, which takes 0.1 to 0.8 s.
func (k *kernelThermometer) Read(ctx context.Context) (controlloop.Reading, error) {
	return k.readLimit.read(ctx, k.measure)
}

func (k *kernelThermometer) measure() (controlloop.Reading, error) {
	id := filepath.Base(k.dir)
	if other := w1.NoThermometer(id); other != "" {
		return controlloop.Reading{}, bad(controlloop.VerdictWrongChip, "%s", other)
	}
	began := time.Now() // the value is at least as young as this
	text, err := k.raw()
	if err != nil {
		return controlloop.Reading{}, err
	}
	m, err := w1.DecodeText(id, text)
	if err != nil {
		return controlloop.Reading{}, err
	}
	if k.resolution != 0 && m.Bits != 0 && m.Bits != k.resolution {
		// Only root may set it; without the right the chip's own resolution stays,
		// of which check warns.
		_ = os.WriteFile(filepath.Join(k.dir, "resolution"), []byte(strconv.Itoa(k.resolution)), 0)
	}
	return oneWireReading(m, began), nil
}

func oneWireReading(m w1.Measured, at time.Time) controlloop.Reading {
	r := controlloop.Temperature(m.Celsius, at)
	r.Step = m.Step
	return r
}

// raw reads w1_slave. An empty file is the kernel's only sign of a failure, a
// mere signal during the conversion among them: so it is read once more.
func (k *kernelThermometer) raw() (string, error) {
	var text []byte
	for try := 0; try < 2 && len(text) == 0; try++ {
		var err error
		if text, err = os.ReadFile(filepath.Join(k.dir, "w1_slave")); err != nil {
			return "", k.notOpened(err)
		}
	}
	return string(text), nil
}

func (k *kernelThermometer) notOpened(err error) error {
	switch {
	case !errors.Is(err, fs.ErrNotExist):
		return bad(controlloop.VerdictBusError, "%w", err)
	case !exists(filepath.Dir(k.dir)):
		return bad(controlloop.VerdictAbsent, "the kernel has no 1-Wire bus: add dtoverlay=w1-gpio to config.txt and start anew")
	case exists(k.dir):
		return errNoDriver()
	}
	return absentOf(filepath.Base(k.dir), k.onBus())
}

func absentOf(id string, onBus []string) error {
	return bad(controlloop.VerdictAbsent, "%s is not on the 1-Wire bus: look at its three wires and the pull-up resistor%s", id, successors(onBus))
}

// errNoDriver is that of a thermometer that the kernel has found and cannot read.
func errNoDriver() error {
	return bad(controlloop.VerdictAbsent, "the kernel's driver of thermometers is not loaded: sudo modprobe w1_therm, and write w1_therm into /etc/modules")
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
