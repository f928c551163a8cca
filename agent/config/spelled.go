package config

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"thermostat/drivers"
)

// spelled reads a text of a form. One of another form is told what it should
// be, and how that is written right where better knows; empty: it does not.
func (r *reader) spelled(n *node, to *string, form *regexp.Regexp, what string, better func(string) string) bool {
	var text string
	if n == nil || !r.text(n, &text) {
		return n == nil
	}
	if form.MatchString(text) {
		*to = text
		return true
	}
	advice := ""
	if write := better(text); write != "" {
		advice = ": write " + write
	}
	r.complain(n, "%s is no %s%s", Shown(text), what, advice)
	return false
}

const (
	zoneNameIs   = "name of a zone, which is made of a-z, 0-9 and -, at most 40 of them"
	deviceNameIs = "name of a device, which is made of A-Z, a-z, 0-9, _ and -, at most 63 of them"
	prefixIs     = "beginning of topics, which is words of A-Z, a-z, 0-9, _ and - with one / between two"
	sensorIDIs   = "id of a 1-Wire thermometer such as 28-0316a2795bff (thermostat probe lists yours)"
	lineNameIs   = "name of a GPIO line, which has at most 31 characters, such as GPIO17"
	chipNameIs   = "name or label of a GPIO chip, which has at most 31 characters, such as gpiochip0"
)

// transcribed are letters that are more than one of a-z, or whose mark is lost.
var transcribed = strings.NewReplacer(
	"ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "æ", "ae", "ø", "o", "å", "a",
	"à", "a", "á", "a", "â", "a", "ã", "a", "ç", "c", "è", "e", "é", "e", "ê", "e", "ë", "e",
	"ì", "i", "í", "i", "î", "i", "ï", "i", "ñ", "n", "ò", "o", "ó", "o", "ô", "o", "õ", "o", "ù", "u", "ú", "u", "û", "u",
)

// zoneWord makes a name that a zone may have of what a person calls it.
func zoneWord(text string) string {
	return hyphened(transcribed.Replace(strings.ToLower(text)), 40, func(c rune) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' })
}

func deviceWord(text string) string {
	return hyphened(text, 63, func(c rune) bool {
		return c == '_' || c < unicode.MaxASCII && (unicode.IsLetter(c) || unicode.IsDigit(c))
	})
}

// prefixWord leaves out empty words, such as that behind a slash at the end.
func prefixWord(text string) string {
	var words []string
	for word := range strings.SplitSeq(text, "/") {
		if word = deviceWord(word); word != "" {
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

// serialNumber is an id of a right form with whatever number of digits.
var serialNumber = regexp.MustCompile(`^(?:28|22|42)-([0-9a-f]{1,11}|[0-9a-f]{13,32})$`)

// readThermometerID knows how other programs spell an id, and says which chip an id
// is of that is none of those that are read.
func (r *reader) readThermometerID(n *node, to *string) {
	if n != nil && n.kind == kindScalar {
		if other := drivers.UnreadThermometer(n.text); other != "" {
			r.complain(n, "%s", other)
			return
		}
	}
	r.spelled(n, to, thermometerForm, sensorIDIs, func(text string) string {
		if m := serialNumber.FindStringSubmatch(text); m != nil {
			return fmt.Sprintf("12 digits behind the dash, here are %d", len(m[1]))
		}
		id, note := drivers.SpellID(text)
		if !thermometerForm.MatchString(id) {
			return ""
		}
		if note != "" {
			id += " (yours is written " + note + ")"
		}
		return id
	})
}

var (
	lineSpelled = regexp.MustCompile(`^(?i:gpio|bcm|io)[ ._-]?([0-9]+)$`)
	pinSpelled  = regexp.MustCompile(`^(?i:pin|physical)[ ._-]?([0-9]+)$`)
)

// headerPins are the header's pins of a Raspberry Pi with 40 of them, and the
// GPIO line of each.
var headerPins = map[int]int{
	3: 2, 5: 3, 7: 4, 8: 14, 10: 15, 11: 17, 12: 18, 13: 27, 15: 22, 16: 23, 18: 24, 19: 10, 21: 9, 22: 25, 23: 11, 24: 8,
	26: 7, 27: 0, 28: 1, 29: 5, 31: 6, 32: 12, 33: 13, 35: 19, 36: 16, 37: 26, 38: 20, 40: 21,
}

// readLine reads a line's name. Those of other boards may have blanks; on the
// header, GPIO17 is the one spelling.
func (r *reader) readLine(n *node, g *drivers.GPIO) {
	if !r.spelled(n, &g.Line, lineForm, lineNameIs, func(string) string { return "" }) || n == nil || !g.HeaderChip() {
		return
	}
	if m := lineSpelled.FindStringSubmatch(g.Line); m != nil && g.Line != "GPIO"+m[1] {
		r.complain(n, "%s is no line of a Raspberry Pi's header: write GPIO%s; of another board, name the chip as well", Shown(g.Line), strings.TrimLeft(m[1][:len(m[1])-1], "0")+m[1][len(m[1])-1:])
		g.Line = ""
		return
	}
	if m := pinSpelled.FindStringSubmatch(g.Line); m != nil {
		pin, _ := strconv.Atoi(m[1])
		if line, ok := headerPins[pin]; ok {
			r.warn(n, fmt.Sprintf("%s is no line of a Raspberry Pi's header: its pin %d is GPIO%d", Shown(g.Line), pin, line))
		}
	}
}
