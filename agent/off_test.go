package main

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/agent/cli"
	"thermostat/agent/clitest"
	"thermostat/agent/config"
	"thermostat/agent/state"
	"thermostat/drivers"
)

var (
	line5  = drivers.Held{GPIO: drivers.GPIO{Line: "GPIO5", ActiveLow: true}}
	line17 = drivers.Held{GPIO: drivers.GPIO{Line: "GPIO17"}}
	line27 = drivers.Held{GPIO: drivers.GPIO{Line: "GPIO27"}}
)

// stateWith makes a state folder of an agent that held some lines.
func stateWith(t *testing.T, held ...drivers.Held) string {
	t.Helper()
	dir := t.TempDir()
	if err := state.WriteChecked(state.RelaysFile(dir), held); err != nil {
		t.Fatal(err)
	}
	return dir
}

func configFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// off needs only one of its two files, and takes what it can from a broken one.
func TestOffKnowsItsRelays(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "none.yaml")
	damaged := stateWith(t, line27)
	if err := os.WriteFile(state.RelaysFile(damaged), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		config string
		dirs   []string
		want   []drivers.Held
		says   string
	}{
		"configuration alone":               {configFile(t, clitest.TwoRelays), []string{t.TempDir()}, []drivers.Held{line17, line5}, ""},
		"state alone":                       {nowhere, []string{stateWith(t, line27)}, []drivers.Held{line27}, ""},
		"both, one line changed":            {configFile(t, clitest.TwoRelays), []string{stateWith(t, line27, line5)}, []drivers.Held{line17, line5, line27}, ""},
		"polarity changed":                  {configFile(t, clitest.TwoRelays), []string{stateWith(t, drivers.Held{GPIO: drivers.GPIO{Line: "17", ActiveLow: true}})}, []drivers.Held{line17, line5}, ""},
		"two state folders":                 {nowhere, []string{stateWith(t, line27), stateWith(t, line27, line5)}, []drivers.Held{line27, line5}, ""},
		"damaged state":                     {configFile(t, clitest.TwoRelays), []string{damaged}, []drivers.Held{line17, line5}, "damaged"},
		"errors elsewhere":                  {configFile(t, clitest.TwoRelays+"    sensor_id: x\n    plant: oven\nunits: K\n"), nil, []drivers.Held{line17, line5}, "may be missing"},
		"no YAML, but state":                {configFile(t, "a: [b"), []string{stateWith(t, line17)}, []drivers.Held{line17}, "may be missing"},
		"state folder of the configuration": {configFile(t, "device: den\nstate_dir: "+stateWith(t, line27)+"\n"), []string{t.TempDir()}, []drivers.Held{line27}, ""},
		"valid, without a GPIO relay":       {configFile(t, "device: den\n"), nil, nil, ""},
	} {
		var errs bytes.Buffer
		got, doubt, err := relaysToSwitchOff(&errs, row.config, row.dirs)
		if err != nil || doubt != nil || row.says == "" && errs.Len() > 0 || len(got)+len(row.want) > 0 && !reflect.DeepEqual(got, row.want) || !strings.Contains(errs.String(), row.says) {
			t.Errorf("%s: %v, %v, %q; want %v", name, got, err, errs.String(), row.want)
		}
	}
}

func TestOffWithoutAnyRelayIsWrongUse(t *testing.T) {
	for name, config := range map[string]string{
		"no file": filepath.Join(t.TempDir(), "none.yaml"),
		"damaged": configFile(t, "a: [b"),
	} {
		_, _, err := relaysToSwitchOff(&bytes.Buffer{}, config, []string{t.TempDir()})
		var exit *cli.ExitError
		if !errors.As(err, &exit) || exit.Code != cli.ExitUsage {
			t.Errorf("%s: %v, want exit code 2", name, err)
		}
	}
}

// With neither file whole, the relays that are known go off, and the word is
// that others may not have.
func TestOffDoubtsTwoDamagedFiles(t *testing.T) {
	damaged := stateWith(t, line27)
	if err := os.WriteFile(state.RelaysFile(damaged), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, doubt, err := relaysToSwitchOff(&bytes.Buffer{}, configFile(t, clitest.TwoRelays+"    plant: oven\n"), []string{damaged})
	if err != nil || doubt == nil || !reflect.DeepEqual(got, []drivers.Held{line17, line5}) {
		t.Errorf("%v, %v, %v; want both relays of the configuration and a doubt", got, doubt, err)
	}
}

// This machine has no GPIO chip: the line is missed, and that ends in 2.
func TestRunAndOffWithoutTheLineAreWrongUse(t *testing.T) {
	if chips, _ := filepath.Glob("/dev/gpiochip*"); len(chips) > 0 {
		t.Skip("this machine has a GPIO chip, which a test must not touch")
	}
	config := configFile(t, clitest.TwoRelays+"state_dir: "+t.TempDir()+"\n")
	for _, args := range [][]string{{"off", "--config", config}, {"run", "--config", config}} {
		root := rootCommand()
		root.SetArgs(args)
		var out bytes.Buffer
		root.SetOut(&out)
		root.SetErr(&out)
		err := root.ExecuteContext(t.Context())
		var exit *cli.ExitError
		if !errors.As(err, &exit) || exit.Code != cli.ExitUsage || !errors.Is(err, drivers.ErrNoLine) || !strings.Contains(err.Error(), "GPIO chip") {
			t.Errorf("%v: %v, want exit code 2 and a word of the missing chip", args, err)
		}
	}
}

// What the agent before us held and we do not is tried, and not forgotten
// while it cannot be switched off.
func TestHoldRemembersWhatItCouldNotSwitchOff(t *testing.T) {
	if chips, _ := filepath.Glob("/dev/gpiochip*"); len(chips) > 0 {
		t.Skip("this machine has a GPIO chip, which a test must not touch")
	}
	dir := stateWith(t, line27, line17)
	cfg, _, err := config.Load(configFile(t, clitest.TwoRelays+"state_dir: "+dir+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	still := releaseOthers(cfg, slog.New(slog.NewTextHandler(&log, nil)))
	if !reflect.DeepEqual(still, []drivers.Held{line27}) || !strings.Contains(log.String(), "GPIO27") {
		t.Errorf("%v, log %q: want GPIO27 with a warning", still, log.String())
	}
	if err := (&state.Folder{Dir: dir}).Hold(append(cfg.Relays(), still...)); err != nil {
		t.Fatal(err)
	}
	held, err := state.ReadRelays(dir)
	if err != nil || !reflect.DeepEqual(held, []drivers.Held{line17, line5, line27}) {
		t.Errorf("%v, %v: want ours, then GPIO27", held, err)
	}
}

// TestASourceGoesOffBeforeAValveThatIsNoLongerOurs: a zone left the configuration, and the agent
// before was killed while its valve was the last one open.
func TestASourceGoesOffBeforeAValveThatIsNoLongerOurs(t *testing.T) {
	cfg, complaints := config.Read("f", []byte(`device: cabin
sources:
  - {name: boiler, relay: {driver: gpio, line: GPIO22}, pump: {driver: gpio, line: GPIO23}}
zones:
  - {name: bath, calls: boiler, sensor: {driver: bme280}, heater: {driver: gpio, line: GPIO17}}
`))
	if len(complaints) > 0 {
		t.Fatal(complaints)
	}
	valve := []drivers.Held{line27}
	var lines []string
	for _, g := range sourcesFirst(cfg, valve) {
		lines = append(lines, g.Line)
	}
	if got := strings.Join(lines, " "); got != "GPIO22 GPIO23 GPIO17" {
		t.Errorf("first go off %q", got)
	}
	if got := sourcesFirst(cfg, nil); got != nil {
		t.Errorf("nothing is left, and %v are switched", got)
	}
	cfg.Sources = nil
	if got := sourcesFirst(cfg, valve); got != nil {
		t.Errorf("there is no source, and %v are switched", got)
	}
}

// TestALineWhoseBusHangsCostsNoOtherRelayItsOff: an expander's bus may hang, and off has 5 s.
func TestALineWhoseBusHangsCostsNoOtherRelayItsOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lets := make(chan struct{})
		defer close(lets)
		began, told := time.Now(), map[string]time.Duration{}
		of := func(chip, line string) drivers.Held { return drivers.Held{GPIO: drivers.GPIO{Chip: chip, Line: line}} }
		busy := offOnce(io.Discard, []drivers.Held{of("1-0020", "0"), of("1-0020", "1"), line17, of("1-0021", "0")}, func(g drivers.Held) error {
			if g.Chip == "1-0020" {
				<-lets
				return nil
			}
			told[g.String()] = time.Since(began)
			return nil
		})
		if len(busy.failures) != 2 || len(told) != 2 || max(told["GPIO17"], told["0 of 1-0021"]) > 2*time.Second {
			t.Errorf("%v, failures %v", told, busy.failures)
		}
	})
}
