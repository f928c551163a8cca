package cli

import (
	"os"
	"strconv"
	"strings"
	"unicode"
)

// IsTerminal reports whether a person looks at the output.
func IsTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && obeysSequences(f)
}

// Printable is a text of somebody else as it may go to a terminal: what is not
// plain ASCII would be obeyed, or take another width than it seems to.
func Printable(text string, most int) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text[:min(len(text), most)])
}

// HarmlessText is a text with words of somebody else, from the broker, a file or
// a device: what a terminal would obey, or would not show, stands there in Go's
// escapes.
func HarmlessText(text string) string {
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
	ScreenBegin = "\x1b[?25l\x1b[?7l\x1b[2J" // no cursor, no wrapping, empty
	ScreenEnd   = "\x1b[?7h\x1b[?25h\n"      // as it was
	ScreenHome  = "\x1b[H"                   // where the next picture begins
	LineEnd     = "\x1b[K\n"                 // nothing is left of a longer line
	ScreenRest  = "\x1b[K\x1b[J"             // nor of a longer picture
	AnsiOff     = "\x1b[0m"
	AnsiBold    = "\x1b[1m"
	AnsiDim     = "\x1b[2m"
	AnsiRed     = "\x1b[31m"
	AnsiYellow  = "\x1b[33m"
	AnsiCyan    = "\x1b[36m"
)

// OnOff is the position of a relay in a word.
func OnOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}
