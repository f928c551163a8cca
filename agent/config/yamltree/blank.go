package yamltree

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// fillers are letters that look like nothing (U+2800 BRAILLE PATTERN BLANK, Hangul fillers).
const fillers = "\u2800\u115f\u1160\u3164\uffa0"

// strangeBlank finds the first character of a text that looks like a blank or like
// nothing, as web pages and word processors leave them; -1 where there is none.
// Joiners inside foreign words and pictures are no such thing.
func strangeBlank(text string) int {
	before := ' '
	for i, c := range text {
		joins := before > unicode.MaxASCII && (c == '\u200c' || c == '\u200d' || c == '\ufe0f')
		if !joins && c != ' ' && (unicode.In(c, unicode.Z, unicode.Cf) || c == '\ufe0f' || strings.ContainsRune(fillers, c)) {
			return i
		}
		before = c
	}
	return -1
}

// strangeBlankText says what the first character of a text is, and what to do.
func strangeBlankText(text string) string {
	c, _ := utf8.DecodeRuneInString(text)
	if c == '\u00a0' {
		return "a no-break space (U+00A0) looks like a blank and is none: type a blank in its place"
	}
	return fmt.Sprintf("the invisible character %U has no place here: take it out, or type a blank in its place", c)
}

// invisible says what a person cannot see in a text; empty where nothing is hidden.
func invisible(text string) string {
	if i := strangeBlank(text); i >= 0 {
		return strangeBlankText(text[i:])
	}
	return ""
}

// typographic are quotation marks of word processors, which YAML does not know.
const typographic = "“”„‟‘’‚‛«»"

// StrangeQuote says what stands in the place of a quotation mark.
func StrangeQuote(text string) string {
	if first, _ := utf8.DecodeRuneInString(text); text != "" && strings.ContainsRune(typographic, first) {
		return fmt.Sprintf("%c is no quotation mark of a configuration: write \" in its place, or leave it out", first)
	}
	return ""
}
