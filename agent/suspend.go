package main

import (
	"context"
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

// sleepClock tells how long the machine has been suspended, in all. Go's clock
// is CLOCK_MONOTONIC, which stands still in a suspend.
type sleepClock struct {
	ahead func() time.Duration // of the boot's clock before Go's

	mu   sync.Mutex
	told time.Duration
}

// total rises by each suspend and else stays as it is, to the nanosecond.
func (c *sleepClock) total() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ahead := c.ahead(); ahead-c.told >= napKnown {
		c.told = ahead
	}
	return c.told
}

// napLook is how often a suspend is looked for.
const napLook = time.Second

// wakeZones has every zone decide anew soon after a suspend.
func (a *agent) wakeZones(ctx context.Context) {
	tick := time.NewTicker(napLook)
	defer tick.Stop()
	for before := a.sleep.total(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		slept := a.sleep.total()
		if slept == before {
			continue
		}
		a.log.Warn("the machine was suspended: readings of before are old, and every relay that was on goes off and rests", "for", (slept - before).Round(time.Second))
		before = slept
		for _, z := range a.zones {
			z.Woken.Put(struct{}{})
		}
	}
}

// suspends says what makes this machine suspend by itself; empty where nothing
// is known to. Lids and keys are a person's.
func suspends(root string) string {
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
	gnome := exists(at("/usr/libexec/gsd-power")) || exists(at("/usr/lib/gnome-settings-daemon/gsd-power"))
	if gnome && !shut("suspend") && (slices.Contains(states, "mem") || slices.Contains(states, "freeze") || slices.Contains(states, "standby")) {
		return "GNOME's power settings suspend a machine that nobody uses"
	}
	return ""
}

// suspendWarning is empty for a machine that does not suspend by itself, and
// where no relay hangs on it.
func suspendWarning(c Config, root string) string {
	why := suspends(root)
	if why == "" || len(c.relays())+len(c.remoteRelays()) == 0 {
		return ""
	}
	return "this machine may suspend by itself (" + why + "), and while it sleeps a relay stays as it is: sudo systemctl mask sleep.target suspend.target hibernate.target hybrid-sleep.target"
}

func word(file string) string {
	text, _ := readFile(file) // none: the kernel or the system has no such thing
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
