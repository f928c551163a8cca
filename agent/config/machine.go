package config

import (
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Machine is what the defaults take from the computer.
type Machine struct {
	Hostname string
	Getenv   func(string) string
}

// ThisMachine is the computer that the program runs on.
func ThisMachine() Machine {
	name, err := os.Hostname()
	if err != nil {
		name = "" // the device must be given then
	}
	return Machine{name, os.Getenv}
}

// deviceOfHost takes the host's name where the file names no device. The name is
// part of every topic, so the names that fresh systems share are refused: two such
// devices would obey the same controls.
func deviceOfHost(r *reader, n *node, c *Config) {
	if n.Child("device") != nil {
		return
	}
	host, _, _ := strings.Cut(r.machine.Hostname, ".")
	common := slices.Contains([]string{"raspberrypi", "localhost", "debian", "heaters"}, strings.ToLower(host))
	if common || !DeviceForm.MatchString(host) {
		r.complainOfField(n, "device", "is missing, and the host name %s cannot stand in for it", Shown(host))
		return
	}
	c.Device = host
}

// stateFolder is the machine's where the file names none.
func stateFolder(r *reader, _ *node, c *Config, _ badKeys) {
	if c.StateDir == "" {
		c.StateDir = r.machine.StateDir(c.Device)
	}
}

// defaultSensorID makes a stable number of device and zone.
func defaultSensorID(device, zone string) int32 {
	h := fnv.New32a()
	h.Write([]byte(device + "/" + zone))
	return max(int32(h.Sum32()&0x7fffffff), 1)
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

// place is where a file of the configuration lies: a name without a folder
// means the service's credential of that name (systemd.exec(5),
// CREDENTIALS_DIRECTORY), and where there is none the file beside the
// configuration, so that one configuration serves the service and its owner.
func (m Machine) place(config, name string) string {
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
