package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"thermostat/agent/config"
)

// byFunction is a Raspberry Pi's header the other way round, from its documentation.
var byFunction = map[string][]int{
	"3.3 V": {1, 17}, "5 V": {2, 4}, "GND": {6, 9, 14, 20, 25, 30, 34, 39},
	"SDA": {3}, "SCL": {5}, "TXD": {8}, "RXD": {10}, "MOSI": {19}, "MISO": {21}, "SCLK": {23}, "CE0": {24}, "CE1": {26}, "ID": {27, 28},
	"GPIO0": {27}, "GPIO1": {28}, "GPIO2": {3}, "GPIO3": {5}, "GPIO4": {7}, "GPIO5": {29}, "GPIO6": {31}, "GPIO7": {26}, "GPIO8": {24}, "GPIO9": {21},
	"GPIO10": {19}, "GPIO11": {23}, "GPIO12": {32}, "GPIO13": {33}, "GPIO14": {8}, "GPIO15": {10}, "GPIO16": {36}, "GPIO17": {11}, "GPIO18": {12}, "GPIO19": {35},
	"GPIO20": {38}, "GPIO21": {40}, "GPIO22": {15}, "GPIO23": {16}, "GPIO24": {18}, "GPIO25": {22}, "GPIO26": {37}, "GPIO27": {13},
}

// ofName is what a pin of a part needs, by its name; DATA and IN need the line that is written for them.
var ofName = map[string][]string{
	"GND": {"GND"}, "VDD": {"3.3 V"}, "VIN": {"3.3 V"}, "VCC": {"3.3 V", "5 V"}, "JD-VCC": {"5 V"},
	"SDA": {"SDA"}, "SCL": {"SCL"}, "SDI": {"MOSI"}, "SDO": {"MISO"}, "CLK": {"SCLK"}, "CS": {"CE0"},
}

// TestTheHeaderIsARaspberryPis: each of the 40 pins carries what it is drawn with, and nothing else.
func TestTheHeaderIsARaspberryPis(t *testing.T) {
	named := 0
	for function, pins := range byFunction {
		for pin := 1; pin <= len(header); pin++ {
			if carries(pin, function) != slices.Contains(pins, pin) {
				t.Errorf("pin %d is %q; %s are the pins %v", pin, header[pin-1], function, pins)
			}
		}
		if strings.HasPrefix(function, "GPIO") || strings.HasSuffix(function, " V") || function == "GND" {
			named += len(pins)
		}
	}
	if named != len(header) {
		t.Errorf("the table by function has %d pins", named)
	}
}

// carries reports whether a pin is drawn with a function.
func carries(pin int, need string) bool {
	return header[pin-1] == need || slices.Contains(strings.Fields(header[pin-1]), need)
}

// TestEachWireEndsAtAPinThatCarriesWhatThePartNeeds: and no pin has two wires, and a sensor no 5 V.
func TestEachWireEndsAtAPinThatCarriesWhatThePartNeeds(t *testing.T) {
	for _, p := range parts {
		taken := map[int]bool{}
		for _, w := range p.pins {
			if w.to == 0 {
				continue
			}
			if !slices.Contains(byFunction[w.needs], w.to) || taken[w.to] {
				t.Errorf("%s: %s needs %s, and is wired to pin %d, which is %q, taken %v", p.file, w.name, w.needs, w.to, header[w.to-1], taken[w.to])
			}
			taken[w.to] = true
			needs := ofName[w.name]
			if w.name == "DATA" || w.name == "IN" {
				needs = []string{lineOf(t, p)}
			}
			if !slices.Contains(needs, w.needs) || p.look != relay && w.needs == "5 V" {
				t.Errorf("%s: %s is wired to %s, and needs one of %v", p.file, w.name, w.needs, needs)
			}
		}
		for _, b := range p.bridges {
			if b.upper < 0 || b.upper+1 >= len(p.pins) {
				t.Errorf("%s: a bridge from pin %d of %d", p.file, b.upper, len(p.pins))
			}
		}
	}
}

var (
	ofOverlay  = regexp.MustCompile(`^dtoverlay=dht11,gpiopin=(\d+)$`)
	ofMapping  = regexp.MustCompile(`line: (GPIO\d+)`)
	ofDocument = regexp.MustCompile(`(\S+) +── pin (\d+) \(([^)]+)\)`)
)

// lineOf is the line that the kernel or the agent takes for a part's data, by what is written for it.
func lineOf(t *testing.T, p part) string {
	t.Helper()
	if m := ofMapping.FindStringSubmatch(p.mapping); m != nil {
		return m[1]
	}
	if m := ofOverlay.FindStringSubmatch(p.line); m != nil {
		return "GPIO" + m[1]
	}
	if p.line != "dtoverlay=w1-gpio" { // which takes GPIO4 without a word
		t.Errorf("%s: nothing tells the line of its data: %q, %q", p.file, p.line, p.mapping)
	}
	return "GPIO4"
}

// TestWhatIsWrittenBesideAPartIsWhatTheAgentAccepts: without a complaint, such as of a relay on a pin that would hold it on at reset,
// but the one that `unchecked: true` always has.
func TestWhatIsWrittenBesideAPartIsWhatTheAgentAccepts(t *testing.T) {
	for _, p := range parts {
		devices := map[string]string{"sensor": "{driver: ds18b20, id: 28-0316a2795b00}", "heater": "{driver: gpio, line: GPIO27}"}
		devices[p.key] = p.mapping
		text := fmt.Sprintf("device: d\nmqtt:\n  brokers: []\nzones:\n  - name: z\n    plant: electric\n    sensor: %s\n    heater: %s\n    default_setpoint: {mode: heat, desired: 20}\n", devices["sensor"], devices["heater"])
		cfg, complaints := config.Read("config.yaml", []byte(text))
		complaints = slices.DeleteFunc(complaints, func(c config.Complaint) bool {
			return strings.Contains(p.mapping, "unchecked: true") && strings.Contains(fmt.Sprint(c), "nobody checks the answers")
		})
		if len(complaints) > 0 || len(cfg.Zones) != 1 {
			t.Errorf("%s: %v of\n%s", p.file, complaints, text)
		}
	}
}

// TestThePicturesAreThoseOfTheCommand: `go run ./docs/wiring` makes them anew. They are well-formed, small, and load nothing.
func TestThePicturesAreThoseOfTheCommand(t *testing.T) {
	files, err := filepath.Glob("../wiring-*.svg")
	if err != nil || len(files) != len(parts) {
		t.Errorf("%d pictures of %d parts: %v (%v)", len(files), len(parts), files, err)
	}
	for _, p := range parts {
		want := draw(p)
		is, err := os.ReadFile(filepath.Join("..", p.picture()))
		if err != nil || !bytes.Equal(is, want) {
			t.Errorf("docs/%s is another picture than go run ./docs/wiring makes (%v)", p.picture(), err)
		}
		if err := wellFormed(want); err != nil || len(want) > 10_000 || bytes.Count(want, []byte("http")) != 1 {
			t.Errorf("%s: %d bytes, %v", p.picture(), len(want), err)
		}
	}
}

func wellFormed(text []byte) error {
	for d := xml.NewDecoder(bytes.NewReader(text)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// TestTheDocumentShowsEachPictureWithItsWords: and has the line and the mapping that are drawn beside the part.
func TestTheDocumentShowsEachPictureWithItsWords(t *testing.T) {
	text := document(t, "../hardware.md")
	for _, p := range parts {
		for _, want := range []string{p.shown(), p.line, "`" + p.mapping + "`"} {
			if !strings.Contains(text, want) {
				t.Errorf("docs/hardware.md does not have %s", want)
			}
		}
	}
}

// TestReadmesWiringIsThatOfTheHeader: each pin that README names carries what README says.
func TestReadmesWiringIsThatOfTheHeader(t *testing.T) {
	rows := ofDocument.FindAllStringSubmatch(document(t, "../../README.md"), -1)
	if len(rows) < 13 {
		t.Errorf("only %d wires in README", len(rows))
	}
	for _, r := range rows {
		pin, _ := strconv.Atoi(r[2])
		if need := strings.Replace(r[3], "ground", "GND", 1); !slices.Contains(byFunction[need], pin) {
			t.Errorf("README wires %s to pin %d as %s", r[1], pin, need)
		}
	}
}

func document(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
