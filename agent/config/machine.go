package config

import (
	"path/filepath"
	"slices"
	"strings"
)

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

// stateFolder is the machine's where the file names none. One that hangs on where a
// command is typed is warned of: off would look for the relays in another one than run.
func stateFolder(r *reader, n *node, c *Config, _ badKeys) {
	switch {
	case c.StateDir == "":
		c.StateDir = r.machine.StateDir(c.Device)
	case !filepath.IsAbs(c.StateDir):
		r.warn(n.Child("state_dir"), Shown(c.StateDir)+" is another folder wherever a command is started: write its whole path, from / on")
	}
}
