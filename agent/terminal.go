package main

import (
	"os"
	"strconv"
	"strings"
	"unicode"
)

// isTerminal reports whether a person looks at the output.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && obeysSequences(f)
}

// printable is a text of somebody else as it may go to a terminal: what is not
// plain ASCII would be obeyed, or take another width than it seems to.
func printable(text string, most int) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text[:min(len(text), most)])
}

// harmlessText is a text with words of somebody else, from the broker, a file or
// a device: what a terminal would obey, or would not show, stands there in Go's
// escapes.
func harmlessText(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRune(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}

// The control sequences that we use, ECMA-48 and xterm's.
const (
	screenBegin = "\x1b[?25l\x1b[?7l\x1b[2J" // no cursor, no wrapping, empty
	screenEnd   = "\x1b[?7h\x1b[?25h\n"      // as it was
	screenHome  = "\x1b[H"                   // where the next picture begins
	lineEnd     = "\x1b[K\n"                 // nothing is left of a longer line
	screenRest  = "\x1b[K\x1b[J"             // nor of a longer picture
	ansiOff     = "\x1b[0m"
	ansiBold    = "\x1b[1m"
	ansiDim     = "\x1b[2m"
	ansiRed     = "\x1b[31m"
	ansiYellow  = "\x1b[33m"
	ansiCyan    = "\x1b[36m"
)
