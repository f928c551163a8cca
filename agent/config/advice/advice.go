// Package advice says what to write instead of what people write.
package advice

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"thermostat/agent/config/yamltree"
)

// Whole is the form of a whole number.
var Whole = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]*)$`)

var (
	commaNumber = regexp.MustCompile(`^([-+]?[0-9]+),([0-9]+)$`)
	unitNumber  = regexp.MustCompile(`^([-+]?[0-9]+(?:[.,][0-9]+)?) ?(°? ?[CcFf]|K|°|[Gg]rad|[Dd]eg(?:rees)?)$`)
	unitTime    = regexp.MustCompile(`^([0-9]+(?:[.,][0-9]+)?) ?([A-Za-z]+)$`)
)

// Number is for a text where a number is wanted; empty where it does not know.
func Number(key, text string) string {
	if m := commaNumber.FindStringSubmatch(text); m != nil {
		return ": write " + m[1] + "." + m[2]
	}
	m := unitNumber.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	number := strings.Replace(m[1], ",", ".", 1)
	if !strings.ContainsAny(m[2], "Ff") {
		return ": write " + number + ", without the unit; temperatures here are °C, differences K"
	}
	if strings.Contains(key, "delta") || strings.Contains(key, "rate") {
		return ": write the number of K, without the unit; 1 K is 1.8 °F"
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return ""
	}
	return fmt.Sprintf(": temperatures here are °C without the unit, also where units is F: write %.1f", (f-32)/1.8)
}

// timeUnits are how people write the units of a duration.
var timeUnits = map[string]string{
	"s": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s", "sek": "s",
	"m": "m", "min": "m", "mins": "m", "minute": "m", "minutes": "m",
	"h": "h", "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "std": "h",
}

// Duration is for a text where a duration is wanted; empty where it does not know.
func Duration(text string) string {
	m := unitTime.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	number := strings.Replace(m[1], ",", ".", 1)
	switch unit := strings.ToLower(m[2]); {
	case timeUnits[unit] != "":
		return ": write " + number + timeUnits[unit]
	case unit == "d" || unit == "day" || unit == "days":
		return ": write the number of hours, such as 24h"
	}
	return ""
}

// List is for a value where a list is wanted.
func List(n *yamltree.Node) string {
	switch {
	case n.Kind == yamltree.Empty:
		return "write its items below it, each behind a dash and a blank, or " + yamltree.PathWord(n.Key) + ": [] where there are none"
	case n.Kind == yamltree.Mapping && n.Key == "zones":
		return "begin each zone with a dash, a blank and its name, such as - name: living-room"
	case n.Kind == yamltree.Mapping:
		return "put a dash and a blank before the first key of each item"
	}
	return "put the value into [ ], such as [a, b]"
}

// DecimalComma knows {desired: 20,5}, which YAML reads as {desired: 20, 5: }.
func DecimalComma(n *yamltree.Node) string {
	i := slices.Index(n.Parent.Children, n)
	if i < 1 || n.Kind != yamltree.Empty || !digits.MatchString(n.Key) {
		return ""
	}
	before := n.Parent.Children[i-1]
	if before.Kind != yamltree.Scalar || !Whole.MatchString(before.Text) {
		return ""
	}
	return fmt.Sprintf("a number has a point and no comma: write %s: %s.%s", yamltree.PathWord(before.Key), before.Text, n.Key)
}

var digits = regexp.MustCompile(`^[0-9]+$`)

// RunTogether knows {driver gpio}, which YAML reads as one key without a value.
func RunTogether(n *yamltree.Node, known []string) string {
	key, value, ok := strings.Cut(n.Key, " ")
	if !ok || n.Kind != yamltree.Empty || !slices.Contains(known, key) {
		return ""
	}
	return yamltree.ShownLine(key + ": " + value)
}
