package blackbox

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"thermostat/agent/clitest"
	pb "thermostat/proto"
)

// remoteConfig is one zone on the broker, heated at 18 °C.
func remoteConfig(t *testing.T, m *mosquitto) string {
	file := filepath.Join(t.TempDir(), "config.yaml")
	clitest.WriteFile(t, file, fmt.Sprintf(`device: cabin
http: {listen: ""}
state_dir: %s
mqtt: {brokers: [%q]}
zones:
  - name: room
    sensor_id: 7
    sensor: {driver: mqtt, topic: there/sensor}
    heater: {driver: mqtt, topic: there/heater}
    default_setpoint: {mode: heat, desired: 20}
    timing: {sample: 1s, stale_after: 3s, min_on: 0s, min_off: 0s}
`, t.TempDir(), m.url()))
	return file
}

// TestOffTellsRemoteRelays: a killed agent leaves a relay on the broker on;
// off tells it, and says so where it cannot.
func TestOffTellsRemoteRelays(t *testing.T) {
	m := newMosquitto(t, open)
	m.start()
	config := remoteConfig(t, m)
	heard := start(t, "mosquitto_sub", "-h", "127.0.0.1", "-p", m.port, "-t", "there/heater", "-F", "%x")
	agent := startAgent(t, config)
	clitest.Eventually(t, func() error {
		m.publishOn("there/sensor", []byte("18"))
		return lastCommand(heard, true)
	})
	agent.Kill()
	p := start(t, thermostat(t), "off", "--config", config)
	if p.Code() != 0 || !strings.Contains(p.Output(), "mqtt there/heater was told to go off") {
		t.Errorf("exit %d: %s", p.Code(), p.Output())
	}
	clitest.Eventually(t, func() error { return lastCommand(heard, false) })
	damage(t, config)
	for _, command := range []string{"off", "run"} {
		m.publishOn("there/heater", []byte("-"))
		p = start(t, thermostat(t), command, "--config", config)
		if command == "run" && p.Code() != 2 || command == "off" && p.Code() != 0 {
			t.Errorf("%s with a damaged configuration: exit %d: %s", command, p.Code(), p.Output())
		}
		clitest.Eventually(t, func() error { return lastCommand(heard, false) })
	}
	lineless := remoteConfig(t, m)
	withoutItsLine(t, lineless)
	m.publishOn("there/heater", []byte("-"))
	p = start(t, thermostat(t), "run", "--config", lineless)
	if p.Code() != 2 || !strings.Contains(p.Output(), "no such line") {
		t.Errorf("run without a line that is configured: exit %d: %s", p.Code(), p.Output())
	}
	clitest.Eventually(t, func() error { return lastCommand(heard, false) })
	m.p.Kill()
	p = start(t, thermostat(t), "off", "--config", config)
	if p.Code() != 1 || !strings.Contains(p.Output(), "the 1 mqtt relays could not be told to go off") {
		t.Errorf("without a broker: exit %d: %s", p.Code(), p.Output())
	}
}

// damage writes something into a configuration that it does not allow.
func damage(t *testing.T, config string) {
	t.Helper()
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, append(text, "\nmispelled: 1\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
}

// withoutItsLine adds a zone whose relay is on a chip that is not there.
func withoutItsLine(t *testing.T, config string) {
	t.Helper()
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	clitest.WriteFile(t, config, string(text)+`  - name: attic
    sensor_id: 8
    sensor: {driver: mqtt, topic: there/attic}
    heater: {driver: gpio, chip: nowhere, line: "1"}
    timing: {stale_after: 1m}
`)
}

// lastCommand says whether the last HeaterControl that a mosquitto_sub shows is the wanted one.
func lastCommand(p *process, want bool) error {
	lines := strings.Split(p.Output(), "\n")
	var c pb.HeaterControl
	var payload []byte
	fmt.Sscanf(lines[len(lines)-1], "%x", &payload)
	if err := proto.Unmarshal(payload, &c); err != nil || c.SensorID == nil || (c.GetCommand() == pb.HeaterCommand_On) != want {
		time.Sleep(200 * time.Millisecond) // the readings come a few times a second
		return fmt.Errorf("commands %v, want on %v last", lines, want)
	}
	return nil
}
