package main

import (
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// The manual page names every command and every flag.
func TestManNamesEverything(t *testing.T) {
	text, err := os.ReadFile("../systemd/thermostat.1")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for _, cmd := range rootCommand().Commands() {
		if !strings.Contains(page, ".It Ic "+cmd.Name()) {
			t.Errorf("the manual page lacks the command %s", cmd.Name())
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) { needFlag(t, page, cmd, f.Name) })
	}
}

func needFlag(t *testing.T, page string, cmd *cobra.Command, name string) {
	if !strings.Contains(page, "-"+name+" ") && !strings.Contains(page, "-"+name+"\n") {
		t.Errorf("the manual page lacks %s --%s", cmd.Name(), name)
	}
}
