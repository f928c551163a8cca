package kernel

import (
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"strconv"
	"strings"
	"syscall"

	"thermostat/controlloop"
	"thermostat/drivers/hostfs"
)

// quantity is what the names of files say that is measured.
type quantity struct {
	what  string // for people
	hwmon string // temp of temp1_input
	iio   string // in_temp of in_temp_raw and in_temp_object_input
}

var (
	temperatures = quantity{"temperature", "temp", "in_temp"}
	humidities   = quantity{"humidity", "humidity", "in_humidityrelative"}
	pressures    = quantity{"pressure", "", "in_pressure"}
	voltages     = quantity{"voltage", "in", "in_voltage"}
)

// channel is one value of a device: hwmon's are whole, IIO's may have to be computed.
type channel struct {
	folder string
	name   string // temp1, in_temp, in_temp_object
	iio    bool
	raw    bool // only a raw value is there
}

// channels lists what the device of a folder measures of a quantity.
func channels(files hostfs.Root, device string, q quantity) (all []channel) {
	for _, h := range files.Names(device+"/hwmon", "hwmon") {
		for _, file := range files.Names(device+"/hwmon/"+h, q.hwmon) {
			name, ok := strings.CutSuffix(file, "_input")
			if _, err := strconv.Atoi(strings.TrimPrefix(name, q.hwmon)); ok && err == nil && q.hwmon != "" {
				all = append(all, channel{folder: device + "/hwmon/" + h, name: name})
			}
		}
	}
	for _, chip := range files.Names(device, "iio:device") {
		folder := device + "/" + chip
		for _, file := range files.Names(folder, q.iio) {
			name, whole := strings.CutSuffix(file, "_input")
			raw := false
			if !whole {
				name, raw = strings.CutSuffix(file, "_raw")
				raw = raw && !files.Exists(folder, name+"_input")
			}
			if whole || raw {
				all = append(all, channel{folder, name, true, raw})
			}
		}
	}
	return all
}

// device is a device whose driver is known.
type device struct {
	Bound
	files hostfs.Root
}

// value reads a channel, in the kernel's units: thousandths, but kPa of a pressure.
func (d device) value(c channel) (float64, error) {
	switch {
	case !c.raw:
		return d.number(c.folder, c.name+"_input")
	case !d.files.Exists(c.folder, d.shared(c, "_scale")):
		return 0, controlloop.Bad(controlloop.VerdictError, "%s has no scale: the kernel's driver %s is not understood", c.name, d.Driver)
	}
	raw, err := d.number(c.folder, c.name+"_raw")
	if err != nil {
		return 0, err
	}
	offset := 0.
	if file := d.shared(c, "_offset"); d.files.Exists(c.folder, file) {
		if offset, err = d.number(c.folder, file); err != nil {
			return 0, err
		}
	}
	scale, err := d.number(c.folder, d.shared(c, "_scale"))
	return (raw + offset) * scale, err // the offset comes before the scale
}

// shared is an attribute of the channel's own, or else that of all of its kind:
// in_temp0_scale, in_temp_scale.
func (d device) shared(c channel, attribute string) string {
	name := c.name
	for !d.files.Exists(c.folder, name+attribute) {
		cut := strings.LastIndex(name, "_")
		switch bare := strings.TrimRight(name, "0123456789"); {
		case bare != name:
			name = bare
		case cut > len("in"):
			name = name[:cut]
		default:
			return name + attribute
		}
	}
	return name + attribute
}

// number reads a file of one number, whose reading asks the chip. A file that
// holds anything else has no number.
func (d device) number(folder, file string) (float64, error) {
	text, err := readSmall(d.files, folder, file)
	if err != nil {
		return 0, d.verdict(err)
	}
	x, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		return 0, controlloop.Bad(controlloop.VerdictError, "%s says %.40q, which is no number", file, text)
	}
	return x, nil
}

func readSmall(files hostfs.Root, folder, file string) (string, error) {
	if err := files.Small(folder, file); err != nil {
		return "", err
	}
	f, err := os.Open(files.Path(folder, file))
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 4096))
	return string(text), err
}

func readLink(files hostfs.Root, folder, name string) (string, error) {
	return os.Readlink(files.Path(folder, name))
}

// The numbers of Linux's errors; other systems, on which nobody reads a chip,
// have others or none.
const (
	eIO       = syscall.Errno(5)
	eNXIO     = syscall.Errno(6)
	eAgain    = syscall.Errno(11)
	eBusy     = syscall.Errno(16)
	eNoDev    = syscall.Errno(19)
	eInval    = syscall.Errno(22)
	eProto    = syscall.Errno(71)
	eBadMsg   = syscall.Errno(74)
	eTimedOut = syscall.Errno(110)
	eRemoteIO = syscall.Errno(121)
)

// verdict is what an error of a read means.
func (d device) verdict(err error) error {
	is := func(all ...syscall.Errno) bool {
		for _, e := range all {
			if errors.Is(err, e) {
				return true
			}
		}
		return false
	}
	switch {
	case is(eNoDev) && d.Driver == "htu21", is(eIO, eProto, eBadMsg) && d.Checked: // the first has an errno of its own for a wrong checksum
		return controlloop.Bad(controlloop.VerdictCRC, "damaged on the wire, or the chip is disturbed: %w", err)
	case errors.Is(err, fs.ErrNotExist), is(eNoDev):
		return controlloop.Bad(controlloop.VerdictAbsent, "the kernel has let go of the chip: %w", err)
	case errors.Is(err, fs.ErrPermission):
		return controlloop.Bad(controlloop.VerdictNoPermission, "%w", err)
	case is(eRemoteIO, eNXIO):
		return controlloop.Bad(controlloop.VerdictAbsent, "the chip does not answer: look at its supply and wires: %w", err)
	case is(eTimedOut):
		return controlloop.Bad(controlloop.VerdictNoAnswer, "the chip or its bus does not come back: %w", err)
	case is(eIO) && d.Driver == "bmp280":
		return controlloop.Bad(controlloop.VerdictNotConverted, "nothing was measured: the chip was reset, look at its supply: %w", err)
	case is(eAgain, eBusy):
		return controlloop.Bad(controlloop.VerdictBusy, "the chip or its driver is busy: %w", err)
	case is(eInval) && d.Driver == "maxim_thermocouple":
		return controlloop.Bad(controlloop.VerdictAbsent, "the thermocouple is open or shorted: look at its wires: %w", err)
	}
	return controlloop.Bad(controlloop.VerdictBusError, "%w", err)
}
