package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"thermostat/agent/clitest"
)

// wrongFiles are configurations as people write them, each with the complaints
// that shall be enough to mend it: NAME.yaml and NAME.says.
func wrongFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/wrong/*.yaml")
	if err != nil || len(files) < 40 {
		t.Fatalf("only %d files: %v", len(files), err)
	}
	return files
}

func saysOf(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, complaints := ReadOn(filepath.Base(file), text, cabin())
	var b strings.Builder
	PrintComplaints(&b, complaints)
	return b.String()
}

// WRONG=write go test ./agent/config -run WrongConfigurations writes the complaints
// anew; they are to be read by a person before they are kept.
func TestWrongConfigurationsSayWhereAndWhatToWrite(t *testing.T) {
	for _, file := range wrongFiles(t) {
		said, golden := saysOf(t, file), strings.TrimSuffix(file, ".yaml")+".says"
		if os.Getenv("WRONG") == "write" {
			clitest.WriteFile(t, golden, said)
		}
		want, err := os.ReadFile(golden)
		if err != nil || said != string(want) {
			t.Errorf("%s: %v\n%swant\n%s", file, err, said, want)
		}
		for _, jargon := range []string{"YAML: ", "does not match", "[a-z0-9", "mapping value is not allowed"} {
			if strings.Contains(said, jargon) {
				t.Errorf("%s: a parser speaks: %s", file, said)
			}
		}
		if said == "" {
			t.Errorf("%s: nothing is wrong with it", file)
		}
	}
}

// What is shown of a line is no secret, whatever is wrong with it.
func TestNoComplaintAboutALineShowsASecret(t *testing.T) {
	for _, line := range []string{
		"  password hunter2", "  password = hunter2", "  password:hunter2", "  -password:hunter2", "  mqtt_pass = hunter2",
		"  brokers mqtts://ann:hunter2@h", "  brokers = mqtts://ann:hunter2@h", "  token hunter2", "\tpassword: hunter2", "   password: \"hunter2",
	} {
		text := "device: den\nmqtt:\n  prefix: a\n" + line + "\nzones: []\n"
		_, complaints := ReadOn("f", []byte(text), cabin())
		var said strings.Builder
		if !PrintComplaints(&said, complaints) || strings.Contains(said.String(), "hunter2") {
			t.Errorf("%s: %s", line, said.String())
		}
	}
}

// A relay on a bus's wires is one only where a sensor is on that bus.
func TestARelayMayHaveTheWiresOfABusThatNoSensorIsOn(t *testing.T) {
	const bus, oneWire = "is a wire of I2C bus", "is the wire of the 1-Wire bus"
	for zone, want := range map[string]string{
		"sensor: {driver: bme280}, heater: {driver: gpio, line: GPIO3}":                                                                             bus + " 1",
		"sensor: {driver: bme280}, heater: {driver: gpio, line: 2, chip: pinctrl-bcm2711}":                                                          bus + " 1",
		"sensor: {driver: bme280, bus: 0}, heater: {driver: gpio, line: GPIO1}":                                                                     bus + " 0",
		"sensor: {driver: ds18b20, id: 28-0316a2795bff, bus: ds2482}, heater: {driver: gpio, line: GPIO3}":                                          bus + " 1",
		"sensor: {driver: ds18b20, id: 28-0316a2795bff}, heater: {driver: gpio, line: \"4\"}":                                                       oneWire,
		"sensor: {driver: bme280}, fallback_sensors: [{driver: ds18b20, id: 28-0316a2795bff}], heater: {driver: gpio, line: GPIO4}":                 oneWire,
		"sensor: {driver: bme280}, fallback_sensors: [{driver: ds18b20, id: 28-0316a2795bff}], heater: {driver: gpio, line: GPIO5}":                 "",
		"sensor: {driver: bme280, bus: 0}, heater: {driver: gpio, line: GPIO2}":                                                                     "",
		"sensor: {driver: bme280}, heater: {driver: gpio, line: GPIO4}":                                                                             "",
		"sensor: {driver: bme280}, heater: {driver: gpio, line: 2, chip: gpiochip3}":                                                                "",
		"sensor: {driver: bme280}, heater: {driver: gpio, line: 7J1 Header Pin11, chip: periphs-banks}":                                             "",
		"sensor: {driver: ds18b20, id: 28-0316a2795bff, bus: ds2482, i2c_bus: 4}, heater: {driver: gpio, line: GPIO4}, cooler: {driver: simulated}": "",
	} {
		_, complaints := ReadOn("f", []byte("device: den\nzones: [{name: a, "+zone+"}]\n"), cabin())
		var said strings.Builder
		PrintComplaints(&said, complaints)
		got := strings.Contains(said.String(), bus) || strings.Contains(said.String(), oneWire)
		if got != (want != "") || !strings.Contains(said.String(), want) || strings.Contains(said.String(), "no name") {
			t.Errorf("%s: %q, want %q", zone, said.String(), want)
		}
	}
}

// What looks like a blank is none, wherever it stands.
func TestWhatCannotBeSeenIsToldWithItsPlace(t *testing.T) {
	for _, blank := range []string{"\u00a0", "\u2003", "\u200b", "\u202f", "\u3000", "\u00ad", "\ufeff"} {
		for _, text := range []string{"topic:" + blank + "t", "topic: t" + blank + "x", "topic: \"t" + blank + "\"", blank + "topic: t", "topic" + blank + ": t"} {
			_, complaints := ReadOn("f", []byte("device: den\nzones:\n- name: a\n  timing: {stale_after: 60s}\n  sensor:\n    driver: mqtt\n    "+text+"\n"), cabin())
			told := false
			for _, c := range complaints {
				told = told || c.Line == 7 && (strings.Contains(c.Text, "in its place") || strings.Contains(c.Text, "unknown key"))
			}
			if !told {
				t.Errorf("%q: %v", text, complaints)
			}
		}
	}
}
