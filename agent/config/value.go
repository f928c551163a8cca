package config

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"thermostat/drivers"
)

// The readers below take nil for a key that is not there and leave the default
// as it is. They report whether all is well: nothing there, or a value taken.

// scalar gives the text of a plain value; ok is false where there is none,
// which has been complained of unless n is nil.
func (r *reader) scalar(n *node, wanted string) (text string, ok bool) {
	switch {
	case n == nil || n.kind == kindRefused:
		return "", false
	case n.kind != kindScalar:
		r.complain(n, "is %v, but %s is wanted", n.kind, wanted)
		return "", false
	}
	return n.text, true
}

// text reads a text. A value with a control character is not shown: the
// terminal would obey it.
func (r *reader) text(n *node, to *string) bool {
	text, ok := r.scalar(n, "a text")
	if !ok {
		return n == nil
	}
	if strings.ContainsFunc(text, unicode.IsControl) {
		r.complain(n, "has a control character or a line break")
		return false
	}
	if what := strangeQuote(text); what != "" {
		r.complain(n, "%s", what)
		return false
	}
	*to = text
	return true
}

// filled reads a text that is not empty.
func (r *reader) filled(n *node, to *string) bool {
	var text string
	if n == nil || !r.text(n, &text) {
		return n == nil
	}
	if text == "" {
		r.complain(n, `"" is empty`)
		return false
	}
	*to = text
	return true
}

// oneOf reads one of a few words.
func (r *reader) oneOf(n *node, to *string, words ...string) bool {
	var text string
	if n == nil || !r.text(n, &text) {
		return n == nil
	}
	if !slices.Contains(words, text) {
		r.noneOf(n, text, words)
		return false
	}
	*to = text
	return true
}

// noneOf complains of a word that is none of those there are; capitals and
// typing errors are known again.
func (r *reader) noneOf(n *node, text string, words []string) {
	advice := ""
	near := Nearest(strings.ToLower(text), words)
	if near != "" && (strings.EqualFold(near, text) || !strings.ContainsAny(text, "0123456789")) { // another number is another chip
		advice = ": write " + near
	}
	r.complain(n, "%s is none of %s%s", Shown(text), strings.Join(words, ", "), advice)
}

// exampleOf is for a driver that is named without its mapping.
func exampleOf(n *node, known []string) string {
	if n.kind != kindScalar || !slices.Contains(known, n.text) {
		return ""
	}
	more := cmp.Or(drivers.SensorDriverOf(n.text).Example, drivers.RelayDriverOf(n.text).Example)
	if more == "" {
		return ": write {driver: " + n.text + "}"
	}
	return ": write {driver: " + n.text + ", " + more
}

// truths are other spellings, of YAML 1.1 and of people.
var truths = map[string]string{
	"true": "true", "yes": "true", "on": "true", "y": "true", "1": "true",
	"false": "false", "no": "false", "off": "false", "n": "false", "0": "false",
}

// boolean reads true or false; yes, no, on and off are texts in YAML 1.2.
func (r *reader) boolean(n *node, to *bool) bool {
	text, ok := r.scalar(n, "true or false")
	if !ok {
		return n == nil
	}
	if n.quoted || text != "true" && text != "false" {
		advice := ""
		if word := truths[strings.ToLower(text)]; word != "" {
			advice = ": write " + word
		}
		r.complain(n, "%s is none of true, false%s", Shown(text), advice)
		return false
	}
	*to = text == "true"
	return true
}

// texts reads a list of texts and gives the nodes beside them.
func (r *reader) texts(n *node) (texts []string, at []*node) {
	for _, item := range r.items(n) {
		var text string
		if r.filled(item, &text) {
			texts, at = append(texts, text), append(at, item)
		}
	}
	return texts, at
}

// Decimal numbers only: YAML's 010 is eight and its 1_000 a thousand, but not
// to every reader.
var (
	Decimal  = regexp.MustCompile(`^[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?$`)
	integer  = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]*)$`)
	infinite = regexp.MustCompile(`^(?i:[-+]?\.?inf(inity)?|\.?nan)$`)
)

// number reads a finite number. One in quotes is a text.
func (r *reader) number(n *node, to *float64) bool {
	text, ok := r.scalar(n, "a number")
	if !ok {
		return n == nil
	}
	x, err := strconv.ParseFloat(text, 64)
	switch {
	case n.quoted:
		r.complain(n, "%s is a text, but a number is wanted: leave out the quotes", Shown(text))
	case infinite.MatchString(text), Decimal.MatchString(text) && math.IsInf(x, 0):
		r.complain(n, "%s is not a finite number", shortened(text))
	case err != nil || !Decimal.MatchString(text):
		r.complain(n, "%s is not a decimal number%s", Shown(text), numberAdvice(n.key, text))
	default:
		*to = x
		return true
	}
	return false
}

// kelvin reads a difference of temperatures: 0.5 or 0.5K.
func (r *reader) kelvin(n *node, to *float64) bool {
	if n == nil || n.kind != kindScalar || n.quoted {
		return r.number(n, to)
	}
	bare := *n
	bare.text = strings.TrimSpace(strings.TrimSuffix(n.text, "K"))
	return r.number(&bare, to)
}

// whole reads a whole number within bounds.
func (r *reader) whole(n *node, low, high int64) (int64, bool) {
	text, ok := r.integer(n)
	if !ok {
		return 0, n == nil
	}
	x, err := strconv.ParseInt(text, 10, 64)
	if err != nil || x < low || x > high {
		r.complain(n, "%s is outside %d..%d", shortened(text), low, high)
		return 0, false
	}
	return x, true
}

// seed reads any uint64.
func (r *reader) seed(n *node, to *uint64) bool {
	text, ok := r.integer(n)
	if !ok {
		return n == nil
	}
	x, err := strconv.ParseUint(strings.TrimPrefix(text, "+"), 10, 64)
	if err != nil {
		r.complain(n, "%s is outside 0..%d", shortened(text), uint64(math.MaxUint64))
		return false
	}
	*to = x
	return true
}

func (r *reader) integer(n *node) (string, bool) {
	text, ok := r.scalar(n, "a whole number")
	if ok && (n.quoted || !integer.MatchString(text)) {
		r.complain(n, "%s is not a whole number", Shown(text))
		return "", false
	}
	return text, ok
}

// duration reads a duration with its unit. A bare number is refused: whoever
// writes 5 may mean seconds or minutes.
func (r *reader) duration(n *node, to *time.Duration) bool {
	text, ok := r.scalar(n, "a duration such as 5s")
	if !ok {
		return n == nil
	}
	if Decimal.MatchString(text) {
		r.complain(n, "%s has no unit: write %ss or %sm", shortened(text), shortened(text), shortened(text))
		return false
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		r.complain(n, "%s is not a duration such as 5s, 10m or 1h30m%s", Shown(text), durationAdvice(text))
		return false
	}
	*to = d
	return true
}

// rate reads a duration that nothing but common sense bounds.
func (r *reader) rate(n *node, to *time.Duration) {
	d := *to
	if !r.duration(n, &d) {
		return
	}
	if d < 0 || d > 24*time.Hour {
		r.complain(n, "%v is outside 0s..24h", d)
		return
	}
	*to = d
}

// items gives the items of a list.
func (r *reader) items(n *node) []*node {
	switch {
	case n == nil || n.kind == kindRefused:
		return nil
	case n.kind != kindList:
		r.complain(n, "is %v, but a list is wanted: %s", n.kind, listAdvice(n))
		return nil
	}
	return n.children
}

// isMapping complains of any other kind, and of unknown keys.
func (r *reader) isMapping(n *node, known ...string) bool {
	switch {
	case n == nil || n.kind == kindRefused:
		return false
	case n.kind != kindMapping:
		r.complain(n, "is %v, but a mapping is wanted", n.kind)
		return false
	}
	for _, c := range n.children {
		if !slices.Contains(known, c.key) {
			r.unknownKey(c, known)
		}
	}
	return true
}

// unknownKey does not show the value, it might be a password.
func (r *reader) unknownKey(n *node, known []string) {
	switch near := Nearest(n.key, known); {
	case decimalComma(n) != "":
		r.complainOf(n, n.parent.path(), "%s", decimalComma(n))
	case runTogether(n, known) != "":
		r.complainOf(n, n.parent.path(), "a colon is missing: write %s", runTogether(n, known))
	case strings.EqualFold(n.key, "password"):
		name := cmp.Or(n.parent.key, "mqtt") + "-password"
		r.complain(n, "a password has no place in this file: write it alone into one of its own, such as %s beside this one, and name that: password_file: %s", name, name)
	case near != "":
		r.complain(n, "is an unknown key: did you mean %s?", near)
	default:
		r.complain(n, "is an unknown key: known here are %s", strings.Join(known, ", "))
	}
}

// Shown quotes a value and keeps it short.
func Shown(text string) string { return fmt.Sprintf("%q", shortened(text)) }

func shortened(text string) string {
	if runes := []rune(text); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return text
}
