package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// kind is what a value looks like in the file.
type kind uint8

const (
	kindRefused kind = iota // complained of already
	kindEmpty
	kindScalar
	kindList
	kindMapping
)

func (k kind) String() string {
	return [...]string{"refused", "empty", "a plain value", "a list", "a mapping"}[k]
}

// node is one value of the file, freed of the library's many shapes.
type node struct {
	kind         kind
	text         string // of a scalar, as it is meant: off is off
	quoted       bool
	line, column int // of its key, or where it begins
	parent       *node
	key          string  // where the parent is a mapping
	index        int     // where the parent is a list
	children     []*node // of a mapping or a list, in the file's order
}

// child gives the value of a key, or nil.
func (n *node) child(key string) *node {
	if n == nil || n.kind != kindMapping {
		return nil
	}
	i := slices.IndexFunc(n.children, func(c *node) bool { return c.key == key })
	if i < 0 {
		return nil
	}
	return n.children[i]
}

// path names a value for people: zones[0].timing.sample.
func (n *node) path() string {
	var b strings.Builder
	n.writePath(&b)
	return b.String()
}

func (n *node) writePath(b *strings.Builder) {
	if n == nil || n.parent == nil {
		return
	}
	n.parent.writePath(b)
	if n.parent.kind == kindList {
		b.WriteString("[" + strconv.Itoa(n.index) + "]")
		return
	}
	if b.Len() > 0 {
		b.WriteByte('.')
	}
	b.WriteString(pathWord(n.key))
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)

// pathWord keeps a strange key from breaking the line that complains of it.
func pathWord(key string) string {
	if plainWord.MatchString(key) {
		return key
	}
	return fmt.Sprintf("%.40q", key)
}

// convert fills a node, whose place is known, from the library's tree. How
// deep it recurses was bounded by checkShape.
func (r *reader) convert(from ast.Node, n *node) *node {
	if n.line == 0 {
		at := startOf(from)
		n.line, n.column = at.Line, at.Column
	}
	switch v := from.(type) {
	case *ast.MappingNode:
		n.kind = kindMapping
		r.convertMapping(v.Values, n)
	case *ast.MappingValueNode:
		n.kind = kindMapping
		r.convertMapping([]*ast.MappingValueNode{v}, n)
	case *ast.SequenceNode:
		n.kind = kindList
		r.convertList(v.Values, n)
	default:
		r.convertScalar(from, n)
	}
	return n
}

func (r *reader) convertList(items []ast.Node, n *node) {
	for i, item := range items {
		n.children = append(n.children, r.convert(item, &node{parent: n, index: i}))
	}
}

func (r *reader) convertMapping(entries []*ast.MappingValueNode, n *node) {
	first := make(map[string]*node, len(entries))
	for _, e := range entries {
		c := &node{parent: n}
		at := startOf(e.Key)
		c.line, c.column = at.Line, at.Column
		if !r.convertKey(e.Key, c) {
			continue
		}
		r.convert(e.Value, c)
		if before := first[c.key]; before != nil {
			r.complain(c, "is given twice, first in line %d", before.line)
			continue
		}
		first[c.key] = c
		n.children = append(n.children, c)
	}
}

func (r *reader) convertKey(key ast.Node, n *node) bool {
	switch k := key.(type) {
	case *ast.MergeKeyNode:
		n.key = "<<"
		r.complain(n, "a merge key is not understood: write the values out")
		return false
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MappingKeyNode:
		r.complainOf(n, n.parent.path(), "a key with an anchor, an alias or a tag is not understood: write the plain word")
		return false
	case *ast.StringNode:
		n.key = k.Value
	default:
		n.key = key.GetToken().Value
	}
	if unseen := invisible(n.key); unseen != "" {
		r.complain(n, "%s", unseen)
		return false
	}
	return true
}

func (r *reader) convertScalar(from ast.Node, n *node) {
	switch v := from.(type) {
	case *ast.AnchorNode:
		r.complain(n, "an anchor (&) is not understood: write the value out wherever it is wanted")
	case *ast.AliasNode:
		r.complain(n, "an alias (*) is not understood: write the value out")
	case *ast.TagNode:
		r.complain(n, "a tag (!) is not understood: leave it out")
	case *ast.NullNode, nil:
		n.kind = kindEmpty
	case *ast.LiteralNode:
		n.kind, n.text, n.quoted = kindScalar, v.Value.Value, true
	case ast.ScalarNode:
		// The token and not the value: what the library holds for a boolean or
		// a number may be meant as a word.
		tk := v.GetToken()
		n.kind, n.text = kindScalar, tk.Value
		n.quoted = tk.Type == token.SingleQuoteType || tk.Type == token.DoubleQuoteType
	default:
		r.complain(n, "is not understood")
	}
	if unseen := invisible(n.text); unseen != "" {
		r.complain(n, "%s", unseen)
		n.kind, n.text = kindRefused, ""
	}
}

// startOf is where a value begins; the library says for a block mapping where
// its first colon is.
func startOf(n ast.Node) *token.Position {
	switch v := n.(type) {
	case *ast.MappingNode:
		if !v.IsFlowStyle && len(v.Values) > 0 {
			return startOf(v.Values[0])
		}
	case *ast.MappingValueNode:
		return startOf(v.Key)
	}
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return &token.Position{Line: 1, Column: 1}
	}
	return n.GetToken().Position
}
