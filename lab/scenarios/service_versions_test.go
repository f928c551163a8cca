package scenarios

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"thermostat/lab/board"
)

// TestUpgradeAndDowngradeKeepTheHouse: a house of 20 zones goes from the release that people have to this working tree by
// apt, back, and up again by unattended-upgrades. What it knows, and what it was told, is the same after each step: nothing is lost, and nothing
// is invented. What a version does not know, in its folder, its files and at its broker, it leaves as it is.
func TestUpgradeAndDowngradeKeepTheHouse(t *testing.T) {
	t.Parallel()
	c := newContainer(t, read(t, "testdata/versions/owner.sh"))
	release, old := releasedPackage(t)
	ours := ourPackage(t)
	c.repositories(old, ours)
	for name, text := range map[string]string{
		"book.py": read(t, "testdata/versions/book.py"), "past.py": read(t, "testdata/versions/past.py"), "fields.py": read(t, "testdata/versions/fields.py"),
		"warm.yaml": house20("0s"), "resting.yaml": house20("1h"), "release": release,
		"thermostat.sources": strings.Replace(inInstall(t, "Types: deb"), "http://packages.lan/", "file:/lab/apt/", 1),
		"unattended.conf":    inInstall(t, "Unattended-Upgrade::"),
	} {
		if err := os.WriteFile(filepath.Join(c.lab, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c.boots("--private-network")
	c.says("the owner is content")
	if strings.Contains(c.file("said"), "is taken") {
		t.Error("apt takes a list with a wrong byte")
	}
	newer := strings.Split(filepath.Base(ours), "_")[1]
	first := c.book("released")
	first.is(t, release)
	first.hasLived(t)
	before := first
	for _, step := range []struct{ name, version string }{
		{"upgraded", newer}, {"back", release}, {"fields", release}, {"unattended", newer},
	} {
		after := c.book(step.name)
		after.is(t, step.version)
		after.follows(t, before)
		after.announces(t, first)
		if step.name == "fields" {
			after.hasLater(t)
		}
		if t.Failed() {
			return // what follows is amiss by it
		}
		before = after
	}
	c.programsOutlive(t, release, newer)
}

// programsOutlive demands of a zone that follows a program, and of one that is boosted
// beside it, that the release holds what they aim at and leaves everything as it is, and
// that program and boost go on afterwards.
func (c *container) programsOutlive(t *testing.T, release, newer string) {
	t.Helper()
	first := c.book("programmed")
	for _, step := range []struct{ name, version, mode string }{
		{"programmed", newer, "auto"}, {"without", release, "heat"}, {"again", newer, "auto"},
	} {
		b := c.book(step.name)
		b.is(t, step.version)
		for zone, desired := range map[string]float64{"room-12": 20.5, "room-13": 23} {
			i := slices.IndexFunc(b.Zones, func(z zoneState) bool { return z.Zone == zone })
			if z := b.Zones[i]; z.Mode != step.mode || z.Desired == nil || *z.Desired != desired {
				t.Errorf("%s: %s holds %s, want mode %s, desired %v", step.name, zone, asJSON(z), step.mode, desired)
			}
			for _, topic := range []string{"thermostat/cabin/" + zone + "/control", "thermostat/cabin/" + zone + "/program"} {
				if is := b.Retained[topic]; is == "" || is != first.Retained[topic] {
					t.Errorf("%s: %s was %s and is %s", step.name, topic, first.Retained[topic], is)
				}
			}
			for _, file := range []string{"zones/" + zone + ".json", "zones/" + zone + ".program.json"} {
				if is := b.Files[file].Bytes; len(is) == 0 || !bytes.Equal(is, first.Files[file].Bytes) {
					t.Errorf("%s: %s was %s and is %s", step.name, file, first.Files[file], b.Files[file])
				}
			}
		}
	}
}

// house20 is the configuration of the house; of minOff is the rest of every zone but the lounge, which heats all the time.
func house20(minOff string) string {
	var text strings.Builder
	text.WriteString("device: cabin\nmqtt: {brokers: [\"mqtt://127.0.0.1:1883\"]}\nzones:\n")
	zone := func(name, minOff string, more ...string) {
		fmt.Fprintf(&text, "  - name: %s\n    sensor: {driver: simulated, model: linear, start: 20, up: 24h, down: 24h, noise: 0}\n"+
			"    timing: {sample: 1s, stale_after: 1m, min_on: 0s, min_off: %s}\n", name, minOff)
		for _, line := range more {
			fmt.Fprintf(&text, "    %s\n", line)
		}
	}
	const heater, cooler = "heater: {driver: simulated}", "cooler: {driver: simulated}"
	warm := "default_setpoint: {mode: heat, desired: 22}"
	zone("lounge", "0s", heater, warm)
	zone("attic", minOff, heater, warm)
	zone("sauna", minOff, heater, warm, "plant: electric")
	zone("fridge", minOff, cooler, "plant: fridge", "default_setpoint: {mode: cool, desired: 4}")
	zone("study", minOff, heater, cooler)
	for _, name := range []string{"bath", "hall", "kitchen", "cellar", "garage"} {
		zone(name, minOff, heater)
	}
	for i := 11; i <= 20; i++ {
		zone(fmt.Sprintf("room-%d", i), minOff, heater)
	}
	return text.String()
}

// releasedPackage gives the package that people have.
func releasedPackage(t *testing.T) (release, file string) {
	t.Helper()
	var complaints strings.Builder
	cmd := exec.Command("../released.sh")
	cmd.Stderr = &complaints
	made, err := cmd.Output()
	if err != nil {
		board.Missing(t, "the released package is not made: "+complaints.String())
	}
	file = strings.TrimSpace(string(made))
	return strings.Split(filepath.Base(file), "_")[1], file
}

// repositories makes three of them below /lab: apt.old has the release, apt.new the other package, too, and of
// apt.spoilt a byte was changed on the way.
func (c *container) repositories(old, ours string) {
	c.t.Helper()
	c.needs("apt-ftparchive", "gpg", "gpgconf")
	keys, err := os.MkdirTemp("", "gpg") // a short path: gpg's agent listens there
	if err != nil {
		c.t.Fatal(err)
	}
	run := func(program string, args ...string) {
		c.t.Helper()
		cmd := exec.Command(program, args...)
		cmd.Env = append(os.Environ(), "GNUPGHOME="+keys)
		if text, err := cmd.CombinedOutput(); err != nil {
			c.t.Fatalf("%s %q: %v\n%s", program, args, err, text)
		}
	}
	c.t.Cleanup(func() {
		run("gpgconf", "--kill", "all")
		_ = os.RemoveAll(keys)
	})
	run("gpg", "--batch", "--passphrase", "", "--quick-generate-key", "thermostat packages", "ed25519", "sign", "never")
	at := func(name string) string { return filepath.Join(c.lab, "apt."+name) }
	run("mkdir", at("old"))
	run("cp", old, at("old"))
	run("../../systemd/apt-repository.sh", at("old"), "thermostat packages")
	run("cp", "-r", at("old"), at("new"))
	run("cp", ours, at("new"))
	run("../../systemd/apt-repository.sh", at("new"), "thermostat packages")
	run("cp", "-r", at("old"), at("spoilt"))
	run("sed", "-i", "s/^Priority: optional/Priority: required/", at("spoilt")+"/Packages")
	run("gzip", "-kf", at("spoilt")+"/Packages")
}

func (c *container) needs(programs ...string) {
	c.t.Helper()
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			board.Missing(c.t, name+" is not installed")
		}
	}
}

// inInstall gives the block of docs/install.md that begins so.
func inInstall(t *testing.T, beginning string) string {
	t.Helper()
	_, block, found := strings.Cut(read(t, "../../docs/install.md"), "\n```\n"+beginning)
	block, _, ends := strings.Cut(block, "\n```\n")
	if !found || !ends {
		t.Fatalf("docs/install.md has no block that begins with %s", beginning)
	}
	return beginning + block + "\n"
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
