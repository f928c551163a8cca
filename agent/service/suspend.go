package service

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// napKnown is the shortest suspend that counts; shorter ones add up. It is far
// above what two readings of two clocks can differ by.
const napKnown = time.Second

// SleepClock tells how long the machine has been suspended, in all. Go's clock
// is CLOCK_MONOTONIC, which stands still in a suspend.
type SleepClock struct {
	Ahead func() time.Duration // of the boot's clock before Go's

	mu   sync.Mutex
	told time.Duration
}

// Total rises by each suspend and else stays as it is, to the nanosecond.
func (c *SleepClock) Total() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ahead := c.Ahead(); ahead-c.told >= napKnown {
		c.told = ahead
	}
	return c.told
}

// Suspends says what makes this machine suspend by itself; empty where nothing
// is known to. Lids and keys are a person's.
func Suspends(root string) string {
	at := func(path string) string { return filepath.Join(root, path) }
	if auto := word(at("/sys/power/autosleep")); slices.Contains([]string{"mem", "freeze", "standby", "disk"}, auto) {
		return "/sys/power/autosleep is " + auto
	}
	shut := func(action string) bool { return masked(at("/etc/systemd/system/" + action + ".target")) }
	if shut("sleep") {
		return ""
	}
	file, action := idleAction(root)
	if slices.Contains([]string{"suspend", "hibernate", "hybrid-sleep", "suspend-then-hibernate", "sleep"}, action) && !shut(action) {
		return "IdleAction=" + action + " in " + file
	}
	states := strings.Fields(word(at("/sys/power/state")))
	gnome := there(at("/usr/libexec/gsd-power")) || there(at("/usr/lib/gnome-settings-daemon/gsd-power"))
	if gnome && !shut("suspend") && (slices.Contains(states, "mem") || slices.Contains(states, "freeze") || slices.Contains(states, "standby")) {
		return "GNOME's power settings suspend a machine that nobody uses"
	}
	return ""
}

func word(file string) string {
	text, _ := os.ReadFile(file) // none: the kernel or the system has no such thing
	return strings.TrimSpace(string(text))
}

// masked tells a unit that systemctl mask has shut.
func masked(unit string) bool {
	to, err := os.Readlink(unit)
	return err == nil && to == "/dev/null"
}

// idleAction is logind's, from the file that has the last word: of all drop-ins
// the last by name, where one of /etc hides its namesakes (logind.conf(5)).
func idleAction(root string) (file, action string) {
	byName := map[string]string{}
	for _, dir := range []string{"/usr/lib", "/usr/local/lib", "/run", "/etc"} {
		files, _ := filepath.Glob(filepath.Join(root, dir, "systemd/logind.conf.d/*.conf")) // the pattern is well formed
		for _, f := range files {
			byName[filepath.Base(f)] = f
		}
	}
	names := make([]string, 0, len(byName))
	for name := range byName {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, f := range append([]string{filepath.Join(root, "/etc/systemd/logind.conf")}, paths(byName, names)...) {
		for line := range strings.Lines(word(f)) {
			if value, ok := strings.CutPrefix(strings.ReplaceAll(line, " ", ""), "IdleAction="); ok {
				file, action = f, strings.TrimSpace(value)
			}
		}
	}
	return file, action
}

func paths(byName map[string]string, names []string) []string {
	var all []string
	for _, name := range names {
		all = append(all, byName[name])
	}
	return all
}

func there(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
