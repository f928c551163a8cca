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
		Missing(t, Cache()+" has no disks: run lab/disk.sh")
	}
}

// NeedContainer gives the folder of a Debian with systemd for this machine's own
// architecture; a test that cannot boot one is skipped.
func NeedContainer(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(Cache(), "disk", "container")
	if _, err := os.Stat(dir); err != nil {
		Missing(t, Cache()+" has no container: run lab/disk.sh")
	}
	if _, err := exec.LookPath("systemd-nspawn"); err != nil {
		Missing(t, "systemd-nspawn is not installed: run lab/disk.sh")
	}
	if os.Getuid() != 0 {
		t.Skip("a container is booted by root only")
	}
	return dir
}

// Missing skips a test, but fails where nothing may be missing.
func Missing(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("THERMOSTAT_CI") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}
