package controlloop

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// constants gives the values of all constants of a type in a file of this package.
func constants(t *testing.T, file, typeName string) (values []string) {
	t.Helper()
	for _, d := range parse(t, file).Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, s := range g.Specs {
			spec := s.(*ast.ValueSpec)
			if name, ok := spec.Type.(*ast.Ident); ok && name.Name == typeName {
				value, _ := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
				values = append(values, value)
			}
		}
	}
	return values
}

func parse(t *testing.T, file string) *ast.File {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func texts[T ~string](names []T) (all []string) {
	for _, n := range names {
		all = append(all, string(n))
	}
	return all
}

// TestListsOfNamesAreWhole: each constant stands in the list of its type, once.
func TestListsOfNamesAreWhole(t *testing.T) {
	for _, row := range []struct {
		file, typeName string
		listed         []string
	}{
		{"faults.go", "FaultName", texts(FaultNames())},
		{"reasons.go", "Reason", texts(Reasons())},
	} {
		declared := constants(t, row.file, row.typeName)
		if len(declared) == 0 || !slices.Equal(declared, row.listed) {
			t.Errorf("%s declares %v\nbut the list is %v", row.file, declared, row.listed)
		}
	}
}

// TestEveryFaultIsExplained: the table of docs/safety.md has each fault, and no other.
func TestEveryFaultIsExplained(t *testing.T) {
	text, err := os.ReadFile("../docs/safety.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "\n## The faults")
	table, _, _ = strings.Cut(table, "\n## ")
	var explained []string
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]*) \\|").FindAllStringSubmatch(table, -1) {
		for _, name := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(row[1], -1) {
			explained = append(explained, name[1])
		}
	}
	if want := texts(FaultNames()); !slices.Equal(slices.Sorted(slices.Values(explained)), slices.Sorted(slices.Values(want))) {
		t.Errorf("docs/safety.md explains %v\nthe faults are %v", explained, want)
	}
}

// ambiguous are names of faults that are words of the configuration as well, and
// one that is also a place on the page: a string of them need not be a fault.
var ambiguous = []FaultName{FaultSensor, FaultRelay, FaultMemory, FaultHeatCutout, FaultCoolCutout, FaultClock, FaultProgram}

// TestNoFaultIsABareString: outside the tables a fault is written as its constant.
func TestNoFaultIsABareString(t *testing.T) {
	tables := []string{"../controlloop/faults.go", "../controlloop/reasons.go", "../controlloop/verdicts.go"}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		other := []string{"lab", "fleet", "dist", "testdata", "node_modules"}
		if d != nil && d.IsDir() && path != ".." && (slices.Contains(other, d.Name()) || strings.HasPrefix(d.Name(), ".")) {
			return filepath.SkipDir
		}
		if err == nil && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") && !slices.Contains(tables, path) {
			for _, bare := range bareFaults(parse(t, path)) {
				t.Errorf("%s: %s is a bare string", path, bare)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// bareFaults finds strings that name a fault: those that can be nothing else,
// and all where a fault is raised or looked up.
func bareFaults(file *ast.File) (found []string) {
	is := func(e ast.Expr, certain bool) {
		lit, ok := e.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return
		}
		text, _ := strconv.Unquote(lit.Value)
		name := FaultName(text)
		if slices.Contains(FaultNames(), name) && slices.Contains(ambiguous, name) == certain {
			found = append(found, lit.Value)
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			is(n, false)
		case *ast.CallExpr: // z.faults.set(name, …), z.Alarms.Set(name, …), FaultName(name)
			if len(n.Args) > 0 && raises(n.Fun) {
				is(n.Args[0], true)
			}
		case *ast.IndexExpr:
			if strings.HasSuffix(called(n.X), "aults") {
				is(n.Index, true)
			}
		}
		return true
	})
	return found
}

func raises(f ast.Expr) bool {
	selector, ok := f.(*ast.SelectorExpr)
	if !ok {
		return called(f) == "FaultName"
	}
	on := strings.ToLower(called(selector.X))
	return strings.EqualFold(selector.Sel.Name, "set") && (strings.HasSuffix(on, "faults") || strings.HasSuffix(on, "alarms")) || selector.Sel.Name == "FaultName"
}

// called is the last part of a name: faults of z.faults.
func called(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return ""
}
