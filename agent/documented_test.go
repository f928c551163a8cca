package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fieldsTold are the rooms in which every exported field has a comment too.
var fieldsTold = []string{"controlloop", "drivers", "simulated", "hostfs", "house", "status"}

// TestEveryExportedNameHasADocComment: a package, and each of its exported types,
// functions, methods, constants and variables says what it is. Generated files
// and modules of their own are left out.
func TestEveryExportedNameHasADocComment(t *testing.T) {
	described := map[string]bool{} // folders
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "..":
			if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil || strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" {
				return filepath.SkipDir
			}
		case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
			if err != nil {
				return err
			}
			folder := filepath.Dir(path)
			described[folder] = described[folder] || file.Doc != nil || ast.IsGenerated(file)
			for _, name := range undocumented(file, slices.Contains(fieldsTold, filepath.Base(folder))) {
				t.Errorf("%s: %s has no comment", path, name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for folder, has := range described {
		if !has {
			t.Errorf("%s: the package has no comment", folder)
		}
	}
}

// TestMissingCommentsAreFound: of every kind of name.
func TestMissingCommentsAreFound(t *testing.T) {
	const text = `package p
type T struct {
	A int // says it
	B int

	// Two of a kind.
	C, D int
	E int // of the same group
	f int
}
// I is told.
type I interface { M() }
func F() {}
func (t T) G() {}
func (u unexported) H() {}
const K = 1
// These are told.
const (
	L = iota
	N
)
var V int
`
	file, err := parser.ParseFile(token.NewFileSet(), "p.go", text, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(undocumented(file, true), " "); got != "T T.B I.M F T.G K V" {
		t.Error(got)
	}
}

// undocumented gives a file's exported names without a comment, those of fields if they count.
func undocumented(file *ast.File, fields bool) (names []string) {
	if ast.IsGenerated(file) {
		return nil
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			name := d.Name.Name
			if d.Recv != nil {
				of := receiver(d.Recv.List[0].Type)
				if !ast.IsExported(of) {
					continue
				}
				name = of + "." + name
			}
			if d.Name.IsExported() && d.Doc == nil {
				names = append(names, name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				names = append(names, undocumentedSpec(spec, d.Doc != nil, fields)...)
			}
		}
	}
	return names
}

// undocumentedSpec gives the names of one declaration; a comment above the whole
// group is of each.
func undocumentedSpec(spec ast.Spec, told, fields bool) (names []string) {
	switch s := spec.(type) {
	case *ast.ValueSpec:
		return undocumentedNames("", s.Names, told || s.Doc != nil || s.Comment != nil)
	case *ast.TypeSpec:
		names = undocumentedNames("", []*ast.Ident{s.Name}, told || s.Doc != nil || s.Comment != nil)
		if _, methods := s.Type.(*ast.InterfaceType); s.Name.IsExported() && (fields || methods) {
			names = append(names, undocumentedFields(s)...)
		}
	}
	return names
}

// undocumentedFields gives the fields of a struct, or the methods of an interface.
func undocumentedFields(s *ast.TypeSpec) (names []string) {
	var fields *ast.FieldList
	switch t := s.Type.(type) {
	case *ast.StructType:
		fields = t.Fields
	case *ast.InterfaceType:
		fields = t.Methods
	default:
		return nil
	}
	for _, f := range fields.List {
		names = append(names, undocumentedNames(s.Name.Name+".", f.Names, f.Doc != nil || f.Comment != nil)...)
	}
	return names
}

func undocumentedNames(before string, of []*ast.Ident, told bool) (names []string) {
	for _, n := range of {
		if n.IsExported() && !told {
			names = append(names, before+n.Name)
		}
	}
	return names
}
