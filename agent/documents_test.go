package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"thermostat/agent/cli"
	"thermostat/agent/config"
)

// pages gives the text of README and of every page in docs, by file.
func pages(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../docs/*.md")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	all := map[string]string{}
	for _, file := range append(files, "../README.md") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[file] = string(text)
	}
	return all
}

// TestConfigurationsInTheDocumentsAreValid: a reader may copy what is whole.
func TestConfigurationsInTheDocumentsAreValid(t *testing.T) {
	block := regexp.MustCompile("(?s)```yaml\n(device:.*?)```")
	found := 0
	for file, text := range pages(t) {
		for _, b := range block.FindAllStringSubmatch(text, -1) {
			found++
			if _, complaints := config.Read(file, []byte(b[1])); len(complaints) > 0 {
				t.Error(complaints)
			}
		}
	}
	if found < 2 {
		t.Errorf("%d configurations", found)
	}
}

// TestCommandsInTheDocumentsAreTaken: each line that runs the program names a
// command with flags and arguments that it takes.
func TestCommandsInTheDocumentsAreTaken(t *testing.T) {
	line := regexp.MustCompile(`(?m)^    (?:sudo )?(?:thermostat|go run \./agent) (.+)$`)
	found := 0
	for file, text := range pages(t) {
		for _, l := range line.FindAllStringSubmatch(text, -1) {
			found++
			if err := taken(l[1]); err != nil {
				t.Errorf("%s: %s: %v", file, l[0], err)
			}
		}
	}
	if found < 40 {
		t.Errorf("%d commands", found)
	}
	for _, wrong := range []string{"see", "set", "watch --colour", "demo --speed fast"} {
		if taken(wrong) == nil {
			t.Errorf("%s is taken", wrong)
		}
	}
}

// TestEveryCommandStandsInTheDocuments: in README's list and in the table of docs/commands.md.
func TestEveryCommandStandsInTheDocuments(t *testing.T) {
	all := pages(t)
	list := regexp.MustCompile("(?m)^.*docs/commands.md.*`(demo .*)`").FindStringSubmatch(all["../README.md"])
	for _, cmd := range rootCommand().Commands() {
		if list == nil || !slices.Contains(strings.Fields(list[1]), cmd.Name()) {
			t.Errorf("README does not list %s: %q", cmd.Name(), list)
		}
		if !regexp.MustCompile("(?m)^\\| .*`" + cmd.Name() + "`").MatchString(all["../docs/commands.md"]) {
			t.Errorf("docs/commands.md has no row of %s", cmd.Name())
		}
	}
}

// taken says why a command's line is not one, without running it.
func taken(line string) error {
	words := regexp.MustCompile(`'[^']*'|\S+`).FindAllString(line, -1)
	if end := slices.IndexFunc(words, func(w string) bool { return strings.ContainsAny(w[:1], "#|<>") }); end >= 0 {
		words = words[:end]
	}
	for i := range words {
		words[i] = strings.Trim(words[i], "'")
	}
	cmd, rest, err := rootCommand().Find(cli.Signs(words))
	if err == nil {
		err = cmd.ParseFlags(rest)
	}
	if err == nil {
		err = cmd.ValidateArgs(cmd.Flags().Args())
	}
	return err
}
