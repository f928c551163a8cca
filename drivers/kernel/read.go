package kernel

import (
	"fmt"
	"math"
	"strings"
	"time"

	"thermostat/controlloop"
	"thermostat/drivers/hostfs"
)

// Read asks the kernel for one reading. It may take a second where the driver
// measures first, and more where the bus hangs.
func (s Spec) Read(files hostfs.Root) (controlloop.Reading, error) {
	began := time.Now() // the value is at least as young as this, but for what a driver keeps for a second or two
	b, err := s.bound(files)
	if err != nil {
		return controlloop.Reading{}, err
	}
	d := device{files: files, Bound: b}
	celsius, err := s.celsius(d)
	if err != nil {
		return controlloop.Reading{}, err
	}
	if math.IsNaN(celsius) || celsius < -273.15 || celsius > 2000 {
		return controlloop.Reading{}, controlloop.Bad(controlloop.VerdictOutOfRange, "%.2f °C is nothing that a thermometer measures", celsius)
	}
	r := controlloop.Temperature(celsius, began)
	r.Unchecked = !b.Checked
	r.Humidity = s.beside(d, humidities, 1000, 0, 100)
	r.Pascal = s.beside(d, pressures, 1./1000, 30000, 120000)
	return r, nil
}

// bound finds the driver, and refuses one that checks nothing unless somebody
// has said that this is known.
func (s Spec) bound(files hostfs.Root) (Bound, error) {
	b, ok := s.BoundTo(files)
	switch {
	case !ok && files.Exists(s.folder()):
		return b, controlloop.Bad(controlloop.VerdictAbsent, "no driver of the kernel's works with %s: the chip did not answer it, or its module is not loaded (dmesg says which)", s.Device)
	case !ok:
		return b, controlloop.Bad(controlloop.VerdictAbsent, "the kernel knows of no chip at %s: add its line dtoverlay= to config.txt and reboot (docs/hardware.md has the lines)%s", s.Device, others(files))
	case !b.Checked && !s.Unchecked && !s.Compared:
		return b, controlloop.Bad(controlloop.VerdictUnchecked, "%s", b.NeedsLeave())
	}
	return b, nil
}

// NeedsLeave says why a driver that checks nothing is not read without its owner's word.
func (b Bound) NeedsLeave() string {
	text := fmt.Sprintf("the kernel's driver %s does not check the chip's answers, so a damaged one would be a temperature like any other: write unchecked: true, or give the zone another sensor as well", b.Driver)
	if b.Own != "" {
		text += fmt.Sprintf("; or take its overlay out of config.txt and write driver: %s, which checks them", b.Own)
	}
	return text
}

func others(files hostfs.Root) string {
	var names []string
	for _, s := range Found(files) {
		names = append(names, s.Device)
	}
	if len(names) == 0 {
		return ""
	}
	return "; there is " + strings.Join(names[:min(len(names), 8)], ", ")
}

func (s Spec) celsius(d device) (float64, error) {
	switch {
	case s.NTC != NTC{}:
		at, err := s.channel(d, voltages)
		if err != nil {
			return 0, err
		}
		millivolts, err := d.value(at)
		if err != nil {
			return 0, err
		}
		return s.NTC.celsius(millivolts / 1000)
	case d.RTD() && s.R0 == 0:
		return 0, controlloop.Bad(controlloop.VerdictWrongChip, "a MAX31865 measures a resistor that nobody has named: write r0 (100 of a PT100) and r_ref (the resistor on its board: 430, or 400)")
	case !d.RTD() && s.R0 != 0:
		return 0, controlloop.Bad(controlloop.VerdictWrongChip, "r0 and r_ref belong to a MAX31865, but the kernel's driver there is %s", d.Driver)
	}
	at, err := s.channel(d, temperatures)
	if err != nil {
		return 0, err
	}
	if d.RTD() {
		return rtd(d, at, s.R0, s.RRef)
	}
	milli, err := d.value(at)
	return milli / 1000, err
}

// channel is the one that is meant.
func (s Spec) channel(d device, q quantity) (channel, error) {
	all := channels(d.files, s.folder(), q)
	var names []string
	for _, c := range all {
		if c.name == s.Channel || s.Channel == "" && len(all) == 1 {
			return c, nil
		}
		names = append(names, c.name)
	}
	switch {
	case len(all) == 0:
		return channel{}, controlloop.Bad(controlloop.VerdictWrongChip, "the kernel's driver %s gives no %s at %s", d.Driver, q.what, s.Device)
	case s.Channel == "":
		return channel{}, controlloop.Bad(controlloop.VerdictError, "%s has more than one %s: write channel: one of %s", s.Device, q.what, strings.Join(names, ", "))
	}
	return channel{}, controlloop.Bad(controlloop.VerdictError, "%s has no channel %s: there is %s", s.Device, s.Channel, strings.Join(names, ", "))
}

// beside is what else the chip measures, by so many of the kernel's units for one
// of ours; NaN where there is none, or none that can be true.
func (s Spec) beside(d device, q quantity, units, low, high float64) float64 {
	all := channels(d.files, s.folder(), q)
	if len(all) == 0 {
		return math.NaN()
	}
	x, err := d.value(all[0])
	if x /= units; err != nil || x < low || x > high {
		return math.NaN()
	}
	return x
}
