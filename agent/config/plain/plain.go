// Package plain reads the plain values of a configuration: numbers, durations, truths. What
// is wrong with one is said in words for the person who wrote it; empty means nothing.
package plain

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"thermostat/agent/config/advice"
	"thermostat/agent/config/yamltree"
)

// Strange is said of a text that a terminal would obey, which is not shown, and
// of one in a word processor's quotation marks.
func Strange(text string) string {
	if strings.ContainsFunc(text, unicode.IsControl) {
		return "has a control character or a line break"
	}
	return yamltree.StrangeQuote(text)
}

// NotBoolean is said of all but true and false; yes, no, on and off are texts in
// YAML 1.2.
func NotBoolean(n *yamltree.Node) string {
	if !n.Quoted && (n.Text == "true" || n.Text == "false") {
		return ""
	}
	return fmt.Sprintf("%q is none of true, false%s", yamltree.Shortened(n.Text), advice.Truth(n.Text))
}

// Decimal numbers only: YAML's 010 is eight and its 1_000 a thousand, but not
// to every reader.
var (
	Decimal  = regexp.MustCompile(`^[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?$`)
	infinite = regexp.MustCompile(`^(?i:[-+]?\.?inf(inity)?|\.?nan)$`)
)

// Number reads a finite number; of a difference of temperatures 0.5 or 0.5K. One
// in quotes is a text.
func Number(n *yamltree.Node, kelvin bool) (x float64, wrong string) {
	text := n.Text
	if kelvin && !n.Quoted {
		text = strings.TrimSpace(strings.TrimSuffix(text, "K"))
	}
	x, err := strconv.ParseFloat(text, 64)
	switch {
	case n.Quoted:
		wrong = fmt.Sprintf("%q is a text, but a number is wanted: leave out the quotes", yamltree.Shortened(text))
	case infinite.MatchString(text), Decimal.MatchString(text) && math.IsInf(x, 0):
		wrong = yamltree.Shortened(text) + " is not a finite number"
	case err != nil || !Decimal.MatchString(text):
		wrong = fmt.Sprintf("%q is not a decimal number%s", yamltree.Shortened(text), advice.Number(n.Key, text))
	}
	return x, wrong
}

// Seed reads any uint64.
func Seed(n *yamltree.Node) (x uint64, wrong string) {
	if wrong := NotWhole(n); wrong != "" {
		return 0, wrong
	}
	x, err := strconv.ParseUint(strings.TrimPrefix(n.Text, "+"), 10, 64)
	if err != nil {
		return 0, fmt.Sprintf("%s is outside 0..%d", yamltree.Shortened(n.Text), uint64(math.MaxUint64))
	}
	return x, ""
}

// NotWhole is said of what is no whole number.
func NotWhole(n *yamltree.Node) string {
	switch {
	case !advice.Whole.MatchString(n.Text):
		return fmt.Sprintf("%q is not a whole number", yamltree.Shortened(n.Text))
	case n.Quoted:
		return fmt.Sprintf("%q is a text, but a whole number is wanted: leave out the quotes", yamltree.Shortened(n.Text))
	}
	return ""
}

// Duration reads a duration with its unit. A bare number is refused: whoever
// writes 5 may mean seconds or minutes.
func Duration(text string) (d time.Duration, wrong string) {
	if Decimal.MatchString(text) {
		short := yamltree.Shortened(text)
		return 0, fmt.Sprintf("%s has no unit: write %ss or %sm", short, short, short)
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Sprintf("%q is not a duration such as 5s, 10m or 1h30m%s", yamltree.Shortened(text), advice.Duration(text))
	}
	return d, ""
}

// Pairs reads a list of pairs of numbers; at is where something is wrong.
func Pairs(n *yamltree.Node) (pairs [][2]float64, at *yamltree.Node, wrong string) {
	const want = "a list of pairs such as [[0.4, 0.0], [25.1, 25.0]] is wanted"
	if n.Kind != yamltree.List {
		return nil, n, fmt.Sprintf("is %v, but %s", n.Kind, want)
	}
	for _, item := range n.Children {
		if item.Kind != yamltree.List || len(item.Children) != 2 {
			return nil, item, "is no pair of numbers: " + want
		}
		var pair [2]float64
		for i, c := range item.Children {
			if c.Kind != yamltree.Scalar {
				return nil, c, "is no number: " + want
			}
			if pair[i], wrong = Number(c, false); wrong != "" {
				return nil, c, wrong
			}
		}
		pairs = append(pairs, pair)
	}
	return pairs, n, ""
}

// Written is a value as people write it: 10m, not 10m0s; an address in hex.
func Written(value any) string {
	switch v := value.(type) {
	case uint16:
		return fmt.Sprintf("%#x", v)
	case time.Duration:
		text := v.String()
		if minutes, ok := strings.CutSuffix(text, "m0s"); ok {
			text = minutes + "m"
		}
		if hours, ok := strings.CutSuffix(text, "h0m"); ok {
			text = hours + "h"
		}
		return text
	}
	return fmt.Sprint(value)
}
