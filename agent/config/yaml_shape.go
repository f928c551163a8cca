package config

import (
	"fmt"

	"github.com/goccy/go-yaml/token"
)

// Bounds of a file's shape, far above any configuration. The library's parser
// needs time by the square of each of these, and stack by the depth.
const (
	maxDepth      = 32
	maxKeys       = 1000 // of one mapping
	maxEmpty      = 1000 // values that are not there
	maxProperties = 8    // tags and anchors in a row
)

// frame is one open mapping or list.
type frame struct {
	column int // of its keys or dashes
	flow   bool
	list   bool // flow: [ ]
	keys   int
	colon  bool // flow: the present entry has one
}

// shape follows the nesting of a file through its tokens.
type shape struct {
	frames            []frame
	empty, properties int
}

// checkShape finds the first token at which a file leaves the bounds, and
// says in what; comments must have been left out.
func checkShape(tokens token.Tokens) (at *token.Token, problem string) {
	var s shape
	for i, tk := range tokens {
		var prev, next *token.Token
		if i > 0 {
			prev = tokens[i-1]
		}
		if i+1 < len(tokens) {
			next = tokens[i+1]
		}
		s.step(prev, tk, next)
		if problem := s.problem(tk); problem != "" {
			return tk, problem
		}
	}
	return nil, ""
}

func (s *shape) problem(tk *token.Token) string {
	switch {
	case tk.Type == token.MappingKeyType:
		return "a key after ? is not understood: write key: value"
	case len(s.frames) > maxDepth:
		return fmt.Sprintf("nested deeper than %d", maxDepth)
	case len(s.frames) > 0 && s.top().keys > maxKeys:
		return fmt.Sprintf("more than %d keys in one mapping", maxKeys)
	case s.empty > maxEmpty:
		return fmt.Sprintf("more than %d empty values", maxEmpty)
	case s.properties > maxProperties:
		return fmt.Sprintf("more than %d tags or anchors in a row", maxProperties)
	}
	return ""
}

func (s *shape) step(prev, tk, next *token.Token) {
	switch tk.Type {
	case token.DocumentHeaderType, token.DocumentEndType:
		*s = shape{empty: s.empty}
	case token.AnchorType, token.AliasType, token.TagType:
		s.properties++
	case token.SequenceStartType, token.MappingStartType:
		s.properties = 0
		s.frames = append(s.frames, frame{flow: true, list: tk.Type == token.SequenceStartType})
	case token.SequenceEndType, token.MappingEndType:
		s.closeFlow(prev)
	case token.CollectEntryType:
		s.properties = 0
		s.comma(prev)
	case token.SequenceEntryType:
		s.dash(tk, next)
	case token.MappingValueType:
		s.key(prev, tk, next)
	}
}

func (s *shape) top() *frame { return &s.frames[len(s.frames)-1] }

func (s *shape) inFlow() bool { return len(s.frames) > 0 && s.top().flow }

// closeFlow leaves a [list] or {mapping}; a bracket too many is the parser's to refuse.
func (s *shape) closeFlow(prev *token.Token) {
	if s.inFlow() {
		s.comma(prev)
		s.frames = s.frames[:len(s.frames)-1]
	}
}

// comma ends an entry of a flow mapping; one without a colon has no value.
func (s *shape) comma(prev *token.Token) {
	if !s.inFlow() || prev == nil {
		return
	}
	f := s.top()
	if prev.Type == token.MappingValueType || !f.list && !f.colon {
		s.empty++
	}
	f.colon = false
}

// dash begins an item of a block list.
func (s *shape) dash(tk, next *token.Token) {
	s.properties = 0
	s.block(tk.Position.Column)
	if next == nil || next.Position.Line > tk.Position.Line && next.Position.Column <= tk.Position.Column {
		s.empty++
	}
}

// key is met at its colon.
func (s *shape) key(key, colon, next *token.Token) {
	s.properties = 0
	if s.inFlow() {
		s.top().colon = true
		return
	}
	if key == nil {
		return
	}
	column := key.Position.Column
	s.block(column)
	s.top().keys++
	if next == nil || next.Position.Line > colon.Position.Line && !belongsTo(next, column) {
		s.empty++
	}
}

// belongsTo reports whether a token that begins a line is the value of a key
// in the column: indented, or a list, whose dashes may stand below the key.
func belongsTo(tk *token.Token, column int) bool {
	at := tk.Position.Column
	return at > column || at == column && tk.Type == token.SequenceEntryType
}

// block makes the block mapping or list in the column the innermost one.
func (s *shape) block(column int) {
	for len(s.frames) > 0 && !s.top().flow && s.top().column > column {
		s.frames = s.frames[:len(s.frames)-1]
	}
	if len(s.frames) == 0 || s.top().flow || s.top().column < column {
		s.frames = append(s.frames, frame{column: column})
	}
}
