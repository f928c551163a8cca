package config

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"thermostat/agent/config/yamltree"
	"thermostat/controlloop"
)

// take puts a plain value where to points. It says what is wrong with the value,
// or nothing; then what was there stays.
func take(r *reader, k *key, n *node, to any) (wrong string) {
	if n.Kind != yamltree.Scalar {
		return fmt.Sprintf("is %v, but %s is wanted", n.Kind, wanted(to))
	}
	switch to := to.(type) {
	case *float64:
		x, wrong := number(n, k.unit == "K")
		return put(to, x, cmp.Or(wrong, outside(k, x)))
	case *time.Duration:
		d, wrong := duration(n.Text)
		return put(to, d, cmp.Or(wrong, outside(k, d)))
	case *int:
		x, wrong := whole(k, n)
		return put(to, int(x), wrong)
	case *int32:
		x, wrong := whole(k, n)
		return put(to, int32(x), wrong)
	case *uint64:
		x, wrong := seed(n)
		return put(to, x, wrong)
	case *uint16:
		x, err := strconv.ParseUint(n.Text, 0, 16)
		if low, high := k.bound.low, k.bound.high; err != nil || uint16(x) != low && uint16(x) != high {
			wrong = fmt.Sprintf("%s is none of %#x, %#x, %s", yamltree.Shortened(n.Text), low, high, k.form.is)
		}
		return put(to, uint16(x), wrong)
	case *bool:
		return put(to, n.Text == "true", notBoolean(n))
	case *controlloop.Mode:
		wrong := cmp.Or(notPlain(n.Text), k.form.refuse(r, n.Text))
		m, _ := controlloop.ParseMode(n.Text)
		return put(to, m, wrong)
	case *string:
		return put(to, n.Text, cmp.Or(notPlain(n.Text), k.form.refuse(r, n.Text)))
	}
	panic(fmt.Sprintf("%s: a %T is no plain value", k.name, to))
}

func put[V any](to *V, value V, wrong string) string {
	if wrong == "" {
		*to = value
	}
	return wrong
}

// wanted names the kind of a value.
func wanted(to any) string {
	switch to.(type) {
	case *float64:
		return "a number"
	case *time.Duration:
		return "a duration such as 5s"
	case *int, *int32, *uint64:
		return "a whole number"
	case *uint16:
		return "an address"
	case *bool:
		return "true or false"
	}
	return "a text"
}

// outside is said of a value out of a bound that nobody else holds it to.
func outside[V cmp.Ordered](k *key, value V) string {
	low, ok := k.bound.low.(V)
	if !ok || k.bound.elsewhere || low <= value && value <= k.bound.high.(V) {
		return ""
	}
	return fmt.Sprintf("%v is outside %s", value, boundText(k))
}

// boundText tells a bound: 0s..24h, -10..10 K; empty where there is none.
func boundText(k *key) string {
	if k.bound.low == nil {
		return ""
	}
	return strings.TrimSpace(written(k.bound.low) + ".." + written(k.bound.high) + " " + k.unit)
}

// written is a value as people write it: 10m, not 10m0s.
func written(value any) string {
	d, ok := value.(time.Duration)
	if !ok {
		return fmt.Sprint(value)
	}
	text := d.String()
	if d != 0 {
		text = strings.TrimSuffix(text, "m0s")
		if len(text) < len(d.String()) {
			text += "m"
		}
		if hours, ok := strings.CutSuffix(text, "h0m"); ok {
			text = hours + "h"
		}
	}
	return text
}

// notPlain is said of a text that a terminal would obey, which is not shown, and
// of one in a word processor's quotation marks.
func notPlain(text string) string {
	if strings.ContainsFunc(text, unicode.IsControl) {
		return "has a control character or a line break"
	}
	return yamltree.StrangeQuote(text)
}

// truths are other spellings, of YAML 1.1 and of people.
var truths = map[string]string{
	"true": "true", "yes": "true", "on": "true", "y": "true", "1": "true",
	"false": "false", "no": "false", "off": "false", "n": "false", "0": "false",
}

// notBoolean is said of all but true and false; yes, no, on and off are texts in
// YAML 1.2.
func notBoolean(n *node) string {
	if !n.Quoted && (n.Text == "true" || n.Text == "false") {
		return ""
	}
	advice := ""
	if word := truths[strings.ToLower(n.Text)]; word != "" {
		advice = ": write " + word
	}
	return fmt.Sprintf("%s is none of true, false%s", Shown(n.Text), advice)
}

// Decimal numbers only: YAML's 010 is eight and its 1_000 a thousand, but not
// to every reader.
var (
	Decimal  = regexp.MustCompile(`^[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?$`)
	integer  = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]*)$`)
	infinite = regexp.MustCompile(`^(?i:[-+]?\.?inf(inity)?|\.?nan)$`)
)

// number reads a finite number; of a difference of temperatures 0.5 or 0.5K. One
// in quotes is a text.
func number(n *node, kelvin bool) (x float64, wrong string) {
	text := n.Text
	if kelvin && !n.Quoted {
		text = strings.TrimSpace(strings.TrimSuffix(text, "K"))
	}
	x, err := strconv.ParseFloat(text, 64)
	switch {
	case n.Quoted:
		wrong = fmt.Sprintf("%s is a text, but a number is wanted: leave out the quotes", Shown(text))
	case infinite.MatchString(text), Decimal.MatchString(text) && math.IsInf(x, 0):
		wrong = yamltree.Shortened(text) + " is not a finite number"
	case err != nil || !Decimal.MatchString(text):
		wrong = fmt.Sprintf("%s is not a decimal number%s", Shown(text), numberAdvice(n.Key, text))
	}
	return x, wrong
}

// whole reads a whole number within the key's bounds.
func whole(k *key, n *node) (x int64, wrong string) {
	if wrong := notWhole(n); wrong != "" {
		return 0, wrong
	}
	var low, high int64
	switch k.bound.low.(type) {
	case int:
		low, high = int64(k.bound.low.(int)), int64(k.bound.high.(int))
	case int32:
		low, high = int64(k.bound.low.(int32)), int64(k.bound.high.(int32))
	}
	x, err := strconv.ParseInt(n.Text, 10, 64)
	if err != nil || x < low || x > high {
		return 0, fmt.Sprintf("%s is outside %d..%d", yamltree.Shortened(n.Text), low, high)
	}
	return x, ""
}

// seed reads any uint64.
func seed(n *node) (x uint64, wrong string) {
	if wrong := notWhole(n); wrong != "" {
		return 0, wrong
	}
	x, err := strconv.ParseUint(strings.TrimPrefix(n.Text, "+"), 10, 64)
	if err != nil {
		return 0, fmt.Sprintf("%s is outside 0..%d", yamltree.Shortened(n.Text), uint64(math.MaxUint64))
	}
	return x, ""
}

func notWhole(n *node) string {
	if n.Quoted || !integer.MatchString(n.Text) {
		return Shown(n.Text) + " is not a whole number"
	}
	return ""
}

// duration reads a duration with its unit. A bare number is refused: whoever
// writes 5 may mean seconds or minutes.
func duration(text string) (d time.Duration, wrong string) {
	if Decimal.MatchString(text) {
		short := yamltree.Shortened(text)
		return 0, fmt.Sprintf("%s has no unit: write %ss or %sm", short, short, short)
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Sprintf("%s is not a duration such as 5s, 10m or 1h30m%s", Shown(text), durationAdvice(text))
	}
	return d, ""
}
