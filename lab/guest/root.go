//go:build linux

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// The lab's own files: where the image has them, and where they are on a board
// that boots a disk.
const (
	imageFolder = "/lab"
	labFolder   = "/run/lab"
)

// labUnit runs the guest beside the system that is tested. Its processes are
// tests, so that nothing of it holds up a shutdown.
const labUnit = `[Unit]
Description=The virtual board's ear
DefaultDependencies=no
After=systemd-udevd.service dbus.socket

[Service]
ExecStart=` + labFolder + `/guest serve
OOMScoreAdjust=-1000
KillMode=process

[Install]
WantedBy=sysinit.target
`

// newRoot mounts a disk, takes the lab's files along in its /run, and becomes
// the disk's own init. It returns only what went wrong.
func newRoot(disk string) error {
	const root = "/newroot"
	if err := waitFor(disk); err != nil {
		return err
	}
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(disk, root, "ext4", 0, ""); err != nil {
		return fmt.Errorf("mount %s: %w", disk, err)
	}
	if err := unix.Mount("tmpfs", root+"/run", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
		return fmt.Errorf("mount /run: %w", err)
	}
	if err := takeAlong(root); err != nil {
		return err
	}
	for _, m := range []string{"/proc", "/sys", "/dev"} {
		if err := unix.Mount(m, root+m, "", unix.MS_MOVE, ""); err != nil {
			return fmt.Errorf("move %s: %w", m, err)
		}
	}
	if err := os.Chdir(root); err != nil {
		return err
	}
	if err := unix.Mount(".", "/", "", unix.MS_MOVE, ""); err != nil {
		return fmt.Errorf("move the root: %w", err)
	}
	if err := unix.Chroot("."); err != nil {
		return err
	}
	return unix.Exec("/sbin/init", []string{"/sbin/init"}, []string{"TERM=dumb"})
}

// takeAlong copies the guest itself and the test's files, and the unit.
func takeAlong(root string) error {
	if err := copyFile("/init", root+labFolder+"/guest"); err != nil {
		return err
	}
	err := filepath.WalkDir(imageFolder, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // a test without files
			return nil
		}
		if err != nil || e.IsDir() {
			return err
		}
		return copyFile(path, root+labFolder+strings.TrimPrefix(path, imageFolder))
	})
	if err != nil {
		return err
	}
	units := root + "/run/systemd/system"
	wants := units + "/sysinit.target.wants"
	if err := os.MkdirAll(wants, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(units+"/lab.service", []byte(labUnit), 0o644); err != nil {
		return err
	}
	return os.Symlink("../lab.service", wants+"/lab.service")
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o755)
}

// waitFor waits until the kernel has found a device.
func waitFor(path string) error {
	for range 200 {
		if _, err := os.Stat(path); err == nil {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("no %s", path)
}
