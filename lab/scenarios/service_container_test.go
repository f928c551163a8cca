package scenarios

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"thermostat/lab/board"
)

// inContainer is what a newcomer does on a machine without any hardware.
const inContainer = `[Unit]
Description=The newcomer
After=dbus.socket
[Service]
Type=oneshot
StandardOutput=append:/lab/said
StandardError=append:/lab/said
ExecStart=/bin/sh -ec 'apt-get install -y /lab/thermostat.deb; \
  thermostat demo --speed 600 --for 8s; \
  cp /usr/share/doc/thermostat/examples/no-broker.yaml /etc/thermostat/config.yaml; \
  thermostat check; systemctl start thermostat; systemctl is-active thermostat; \
  systemctl show -P StatusText thermostat; systemctl stop thermostat; journalctl -u thermostat -o cat; echo the newcomer is content'
ExecStopPost=/bin/systemctl poweroff --force
[Install]
WantedBy=multi-user.target
`

// TestContainer: the package for amd64 installs under systemd, and runs the demo
// and a simulated configuration.
func TestContainer(t *testing.T) {
	board.NeedDisks(t)
	if runtime.GOARCH != "amd64" || os.Getuid() != 0 {
		t.Skip("needs root on amd64")
	}
	lab, root := t.TempDir(), filepath.Join(t.TempDir(), "root")
	copied(t, filepath.Join(board.Cache(), "disk", "container"), root)
	copied(t, thePackages(t).container, filepath.Join(lab, "thermostat.deb"))
	unit := filepath.Join(root, "etc/systemd/system/newcomer.service")
	for path, text := range map[string]string{unit: inContainer, filepath.Join(lab, "said"): ""} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{"etc/systemd/system/multi-user.target.wants", "etc/thermostat"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../newcomer.service", filepath.Join(root, "etc/systemd/system/multi-user.target.wants/newcomer.service")); err != nil {
		t.Fatal(err)
	}
	console := boots(t, root, "--bind="+lab+":/lab")
	said, err := os.ReadFile(filepath.Join(lab, "said"))
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"sudo thermostat probe --write", "workshop", "heating", "\nactive\n", "first decision", "stopped: every relay is off", "the newcomer is content"} {
		if !strings.Contains(string(said), word) {
			t.Errorf("%q is missing in:\n%s\nconsole:\n%s", word, said, console)
		}
	}
}

// boots boots a folder with systemd until it powers itself off. A container
// that hangs is asked to end: its init outlives a kill.
func boots(t *testing.T, root string, args ...string) (console string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "systemd-nspawn", append([]string{"-q", "-D", root, "--boot", "--register=no", "--keep-unit", "--private-network", "--console=read-only"}, args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	text, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("systemd-nspawn: %v", err)
	}
	return string(text)
}

func copied(t *testing.T, from, to string) {
	t.Helper()
	if text, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}
