package blackbox

import (
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"thermostat/agent/clitest"
)

// TestTheDemoWarmsTellsItsFaultAndEnds: the rooms warm, switch and settle; a broken sensor ends the heat
// and the demo says why; it ends by itself.
func TestTheDemoWarmsTellsItsFaultAndEnds(t *testing.T) {
	t.Parallel()
	p := start(t, thermostat(t), "demo", "--for", "20s", "--mqtt", "127.0.0.1:0", "--fault", "sensor-hang@11s")
	p.Says("living-room: heater on at 19.")
	p.Says("workshop: heater on at 1")
	p.Says("living-room: heater off at 20.")
	p.Says("desired 20.0 °C: too_warm")
	p.Says("fault sensor-hang: a read of a sensor does not come back")
	p.Says("FAULT sensor: the sensor has not answered since")
	if p.Code() != 0 {
		t.Errorf("exit %d\n%s", p.Code(), p.Output())
	}
}

// TestTheDemosBoilerBurnsForAnOpenValveAndEndsWithIt: four rooms on one boiler. A valve opens, then
// pump and boiler go on and the room warms; when no sensor answers any more the boiler goes off and the valves shut.
func TestTheDemosBoilerBurnsForAnOpenValveAndEndsWithIt(t *testing.T) {
	t.Parallel()
	p := start(t, thermostat(t), "demo", "--boiler", "--mqtt", "127.0.0.1:0", "--http", "127.0.0.1:0", "--fault", "sensor-gone@12s")
	p.Says("Four simulated rooms on one boiler; one second is 60 s of room time.")
	p.Says("thermostat/demo/bath/control")
	p.Says("living-room: valve opens at 19.")
	p.Says("boiler: on, its pump on: demand ")
	p.Says("fault sensor-gone: no sensor answers any more")
	p.Says("boiler: off, its pump off: ")
	p.Says("living-room: valve shuts at unknown temperature, desired 20.0 °C: stale_reading")
	if code := p.stop(); code != 0 {
		t.Errorf("exit %d\n%s", code, p.Output())
	}
}

// TestTheDemoGoesOnUnderEveryFault: every fault that the demo knows happens, and the demo
// goes on and ends in order.
func TestTheDemoGoesOnUnderEveryFault(t *testing.T) {
	t.Parallel()
	said, _ := exec.Command(thermostat(t), "demo", "--fault", "none@1s").CombinedOutput() // it exits with 2
	_, names, _ := strings.Cut(strings.TrimSpace(string(said)), "one of ")
	if len(strings.Split(names, ", ")) < 5 {
		t.Fatalf("%s", said)
	}
	for name := range strings.SplitSeq(names, ", ") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, thermostat(t), "demo", "--for", "4s", "--mqtt", "127.0.0.1:0", "--fault", name+"@1s")
			p.Says("fault " + name + ": ")
			p.Says("living-room: heater off")
			if p.Code() != 0 {
				t.Errorf("exit %d\n%s", p.Code(), p.Output())
			}
		})
	}
}

// TestTheDemosSafetyRelayEndsTheHeatOfAWeldedRelay: the safety relay takes the heat away 2 K past the band.
func TestTheDemosSafetyRelayEndsTheHeatOfAWeldedRelay(t *testing.T) {
	t.Parallel()
	p := start(t, thermostat(t), "demo", "--mqtt", "127.0.0.1:0", "--speed", "200", "--fault", "relay-welded@4s")
	p.Says("fault relay-welded: ")
	p.Says("living-room: the safety relay opens")
	p.Says("living-room: heater on at 19.")
	p.Says("living-room: the safety relay opens")
}

// TestDemoFaultEndsTheHeat: with the heater on, a sensor that hangs switches it off.
func TestDemoFaultEndsTheHeat(t *testing.T) {
	t.Parallel()
	p := start(t, thermostat(t), "demo", "--mqtt", "127.0.0.1:0", "--fault", "sensor-hang@5s")
	p.Says("workshop: heater on")
	p.Says("workshop: heater off at unknown temperature, desired 17.0 °C: stale_reading")
	if code := p.stop(); code != 0 {
		t.Errorf("exit %d\n%s", code, p.Output())
	}
}

// TestDemoTakesTheNextPort: a taken port is no reason to fail, and is said.
func TestDemoTakesTheNextPort(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := start(t, thermostat(t), "demo", "--mqtt", l.Addr().String())
	p.Says(l.Addr().String() + " is taken; using 127.0.0.1:")
	p.Says("workshop: heater on")
	p.stop()
	url := regexp.MustCompile(`set living-room 21.5 --broker (mqtt://\S+)`).FindStringSubmatch(p.Output())
	if url == nil {
		t.Errorf("no command to try:\n%s", p.Output())
	}
}

// TestSetReachesTheDemo: what the demo prints to try works.
func TestSetReachesTheDemo(t *testing.T) {
	t.Parallel()
	p := start(t, thermostat(t), "demo", "--mqtt", "127.0.0.1:0")
	p.Says("--broker mqtt://")
	url := regexp.MustCompile(`--broker (mqtt://\S+)`).FindStringSubmatch(p.Output())[1]
	p.Says("workshop: heater on")
	set := start(t, thermostat(t), "set", "living-room", "22", "--broker", url)
	if set.Code() != 0 {
		t.Fatalf("set: exit %d\n%s", set.Code(), set.Output())
	}
	p.Says("living-room: holds 22.0 °C, mode heat (cli)")
}

// TestABoostCoversTheDemosProgram: what the demo prints to try begins a boost and ends it.
func TestABoostCoversTheDemosProgram(t *testing.T) {
	t.Parallel()
	p := start(t, thermostat(t), "demo", "--mqtt", "127.0.0.1:0")
	p.Says("living-room: holds 20.0 °C, mode auto (program: comfort)")
	p.Says("living-room: heater on")
	for _, c := range []struct{ command, says string }{
		{"boost living-room --for 5m", "living-room: holds 22.0 °C, mode heat"},
		{"resume living-room", "living-room: holds 20.0 °C, mode auto (program: comfort)"},
	} {
		line := regexp.MustCompile(c.command + ` --broker (mqtt://\S+)`).FindStringSubmatch(p.Output())
		if line == nil {
			t.Fatalf("no command to try:\n%s", p.Output())
		}
		done := start(t, thermostat(t), append(strings.Fields(c.command), "--broker", line[1])...)
		if done.Code() != 0 {
			t.Fatalf("%s: exit %d\n%s", c.command, done.Code(), done.Output())
		}
		p.Says(c.says)
	}
}

// TestPrintedConfigRuns: the demo is an ordinary configuration.
func TestPrintedConfigRuns(t *testing.T) {
	t.Parallel()
	printed := start(t, thermostat(t), "demo", "--print-config", "--mqtt", "127.0.0.1:1")
	file := filepath.Join(t.TempDir(), "config.yaml")
	if code := printed.Code(); code != 0 {
		t.Fatalf("exit %d\n%s", code, printed.Output())
	}
	clitest.WriteFile(t, file, printed.Output())
	p := start(t, thermostat(t), "run", "--config", file)
	p.Says(`msg="heater on" zone=workshop`)
	if code := p.stop(); code != 0 {
		t.Errorf("exit %d\n%s", code, p.Output())
	}
}

// TestWrongUseEndsWithExitCode2InOneLine: wrong use and wrong configurations end in 2, in one line.
func TestWrongUseEndsWithExitCode2InOneLine(t *testing.T) {
	t.Parallel()
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	clitest.WriteFile(t, bad, "device: cabin\nzones: [{name: a}]\n")
	empty := filepath.Join(t.TempDir(), "empty.yaml")
	clitest.WriteFile(t, empty, "device: cabin\nzones: []\n")
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"nonsense", 2, `unknown command "nonsense" for "thermostat"; type thermostat --help`},
		{"sett", 2, `unknown command "sett" for "thermostat"; Did you mean this? set; type thermostat --help`},
		{"run --nonsense", 2, "unknown flag: --nonsense; type thermostat run --help"},
		{"run --config /nowhere.yaml", 2, "no such file"},
		{"run --config " + bad, 2, "sensor: is missing"},
		{"check --config " + bad, 2, "zones[0]"},
		{"check --config " + empty, 0, ""},
		{"check " + empty, 0, "no zones"},
		{"check " + bad, 2, "zones[0]"},
		{"check " + bad + " --config " + empty, 2, "two files are named"},
		{"check a b", 2, "at most 1"},
		{"run " + empty, 2, "a configuration is named with --config " + empty},
		{"off " + empty, 2, "--config " + empty},
		{"demo --fault nonsense@5s", 2, "is unknown: one of sensor-gone"},
		{"demo --fault sensor-gone", 2, "want a time like"},
		{"demo --mqtt 127.0.0.1:65536", 2, `mqtt: "127.0.0.1:65536" has a port outside 0..65535`},
		{"demo --http here", 2, `http: "here" is not an address such as 127.0.0.1:8466`},
		{"demo --speed 0", 2, "outside 0.1..10000"},
		{"set", 2, "accepts between 1 and 2 arg(s), received 0; type thermostat set --help"},
		{"boost hall --for x", 2, "write such as 90m, 2h or 3d; a bare number is minutes"},
		{"set hall 20 --broker http://x", 2, "is not a broker's URL"},
		{"set hall 20 --broker mqtt://ann:secret@x", 2, "no place in the URL"},
		{"set a/b 20", 2, `zone: "a/b" is no name of a zone, which is made of a-z, 0-9 and -, at most 40 of them: write a-b`},
		{"boost Küche", 2, "at most 40 of them: write kueche"},
		{"explain Hall", 2, "write hall"},
		{"program Hall", 2, "write hall"},
		{"watch --device my/cabin", 2, `device: "my/cabin" is no name of a device, which is made of A-Z, a-z, 0-9, _ and -, at most 63 of them: write my-cabin`},
		{"watch --device heaters", 2, "is reserved"},
		{"watch --prefix home/", 2, "prefix: "},
		{"watch --password-file x", 2, "password-file needs username beside it"},
		{"set hall -18 --broker mqtt://127.0.0.1:1 --timeout 2s", 4, "refused"},
		{"help sett", 2, `unknown command "sett" for "thermostat"; Did you mean this? set;`},
		{"help set", 0, "--up-delta"},
		{"help completion bash", 0, "Generate the autocompletion script for the bash shell"},
		{"completion tcsh", 2, `unknown command "tcsh" for "thermostat completion"; type thermostat completion --help`},
		{"completion", 0, "Available Commands"},
		{"completion zsh", 0, "compdef"},
		{"version", 0, "linux/"},
		{"--help", 0, "replay"},
	} {
		p := start(t, thermostat(t), strings.Fields(c.args)...)
		if p.Code() != c.code || !strings.Contains(p.Output(), c.says) || strings.Contains(p.Output(), "secret") {
			t.Errorf("%s: exit %d, want %d and %q\n%s", c.args, p.Code(), c.code, c.says, p.Output())
		}
	}
	p := start(t, thermostat(t), "run", "--config", empty)
	p.Says("no zones: run thermostat probe")
	if code := p.stop(); code != 0 {
		t.Errorf("without zones: exit %d", code)
	}
}

// TestTheDemosPageTakesAnotherPortWhereItsOwnIsTaken: a taken port is no reason to fail, and is said.
func TestTheDemosPageTakesAnotherPortWhereItsOwnIsTaken(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := start(t, thermostat(t), "demo", "--mqtt", "127.0.0.1:0", "--http", l.Addr().String())
	p.Says(l.Addr().String() + " is taken; using 127.0.0.1:")
	p.Says("The page: http://127.0.0.1:")
	url := regexp.MustCompile(`The page: (http://\S+)`).FindStringSubmatch(p.Output())[1]
	if text := get(t, url); !strings.Contains(text, "<title>Thermostat</title>") {
		t.Errorf("%.200s", text)
	}
	p.stop()
	none := start(t, thermostat(t), "demo", "--mqtt", "127.0.0.1:0", "--http", "", "--for", "1s")
	if none.Code() != 0 || strings.Contains(none.Output(), "The page") {
		t.Errorf("exit %d\n%s", none.Code(), none.Output())
	}
}

// TestDemoIsDiscovered: the demo's own broker has it, too.
func TestDemoIsDiscovered(t *testing.T) {
	t.Parallel()
	p := start(t, thermostat(t), "demo", "--mqtt", "127.0.0.1:0")
	p.Says("--broker mqtt://")
	h := newHomeAssistant(t, regexp.MustCompile(`--broker (mqtt://\S+)`).FindStringSubmatch(p.Output())[1])
	h.start()
	h.knows("thermostat_-demo_-AGENT", "thermostat_-demo_-living-room", "thermostat_-demo_-workshop")
	h.shows("thermostat_-demo_-workshop_-heat_call", "", "on")
	h.setTemperature("thermostat_-demo_-living-room_-climate", "heat", "22.5")
	p.Says("living-room: holds 22.5 °C, mode heat (home_assistant)")
}
