package yamltree

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// explain finds the mistake behind a text that is no YAML, among those that
// people make: a parser says only where it could not go on, which is often a
// line further. It says nothing where it is none of them.
func explain(text []byte, keys []string) (at Place, what string) {
	lines := sayingLines(text)
	if settings(lines) {
		return Place{}, "these are name=value lines, as of a board's config.txt or orangepiEnv.txt, and no configuration of the thermostat: thermostat probe --write FILE makes one"
	}
	var open *fileLine // with a bracket that is open
	in := indents{keys: keys}
	for i, l := range lines {
		if open != nil && l.indent <= open.indent {
			return open.place(open.bracket), fmt.Sprintf("the %c here is not closed: write %c behind its last value", open.text[open.bracket], closing[open.text[open.bracket]])
		}
		if column, what := l.mistake(open != nil); what != "" {
			return l.place(column), what
		}
		if open == nil {
			if want, bad := in.step(l); bad {
				return l.place(l.indent), indentText(l.indent, want)
			}
		}
		switch {
		case open == nil && l.depth > 0:
			open = &lines[i]
		case open != nil && l.depth+open.depth <= 0:
			open = nil
		case open != nil:
			open.depth += l.depth
		}
	}
	if open != nil {
		return open.place(open.bracket), fmt.Sprintf("the %c here is not closed: write %c behind its last value", open.text[open.bracket], closing[open.text[open.bracket]])
	}
	return Place{}, ""
}

var closing = map[byte]byte{'{': '}', '[': ']'}

func indentText(is, want int) string {
	if want == 0 {
		return fmt.Sprintf("this line is indented by %d, but it belongs at the left margin: write no blank before it", is)
	}
	return fmt.Sprintf("this line is indented by %d, but those it belongs to by %d: write %d blanks before it", is, want, want)
}

// fileLine is a line that says something, without its comment.
type fileLine struct {
	number  int // from 1
	text    string
	indent  int // bytes of white space before it
	depth   int // brackets opened less those closed
	bracket int // where the first one stands that is open at its end
	quote   int // where a quotation mark stands that is open at its end; -1: none does
}

func (l fileLine) place(offset int) Place {
	return Place{l.number, len([]rune(l.text[:offset])) + 1}
}

func sayingLines(text []byte) (lines []fileLine) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	for i, raw := range strings.Split(string(text), "\n") {
		l := scanLine(strings.TrimRight(raw, " \t\r"))
		if l.number = i + 1; strings.TrimSpace(l.text) != "" && l.text != "---" {
			lines = append(lines, l)
		}
	}
	return lines
}

// scanLine leaves a comment out and follows brackets and quotation marks.
func scanLine(text string) fileLine {
	l := fileLine{text: text, quote: -1, indent: len(text) - len(strings.TrimLeft(text, " \t\u00a0"))}
	var opened []int
	for i := l.indent; i < len(text); i++ {
		c := text[i]
		begins := i == l.indent || strings.IndexByte(" \t[{,:", text[i-1]) >= 0
		switch {
		case l.quote >= 0:
			if c == text[l.quote] {
				l.quote = -1
			}
		case (c == '"' || c == '\'') && begins:
			l.quote = i
		case c == '#' && (i == 0 || text[i-1] == ' ' || text[i-1] == '\t'):
			l.text, i = strings.TrimRight(text[:i], " \t"), len(text)
		case (c == '{' || c == '[') && (begins || len(opened) > 0):
			opened = append(opened, i)
		case c == '}' || c == ']':
			l.depth--
			if len(opened) > 0 {
				opened, l.depth = opened[:len(opened)-1], l.depth+1
			}
		}
	}
	if l.depth += len(opened); len(opened) > 0 {
		l.bracket = opened[0]
	}
	return l
}

var (
	keyOnly    = regexp.MustCompile(`^[A-Za-z_]+$`)
	keyBlank   = regexp.MustCompile(`^([A-Za-z_]+)\s+(\S.*)$`)
	keyEquals  = regexp.MustCompile(`^([A-Za-z_]+)\s*=\s*(.*)$`)
	keyNoBlank = regexp.MustCompile(`^([A-Za-z_]+):([^\s/:].*)$`) // a URL has a slash there
	keyValue   = regexp.MustCompile(`^("[^"]*"|'[^']*'|[^\s"'\[{][^:]*):(\s|$)`)
	dashClosed = regexp.MustCompile(`^-([A-Za-z_]+:.*)$`)
)

// mistake is what is wrong with a line by itself; in a list or mapping of
// brackets that began above only its white space is looked at.
func (l fileLine) mistake(inBrackets bool) (column int, what string) {
	before := l.text[:l.indent]
	if i := strings.IndexByte(before, '\t'); i >= 0 {
		return i, "a tab before the first word: YAML is indented with blanks alone, put blanks in its place"
	}
	if i := strangeBlank(l.text); i >= 0 {
		return i, strangeBlankText(l.text[i:])
	}
	if inBrackets {
		return 0, ""
	}
	if l.quote >= 0 {
		return l.quote, fmt.Sprintf("the text that begins here with %c is not closed: write %c at its end", l.text[l.quote], l.text[l.quote])
	}
	rest := l.text[l.indent:]
	if m := dashClosed.FindStringSubmatch(rest); m != nil {
		return l.indent, "a blank is missing after the dash: write - " + ShownLine(m[1])
	}
	return l.indent, missingColon(strings.TrimLeft(strings.TrimPrefix(rest, "- "), " "), strings.HasPrefix(rest, "-"))
}

// missingColon says what a line lacks that is no key: value. An item of a list
// need not be one.
func missingColon(text string, item bool) string {
	if keyValue.MatchString(text) {
		return ""
	}
	switch m := keyEquals.FindStringSubmatch(text); {
	case m != nil:
		return fmt.Sprintf("a colon is wanted in place of the =: write %s", ShownLine(m[1]+": "+m[2]))
	case keyNoBlank.MatchString(text) && !item:
		m = keyNoBlank.FindStringSubmatch(text)
		return fmt.Sprintf("a blank is missing after the colon: write %s", ShownLine(m[1]+": "+m[2]))
	case item:
		return ""
	case keyOnly.MatchString(text):
		return fmt.Sprintf("a colon is missing: write %s", ShownLine(text+":"))
	case keyBlank.MatchString(text):
		m = keyBlank.FindStringSubmatch(text)
		return fmt.Sprintf("a colon is missing: write %s", ShownLine(m[1]+": "+m[2]))
	}
	return ""
}

var secretKey = regexp.MustCompile(`(?i)pass|secret|token|pwd`)

// ShownLine does not show what may be a secret, be it in a URL.
func ShownLine(text string) string {
	key, value, _ := strings.Cut(text, ":")
	if value = strings.TrimSpace(value); value != "" && (secretKey.MatchString(key) || strings.Contains(value, "@")) {
		return key + ": …"
	}
	return Shortened(text)
}

// settings tells a file of name=value lines from one of ours.
func settings(lines []fileLine) bool {
	n := 0
	for _, l := range lines {
		text := strings.TrimSpace(l.text)
		switch {
		case keyValue.MatchString(text):
			return false
		case keyEquals.MatchString(text):
			n++
		}
	}
	return n > 1
}

// indents follows the columns in which keys and dashes begin.
type indents struct {
	keys    []string // that belong at the left margin
	columns []int
	empty   bool // the key before has its value below it
}

// step reports the indentation that a line should have if it has another.
func (in *indents) step(l fileLine) (want int, bad bool) {
	column, dash := l.indent, strings.HasPrefix(l.text[l.indent:], "-")
	last := -1
	for n := len(in.columns); n > 0 && in.columns[n-1] > column; n-- {
		last, in.columns, in.empty = in.columns[n-1], in.columns[:n-1], false
	}
	top := -1
	if n := len(in.columns); n > 0 {
		top = in.columns[n-1]
	}
	switch {
	case last >= 0 && top != column: // between two
		if key, _, _ := strings.Cut(l.text[column:], ":"); slices.Contains(in.keys, key) {
			return 0, true
		}
		return last, true
	case top >= 0 && column > top && !in.empty:
		return top, true
	case column > top:
		in.columns = append(in.columns, column)
	}
	rest := l.text[column:]
	if dash && len(rest) > 1 {
		inner := column + 1 + len(rest[1:]) - len(strings.TrimLeft(rest[1:], " "))
		in.columns = append(in.columns, inner)
	}
	in.empty = strings.HasSuffix(l.text, ":") || rest == "-"
	return 0, false
}

// plainWords say what the library means, where explain found no mistake.
var plainWords = map[string]string{
	"did not find expected <document start>":         "what begins here does not belong to what stands before it",
	"did not find expected key":                      "what begins here does not belong to what stands before it",
	"did not find expected node content":             "a value is missing here",
	"found a comment without preceding whitespace":   "a blank is missing before the #",
	"found character that cannot start any token":    "no value begins with this character: write the value in quotes",
	"found incompatible YAML document":               directiveRefused,
	"found unknown directive name":                   directiveRefused,
	"found unknown escape character":                 "a backslash between \" is followed by a letter that YAML does not know there: write \\\\ for a backslash",
	"mapping keys are not allowed in this context":   "a key after ? is not understood: write key: value",
	"mapping values are not allowed in this context": "this colon is one too many: write a value that has a colon in quotes",
}

// Shortened keeps a text of the file to one that a complaint can show.
func Shortened(text string) string {
	if runes := []rune(text); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return text
}
