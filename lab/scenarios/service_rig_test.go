package scenarios

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"thermostat/lab/board"
)

// These tests install the packages of cross-build.sh on a Debian that boots
// with systemd, as an owner does. Nobody but systemd starts or ends the agent.

// labFiles are where the board has what a test brings.
const (
	labPackage = "/run/lab/thermostat.deb"
	labNewer   = "/run/lab/newer.deb"
	labHook    = "/run/lab/panics" // the agent with a hook that crashes it
)

// packages are made once for all tests that want them.
type packages struct{ older, newer, panics string }

var builtPackages = sync.OnceValues(func() (packages, error) {
	var p packages
	for version, file := range map[string]*string{"0.0.1": &p.older, "0.0.2": &p.newer} {
		var err error
		if *file, err = crossBuilt("../..", "arm64", "VERSION="+version); err != nil {
			return p, err
		}
	}
	p.panics = filepath.Join(filepath.Dir(agentBinary), "panics")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-tags", "panichook,nethttpomithttp2", "-o", p.panics, "./agent")
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64")
	if text, err := cmd.CombinedOutput(); err != nil {
		return p, fmt.Errorf("%w\n%s", err, text)
	}
	return p, nil
})

// inDist is who makes packages: the folder dist is one.
var inDist sync.Mutex

// crossBuilt makes the package of what is in a folder, and gives its whole path.
func crossBuilt(source, architecture string, env ...string) (string, error) {
	inDist.Lock()
	defer inDist.Unlock()
	cmd := exec.Command("./cross-build.sh", architecture)
	cmd.Dir, cmd.Env = source, append(os.Environ(), env...)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	made, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("cross-build.sh: %w\n%s%s", err, made, complaints.String())
	}
	for _, file := range strings.Fields(string(made)) {
		if strings.HasSuffix(file, ".deb") {
			return filepath.Abs(filepath.Join(source, file))
		}
	}
	return "", fmt.Errorf("cross-build.sh makes no package: %s", made)
}

func thePackages(t *testing.T) packages {
	t.Helper()
	p, err := builtPackages()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// newSystem boots Debian with systemd on a board as newRig makes it.
func newSystem(t *testing.T, o board.Options) *rig {
	t.Helper()
	board.NeedDisks(t)
	if o.Disk == "" {
		o.Disk = board.NewDisk(t)
	}
	r := newRig(t, system(t, o))
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("journal:\n%s", r.tried("journalctl -b --no-pager -o short-monotonic | tail -150").Stdout)
		}
	})
	r.sh("systemctl is-system-running --wait || true")
	return r
}

// system gives a board what its system needs.
func system(t *testing.T, o board.Options) board.Options {
	t.Helper()
	p := thePackages(t)
	o.MemoryMiB, o.Files = 512, map[string]string{}
	for on, file := range map[string]string{labPackage: p.older, labNewer: p.newer, labHook: p.panics} {
		o.Files[strings.TrimPrefix(on, "/run")] = file
	}
	return o
}

// minutes is for what a whole system takes on an emulated board.
func (r *rig) minutes() context.Context {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.t.Context()), 10*time.Minute)
	r.t.Cleanup(cancel)
	return ctx
}

// tried runs a line of shell as root, whatever comes of it.
func (r *rig) tried(line string) board.Result {
	r.t.Helper()
	result, err := r.Run(r.minutes(), board.Command{
		Args: []string{"/bin/sh", "-c", line},
		Env:  []string{"HOME=/root", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C"},
	})
	if err != nil {
		r.t.Errorf("%s: %v", line, err)
	}
	return result
}

// sh runs a line of shell as root, and gives what it printed.
func (r *rig) sh(line string) string {
	r.t.Helper()
	result := r.tried(line)
	if result.Exit != 0 {
		r.t.Fatalf("%s: exit %d\n%s%s", line, result.Exit, result.Stdout, result.Stderr)
	}
	return strings.TrimSpace(result.Stdout)
}

// property is one of the service's, as systemctl show gives it.
func (r *rig) property(name string) string {
	r.t.Helper()
	return r.sh("systemctl show -P " + name + " thermostat.service")
}

// install installs a package as an owner does, and gives what was said.
func (r *rig) install(file string) string {
	r.t.Helper()
	began := time.Now()
	said := r.sh("apt-get install -y " + file + " 2>&1")
	r.t.Logf("installed %s in %.0f s", filepath.Base(file), time.Since(began).Seconds())
	return said
}
