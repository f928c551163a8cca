package drivers

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"thermostat/controlloop"
)

// DS18B20 is what a configuration says about a 1-Wire thermometer.
type DS18B20 struct {
	ID         string // 28-0316a2795bff, as the kernel writes it; of family 22, 28 or 42
	Bus        string // kernel (w1_slave), ds2482 (an I2C bridge) or netlink
	I2CBus     int    // ds2482: the number N of /dev/i2c-N
	Resolution int    // bits, 9..12; 0 leaves the chip's own
}

// DefaultDS18B20 is a thermometer on the kernel's own bus.
func DefaultDS18B20() DS18B20 { return DS18B20{Bus: "kernel", I2CBus: 1} }

// wires is the bus of this board that the thermometer is on.
func (d DS18B20) wires() Bus {
	if d.Bus == "ds2482" {
		return Bus{I2C: true, Number: d.I2CBus}
	}
	return Bus{OneWire: true}
}

func (d DS18B20) text() string {
	text := fmt.Sprintf(" %s, bus %s", d.ID, d.Bus)
	if d.Bus == "ds2482" {
		text += fmt.Sprintf(" on i2c-%d", d.I2CBus)
	}
	return text
}

// oneWireLimit is how long a 1-Wire read may take: a conversion of 750 ms, and
// the kernel's five tries. Other thermometers on the bus may take as long before it.
const oneWireLimit = 5 * time.Second

func openDS18B20(h *Hardware, d DS18B20) (controlloop.Sensor, error) {
	if d.Bus == "kernel" {
		return &kernelThermometer{
			dir:        h.Files.Path("/sys/bus/w1/devices", d.ID),
			onBus:      func() []string { return OneWireIDs(h.Files) },
			resolution: d.Resolution,
			readLimit:  readLimit{limit: oneWireLimit, queue: h.oneWireQueue(d)},
		}, nil
	}
	return h.openBridged(d)
}

// kernelThermometer reads a DS18B20 through the kernel's w1_therm, which keeps
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
	if other := UnreadThermometer(filepath.Base(k.dir)); other != "" {
		return controlloop.Reading{}, bad(controlloop.VerdictWrongChip, "%s", other)
	}
	began := time.Now() // the value is at least as young as this
	text, err := k.raw()
	if err != nil {
		return controlloop.Reading{}, err
	}
	celsius, bits, err := decodeW1Slave(text)
	if err != nil {
		return controlloop.Reading{}, err
	}
	if k.resolution != 0 && bits != k.resolution {
		// Only root may set it; without the right the chip's own resolution stays,
		// of which check warns.
		_ = os.WriteFile(filepath.Join(k.dir, "resolution"), []byte(strconv.Itoa(k.resolution)), 0)
	}
	return oneWireReading(celsius, bits, began), nil
}

func oneWireReading(celsius float64, bits int, at time.Time) controlloop.Reading {
	r := controlloop.Temperature(celsius, at)
	r.Step = stepOf(bits)
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

// decodeW1Slave takes the nine bytes out of what the kernel prints:
//
//	53 01 4b 46 7f ff 0d 10 e9 : crc=e9 YES
//	53 01 4b 46 7f ff 0d 10 e9 t=21187
//
// The second line may be of an earlier read, hence only the first counts.
func decodeW1Slave(text string) (celsius float64, bits int, err error) {
	if strings.TrimSpace(text) == "" {
		return 0, 0, bad(controlloop.VerdictNoAnswer, "the kernel got no answer: unplugged, shorted or disturbed")
	}
	line, _, _ := strings.Cut(text, "\n")
	bytes, _, _ := strings.Cut(line, ":")
	raw, err := hex.DecodeString(strings.Join(strings.Fields(bytes), ""))
	if err != nil {
		return 0, 0, bad(controlloop.VerdictBusError, "the kernel's answer is not understood: %.60q", line)
	}
	return decodeScratchpad(raw)
}
