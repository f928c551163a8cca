// Package machine is what the defaults of a configuration take from the computer.
package machine

import (
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"

	"thermostat/drivers/hostfs"
)

// Machine is what the defaults take from the computer.
type Machine struct {
	Hostname string
	Getenv   func(string) string
	Files    hostfs.Root // /sys, in which the board tells of its chips
}

// This is the computer that the program runs on.
func This() Machine {
	name, err := os.Hostname()
	if err != nil {
		name = "" // the device must be given then
	}
	return Machine{Hostname: name, Getenv: os.Getenv}
}

// PackagedState is where an installed agent remembers; `off` typed by hand
// knows nothing of systemd's STATE_DIRECTORY.
const PackagedState = "/var/lib/thermostat"

// StateRoot is systemd's state folder, which belongs to one agent, or the user's,
// which holds a folder for each device: users try several configurations.
func (m Machine) StateRoot() (dir string, ofDevices bool) {
	if dir, _, _ := strings.Cut(m.Getenv("STATE_DIRECTORY"), ":"); dir != "" {
		return dir, false
	}
	if dir := m.Getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "thermostat"), true
	}
	if home := m.Getenv("HOME"); home != "" {
		return filepath.Join(home, ".local", "state", "thermostat"), true
	}
	if dir := m.Getenv("LOCALAPPDATA"); dir != "" { // Windows
		return filepath.Join(dir, "thermostat"), true
	}
	return PackagedState, false
}

// StateDir is where an agent of that device remembers, unless state_dir says otherwise.
func (m Machine) StateDir(device string) string {
	root, ofDevices := m.StateRoot()
	if ofDevices {
		return filepath.Join(root, device)
	}
	return root
}

// Place is where a file of the configuration lies: a name without a folder
// means the service's credential of that name (systemd.exec(5),
// CREDENTIALS_DIRECTORY), and where there is none the file beside the
// configuration, so that one configuration serves the service and its owner.
func (m Machine) Place(config, name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	if dir := m.Getenv("CREDENTIALS_DIRECTORY"); dir != "" {
		if file := filepath.Join(dir, name); Exists(file) {
			return file
		}
	}
	return filepath.Join(filepath.Dir(config), name)
}

// Exists reports whether a file is there.
func Exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// Timezone is the system's zone by name; empty where it has none.
func (m Machine) Timezone() string {
	if name := strings.TrimPrefix(m.Getenv("TZ"), ":"); name != "" {
		return name
	}
	if target, err := filepath.EvalSymlinks("/etc/localtime"); err == nil {
		if _, name, ok := strings.Cut(target, "/zoneinfo/"); ok {
			return name
		}
	}
	name, _ := os.ReadFile("/etc/timezone") // Debian's; none: the zone has no name
	return strings.TrimSpace(string(name))
}

// SensorID makes a stable number of a device and one of its zones, for those that name none.
func SensorID(device, zone string) int32 {
	h := fnv.New32a()
	h.Write([]byte(device + "/" + zone))
	return max(int32(h.Sum32()&0x7fffffff), 1)
}
