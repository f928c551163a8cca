package board

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// NewDisk gives a fresh Debian with systemd for [Options.Disk]. What boards
// write on it stays on it, over a power cut too, until the test ends.
func NewDisk(t testing.TB) string {
	t.Helper()
	NeedDisks(t)
	disk := filepath.Join(t.TempDir(), "disk")
	text, err := exec.Command("qemu-img", "create", "-q", "-f", "qcow2", "-b", filepath.Join(Cache(), "disk", "arm64.qcow2"), "-F", "qcow2", disk).CombinedOutput()
	if err != nil {
		t.Fatalf("a disk: %v: %s", err, text)
	}
	return disk
}

// NeedDisks is [Need] for tests of what lab/disk.sh makes.
func NeedDisks(t testing.TB) {
	t.Helper()
	Need(t)
	if _, err := os.Stat(filepath.Join(Cache(), "disk", "stamp")); err != nil {
		missing(t, Cache()+" has no disks: run lab/disk.sh")
	}
}

// missing skips a test, but fails where nothing may be missing.
func missing(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("THERMOSTAT_CI") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}
