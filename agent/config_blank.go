package main

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// strangeBlank tells characters that look like a blank or like nothing, and get
// into a file from web pages and word processors.
func strangeBlank(c rune) bool {
	return c != ' ' && (unicode.Is(unicode.Z, c) || unicode.Is(unicode.Cf, c))
}

// strangeBlankText says what the first character of a text is, and what to do.
func strangeBlankText(text string) string {
	c, _ := utf8.DecodeRuneInString(text)
	if c == '\u00a0' {
		return "a no-break space (U+00A0) looks like a blank and is none: type a blank in its place"
	}
	return fmt.Sprintf("the invisible character %U has no place here: take it out, or type a blank in its place", c)
}

// typographic are quotation marks of word processors, which YAML does not know.
const typographic = "“”„‟‘’‚‛«»"

// unseen says what a person cannot see in a value; empty where nothing is hidden.
func unseen(text string) string {
	if i := strings.IndexFunc(text, strangeBlank); i >= 0 {
		return strangeBlankText(text[i:])
	}
	if first, _ := utf8.DecodeRuneInString(text); strings.ContainsRune(typographic, first) && text != "" {
		return fmt.Sprintf("%c is no quotation mark of a configuration: write \" in its place, or leave it out", first)
	}
	return ""
}
