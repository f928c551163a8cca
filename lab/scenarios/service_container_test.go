package scenarios

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"thermostat/lab/board"
)

// inContainer runs the script of a test, once the system is up.
const inContainer = `[Unit]
Description=The newcomer
After=dbus.socket
[Service]
Type=oneshot
StandardOutput=append:/lab/said
StandardError=append:/lab/said
ExecStart=/bin/bash /lab/script
ExecStopPost=/bin/systemctl poweroff --force
[Install]
WantedBy=multi-user.target
`

// newcomer is what somebody does on a machine without any hardware.
const newcomer = `set -e
apt-get install -y /lab/thermostat.deb
thermostat demo --speed 600 --for 8s
cp /usr/share/doc/thermostat/examples/no-broker.yaml /etc/thermostat/config.yaml
thermostat check
systemctl start thermostat
systemctl is-active thermostat
systemctl show -P StatusText thermostat
systemctl stop thermostat
journalctl -u thermostat -o cat
echo secret >/etc/thermostat/http-password
apt-get remove -y thermostat
echo kept: $(ls /etc/thermostat)
apt-get purge -y thermostat
echo left: $(ls -d /etc/thermostat /var/lib/thermostat 2>/dev/null)
echo the newcomer is content
`

// TestThePackageInstallsAndIsRemovedInAContainer: the package for amd64 installs under systemd, and runs the demo
// and a simulated configuration. A removal keeps what is the owner's, a purge nothing.
func TestThePackageInstallsAndIsRemovedInAContainer(t *testing.T) {
	t.Parallel()
	c := newContainer(t, newcomer)
	copied(t, ourPackage(t), filepath.Join(c.lab, "thermostat.deb"))
	c.boots("--private-network")
	c.says("sudo thermostat probe --write", "workshop", "heating", "\nactive\n", "first decision", "stopped: every relay is off",
		"kept: config.yaml http-password\n", "left:\n", "the newcomer is content")
}

// container is a Debian with systemd that runs a script and then ends.
type container struct {
	t         *testing.T
	root, lab string // lab is /lab inside
	console   string // what it said while it ran
}

func newContainer(t *testing.T, script string) *container {
	t.Helper()
	from := board.NeedContainer(t)
	if runtime.GOARCH != "amd64" {
		t.Skip("the container's package is for amd64")
	}
	c := &container{t: t, lab: t.TempDir(), root: filepath.Join(t.TempDir(), "root")}
	copied(t, from, c.root)
	units := filepath.Join(c.root, "etc/systemd/system")
	for path, text := range map[string]string{
		filepath.Join(units, "newcomer.service"): inContainer,
		filepath.Join(c.lab, "script"):           script,
		filepath.Join(c.lab, "said"):             "",
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	wants := filepath.Join(units, "multi-user.target.wants")
	if err := os.MkdirAll(wants, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../newcomer.service", filepath.Join(wants, "newcomer.service")); err != nil {
		t.Fatal(err)
	}
	return c
}

// boots boots it with systemd until it powers itself off. One that hangs is
// asked to end: its init outlives a kill.
func (c *container) boots(args ...string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "systemd-nspawn", append([]string{"-q", "-D", c.root, "--boot", "--register=no", "--keep-unit",
		"--console=read-only", "--bind=" + c.lab + ":/lab"}, args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	text, err := cmd.CombinedOutput()
	c.console = string(text)
	if err != nil {
		c.t.Errorf("systemd-nspawn: %v", err)
	}
}

// file gives what the container has left in /lab.
func (c *container) file(name string) string {
	text, _ := os.ReadFile(filepath.Join(c.lab, name)) // what is missing is empty
	return string(text)
}

func (c *container) says(words ...string) {
	c.t.Helper()
	said := c.file("said")
	missing := slices.DeleteFunc(words, func(word string) bool { return strings.Contains(said, word) })
	if len(missing) > 0 {
		c.t.Errorf("%q is missing in:\n%s\nconsole:\n%s", missing, said, c.console)
	}
}

// ourPackage is what this machine installs of the working tree, newer than every release. It is made once.
func ourPackage(t *testing.T) (file string) {
	t.Helper()
	file, err := builtOurs()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

var builtOurs = sync.OnceValues(func() (string, error) {
	release, err := os.ReadFile("../../VERSION")
	if err != nil {
		return "", err
	}
	return crossBuilt("../..", runtime.GOARCH, "VERSION="+strings.TrimSpace(string(release))+"+tested")
})

func copied(t *testing.T, from, to string) {
	t.Helper()
	if text, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}
