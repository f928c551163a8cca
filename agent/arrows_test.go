package main

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// allowed is the plan of the house: what each room may import of ours.
// Everything points at controlloop, nothing points at agent, and drivers, mqtt
// and status do not know each other.
var allowed = map[string][]string{
	"controlloop": {},
	"house":       {},
	"proto":       {},
	"drivers":     {"controlloop", "house"},
	"mqtt":        {"controlloop", "proto", "mqtt/broker", "mqtt/wire", "mqtt/setpoint", "mqtt/device", "mqtt/homeassistant"},
	"status":      {"controlloop"},
	"agent": {"agent/cli", "agent/config", "agent/probe", "agent/reach", "agent/replay", "agent/service", "agent/simulate", "agent/state", "agent/watch", "controlloop", "drivers", "house", "mqtt", "proto", "status",
		"mqtt/broker", "mqtt/client", "mqtt/device", "mqtt/setpoint", "mqtt/wire"},
	"bench": {"proto"},
	"docs":  {}, // tests of what people read
}

// pure rooms import only the standard library, and the law not even these.
var (
	pure       = []string{"controlloop", "house"}
	lawForbids = []string{"os", "net", "log", "log/slog"}
)

func TestArrows(t *testing.T) {
	folders, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range folders {
		files, _ := filepath.Glob(filepath.Join("..", d.Name(), "*.go"))
		if _, known := allowed[d.Name()]; len(files) > 0 && !known {
			t.Errorf("%s is no room of the plan", d.Name())
		}
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				checkImports(t, d.Name(), file)
			}
		}
	}
}

func checkImports(t *testing.T, room, file string) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range parsed.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		ours, isOurs := strings.CutPrefix(path, "thermostat/")
		switch {
		case isOurs && !slices.Contains(allowed[room], ours):
			t.Errorf("%s: %s must not import %s", file, room, ours)
		case !isOurs && slices.Contains(pure, room) && strings.Contains(path, "."):
			t.Errorf("%s: %s imports only std, not %s", file, room, path)
		case filepath.Base(file) == "law.go" && slices.Contains(lawForbids, path):
			t.Errorf("%s: the law must not import %s", file, path)
		}
	}
}

// TestTheLawReadsNoClock: time is data.
func TestTheLawReadsNoClock(t *testing.T) {
	text, err := os.ReadFile("../controlloop/law.go")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "time.Now") || strings.Contains(string(text), "time.Since") {
		t.Error("law.go reads a clock")
	}
}
