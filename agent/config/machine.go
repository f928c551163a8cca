package config

import (
	"hash/fnv"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Machine is what the defaults take from the computer.
type Machine struct {
	Hostname string
	Getenv   func(string) string
}

func ThisMachine() Machine {
	name, err := os.Hostname()
	if err != nil {
		name = "" // the device must be given then
	}
	return Machine{name, os.Getenv}
}

var DeviceForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,63}$`)

// readDevice reads the device's name. It is part of every topic, so the host
// names that fresh systems share are refused: two such devices would obey the
// same controls.
func (r *reader) readDevice(root *node, c *Config) {
	n := root.child("device")
	if n == nil {
		r.deviceOfHost(root, c)
		return
	}
	if r.spelled(n, &c.Device, DeviceForm, deviceNameIs, deviceWord) && c.Device == "heaters" {
		r.complain(n, `"heaters" is reserved: the topics of simulated heaters begin with it`)
	}
}

func (r *reader) deviceOfHost(root *node, c *Config) {
	host, _, _ := strings.Cut(r.machine.Hostname, ".")
	common := slices.Contains([]string{"raspberrypi", "localhost", "debian", "heaters"}, strings.ToLower(host))
	if common || !DeviceForm.MatchString(host) {
		r.complainOf(root, "device", "is missing, and the host name %s cannot stand in for it", Shown(host))
		return
	}
	c.Device = host
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
