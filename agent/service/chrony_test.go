package service

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"thermostat/agent/clitest"
	"thermostat/agent/config"
)

// TestChronyThatDoesNotTellTheKernelIsNamed: its file lacks rtcsync, and so do those beside
// it. A comment is none, and the case does not matter.
func TestChronyThatDoesNotTellTheKernelIsNamed(t *testing.T) {
	cfg, complaints := config.Read("f", []byte("device: den\n"+clitest.Room+"    program: 06:00 21\n"))
	if len(cfg.Zones) != 1 {
		t.Fatal(complaints)
	}
	const debian, other = "/etc/chrony/chrony.conf", "/etc/chrony.conf"
	for name, row := range map[string]struct {
		files map[string]string
		names string // empty: no warning
	}{
		"no chrony":                      {nil, ""},
		"Debian's":                       {map[string]string{debian: "pool 2.debian.pool.ntp.org iburst\n# comment\nrtcsync\n"}, ""},
		"without":                        {map[string]string{debian: "pool 2.debian.pool.ntp.org iburst\n"}, debian},
		"in a comment":                   {map[string]string{debian: "#rtcsync\n! rtcsync\n"}, debian},
		"another word":                   {map[string]string{debian: "rtcfile /var/lib/rtcsync\nrtcsyncx\n"}, debian},
		"without an end, in capitals":    {map[string]string{debian: "makestep 1 3\n  RtcSync"}, ""},
		"beside it":                      {map[string]string{debian: "confdir /etc/chrony/conf.d", "/etc/chrony/conf.d/own.conf": "rtcsync"}, ""},
		"beside it, and no .conf":        {map[string]string{debian: "confdir /etc/chrony/conf.d", "/etc/chrony/conf.d/README": "rtcsync"}, debian},
		"elsewhere":                      {map[string]string{other: "server ntp.lan\n"}, other},
		"elsewhere, and says it":         {map[string]string{other: "rtcsync\n"}, ""},
		"of a distribution that is gone": {map[string]string{debian: "rtcsync\n", other: "server ntp.lan\n"}, ""},
	} {
		root := t.TempDir()
		for file, text := range row.files {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(root, file)), 0o755); err != nil {
				t.Fatal(err)
			}
			clitest.WriteFile(t, filepath.Join(root, file), text)
		}
		said := ChronyWarning(cfg, root)
		if (said == "") != (row.names == "") || said != "" && (!strings.HasPrefix(said, filepath.Join(root, row.names)+" lacks rtcsync") || !strings.Contains(said, "write a line rtcsync")) {
			t.Errorf("%s: %q, want of %q", name, said, row.names)
		}
		trusted, none := cfg, cfg
		trusted.Clock, none.Zones = "trust", nil
		if said := ChronyWarning(trusted, root) + ChronyWarning(none, root); said != "" {
			t.Errorf("%s: where nobody asks for the clock: %q", name, said)
		}
	}
}
