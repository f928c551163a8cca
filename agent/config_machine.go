package main

import (
	"hash/fnv"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// machine is what the defaults take from the computer.
type machine struct {
	hostname string
	getenv   func(string) string
}

func thisMachine() machine {
	name, err := os.Hostname()
	if err != nil {
		name = "" // the device must be given then
	}
	return machine{name, os.Getenv}
}

var deviceForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,63}$`)

// readDevice reads the device's name. It is part of every topic, so the host
// names that fresh systems share are refused: two such devices would obey the
// same controls.
func (r *reader) readDevice(root *node, c *Config) {
	n := root.child("device")
	if n == nil {
		r.deviceOfHost(root, c)
		return
	}
	if r.spelled(n, &c.Device, deviceForm, deviceNameIs, deviceWord) && c.Device == "heaters" {
		r.complain(n, `"heaters" is reserved: the topics of simulated heaters begin with it`)
	}
}

func (r *reader) deviceOfHost(root *node, c *Config) {
	host, _, _ := strings.Cut(r.machine.hostname, ".")
	common := slices.Contains([]string{"raspberrypi", "localhost", "debian", "heaters"}, strings.ToLower(host))
	if common || !deviceForm.MatchString(host) {
		r.complainOf(root, "device", "is missing, and the host name %s cannot stand in for it", shown(host))
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
