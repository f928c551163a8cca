package drivers

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"periph.io/x/conn/v3/onewire"

	"thermostat/controlloop"
	"thermostat/drivers/w1"
	"thermostat/drivers/w1/w1test"
)

// withID is a /sys with one thermometer of that id, which shows these bytes.
func withID(t *testing.T, id, bytes string) controlloop.Sensor {
	t.Helper()
	h, dir := kernelBus(t, "")
	raw, err := hex.DecodeString(strings.ReplaceAll(bytes, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(filepath.Dir(dir), id), 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(filepath.Dir(dir), id, "w1_slave"), w1test.Printed(raw))
	return openThermometer(t, h, DS18B20{ID: id, Bus: "kernel"})
}

// Scratchpads with a sound checksum, as they were seen: a temperature where it is
// certain, else a sentence that says what the chip is.
func TestASoundScratchpadGivesATemperatureOrNamesItsChip(t *testing.T) {
	for _, row := range []struct {
		id, bytes string
		celsius   float64
		step      float64
		want      controlloop.Verdict
		says      string
	}{
		{someID, "ad 01 4b 00 60 ff 03 10 7c", 26.8125, 0.0625, controlloop.VerdictOK, ""},   // zeros in the configuration
		{someID, "54 01 4b 46 fe ff 0c 10 ab", 21.28125, 1. / 64, controlloop.VerdictOK, ""}, // GX20MH01, 14 bits
		{"22-000000b1c2d3", "53 01 4b 46 7f ff 0d 10 e9", 21.1875, 0.0625, controlloop.VerdictOK, ""},
		{"42-000000b1c2d3", "53 01 4b 46 7f ff 0d 10 e9", 21.1875, 0.0625, controlloop.VerdictOK, ""},
		{"10-000000b1c2d3", "32 00 4b 46 ff ff 0c 10 6b", 25, 0.0625, controlloop.VerdictOK, ""},
		{"10-000000b1c2d3", "3a 00 4b 46 ff ff 0b 10 2f", 29.0625, 0.0625, controlloop.VerdictOK, ""},
		{"10-000000b1c2d3", "ff ff 4b 46 ff ff 0c 10 ca", -1, 0.0625, controlloop.VerdictOK, ""},
		{"10-000000b1c2d3", "ce ff 4b 46 ff ff 08 10 4e", -24.75, 0.0625, controlloop.VerdictOK, ""},
		{"10-000000b1c2d3", "aa 00 4b 46 ff ff 0c 10 87", 0, 0, controlloop.VerdictPowerOn, "reset"},
		{"10-000000b1c2d3", "aa 00 4b 46 ff ff 0b 10 e9", 85.0625, 0.0625, controlloop.VerdictOK, ""},
		{"10-000000b1c2d3", "32 00 4b 46 ff ff 0c 00 f6", 0, 0, controlloop.VerdictBadConfig, "counters"},
		{"10-000000b1c2d3", "32 00 4b 46 ff ff 11 10 0e", 0, 0, controlloop.VerdictBadConfig, "counters"},
		{"10-000000b1c2d3", "fb 00 4b 46 ff ff 00 10 94", 0, 0, controlloop.VerdictOutOfRange, "-55..125"},
		{"3b-000000b1c2d3", "53 01 4b 46 72 ff 0d 10 74", 21.1875, 0.0625, controlloop.VerdictOK, ""},
		{"3b-000000b1c2d3", "50 05 4b 46 72 ff 0c 10 81", 0, 0, controlloop.VerdictPowerOn, "reset"},
		{"3b-000000b1c2d3", "53 01 4b 46 92 ff 0d 10 3d", 0, 0, controlloop.VerdictBadConfig, "no DS1825"},
		{"3b-000000b1c2d3", "4c 06 90 01 f0 ff ff ff 93", 100.75, 0.25, controlloop.VerdictOK, ""},
		{"3b-000000b1c2d3", "60 f0 90 01 f3 ff ff ff 46", -250, 0.25, controlloop.VerdictOK, ""},
		{"3b-000000b1c2d3", "4d 06 91 01 f0 ff ff ff e7", 0, 0, controlloop.VerdictAbsent, "open"},
		{"3b-000000b1c2d3", "4d 06 92 01 f0 ff ff ff be", 0, 0, controlloop.VerdictShorted, "ground"},
		{"3b-000000b1c2d3", "4d 06 94 01 f0 ff ff ff 0c", 0, 0, controlloop.VerdictShorted, "supply"},
		{"3b-000000b1c2d3", "4d 06 90 01 f0 ff ff ff d0", 0, 0, controlloop.VerdictNotConverted, "measured nothing"},
		{"42-000000b1c2d3", "60 05 4b 46 7f ff 10 10 41", 0, 0, controlloop.VerdictOutOfRange, "-40..85"},
		{"26-000000b1c2d3", "53 01 4b 46 7f ff 0d 10 e9", 0, 0, controlloop.VerdictWrongChip, "no thermometer"},
	} {
		r, err := withID(t, row.id, row.bytes).Read(t.Context())
		if w1test.Judged(err) != row.want || r.Celsius != row.celsius || r.Step != row.step {
			t.Errorf("%s %s: %v °C in steps of %v K, %v; want %v °C, %s", row.id, row.bytes, r.Celsius, r.Step, err, row.celsius, row.want)
		}
		if err != nil && !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: %v does not say %q", row.id, err, row.says)
		}
	}
}

// The error of a thermometer that is not there names those that are.
func TestAbsentThermometerNamesTheOthers(t *testing.T) {
	h, dir := kernelBus(t, w1test.Printed(w1test.Measured(20)))
	const gone = "28-0000000000aa"
	read := func() string {
		_, err := openThermometer(t, h, DS18B20{ID: gone, Bus: "kernel"}).Read(t.Context())
		if w1test.Judged(err) != controlloop.VerdictAbsent {
			t.Fatal(err)
		}
		return err.Error()
	}
	if text := read(); !strings.Contains(text, gone+" is not on the 1-Wire bus") || !strings.Contains(text, someID+" is: if it has replaced it, write its id instead") {
		t.Error(text)
	}
	if err := os.Mkdir(filepath.Join(filepath.Dir(dir), "10-000000b1c2d3"), 0o755); err != nil {
		t.Fatal(err)
	}
	if text := read(); !strings.Contains(text, someID+", 10-000000b1c2d3 are: if one of them") {
		t.Error(text)
	}
	if _, _, err := h.connectNetlink(gone); w1test.Judged(err) != controlloop.VerdictAbsent || !strings.Contains(err.Error(), someID) {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(dir, "w1_slave")); err != nil {
		t.Fatal(err)
	}
	_, err := openThermometer(t, h, DS18B20{ID: someID, Bus: "kernel"}).Read(t.Context())
	if w1test.Judged(err) != controlloop.VerdictAbsent || !strings.Contains(err.Error(), "modprobe w1_therm") {
		t.Error(err)
	}
}

// Behind a bridge the bus is searched.
func TestSilentThermometerOfABridgeNamesTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeWire{pads: map[onewire.Address][]byte{}}
		s := bridged(f, someID, 0, sharedWire(f))
		other, err := w1.Address("28-0000000000aa")
		if err != nil {
			t.Fatal(err)
		}
		f.there = []onewire.Address{other}
		if _, err := s.Read(t.Context()); w1test.Judged(err) != controlloop.VerdictAllOnes || !strings.Contains(err.Error(), "28-0000000000aa is: if it has replaced it") {
			t.Error(err)
		}
		f.there = append(f.there, s.address) // it is there: only this answer failed
		if _, err := s.Read(t.Context()); w1test.Judged(err) != controlloop.VerdictAllOnes || strings.Contains(err.Error(), "replaced") {
			t.Error(err)
		}
	})
}

// A chip that has lost its short resolution was read before it had measured.
func TestAChipReadBeforeItHasMeasuredIsNotConverted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeWire{pads: map[onewire.Address][]byte{}}
		s := bridged(f, someID, 0, sharedWire(f))
		for _, row := range []struct {
			pad  []byte
			want controlloop.Verdict
		}{
			{w1test.Pad(20*16, 0x1f, 0x10), controlloop.VerdictOK},
			{w1test.Pad(0x0550, 0x7f, 0x10), controlloop.VerdictNotConverted}, // a copy's value after a reset
			{w1test.Measured(20), controlloop.VerdictOK},
		} {
			f.pads[s.address] = row.pad
			if r, err := s.Read(t.Context()); w1test.Judged(err) != row.want {
				t.Errorf("% x: %v, %v, want %s", row.pad, r, err, row.want)
			}
		}
	})
}
