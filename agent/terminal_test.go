package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"

	"thermostat/agent/cli"
	"thermostat/agent/config"
	"thermostat/agent/demo"
	"thermostat/agent/set"
	"thermostat/controlloop"
	"thermostat/mqtt/setpoint"
)

// hostileWords are what a stranger on the broker may call a zone, or answer:
// sequences that clear a screen (also with the C1 form), line breaks, a text
// that runs backwards, and bytes that are no UTF-8.
var hostileWords = []string{"\x1b[2J", "\u009b2J", "a\r\nthermostat: all is well", "\u202egnp.exe", "\xff\x07", "\x1b]0;title\x07"}

// TestNoForeignWordReachesTheTerminalAsCommand: errors, answers and the demo's
// lines show what a terminal would obey in escapes, and everything else as it is.
func TestNoForeignWordReachesTheTerminalAsCommand(t *testing.T) {
	for _, word := range hostileWords {
		var out bytes.Buffer
		cli.Report(&out, cli.Exit(cli.ExitRefused, fmt.Errorf("refused: 5..28 °C, %s", word)))
		set.SayApplied(&out, setpoint.Answer{Applied: true, Mode: word, Reason: "not saved: " + word}, "C")
		config.PrintComplaints(&out, []config.Complaint{{File: "f", Text: word}})
		newDemoView(demo.House{Speed: 60}, &out, false).saw(controlloop.Snapshot{Zone: "a", Time: time.Now(), Setpoint: controlloop.Setpoint{Source: word}, Faults: []controlloop.Fault{{Name: "x", Text: word}}})
		text := out.String()
		for line := range strings.Lines(text) {
			if strings.ContainsFunc(strings.TrimSuffix(line, "\n"), func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("%q: %q", word, line)
			}
		}
		if !strings.Contains(text, "5..28 °C, ") {
			t.Errorf("%q is spoilt", text)
		}
	}
	var out bytes.Buffer
	cli.Report(&out, cli.Exit(cli.ExitRefused, fmt.Errorf("refused: \x1b[2J ü %%")))
	if out.String() != `thermostat: refused: \x1b[2J ü %`+"\n" {
		t.Errorf("%q", out.String())
	}
}

// TestDemoNamesTheCommandThatRunsIt: go run only where that made the program.
func TestDemoNamesTheCommandThatRunsIt(t *testing.T) {
	for _, c := range []struct{ typed, executable, want string }{
		{"thermostat", "/usr/bin/thermostat", "thermostat"},
		{"./thermostat", "/home/a/thermostat", "./thermostat"},
		{"/opt/my things/thermostat", "/opt/my things/thermostat", "thermostat"},
		{"/tmp/go-build123/b001/exe/agent", "/tmp/go-build123/b001/exe/agent", "go run ./agent"},
		{"/root/.cache/go-build/ab/cd-d/agent", "/root/.cache/go-build/ab/cd-d/agent", "go run ./agent"},
		{"thermostat", "", "thermostat"},
	} {
		if got := cli.HowToRun(c.typed, c.executable); got != c.want {
			t.Errorf("%s, %s: %s, want %s", c.typed, c.executable, got, c.want)
		}
	}
}
