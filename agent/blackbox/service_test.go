package blackbox

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"thermostat/agent/cli"
	"thermostat/agent/clitest"
)

// under starts the binary as a service manager does.
func under(t *testing.T, socket, file string) *process {
	t.Helper()
	return startCommand(t, exec.Command("sh", "-c", `NOTIFY_SOCKET="$1" exec "$2" run --config "$3"`, "sh", socket, thermostat(t), file))
}

// The binary, a socket as systemd's, and the three ends of a wait.
func TestTheServiceSaysADamagedConfigurationOnceAndStartsWhenItIsMended(t *testing.T) {
	t.Parallel()
	file := clitest.DamagedFile(t)
	socket := filepath.Join(t.TempDir(), "notify")
	waits := listen(t, socket)
	p := under(t, socket, file)
	waits("EXTEND_TIMEOUT_USEC=")
	waits("STATUS=every relay is off, until this is mended: " + file + ":3:5: zones[0].nmae: is an unknown key")
	clitest.WriteFile(t, file, "device: den\nhttp: {listen: \"\"}\nzones: []\n")
	if p.Code() != cli.ExitUsage || p.Count("nmae") != 1 {
		t.Errorf("exit %d after a change, and said\n%s", p.Code(), p.Output())
	}
	p = under(t, socket, file)
	waits("READY=1")
	if code := p.stop(); code != 0 {
		t.Errorf("exit %d\n%s", code, p.Output())
	}

	clitest.WriteFile(t, file, "device: [\n")
	p = under(t, socket, file)
	p.Says(file)
	if code := p.stop(); code != 0 {
		t.Errorf("exit %d when told to end\n%s", code, p.Output())
	}
	p = start(t, thermostat(t), "run", "--config", file)
	if p.Code() != cli.ExitUsage {
		t.Errorf("exit %d without a manager", p.Code())
	}
}

// A relay that nobody can open is no less a person's to mend.
func TestTheServiceWaitsWhereNoRelayCanBeOpened(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "config.yaml")
	clitest.WriteFile(t, file, strings.Replace(clitest.TwoRelays, "device: den", "device: den\nhttp: {listen: \"\"}", 1))
	socket := filepath.Join(t.TempDir(), "notify")
	waits := listen(t, socket)
	p := under(t, socket, file)
	waits("STATUS=every relay is off, until this is mended: zone a: heater: ")
	p.Says("thermostat: zone a: heater: ")
	if code := p.stop(); code != 0 {
		t.Errorf("exit %d\n%s", code, p.Output())
	}
}

// listen is a manager's real socket; a name with @ is an abstract one. It
// gives a function that waits for a line.
func listen(t *testing.T, name string) (waits func(prefix string)) {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	m := &clitest.Manager{}
	t.Cleanup(func() { conn.Close() })
	go func() {
		for buffer := make([]byte, 4096); ; {
			n, err := conn.Read(buffer)
			if err != nil {
				return
			}
			m.Send(strings.Split(string(buffer[:n]), "\n")...)
		}
	}()
	return func(prefix string) {
		t.Helper()
		clitest.Eventually(t, func() error {
			if m.Count(prefix) == 0 {
				m.Mu.Lock()
				defer m.Mu.Unlock()
				return fmt.Errorf("no %s in %q", prefix, m.Told)
			}
			return nil
		})
	}
}

// TestServiceManagerIsTold runs the binary as systemd does, with a socket in
// the file system and with an abstract one.
func TestServiceManagerIsTold(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := filepath.Join(dir, "config.yaml")
	clitest.WriteFile(t, config, `device: cabin
http: {listen: ""}
zones:
  - {name: hall, sensor: {driver: simulated}, heater: {driver: simulated}}
  - {name: bath, sensor: {driver: simulated}, heater: {driver: simulated}}
`)
	for _, socket := range []string{filepath.Join(dir, "notify"), fmt.Sprintf("@thermostat-test-%d", os.Getpid())} {
		waits := listen(t, socket)
		// sh, since start gives every program an environment of its own.
		p := startCommand(t, exec.Command("sh", "-c", `NOTIFY_SOCKET="$1" WATCHDOG_USEC=200000 WATCHDOG_PID=$$ exec "$2" run --config "$3"`,
			"sh", socket, thermostat(t), config))
		waits("READY=1")
		waits("WATCHDOG=1")
		waits("STATUS=2 zones: hall off (")
		if code := p.stop(); code != 0 {
			t.Errorf("exit %d\n%s", code, p.Output())
		}
		waits("STOPPING=1")
	}
}

// TestTheAgentRunsOnWithoutItsManager: told in the log, and the agent runs all the same.
func TestTheAgentRunsOnWithoutItsManager(t *testing.T) {
	t.Parallel()
	config := filepath.Join(t.TempDir(), "config.yaml")
	clitest.WriteFile(t, config, "device: cabin\nzones: []\n")
	p := startCommand(t, exec.Command("sh", "-c", `NOTIFY_SOCKET=/nowhere/notify exec "$0" run --config "$1"`, thermostat(t), config))
	p.Says("the service manager cannot be told")
	p.Says("no zones: run thermostat probe")
	if code := p.stop(); code != 0 {
		t.Errorf("exit %d\n%s", code, p.Output())
	}
}
