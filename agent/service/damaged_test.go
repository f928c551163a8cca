package service

import (
	"context"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/agent/clitest"
)

func TestADamagedConfigurationIsWaitedForAndNotTriedAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file, m := clitest.DamagedFile(t), &clitest.Manager{}
		began := time.Now()
		if (Mending{file, Fingerprint(file), MendConfig}).wait(t.Context(), damageOf(file), m.Send) {
			t.Error("told to end")
		}
		if waited := time.Since(began); waited != MendConfig {
			t.Errorf("waited for %v, want %v", waited, MendConfig)
		}
		if n, want := m.Count("EXTEND_TIMEOUT_USEC=30000000"), int(MendConfig/mendLook); n < want || n > want+1 {
			t.Errorf("the start's time was extended %d times, want %d", n, want)
		}
		if status := m.LastLine("STATUS="); !strings.HasPrefix(status, "STATUS=every relay is off, until this is mended: "+file+":3:5: ") {
			t.Errorf("status %q", status)
		}
		if m.Count("READY=1") > 0 || m.Count("WATCHDOG=1") > 0 {
			t.Errorf("told %q", m.Told)
		}
		for _, line := range m.Told {
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
			clitest.WriteFile(t, file+"~", "device: den\nzones: []\n")
			return os.Rename(file+"~", file)
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			file, m := clitest.DamagedFile(t), &clitest.Manager{}
			began := time.Now()
			time.AfterFunc(time.Minute+time.Second, func() {
				if err := change(file); err != nil {
					t.Error(err)
				}
			})
			if (Mending{file, Fingerprint(file), MendConfig}).wait(t.Context(), "x", m.Send) {
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
		file := clitest.DamagedFile(t)
		seen, began := Fingerprint(file), time.Now()
		clitest.WriteFile(t, file, "device: den\nzones: []\n")
		Mending{file, seen, MendConfig}.wait(t.Context(), "x", (&clitest.Manager{}).Send)
		if waited := time.Since(began); waited > 0 {
			t.Errorf("waited for %v", waited)
		}
	})
}

func TestTheWaitForAMendedConfigurationEndsWithTheService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file, m := clitest.DamagedFile(t), &clitest.Manager{}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		if !(Mending{file, Fingerprint(file), MendConfig}).wait(ctx, "x", m.Send) || m.LastLine("STOPPING=1") == "" {
			t.Errorf("not told to end: %q", m.Told)
		}
	})
}
