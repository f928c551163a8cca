package main

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/controlloop"
)

// The two clocks are read one after the other, so what lies between them jitters;
// what was told once does not.
func TestSleepClockRisesBySuspendsAlone(t *testing.T) {
	ahead := time.Hour
	c := &sleepClock{ahead: func() time.Duration { return ahead }}
	for _, row := range []struct{ is, want time.Duration }{
		{time.Hour, time.Hour},
		{time.Hour + time.Millisecond, time.Hour},
		{time.Hour - time.Minute, time.Hour}, // a reading that was disturbed
		{time.Hour + napKnown, time.Hour + napKnown},
		{time.Hour + napKnown + napKnown/2, time.Hour + napKnown},
		{time.Hour + 2*napKnown, time.Hour + 2*napKnown}, // short ones add up
	} {
		ahead = row.is
		if got := c.total(); got != row.want {
			t.Errorf("%v ahead: %v, want %v", row.is, got, row.want)
		}
	}
}

// This machine does not sleep while it tests.
func TestBootClockOfThisMachineStandsStillBesideGos(t *testing.T) {
	first := bootAhead()
	for range 1000 {
		if d := bootAhead() - first; d > napKnown || d < -napKnown {
			t.Fatalf("ahead by %v more", d)
		}
	}
}

// lockedText takes what is logged while the test reads it.
type lockedText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestZonesAreWokenAfterASuspend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ahead atomic.Int64 // a time.Duration
		ahead.Store(int64(time.Minute))
		var said lockedText
		zone := &controlloop.Zone{Woken: controlloop.NewLatest[struct{}]()}
		a := &agent{
			sleep: &sleepClock{ahead: func() time.Duration { return time.Duration(ahead.Load()) }},
			zones: []*controlloop.Zone{zone}, log: slog.New(slog.NewTextHandler(&said, nil)),
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go a.wakeZones(ctx)
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(zone.Woken.C()) > 0 || said.String() != "" {
			t.Errorf("woken without a suspend: %s", said.String())
		}
		ahead.Add(int64(8 * time.Hour))
		time.Sleep(napLook)
		synctest.Wait()
		if len(zone.Woken.C()) == 0 || strings.Count(said.String(), "\n") != 1 || !strings.Contains(said.String(), "for=8h0m0s") {
			t.Errorf("%d words to the zone, log %q", len(zone.Woken.C()), said.String())
		}
	})
}

func TestCheckWarnsWhereTheSystemMaySuspendByItself(t *testing.T) {
	const idle = "IdleAction=suspend in "
	for name, row := range map[string]struct {
		files map[string]string // -> makes a link
		want  string
	}{
		"a plain system":             {map[string]string{"/sys/power/state": "freeze mem\n", "/etc/systemd/logind.conf": "[Login]\n#IdleAction=suspend\n"}, ""},
		"logind":                     {map[string]string{"/etc/systemd/logind.conf": "[Login]\nIdleAction=suspend\n"}, idle + "/etc/systemd/logind.conf"},
		"logind, with blanks":        {map[string]string{"/etc/systemd/logind.conf": "[Login]\nIdleAction = hibernate\n"}, "IdleAction=hibernate in"},
		"logind, in a drop-in":       {map[string]string{"/usr/lib/systemd/logind.conf.d/10-idle.conf": "[Login]\nIdleAction=suspend"}, idle + "/usr/lib/systemd/logind.conf.d/10-idle.conf"},
		"logind, mended by a later":  {map[string]string{"/etc/systemd/logind.conf": "IdleAction=suspend\n", "/etc/systemd/logind.conf.d/a.conf": "IdleAction=ignore\n"}, ""},
		"logind, hidden by /etc":     {map[string]string{"/usr/lib/systemd/logind.conf.d/a.conf": "IdleAction=suspend\n", "/etc/systemd/logind.conf.d/a.conf": ""}, ""},
		"logind that locks":          {map[string]string{"/etc/systemd/logind.conf": "IdleAction=lock\n"}, ""},
		"masked":                     {map[string]string{"/etc/systemd/logind.conf": "IdleAction=suspend\n", "/etc/systemd/system/sleep.target": "->/dev/null"}, ""},
		"suspend alone masked":       {map[string]string{"/etc/systemd/logind.conf": "IdleAction=suspend\n", "/etc/systemd/system/suspend.target": "->/dev/null"}, ""},
		"hibernates, suspend masked": {map[string]string{"/etc/systemd/logind.conf": "IdleAction=hibernate\n", "/etc/systemd/system/suspend.target": "->/dev/null"}, "IdleAction=hibernate"},
		"GNOME, masked":              {map[string]string{"/sys/power/state": "mem\n", "/usr/libexec/gsd-power": "", "/etc/systemd/system/suspend.target": "->/dev/null"}, ""},
		"autosleep":                  {map[string]string{"/sys/power/autosleep": "mem\n"}, "/sys/power/autosleep is mem"},
		"autosleep off":              {map[string]string{"/sys/power/autosleep": "off\n"}, ""},
		"GNOME":                      {map[string]string{"/sys/power/state": "freeze mem disk\n", "/usr/libexec/gsd-power": ""}, "GNOME's power settings"},
		"GNOME that cannot":          {map[string]string{"/sys/power/state": "\n", "/usr/libexec/gsd-power": ""}, ""},
	} {
		root := t.TempDir()
		for path, text := range row.files {
			path = filepath.Join(root, path)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if to, ok := strings.CutPrefix(text, "->"); ok {
				if err := os.Symlink(to, path); err != nil {
					t.Fatal(err)
				}
				continue
			}
			write(t, path, text)
		}
		said := strings.ReplaceAll(suspendWarning(mustBeClean(t, twoRelays), root), root, "")
		if !strings.Contains(said, row.want) || (said == "") != (row.want == "") {
			t.Errorf("%s: %q, want %q", name, said, row.want)
		}
		if said := suspendWarning(mustBeClean(t, "device: den\nzones: []\n"), root); said != "" {
			t.Errorf("%s: without a relay: %q", name, said)
		}
	}
}
