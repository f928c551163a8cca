package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// allowed is the plan of the house: what each package may import of ours.
// Everything points at controlloop, nothing points at agent, and drivers, mqtt
// and status do not know each other. A row may stand before its package does.
var allowed = map[string][]string{
	".":                      {}, // the release's number
	"controlloop":            {"controlloop/foresee", "controlloop/guard", "controlloop/mailbox", "controlloop/steady"},
	"controlloop/limits":     {"controlloop"},
	"controlloop/guard":      {},
	"controlloop/mailbox":    {},
	"controlloop/steady":     {},
	"controlloop/report":     {"controlloop"},
	"controlloop/program":    {},
	"controlloop/clocktest":  {}, // for tests
	"controlloop/comfort":    {"controlloop", "controlloop/limits", "controlloop/program", "controlloop/slope"},
	"controlloop/slope":      {},
	"controlloop/source":     {},
	"controlloop/foresee":    {},
	"controlloop/roomtest":   {"controlloop/foresee"}, // for tests
	"house":                  {},
	"house/water":            {"house"},
	"house/climate":          {},
	"house/figures":          {"house"},
	"proto":                  {},
	"drivers":                {"controlloop", "drivers/aside", "drivers/hostfs", "drivers/kernel", "drivers/modbus", "drivers/simulated", "drivers/w1"},
	"drivers/modbus":         {},
	"drivers/modbus/model":   {"drivers/modbus"}, // for tests
	"drivers/aside":          {},
	"drivers/correction":     {"controlloop"},
	"drivers/hostfs":         {},
	"drivers/kernel":         {"controlloop", "drivers/hostfs"},
	"drivers/simulated":      {"controlloop", "controlloop/limits", "house", "house/water"},
	"drivers/survey":         {"controlloop", "drivers", "drivers/hostfs", "drivers/kernel", "drivers/w1"},
	"drivers/w1":             {"controlloop", "drivers/hostfs"},
	"drivers/w1/w1test":      {"controlloop"}, // for tests
	"mqtt/broker":            {},
	"mqtt/wire":              {"controlloop", "controlloop/comfort", "controlloop/program", "proto"},
	"mqtt/setpoint":          {"controlloop", "controlloop/comfort", "controlloop/limits", "controlloop/mailbox", "controlloop/program", "proto"},
	"mqtt/device":            {"controlloop", "controlloop/mailbox", "proto", "mqtt/broker", "mqtt/wire", "mqtt/setpoint"},
	"mqtt/hand":              {"controlloop", "controlloop/comfort", "controlloop/program", "mqtt/wire", "mqtt/setpoint"},
	"mqtt/homeassistant":     {"controlloop", "controlloop/comfort", "controlloop/source", "mqtt/wire", "mqtt/setpoint"},
	"mqtt/client":            {"controlloop", "controlloop/report", "proto", "mqtt/broker", "mqtt/wire", "mqtt/setpoint", "mqtt/device"},
	"mqtt":                   {"controlloop", "controlloop/comfort", "controlloop/limits", "controlloop/program", "controlloop/report", "proto", "mqtt/..."},
	"status":                 {"controlloop", "controlloop/report", "controlloop/source"},
	"agent/cli":              {"mqtt/wire", "."},
	"agent/clitest":          {"controlloop", "agent/cli"},
	"agent/devices":          {"controlloop", "drivers", "drivers/correction", "drivers/simulated", "mqtt/device"},
	"agent/config":           {"controlloop", "controlloop/comfort", "controlloop/limits", "controlloop/program", "controlloop/slope", "drivers", "drivers/correction", "drivers/kernel", "drivers/modbus", "drivers/simulated", "drivers/w1", "mqtt/broker", "mqtt/device", "mqtt/homeassistant", "agent/cli", "agent/config/...", "agent/devices"},
	"agent/config/yamltree":  {},
	"agent/config/plant":     {"controlloop"},
	"agent/config/machine":   {"drivers/hostfs"},
	"agent/config/plain":     {"agent/config/advice", "agent/config/yamltree"},
	"agent/config/unique":    {"agent/config/yamltree", "agent/devices", "drivers", "drivers/modbus"},
	"agent/config/sources":   {"controlloop/source", "drivers/simulated", "agent/devices"},
	"agent/config/advice":    {"agent/config/yamltree"},
	"agent/config/effective": {"controlloop", "controlloop/...", "agent/config", "agent/config/sources", "agent/devices"},
	"agent/config/reference": {"agent/config", "agent/config/plant", "agent/cli"},
	"agent/state":            {"controlloop", "controlloop/...", "drivers", "mqtt/setpoint", "mqtt/homeassistant", "agent/cli", "agent/config", "agent/config/machine", "agent/config/plant"},
	"agent/service":          {"controlloop", "controlloop/...", "drivers", "drivers/hostfs", "drivers/survey", "agent/cli", "agent/config", "agent/state"},
	"agent/boiler":           {"controlloop", "controlloop/report", "controlloop/source", "agent/config/sources", "agent/devices", "agent/state"},
	"agent/reach":            {"controlloop", "controlloop/report", "mqtt/...", "status", "agent/cli", "agent/config"},
	"agent/demo":             {"drivers/simulated", "agent/config"},
	"agent/replay":           below,
	"agent/simulate":         append([]string{"agent/replay", "agent/simulate/...", "house/..."}, below...),
	"agent/simulate/times":   {"agent/config"},
	"agent/simulate/records": {"controlloop", "controlloop/report", "house", "agent/config", "agent/config/plain", "agent/replay"},
	"agent/simulate/site":    {"controlloop", "controlloop/source", "drivers/simulated", "house/water", "agent/boiler", "agent/config/sources"},
	"agent/calibrate":        append([]string{"agent/devices"}, below...),
	"agent/probe":            below,
	"agent/set":              append([]string{"agent/reach"}, below...),
	"agent/watch":            append([]string{"agent/reach"}, below...),
	"agent/explain":          append([]string{"agent/reach"}, below...),
	"agent/blackbox":         {},
	"agent/ramdisk":          {}, // for tests
	"agent":                  append([]string{"agent/..."}, below...),
	"docs/wiring":            {}, // pictures
	"bench":                  {"proto"},
	"bench/comfort":          {"controlloop/foresee", "house", "house/climate", "house/figures"}, // laws side by side
}

// below is what stands below the commands.
var below = []string{"controlloop", "controlloop/...", "drivers", "drivers/...", "house", "mqtt", "mqtt/...", "proto", "status",
	"agent/cli", "agent/config", "agent/config/advice", "agent/config/machine", "agent/config/plain", "agent/config/plant", "agent/config/sources", "agent/state", "agent/service", "agent/boiler"}

// stdAlone are the packages that import only the standard library.
var stdAlone = []string{"controlloop", "controlloop/guard", "controlloop/mailbox", "controlloop/steady", "controlloop/clocktest", "controlloop/program", "controlloop/slope", "controlloop/source", "controlloop/foresee", "house"}

// forbidden are imports of others that a package must do without.
var forbidden = map[string][]string{
	"mqtt/wire":     {"github.com/eclipse/paho"},
	"mqtt/setpoint": {"github.com/eclipse/paho"},
}

// lawForbids is what the law must not import.
var lawForbids = []string{"os", "net", "log", "log/slog"}

// goFile is a file of the product that is no test.
type goFile struct {
	path, folder string // from the root of the module
	lines        int
	*ast.File
	*token.FileSet
}

// productFiles walks all folders but those of other modules.
func productFiles(t *testing.T) (all []goFile) {
	t.Helper()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skipForeign(path, d.Name())
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, path, text, parser.ParseComments)
		rel := strings.TrimPrefix(filepath.ToSlash(path), "../")
		all = append(all, goFile{rel, filepath.ToSlash(filepath.Dir(rel)), strings.Count(string(text), "\n"), parsed, set})
		return err
	})
	if err != nil || len(all) < 100 {
		t.Fatalf("%d files, %v", len(all), err)
	}
	return all
}

// skipForeign leaves out other modules, and what is no code of ours.
func skipForeign(path, name string) error {
	if path == ".." {
		return nil
	}
	_, err := os.Stat(filepath.Join(path, "go.mod"))
	if err == nil || strings.HasPrefix(name, ".") || slices.Contains([]string{"dist", "testdata", "node_modules"}, name) {
		return filepath.SkipDir
	}
	return nil
}

// TestEachPackageImportsOnlyWhatThePlanAllows: each package imports what the plan allows, and no more.
func TestEachPackageImportsOnlyWhatThePlanAllows(t *testing.T) {
	for _, f := range productFiles(t) {
		plan, known := allowed[f.folder]
		if !known {
			t.Errorf("%s: %s is no package of the plan: give it a row", f.path, f.folder)
			continue
		}
		for _, spec := range f.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			if wrong := wrongImport(f, plan, path); wrong != "" {
				t.Errorf("%s: %s", f.path, wrong)
			}
		}
	}
}

func wrongImport(f goFile, plan []string, path string) string {
	ours, isOurs := strings.CutPrefix(path, "thermostat/")
	if path == "thermostat" {
		ours, isOurs = ".", true
	}
	switch {
	case isOurs && !slices.ContainsFunc(plan, func(row string) bool { return covers(row, ours) }):
		return f.folder + " must not import " + ours
	case !isOurs && slices.Contains(stdAlone, f.folder) && strings.Contains(path, "."):
		return f.folder + " imports only std, not " + path
	case slices.ContainsFunc(forbidden[f.folder], func(start string) bool { return strings.HasPrefix(path, start) }):
		return f.folder + " must do without " + path
	case f.path == "controlloop/law.go" && slices.Contains(lawForbids, path):
		return "the law must not import " + path
	}
	return ""
}

// covers reports whether a row of the plan names a package: itself, or with
// /... all below it.
func covers(row, folder string) bool {
	if above, all := strings.CutSuffix(row, "..."); all {
		return strings.HasPrefix(folder, above)
	}
	return row == folder
}

// TestPlanHasNoCircle: the rows themselves point down; agent is at the top, and
// nobody imports it.
func TestPlanHasNoCircle(t *testing.T) {
	for folder, plan := range allowed {
		for _, row := range plan {
			if covers(row, "agent") || covers(row, folder) && folder != "agent" {
				t.Errorf("%s may import %s", folder, row)
			}
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
