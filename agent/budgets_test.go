package main

import (
	"fmt"
	"go/ast"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
)

// The budgets of the house. Lines are those of files that are no tests.
const (
	maxPackage   = 2500 // lines
	maxMain      = 1800 // lines of package main, in agent
	maxMethods   = 30   // of a type
	maxTypeFiles = 3    // with methods of one type
	maxFunction  = 50   // lines
	maxHeatPath  = 5000 // lines
	maxSource    = 2000 // lines of the path that ends the heat of a source
	maxBoard     = 1300 // lines of the path that ends the heat of a relay behind a bus that may hang
)

// heatPath are the files that can end the heat: whoever checks that they do
// reads these, and no others. What a model foresees chooses within the band alone, whose
// first and last word law.go has: it is not among them, as -PATTERN says.
var heatPath = []string{
	"controlloop/*.go", "-controlloop/foresight.go", "controlloop/guard/*.go", "controlloop/mailbox/*.go", "controlloop/steady/*.go",
	"drivers/gpio*.go", "drivers/onewire.go", "drivers/ds18b20.go", "drivers/w1/scratchpad.go", "drivers/w1/families.go", "drivers/bme280.go", "drivers/i2c.go", "drivers/readlimit.go",
	"agent/agent.go", "agent/devices/open.go", "agent/off.go",
}

// sourcePath are the files that can end the heat of a shared source beside those: the law of
// it, and who stands between it, its pump and the valves.
var sourcePath = []string{"controlloop/source/*.go", "agent/boiler/*.go", "controlloop/law.go", "controlloop/zone.go"}

// boardPath are the files that can end the heat of a relay behind a bus that may hang, a serial
// port's or an expander's, beside the first: a list of its own, since whoever has relays on the
// header alone need not read them.
var boardPath = []string{"drivers/modbus.go", "drivers/modbus/*.go", "drivers/aside/*.go"}

// notYet are the budgets that do not hold yet, with their present figures: they
// must not grow, and a row that is no longer needed must go.
var notYet = map[string]int{}

// TestPackagesTypesAndFunctionsStaySmall: packages, types and functions stay small enough to be read.
func TestPackagesTypesAndFunctionsStaySmall(t *testing.T) {
	files := productFiles(t)
	is := map[string]int{}
	over := func(what string, figure, budget int) {
		if figure > budget {
			is[what] = figure
		}
	}
	for folder, lines := range packageLines(files) {
		budget := maxPackage
		if folder == "agent" {
			budget = maxMain
		}
		over("lines of "+folder, lines, budget)
	}
	for name, m := range methodsOf(files) {
		over("methods of "+name, m.count, maxMethods)
		over("files with methods of "+name, len(m.files), maxTypeFiles)
	}
	for name, lines := range functionLines(files) {
		over("lines of func "+name, lines, maxFunction)
	}
	lines, missing := heatPathLines(files, heatPath)
	over("lines of the path that ends the heat", lines, maxHeatPath)
	lines, gone := heatPathLines(files, sourcePath)
	over("lines of the path that ends the heat of a source", lines, maxSource)
	missing = append(missing, gone...)
	lines, gone = heatPathLines(files, boardPath)
	over("lines of the path that ends the heat of a relay behind a bus that may hang", lines, maxBoard)
	missing = append(missing, gone...)
	for _, pattern := range missing {
		over("no file "+pattern+" on the path that ends the heat", 1, 0)
	}
	for _, what := range slices.Sorted(maps.Keys(is)) {
		if was, known := notYet[what]; !known || is[what] > was {
			t.Errorf("%s: %d is over its budget (known as not yet in it: %d)", what, is[what], was)
		}
	}
	for what := range notYet {
		if _, still := is[what]; !still {
			t.Errorf("%s is in its budget: take it out of notYet", what)
		}
	}
}

func packageLines(files []goFile) map[string]int {
	lines := map[string]int{}
	for _, f := range files {
		lines[f.folder] += f.lines
	}
	return lines
}

// methods are those of one type.
type methods struct {
	count int
	files map[string]bool
}

func methodsOf(files []goFile) map[string]methods {
	all := map[string]methods{}
	for _, f := range byHand(files) {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv == nil {
				continue
			}
			name := f.folder + "." + receiver(fn.Recv.List[0].Type)
			m := all[name]
			if m.files == nil {
				m.files = map[string]bool{}
			}
			m.count++
			m.files[f.path] = true
			all[name] = m
		}
	}
	return all
}

// receiver is the name of a receiver's type.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr: // of a generic type
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return fmt.Sprintf("%T", e)
}

func functionLines(files []goFile) map[string]int {
	lines := map[string]int{}
	for _, f := range byHand(files) {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			name := f.folder + "." + fn.Name.Name
			if fn.Recv != nil {
				name = f.folder + "." + receiver(fn.Recv.List[0].Type) + "." + fn.Name.Name
			}
			lines[name] = max(lines[name], f.Position(fn.End()).Line-f.Position(fn.Pos()).Line+1)
		}
	}
	return lines
}

// byHand are the files that a person wrote.
func byHand(files []goFile) []goFile {
	return slices.DeleteFunc(slices.Clone(files), func(f goFile) bool { return ast.IsGenerated(f.File) })
}

// heatPathLines counts the lines of a path that ends the heat, and tells which
// of its files are not there.
func heatPathLines(files []goFile, patterns []string) (lines int, missing []string) {
	for _, pattern := range patterns {
		found, sign := false, 1
		without, isWithout := strings.CutPrefix(pattern, "-")
		if isWithout {
			sign = -1
		}
		for _, f := range files {
			if ok, _ := path.Match(without, f.path); ok {
				lines += sign * f.lines
				found = true
			}
		}
		if !found {
			missing = append(missing, pattern)
		}
	}
	return lines, missing
}
