package config

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// maxConfigSize is far above 10,000 zones; a larger file is not a configuration.
const maxConfigSize = 4 << 20

// readYAML reads a file of one document into a tree. It gives nil where there
// is nothing to go on with, and then at least one complaint.
func (r *reader) readYAML(text []byte) *node {
	if !r.checkText(text) {
		return nil
	}
	tokens := lexer.Tokenize(string(bytes.TrimPrefix(text, []byte("\ufeff"))))
	tokens = slices.DeleteFunc(tokens, func(t *token.Token) bool { return t.Type == token.CommentType })
	if at, problem := checkShape(tokens); problem != "" {
		r.complainAt(at.Position, problem)
		return nil
	}
	file := r.parse(tokens, text)
	if file == nil {
		return nil
	}
	return r.document(file, text)
}

// checkText refuses what no parser should see.
func (r *reader) checkText(text []byte) bool {
	if len(text) > maxConfigSize {
		r.complainAt(nil, "the file is larger than 4 MiB")
		return false
	}
	for i, c := range string(text) {
		bad := ""
		switch {
		case c == utf8.RuneError && !bytes.HasPrefix(text[i:], []byte("\ufffd")):
			bad = "the file is not UTF-8"
		case c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0x7f:
			bad = fmt.Sprintf("the control character %U has no place in a text file", c)
		}
		if bad != "" {
			r.complainAt(placeOf(text, i), bad)
			return false
		}
	}
	return true
}

// placeOf gives the line and column of a byte.
func placeOf(text []byte, offset int) *token.Position {
	before := text[:offset]
	lineStart := bytes.LastIndexByte(before, '\n') + 1
	return &token.Position{
		Line:   bytes.Count(before, []byte{'\n'}) + 1,
		Column: utf8.RuneCount(before[lineStart:]) + 1,
	}
}

// parse gives the syntax tree, or complains. No text is known to make the
// library panic, but if one does, the agent must live to say which file it was.
func (r *reader) parse(tokens token.Tokens, text []byte) (file *ast.File) {
	defer func() {
		if recover() != nil {
			r.complainAt(nil, "the file cannot be read as YAML")
			file = nil
		}
	}()
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.syntaxError(err, text)
		return nil
	}
	return file
}

// syntaxError leaves out the library's excerpt of the file: a password that
// somebody wrote there would end up in the log.
func (r *reader) syntaxError(err error, text []byte) {
	if at, what := explain(text); what != "" {
		r.complainAt(at, what)
		return
	}
	var e yaml.Error
	if !errors.As(err, &e) {
		r.complainAt(nil, "the file cannot be read as YAML")
		return
	}
	var at *token.Position
	if tk := e.GetToken(); tk != nil {
		at = tk.Position
	}
	r.complainAt(at, "YAML: "+e.GetMessage())
}

// document gives the tree of the only document.
func (r *reader) document(file *ast.File, text []byte) *node {
	docs := slices.DeleteFunc(file.Docs, r.directive)
	if len(docs) > 1 {
		r.complainAt(beginning(docs[1]), "a second document begins here: the file must be one")
	}
	if len(docs) == 0 || docs[0].Body == nil {
		r.complainAt(nil, "the file is empty: thermostat probe --write FILE makes a configuration")
		return nil
	}
	root := r.convert(docs[0].Body, &node{})
	if first, _, _ := strings.Cut(root.text, " "); slices.Contains(rootKeys, first) { // its colon is missing
		if at, what := explain(text); what != "" {
			r.complainAt(at, what)
			return nil
		}
	}
	return root
}

// beginning is the place of a document's first token.
func beginning(doc *ast.DocumentNode) *token.Position {
	switch {
	case doc.Start != nil:
		return doc.Start.Position
	case doc.Body != nil:
		return startOf(doc.Body)
	}
	return nil
}

// directive refuses %YAML and the like, which the library holds for documents.
func (r *reader) directive(doc *ast.DocumentNode) bool {
	d, ok := doc.Body.(*ast.DirectiveNode)
	if ok {
		r.complainAt(d.GetToken().Position, "a directive (%) has no place here: leave it out")
	}
	return ok
}
