package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// packagedState is where an installed agent remembers; `off` typed by hand
// knows nothing of systemd's STATE_DIRECTORY.
const packagedState = "/var/lib/thermostat"

// stateRoot is systemd's state folder, which belongs to one agent, or the user's,
// which holds a folder for each device: users try several configurations.
func (m machine) stateRoot() (dir string, ofDevices bool) {
	if dir, _, _ := strings.Cut(m.getenv("STATE_DIRECTORY"), ":"); dir != "" {
		return dir, false
	}
	if dir := m.getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "thermostat"), true
	}
	if home := m.getenv("HOME"); home != "" {
		return filepath.Join(home, ".local", "state", "thermostat"), true
	}
	if dir := m.getenv("LOCALAPPDATA"); dir != "" { // Windows
		return filepath.Join(dir, "thermostat"), true
	}
	return packagedState, false
}

// stateDir is where an agent of that device remembers, unless state_dir says otherwise.
func (m machine) stateDir(device string) string {
	root, ofDevices := m.stateRoot()
	if ofDevices {
		return filepath.Join(root, device)
	}
	return root
}

// stateDirs are all folders in which an agent of this user may have written what it held.
func (m machine) stateDirs() []string {
	root, ofDevices := m.stateRoot()
	dirs := []string{root}
	if ofDevices {
		if at, err := os.Stat(relaysFile(root)); err == nil && at.IsDir() {
			dirs = nil // a device is called so
		}
		dirs = append(dirs, root+movingSuffix)
		held, _ := filepath.Glob(relaysFile(filepath.Join(escapeGlob(root), "*"))) // its pattern is well formed
		for _, file := range held {
			dirs = append(dirs, filepath.Dir(file))
		}
	}
	return dirs
}

func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// movingSuffix is what a folder of an earlier version is called between two renames.
const movingSuffix = ".moving"

// firstFolder are the entries of a user's state folder as versions before 1.0.0
// laid it out, for whatever device.
var firstFolder = []string{"announced", "history.json", "instance.json", "relays", "starts", "zones"}

// adoptState gives the user's state folder of a version before 1.0.0 to the first
// device that starts: it becomes that device's folder, by two renames. A start that was
// cut off between them is carried on.
func (m machine) adoptState(cfg Config, log *slog.Logger) error {
	root, ofDevices := m.stateRoot()
	if !ofDevices || cfg.StateDir != m.stateDir(cfg.Device) {
		return nil
	}
	moving := root + movingSuffix
	if isFirstFolder(root) {
		if err := os.Rename(root, moving); err != nil {
			return fmt.Errorf("the state folder of an earlier version is not taken over: %w", err)
		}
	}
	if _, err := os.Lstat(moving); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	err := os.MkdirAll(root, 0o700)
	if err == nil {
		err = os.Rename(moving, cfg.StateDir)
	}
	if err != nil {
		return fmt.Errorf("the state folder of an earlier version, now %s, is not taken over: %w", moving, err)
	}
	log.Info("the state folder of an earlier version is this device's now", "folder", cfg.StateDir)
	return errors.Join(syncFolder(root), syncFolder(filepath.Dir(root)))
}

// isFirstFolder reports whether a folder is laid out as firstFolder says, and holds
// nothing else.
func isFirstFolder(root string) bool {
	entries, err := os.ReadDir(root)
	marked := false
	for _, e := range entries {
		if !slices.Contains(firstFolder, strings.TrimSuffix(e.Name(), ".part")) {
			return false
		}
		marked = marked || e.Name() == "instance.json" && e.Type().IsRegular()
	}
	return err == nil && marked
}
