package mqtt

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The budgets of a room.
const (
	maxPackageLines  = 2500
	maxFunctionLines = 50
	maxMethods       = 30 // of one type
	maxMethodFiles   = 3  // that they stand in
)

const pahoPath = "github.com/eclipse/paho.mqtt.golang"

// rooms says what each package may import of ours, and whether it may talk to a broker itself.
var rooms = map[string]struct {
	imports []string
	paho    bool
}{
	".":             {[]string{"mqtt/broker", "mqtt/wire", "mqtt/setpoint", "mqtt/device", "mqtt/homeassistant", "controlloop"}, true},
	"broker":        {nil, true},
	"wire":          {[]string{"controlloop", "proto"}, false},
	"setpoint":      {[]string{"controlloop", "proto"}, false},
	"device":        {[]string{"mqtt/broker", "mqtt/wire", "mqtt/setpoint", "controlloop", "proto"}, true},
	"homeassistant": {[]string{"mqtt/wire", "mqtt/setpoint", "controlloop"}, false},
	"client":        {[]string{"mqtt/broker", "mqtt/wire", "mqtt/setpoint", "mqtt/device", "controlloop", "proto"}, true},
}

// TestRoomsKeepTheirArrowsAndBudgets: a room imports what it may, no package, function
// or type grows beyond what one can hold in mind.
func TestRoomsKeepTheirArrowsAndBudgets(t *testing.T) {
	folders, err := filepath.Glob("*/*.go")
	must(t, err)
	for _, file := range append(folders, "session.go") {
		if _, known := rooms[filepath.Dir(file)]; !known {
			t.Errorf("%s is in no room of the plan", file)
		}
	}
	for room := range rooms {
		files, err := filepath.Glob(filepath.Join(room, "*.go"))
		must(t, err)
		r := &measured{t: t, room: room, methods: map[string]int{}, files: map[string][]string{}}
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				r.measure(file)
			}
		}
		r.judge()
	}
}

// measured is what the files of one room come to.
type measured struct {
	t       *testing.T
	room    string
	lines   int
	methods map[string]int      // by type
	files   map[string][]string // that its methods stand in
}

func (r *measured) measure(file string) {
	text, err := os.ReadFile(file)
	must(r.t, err)
	r.lines += strings.Count(string(text), "\n")
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, text, 0)
	must(r.t, err)
	for _, spec := range parsed.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		ours, isOurs := strings.CutPrefix(path, "thermostat/")
		if isOurs && !slices.Contains(rooms[r.room].imports, ours) || path == pahoPath && !rooms[r.room].paho {
			r.t.Errorf("%s must not import %s", file, path)
		}
	}
	for _, d := range parsed.Decls {
		f, isFunc := d.(*ast.FuncDecl)
		if !isFunc {
			continue
		}
		if n := set.Position(f.End()).Line - set.Position(f.Pos()).Line + 1; n > maxFunctionLines {
			r.t.Errorf("%s: %s has %d lines", file, f.Name.Name, n)
		}
		if f.Recv != nil {
			r.note(receiver(f.Recv.List[0].Type), file)
		}
	}
}

func (r *measured) note(of, file string) {
	r.methods[of]++
	if !slices.Contains(r.files[of], file) {
		r.files[of] = append(r.files[of], file)
	}
}

func (r *measured) judge() {
	if r.lines > maxPackageLines {
		r.t.Errorf("%s has %d lines", r.room, r.lines)
	}
	for of, n := range r.methods {
		if n > maxMethods || len(r.files[of]) > maxMethodFiles {
			r.t.Errorf("%s: %s has %d methods in %q", r.room, of, n, r.files[of])
		}
	}
}

// receiver is the name of a method's type.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}
