package scenarios

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// TestTheReleaseRefusesAFileWithSourcesAndTheirRelaysStayOff: the release that people have is given the file of a house with a
// boiler. It names each key that it does not know, switches nothing on and leaves what is remembered; the agent that comes after it goes on.
func TestTheReleaseRefusesAFileWithSourcesAndTheirRelaysStayOff(t *testing.T) {
	t.Parallel()
	_, old := releasedPackage(t)
	release, ours := unpacked(t, old), unpacked(t, ourPackage(t))
	h := newRemote(t)
	agent := h.runs(ours)
	h.until("den on", "pump on", "boiler on")
	h.ends(agent)
	h.until("boiler off", "pump off", "den off")

	for _, command := range []string{"check", "run"} {
		said, err := exec.Command(release, command, "--config", h.config).CombinedOutput()
		if exit := new(exec.ExitError); !errors.As(err, &exit) || exit.ExitCode() != 2 {
			t.Errorf("%s of the release: %v, want exit 2", command, err)
		}
		for _, key := range []string{": sources: is an unknown key", ": zones[0].calls: is an unknown key", ": zones[1].calls: is an unknown key"} {
			if !strings.Contains(string(said), key) {
				t.Errorf("%s of the release does not say %q:\n%s", command, key, said)
			}
		}
	}
	agent = h.runs(ours)
	h.until("den on", "pump on", "boiler on") // next after the end of before: the release has switched nothing
	eventually(t, "the boiler's starts are counted on", func() bool { _, cycles := h.calling(); return cycles == 2 })
	h.ends(agent)
	h.until("boiler off", "pump off", "den off")
}

// unpacked gives the agent of a package.
func unpacked(t *testing.T, file string) string {
	t.Helper()
	dir := t.TempDir()
	if text, err := exec.Command("dpkg-deb", "-x", file, dir).CombinedOutput(); err != nil {
		t.Fatalf("dpkg-deb: %v\n%s", err, text)
	}
	return filepath.Join(dir, agentPath)
}

// remote is a boiler with a pump and two rooms, all on a broker. The den is cold.
type remote struct {
	*broker
	config string
	seen   int // switches that were waited for

	heard    sync.Mutex
	switches []string
}

func newRemote(t *testing.T) *remote {
	t.Helper()
	h := &remote{broker: newBroker(t), config: filepath.Join(t.TempDir(), "config.yaml")}
	text := fmt.Sprintf(`device: cabin
http: {listen: ""}
state_dir: %s
mqtt: {brokers: ["mqtt://127.0.0.1:%s"]}
sources:
  - {name: boiler, relay: {driver: mqtt, topic: there/boiler}, pump: {driver: mqtt, topic: there/pump}, valve_open: 1s, pump_overrun: 1s, min_on: 1s, min_off: 1s}
zones:
`, t.TempDir(), h.port)
	for _, room := range []string{"den", "study"} {
		text += fmt.Sprintf("  - name: %[1]s\n    calls: boiler\n    sensor: {driver: mqtt, topic: there/%[1]s/sensor}\n"+
			"    heater: {driver: mqtt, topic: there/%[1]s, \"on\": \"on\", \"off\": \"off\"}\n    default_setpoint: {mode: heat, desired: 20}\n"+
			"    timing: {sample: 1s, stale_after: 5s, min_on: 0s, min_off: 0s}\n", room)
	}
	text = strings.NewReplacer("there/boiler}", `there/boiler, "on": "on", "off": "off"}`, "there/pump}", `there/pump, "on": "on", "off": "off"}`).Replace(text)
	if err := os.WriteFile(h.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	said, _ := h.spawn("mosquitto_sub", "-h", "127.0.0.1", "-p", h.port, "-t", "there/+", "-F", "%t %p")
	go func() {
		last := map[string]string{}
		for said.Scan() {
			relay, position, _ := strings.Cut(strings.TrimPrefix(said.Text(), "there/"), " ")
			h.heard.Lock()
			if was := last[relay]; was != position && (was != "" || position == "on") { // each begins off
				h.switches = append(h.switches, relay+" "+position)
			}
			last[relay] = position
			h.heard.Unlock()
		}
	}()
	return h
}

// runs begins an agent.
func (h *remote) runs(binary string) *exec.Cmd {
	h.t.Helper()
	var said strings.Builder
	cmd := exec.Command(binary, "run", "--config", h.config)
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		if _ = cmd.Wait(); h.t.Failed() {
			h.t.Logf("the agent:\n%s", said.String())
		}
	})
	return cmd
}

// ends ends an agent in order.
func (h *remote) ends(agent *exec.Cmd) {
	h.t.Helper()
	if err := agent.Process.Signal(syscall.SIGTERM); err != nil {
		h.t.Fatal(err)
	}
	if err := agent.Wait(); err != nil {
		h.t.Errorf("the agent ends with %v", err)
	}
}

// until says the rooms' temperatures until the relays have heard these commands, which must be the next, in this order.
func (h *remote) until(want ...string) {
	h.t.Helper()
	var got []string
	eventually(h.t, fmt.Sprint("the relays hear ", want), func() bool {
		for room, celsius := range map[string]string{"den": "18", "study": "21"} {
			_ = exec.Command("mosquitto_pub", "-h", "127.0.0.1", "-p", h.port, "-t", "there/"+room+"/sensor", "-m", celsius).Run() // the next one counts, too
		}
		h.heard.Lock()
		defer h.heard.Unlock()
		got = h.switches[h.seen:]
		return len(got) >= len(want)
	})
	if h.seen += len(want); !slices.Equal(got[:len(want)], want) {
		h.t.Fatalf("the relays heard %v, want %v", got, want)
	}
}
