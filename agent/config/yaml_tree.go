package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
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

// Bounds of a file's shape, far above any configuration, so that a file of
// something else brings one complaint and not a million.
const (
	maxKeys  = 1000 // of one mapping
	maxEmpty = 1000 // values that are not there
)

// convert fills a node, whose place is known, from the library's tree. How
// deep it recurses is bounded by maxDepth.
func (r *reader) convert(from *yaml.Node, n *node) *node {
	if n.line == 0 {
		n.line, n.column = from.Line, from.Column
	}
	switch {
	case r.isRefused(from, n):
	case from.Kind == yaml.MappingNode:
		n.kind = kindMapping
		r.convertMapping(from, n)
	case from.Kind == yaml.SequenceNode:
		n.kind = kindList
		n.children = make([]*node, len(from.Content))
		for i, item := range from.Content {
			n.children[i] = r.convert(item, &node{parent: n, index: i})
		}
	case from.Tag == "!!null":
		n.kind = kindEmpty
		if r.empty++; r.empty == maxEmpty+1 {
			r.complainAt(place{n.line, n.column}, fmt.Sprintf("more than %d empty values", maxEmpty))
		}
	default:
		r.convertScalar(from, n)
	}
	return n
}

// isRefused complains of what one value may not have.
func (r *reader) isRefused(from *yaml.Node, n *node) bool {
	switch {
	case from.Anchor != "":
		r.complain(n, "an anchor (&) is not understood: write the value out wherever it is wanted")
	case from.Kind == yaml.AliasNode:
		r.complain(n, "an alias (*) is not understood: write the value out")
	case isTagged(from):
		r.complain(n, "a tag (!) is not understood: leave it out")
	default:
		return false
	}
	return true
}

func isTagged(n *yaml.Node) bool { return n.Style&yaml.TaggedStyle != 0 || n.Tag == "!" }

func (r *reader) convertMapping(from *yaml.Node, n *node) {
	if len(from.Content) > 2*maxKeys {
		key := from.Content[2*maxKeys]
		r.complainAt(place{key.Line, key.Column}, fmt.Sprintf("more than %d keys in one mapping", maxKeys))
		n.kind = kindRefused
		return
	}
	n.children = make([]*node, 0, len(from.Content)/2)
	for i := 0; i < len(from.Content); i += 2 {
		key := from.Content[i]
		c := &node{parent: n, line: key.Line, column: key.Column}
		switch {
		case r.noBlank(key, from.Content[i+1], c):
		case r.convertKey(from, key, c):
			r.convert(from.Content[i+1], c)
		default:
			continue
		}
		if before := n.child(c.key); before != nil {
			r.complain(c, "is given twice, first in line %d", before.line)
			continue
		}
		n.children = append(n.children, c)
	}
}

func (r *reader) convertKey(mapping, key *yaml.Node, n *node) bool {
	n.key = key.Value
	switch {
	case mapping.Style&yaml.FlowStyle == 0 && key.Column != mapping.Column:
		r.complainAt(place{key.Line, mapping.Column}, "a key after ? is not understood: write key: value")
	case key.Anchor != "" || key.Kind == yaml.AliasNode || isTagged(key):
		r.complainOf(n, n.parent.path(), "a key with an anchor, an alias or a tag is not understood: write the plain word")
	case key.Kind != yaml.ScalarNode:
		r.complainOf(n, n.parent.path(), "a list or a mapping is no key: write a plain word")
	case key.Tag == "!!merge":
		r.complain(n, "a merge key is not understood: write the values out")
	case invisible(n.key) != "":
		r.complain(n, "%s", invisible(n.key))
	default:
		return true
	}
	return false
}

// noBlank complains of {topic:t}, which YAML reads as one key without a value:
// no blank is behind the colon, or what looks like one.
func (r *reader) noBlank(key, value *yaml.Node, n *node) bool {
	name, rest, _ := strings.Cut(key.Value, ":")
	switch {
	case key.Style != 0 || !isNothing(value):
		return false
	case strangeBlank(rest) == 0:
		n.key = name
		r.complain(n, "%s", strangeBlankText(rest))
	case keyNoBlank.MatchString(key.Value):
		n.key = name
		r.complain(n, "a blank is missing after the colon: write %s", shownLine(name+": "+rest))
	default:
		return false
	}
	return true
}

// convertScalar keeps the text and not the value: what the library takes for a
// boolean or a number may be meant as a word.
func (r *reader) convertScalar(from *yaml.Node, n *node) {
	if unseen := invisible(from.Value); unseen != "" {
		r.complain(n, "%s", unseen)
		return
	}
	n.kind, n.text, n.quoted = kindScalar, from.Value, from.Style != 0
}
