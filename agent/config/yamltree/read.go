package yamltree

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// MaxSize is far above 10,000 zones, in bytes; a larger file is not a configuration.
const MaxSize = 4 << 20

// tree collects what is wrong with a file.
type tree struct {
	keys  []string // that stand at the left margin
	tell  func(at Place, path, text string)
	empty int // values that are not there
}

// Read reads a file of one document into a tree. Keys are those that stand at
// the left margin; tell is given each complaint: its place, the path of the value
// that it is about, which is empty where it is about the file, and its words. Read
// gives nil where there is nothing to go on with, and then at least one complaint.
func Read(text []byte, keys []string, tell func(at Place, path, text string)) *Node {
	t := &tree{keys: keys, tell: tell}
	return t.read(text)
}

func (t *tree) complainAt(at Place, text string) { t.tell(at, "", text) }

func (t *tree) complain(n *Node, format string, args ...any) {
	t.tell(n.Place(), n.Path(), fmt.Sprintf(format, args...))
}

func (t *tree) read(text []byte) *Node {
	if !t.checkText(text) {
		return nil
	}
	text = t.refuseDirectives(bytes.TrimPrefix(text, []byte("\ufeff")))
	loader, err := yaml.NewLoader(bytes.NewReader(text), yaml.WithPlugin(bounds{}))
	if err != nil {
		t.syntaxError(err, text)
		return nil
	}
	var doc, second yaml.Node
	first, next := loader.Load(&doc), io.EOF
	if first == nil {
		next = loader.Load(&second)
	}
	switch {
	case first != nil && first != io.EOF:
		t.syntaxError(first, text)
		return nil
	case next == nil:
		t.complainAt(Place{second.Line, second.Column}, "a second document begins here: the file must be one")
	case next != io.EOF:
		t.syntaxError(next, text)
		return nil
	}
	return t.document(&doc, text)
}

// checkText refuses what no parser should see.
func (t *tree) checkText(text []byte) bool {
	if len(text) > MaxSize {
		t.complainAt(Place{}, "the file is larger than 4 MiB")
		return false
	}
	for i, c := range string(text) {
		bad := ""
		switch {
		case c == utf8.RuneError && !bytes.HasPrefix(text[i:], []byte("\ufffd")):
			bad = "the file is not UTF-8"
		case c < ' ' && c != '\t' && c != '\n' && c != '\r' || 0x7f <= c && c < 0xa0:
			bad = fmt.Sprintf("the control character %U has no place in a text file", c)
		case c == '\u2028' || c == '\u2029' || c == '\ufffe' || c == '\uffff':
			bad = strangeBlankText(string(c)) // the library ends a line at the first two, an editor does not
		}
		if bad != "" {
			t.complainAt(placeOf(text, i), bad)
			return false
		}
	}
	return true
}

// placeOf gives the line and column of a byte.
func placeOf(text []byte, offset int) Place {
	before := text[:offset]
	lineStart := bytes.LastIndexByte(before, '\n') + 1
	return Place{bytes.Count(before, []byte{'\n'}) + 1, utf8.RuneCount(before[lineStart:]) + 1}
}

const directiveRefused = "a directive (%) has no place here: leave it out"

// refuseDirectives complains of %YAML and the like before the document, and
// makes comments of them in a copy of the file, so that the rest is read.
func (t *tree) refuseDirectives(text []byte) []byte {
	text = slices.Clone(text)
	for offset, line := 0, 0; offset < len(text); line++ {
		length := bytes.IndexByte(text[offset:], '\n') + 1
		if length == 0 {
			length = len(text) - offset
		}
		switch said := bytes.TrimSpace(text[offset : offset+length]); {
		case text[offset] == '%':
			t.complainAt(Place{line + 1, 1}, directiveRefused)
			text[offset] = '#'
		case len(said) > 0 && said[0] != '#':
			return text
		}
		offset += length
	}
	return text
}

// syntaxError leaves out all that the library says of the file's words: a
// password that somebody wrote there would end up in the log.
func (t *tree) syntaxError(err error, text []byte) {
	var e *yaml.LoadError
	switch at, what := explain(text, t.keys); {
	case errors.As(err, &e) && e.Message == tooDeep:
		t.complainAt(Place{e.Mark.Line, e.Mark.Column}, tooDeep)
	case what != "":
		t.complainAt(at, what)
	case e != nil:
		t.complainAt(Place{e.Mark.Line, e.Mark.Column}, cmp.Or(plainWords[e.Message], "YAML: "+e.Message))
	default:
		t.complainAt(Place{}, "the file cannot be read as YAML")
	}
}

// document gives the tree of the only document.
func (t *tree) document(doc *yaml.Node, text []byte) *Node {
	if len(doc.Content) == 0 || isNothing(doc.Content[0]) {
		t.complainAt(Place{}, "the file is empty: thermostat probe --write FILE makes a configuration")
		return nil
	}
	root := t.convert(doc.Content[0], &Node{})
	if t.empty > maxEmpty {
		return nil
	}
	if first, _, _ := strings.Cut(root.Text, " "); slices.Contains(t.keys, first) { // its colon is missing
		if at, what := explain(text, t.keys); what != "" {
			t.complainAt(at, what)
			return nil
		}
	}
	return root
}

// isNothing tells a file of --- alone from one of a null that somebody wrote.
func isNothing(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Value == "" && n.Style == 0 && n.Anchor == ""
}

// maxDepth is how deep lines, and how deep brackets, may be nested: far above
// any configuration, and far below what the stack can hold.
const maxDepth = 32

var tooDeep = fmt.Sprintf("nested deeper than %d", maxDepth)

// bounds holds the library to maxDepth and makes every alias one that it knows:
// each is refused in its place.
type bounds struct{}

func (bounds) CheckDepth(depth int, _ *yaml.DepthContext) error {
	if depth > maxDepth {
		return errors.New(tooDeep)
	}
	return nil
}

func (bounds) CheckAlias(_, _ int) error { return nil }

func (bounds) NewAliasDataContext(yaml.AliasDataServices) (yaml.AliasDataContext, error) {
	return bounds{}, nil
}

func (bounds) BeginDocument() error                  { return nil }
func (bounds) EndDocument() error                    { return nil }
func (bounds) DefineAnchor(string, *yaml.Node) error { return nil }
func (bounds) ResolveAlias(string) (*yaml.Node, bool, error) {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}, true, nil
}
