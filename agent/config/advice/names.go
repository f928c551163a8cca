package advice

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// transcribed are letters that are more than one of a-z, or whose mark is lost.
var transcribed = strings.NewReplacer(
	"ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "æ", "ae", "ø", "o", "å", "a",
	"à", "a", "á", "a", "â", "a", "ã", "a", "ç", "c", "è", "e", "é", "e", "ê", "e", "ë", "e",
	"ì", "i", "í", "i", "î", "i", "ï", "i", "ñ", "n", "ò", "o", "ó", "o", "ô", "o", "õ", "o", "ù", "u", "ú", "u", "û", "u",
)

// ZoneName makes a name that a zone may have of what a person calls it.
func ZoneName(text string) string {
	return hyphened(transcribed.Replace(strings.ToLower(text)), 40, func(c rune) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' })
}

// TitledZone is what to write for a name that a zone cannot have: one that it can, and where
// that loses letters the title that keeps them.
func TitledZone(text string) string {
	name := ZoneName(text)
	if name == "" || utf8.RuneCountInString(text) > 64 || !strings.ContainsFunc(text, func(c rune) bool { return c > unicode.MaxASCII }) {
		return name
	}
	return fmt.Sprintf("%s, and for people title: %q beside it", name, text)
}

// DeviceName makes a name that a device may have of what a person calls it.
func DeviceName(text string) string {
	return hyphened(text, 63, func(c rune) bool {
		return c == '_' || c < unicode.MaxASCII && (unicode.IsLetter(c) || unicode.IsDigit(c))
	})
}

// Prefix leaves out empty words, such as that behind a slash at the end.
func Prefix(text string) string {
	var words []string
	for word := range strings.SplitSeq(text, "/") {
		if word = DeviceName(word); word != "" {
			words = append(words, word)
		}
	}
	return strings.Join(words, "/")
}

// hyphened joins the words that are made of some characters; what comes out too
// long is nothing.
func hyphened(text string, most int, good func(rune) bool) string {
	words := strings.FieldsFunc(text, func(c rune) bool { return !good(c) })
	if name := strings.Join(words, "-"); len(name) <= most {
		return name
	}
	return ""
}
