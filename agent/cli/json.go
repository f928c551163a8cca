package cli

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
)

// HarmlessJSON writes what a terminal would obey, or show as something else, in
// JSON's own escapes. JSON itself does so only below the space.
func HarmlessJSON(line string) string {
	var b strings.Builder
	for _, r := range line {
		switch {
		case r >= ' ' && r <= '~' || r > 0xa0 && unicode.IsPrint(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
