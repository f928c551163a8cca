package state

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"thermostat/agent/config"
	"thermostat/agent/config/machine"
)

// Folders are all folders in which an agent of this user may have written what it held.
func Folders(m machine.Machine) []string {
	root, ofDevices := m.StateRoot()
	dirs := []string{root}
	if ofDevices {
		if at, err := os.Stat(RelaysFile(root)); err == nil && at.IsDir() {
			dirs = nil // a device is called so
		}
		dirs = append(dirs, root+movingSuffix)
		held, _ := filepath.Glob(RelaysFile(filepath.Join(escapeGlob(root), "*"))) // its pattern is well formed
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

// Adopt gives the user's state folder of a version before 1.0.0 to the first
// device that starts: it becomes that device's folder, by two renames. A start that was
// cut off between them is carried on.
func Adopt(m machine.Machine, cfg config.Config, log *slog.Logger) error {
	root, ofDevices := m.StateRoot()
	if !ofDevices || cfg.StateDir != m.StateDir(cfg.Device) {
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
