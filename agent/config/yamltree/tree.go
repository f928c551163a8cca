package yamltree

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Kind is what a value looks like in the file.
type Kind uint8

// The kinds of a value.
const (
	Refused Kind = iota // complained of already
	Empty
	Scalar
	List
	Mapping
)

// String says it as the subject of a complaint: a list, a mapping.
func (k Kind) String() string {
	return [...]string{"refused", "empty", "a plain value", "a list", "a mapping"}[k]
}

// Node is one value of the file, freed of the library's many shapes.
type Node struct {
	Kind         Kind
	Text         string // of a scalar, as it is meant: off is off
	Quoted       bool
	Line, Column int // of its key, or where it begins
	Parent       *Node
	Key          string  // where the parent is a mapping
	Index        int     // where the parent is a list
	Children     []*Node // of a mapping or a list, in the file's order
}

// Child gives the value of a key, or nil.
func (n *Node) Child(key string) *Node {
	if n == nil || n.Kind != Mapping {
		return nil
	}
	i := slices.IndexFunc(n.Children, func(c *Node) bool { return c.Key == key })
	if i < 0 {
		return nil
	}
	return n.Children[i]
}

// Path names a value for people: zones[0].timing.sample.
func (n *Node) Path() string {
	var b strings.Builder
	n.writePath(&b)
	return b.String()
}

func (n *Node) writePath(b *strings.Builder) {
	if n == nil || n.Parent == nil {
		return
	}
	n.Parent.writePath(b)
	if n.Parent.Kind == List {
		b.WriteString("[" + strconv.Itoa(n.Index) + "]")
		return
	}
	if b.Len() > 0 {
		b.WriteByte('.')
	}
	b.WriteString(PathWord(n.Key))
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)

// PathWord keeps a strange key from breaking the line that complains of it.
func PathWord(key string) string {
	if plainWord.MatchString(key) {
		return key
	}
	return fmt.Sprintf("%.40q", key)
}

// Place is a line and a column, from 1; of no place in the file both are 0.
type Place struct{ Line, Column int }

// Place gives where a value is.
func (n *Node) Place() Place { return Place{n.Line, n.Column} }

// Bounds of a file's shape, far above any configuration, so that a file of
// something else brings one complaint and not a million.
const (
	maxKeys  = 1000 // of one mapping
	maxEmpty = 1000 // values that are not there
)

// convert fills a node, whose place is known, from the library's tree. How
// deep it recurses is bounded by maxDepth.
func (t *tree) convert(from *yaml.Node, n *Node) *Node {
	if n.Line == 0 {
		n.Line, n.Column = from.Line, from.Column
	}
	switch {
	case t.isRefused(from, n):
	case from.Kind == yaml.MappingNode:
		n.Kind = Mapping
		t.convertMapping(from, n)
	case from.Kind == yaml.SequenceNode:
		n.Kind = List
		n.Children = make([]*Node, len(from.Content))
		for i, item := range from.Content {
			n.Children[i] = t.convert(item, &Node{Parent: n, Index: i})
		}
	case from.Tag == "!!null":
		n.Kind = Empty
		if t.empty++; t.empty == maxEmpty+1 {
			t.complainAt(Place{n.Line, n.Column}, fmt.Sprintf("more than %d empty values", maxEmpty))
		}
	default:
		t.convertScalar(from, n)
	}
	return n
}

// isRefused complains of what one value may not have.
func (t *tree) isRefused(from *yaml.Node, n *Node) bool {
	switch {
	case from.Anchor != "":
		t.complain(n, "an anchor (&) is not understood: write the value out wherever it is wanted")
	case from.Kind == yaml.AliasNode:
		t.complain(n, "an alias (*) is not understood: write the value out")
	case isTagged(from):
		t.complain(n, "a tag (!) is not understood: leave it out")
	default:
		return false
	}
	return true
}

func isTagged(n *yaml.Node) bool { return n.Style&yaml.TaggedStyle != 0 || n.Tag == "!" }

func (t *tree) convertMapping(from *yaml.Node, n *Node) {
	if len(from.Content) > 2*maxKeys {
		key := from.Content[2*maxKeys]
		t.complainAt(Place{key.Line, key.Column}, fmt.Sprintf("more than %d keys in one mapping", maxKeys))
		n.Kind = Refused
		return
	}
	n.Children = make([]*Node, 0, len(from.Content)/2)
	for i := 0; i < len(from.Content); i += 2 {
		key := from.Content[i]
		c := &Node{Parent: n, Line: key.Line, Column: key.Column}
		switch {
		case t.noBlank(key, from.Content[i+1], c):
		case t.convertKey(from, key, c):
			t.convert(from.Content[i+1], c)
		default:
			continue
		}
		if before := n.Child(c.Key); before != nil {
			t.complain(c, "is given twice, first in line %d", before.Line)
			continue
		}
		n.Children = append(n.Children, c)
	}
}

func (t *tree) convertKey(mapping, key *yaml.Node, n *Node) bool {
	n.Key = key.Value
	switch {
	case mapping.Style&yaml.FlowStyle == 0 && key.Column != mapping.Column:
		t.complainAt(Place{key.Line, mapping.Column}, "a key after ? is not understood: write key: value")
	case key.Anchor != "" || key.Kind == yaml.AliasNode || isTagged(key):
		t.tell(n.Place(), n.Parent.Path(), "a key with an anchor, an alias or a tag is not understood: write the plain word")
	case key.Kind != yaml.ScalarNode:
		t.tell(n.Place(), n.Parent.Path(), "a list or a mapping is no key: write a plain word")
	case key.Tag == "!!merge":
		t.complain(n, "a merge key is not understood: write the values out")
	case invisible(n.Key) != "":
		t.complain(n, "%s", invisible(n.Key))
	default:
		return true
	}
	return false
}

// noBlank complains of {topic:t}, which YAML reads as one key without a value:
// no blank is behind the colon, or what looks like one.
func (t *tree) noBlank(key, value *yaml.Node, n *Node) bool {
	name, rest, _ := strings.Cut(key.Value, ":")
	switch {
	case key.Style != 0 || !isNothing(value):
		return false
	case strangeBlank(rest) == 0:
		n.Key = name
		t.complain(n, "%s", strangeBlankText(rest))
	case keyNoBlank.MatchString(key.Value):
		n.Key = name
		t.complain(n, "a blank is missing after the colon: write %s", ShownLine(name+": "+rest))
	default:
		return false
	}
	return true
}

// convertScalar keeps the text and not the value: what the library takes for a
// boolean or a number may be meant as a word.
func (t *tree) convertScalar(from *yaml.Node, n *Node) {
	if unseen := invisible(from.Value); unseen != "" {
		t.complain(n, "%s", unseen)
		return
	}
	n.Kind, n.Text, n.Quoted = Scalar, from.Value, from.Style != 0
}
