package main

import (
	"context"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestADamagedConfigurationIsWaitedForAndNotTriedAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file, m := damagedFile(t), &manager{}
		began := time.Now()
		if (mending{file, fingerprint(file), mendConfig}).wait(t.Context(), damageOf(file), m.send) {
			t.Error("told to end")
		}
		if waited := time.Since(began); waited != mendConfig {
			t.Errorf("waited for %v, want %v", waited, mendConfig)
		}
		if n, want := m.count("EXTEND_TIMEOUT_USEC=30000000"), int(mendConfig/mendLook); n < want || n > want+1 {
			t.Errorf("the start's time was extended %d times, want %d", n, want)
		}
		if status := m.lastLine("STATUS="); !strings.HasPrefix(status, "STATUS=every relay is off, until this is mended: "+file+":3:5: ") {
			t.Errorf("status %q", status)
		}
		if m.count("READY=1") > 0 || m.count("WATCHDOG=1") > 0 {
			t.Errorf("told %q", m.told)
		}
		for _, line := range m.told {
			if strings.Contains(line, "\n") {
				t.Errorf("a line of the manager's has a break: %q", line)
			}
		}
	})
}

// Whatever changes the file ends the wait: another text, a rename, its removal.
func TestAChangedConfigurationEndsTheWaitWithinOneLook(t *testing.T) {
	for name, change := range map[string]func(file string) error{
		"mended": func(file string) error { return os.WriteFile(file, []byte("device: den\nzones: []\n"), 0o600) },
		"still damaged": func(file string) error {
			return os.WriteFile(file, []byte("device: den\nzones:\n  - naem: hall\n"), 0o600)
		},
		"gone": os.Remove,
		"another in its place": func(file string) error {
			write(t, file+"~", "device: den\nzones: []\n")
			return os.Rename(file+"~", file)
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			file, m := damagedFile(t), &manager{}
			began := time.Now()
			time.AfterFunc(time.Minute+time.Second, func() {
				if err := change(file); err != nil {
					t.Error(err)
				}
			})
			if (mending{file, fingerprint(file), mendConfig}).wait(t.Context(), "x", m.send) {
				t.Errorf("%s: told to end", name)
			}
			if waited := time.Since(began); waited <= time.Minute || waited > time.Minute+time.Second+mendLook {
				t.Errorf("%s: waited for %v", name, waited)
			}
		})
	}
}

// What was mended between reading it and waiting for it is noticed at once.
func TestAConfigurationMendedMeanwhileIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := damagedFile(t)
		seen, began := fingerprint(file), time.Now()
		write(t, file, "device: den\nzones: []\n")
		mending{file, seen, mendConfig}.wait(t.Context(), "x", (&manager{}).send)
		if waited := time.Since(began); waited > 0 {
			t.Errorf("waited for %v", waited)
		}
	})
}

func TestTheWaitForAMendedConfigurationEndsWithTheService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file, m := damagedFile(t), &manager{}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		if !(mending{file, fingerprint(file), mendConfig}).wait(ctx, "x", m.send) || m.lastLine("STOPPING=1") == "" {
			t.Errorf("not told to end: %q", m.told)
		}
	})
}
