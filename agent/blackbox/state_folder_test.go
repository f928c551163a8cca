package blackbox

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"thermostat/agent/clitest"
	"thermostat/controlloop/report"
)

// TestASetpointThatCannotBeSavedIsObeyedAndTold: what can no longer be saved is obeyed all the
// same and told; without the broker the last saved word holds.
func TestASetpointThatCannotBeSavedIsObeyedAndTold(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can mount a small file system")
	}
	for name, spoil := range map[string]func(*testing.T, string){"full": fill, "read-only": readOnly} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMosquitto(t, open)
			m.start()
			config := agentConfig(t, m.url(), "")
			state := smallStateFolder(t, config)
			p := startAgent(t, config)
			m.publish("room/control", []byte(`{"desired":21}`), "-r")
			m.shows("room", "desired 21 and no fault", obeys(21))
			saved := filepath.Join(state, "zones", "room.json")
			clitest.Eventually(t, func() error { _, err := os.Stat(saved); return err })
			before, err := os.ReadFile(saved)
			if err != nil {
				t.Fatal(err)
			}

			spoil(t, state)
			m.publish("room/control", []byte(`{"desired":22}`), "-r")
			m.shows("room", "desired 22 and the fault memory", obeys(22, "memory"))
			p.stop()
			p = startAgent(t, config)
			m.shows("room", "desired 22 of the broker and the fault memory", obeys(22, "memory"))
			p.stop()
			m.p.stop()
			p = start(t, thermostat(t), "run", "--config", config)
			p.Says("zone=room mode=heat desired=21 source=memory")
			p.Says(`msg="heater on" zone=room`)
			p.Says("msg=fault zone=room name=memory")
			if after, err := os.ReadFile(saved); err != nil || string(after) != string(before) {
				t.Errorf("the saved setpoint was %q and is %q (%v)", before, after, err)
			}
		})
	}
}

// obeys reports whether a zone has that setpoint and those faults.
func obeys(desired float64, faults ...string) func(report.State) bool {
	return func(r report.State) bool {
		var names []string
		for _, f := range r.Faults {
			names = append(names, string(f.Name))
		}
		return r.Desired != nil && *r.Desired == desired && strings.Join(names, " ") == strings.Join(faults, " ")
	}
}

// smallStateFolder mounts a file system of 256 KiB as the agent's state folder.
func smallStateFolder(t *testing.T, config string) string {
	t.Helper()
	text, old := stateFolder(t, config)
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Skip("cannot mount a small file system: ", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	clitest.WriteFile(t, config, strings.Replace(text, old, dir, 1))
	return dir
}

// fill leaves no byte free.
func fill(t *testing.T, dir string) {
	t.Helper()
	out, err := exec.Command("dd", "if=/dev/zero", "of="+filepath.Join(dir, "ballast"), "bs=4k").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "No space left") {
		t.Fatalf("the file system does not fill: %v\n%s", err, out)
	}
}

func readOnly(t *testing.T, dir string) {
	t.Helper()
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
}
