package blackbox

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"thermostat/agent/clitest"
)

// boilerConfig is a boiler with a pump and some rooms, all on the broker, without any waits.
func boilerConfig(t *testing.T, m *mosquitto, device string, rooms ...string) string {
	file := filepath.Join(t.TempDir(), "config.yaml")
	text := fmt.Sprintf(`device: %s
http: {listen: ""}
state_dir: %s
mqtt: {brokers: [%q]}
sources:
  - {name: boiler, relay: {driver: mqtt, topic: there/boiler, "on": boiler-on, "off": boiler-off}, pump: {driver: mqtt, topic: there/pump, "on": pump-on, "off": pump-off},
     valve_open: 2s, pump_overrun: 3s, min_on: 2s, min_off: 1s}
zones:
`, device, t.TempDir(), m.url())
	for _, zone := range rooms {
		text += fmt.Sprintf(`  - name: %[1]s
    calls: boiler
    sensor: {driver: mqtt, topic: there/%[1]s/sensor}
    heater: {driver: mqtt, topic: there/%[1]s, "on": %[1]s-on, "off": %[1]s-off}
    default_setpoint: {mode: heat, desired: 20}
    timing: {sample: 1s, stale_after: 30s, min_on: 0s, min_off: 0s}
`, zone)
	}
	clitest.WriteFile(t, file, text)
	return file
}

// switches are the commands that were heard, each where it differs from the last of its relay.
func switches(heard *process) (all []string) {
	last := map[string]string{}
	for _, line := range strings.Fields(heard.Output()) {
		relay, _, _ := strings.Cut(line, "-")
		if last[relay] != line {
			last[relay] = line
			all = append(all, line)
		}
	}
	return all
}

// order reports whether these commands came in this order, at the end of what was heard.
func order(heard *process, want ...string) error {
	got := switches(heard)
	if len(got) < len(want) || !slices.Equal(got[len(got)-len(want):], want) {
		return fmt.Errorf("heard %v, want %v at the end", got, want)
	}
	return nil
}

// TestABoilerOnTheBrokerSwitchesInItsOrder: pump before boiler, and at the end of the call, of
// the agent and by off after a kill: boiler, pump, valve.
func TestABoilerOnTheBrokerSwitchesInItsOrder(t *testing.T) {
	t.Parallel()
	m := newMosquitto(t, open)
	m.start()
	config := boilerConfig(t, m, "cabin", "bath", "den")
	heard := start(t, "mosquitto_sub", "-h", "127.0.0.1", "-p", m.port, "-t", "there/+")
	agent := startAgent(t, config)
	until := func(bath string, want ...string) {
		t.Helper()
		clitest.Eventually(t, func() error {
			m.publishOn("there/bath/sensor", []byte(bath))
			m.publishOn("there/den/sensor", []byte("21"))
			return order(heard, want...)
		})
	}
	until("18", "bath-on", "pump-on", "boiler-on")
	clitest.Eventually(t, func() error {
		if told := string(m.retained("boiler/source")); !strings.Contains(told, `"relay":"on","pump":"on","calling":["bath"],"reason":"demand"`) {
			return fmt.Errorf("the topic of the source says %q", told)
		}
		return nil
	})
	watch := start(t, thermostat(t), "watch", "--json", "--broker", m.url(), "--device", "cabin")
	clitest.Eventually(t, func() error {
		if told := watch.Output(); !strings.Contains(told, `"calling":["bath"],"cycles":1,"device":"cabin","faults":[],"name":"boiler"`) {
			return fmt.Errorf("watch says %s", told)
		}
		return nil
	})
	watch.stop()
	for _, words := range [][]string{{"set", "boiler", "20"}, {"boost", "boiler"}, {"clear", "boiler"}, {"resume", "boiler"}, {"program", "boiler"}} {
		p := start(t, thermostat(t), append(words, "--broker", m.url(), "--device", "cabin")...)
		if p.Code() != 2 || !strings.Contains(p.Output(), "boiler is a source, not a zone") {
			t.Errorf("%v: exit %d: %s", words, p.Code(), p.Output())
		}
	}
	until("21", "boiler-off", "pump-off", "bath-off")
	until("18", "bath-on", "pump-on", "boiler-on")
	if code := agent.stop(); code != 0 {
		t.Errorf("exit %d: %s", code, agent.Output())
	}
	clitest.Eventually(t, func() error { return order(heard, "boiler-off", "pump-off", "bath-off") })

	agent = startAgent(t, config)
	until("18", "bath-on", "pump-on", "boiler-on")
	agent.Kill()
	p := start(t, thermostat(t), "off", "--config", config)
	if p.Code() != 0 {
		t.Errorf("off: exit %d: %s", p.Code(), p.Output())
	}
	clitest.Eventually(t, func() error { return order(heard, "boiler-off", "pump-off", "bath-off") })
}

// TestASourceTicksForTheServiceManager: the manager hears READY only once the source has ticked, too, and is fed for as long as it does.
func TestASourceTicksForTheServiceManager(t *testing.T) {
	t.Parallel()
	m := newMosquitto(t, open)
	m.start()
	socket := filepath.Join(t.TempDir(), "notify")
	waits := listen(t, socket)
	p := startCommand(t, exec.Command("sh", "-c", `NOTIFY_SOCKET="$1" WATCHDOG_USEC=200000 WATCHDOG_PID=$$ exec "$2" run --config "$3"`,
		"sh", socket, thermostat(t), boilerConfig(t, m, "cabin", "bath", "attic")))
	waits("READY=1")
	waits("WATCHDOG=1")
	if code := p.stop(); code != 0 {
		t.Errorf("exit %d\n%s", code, p.Output())
	}
	waits("STOPPING=1")
}
