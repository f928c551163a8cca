package advice

import (
	"fmt"
	"strings"

	"thermostat/agent/config/yamltree"
)

// Nearest gives the word that was probably meant, or nothing where none is near.
func Nearest(word string, known []string) string {
	best, least := "", 1+max(2, len(word)/3)
	if len(word) > 40 {
		return ""
	}
	for _, k := range known {
		if d := distance(word, k); d < least && d < len(k) {
			best, least = k, d
		}
	}
	if best != "" || len(word) < 4 {
		return best
	}
	for _, k := range known { // setpoint for default_setpoint
		if strings.Contains(k, word) {
			return k
		}
	}
	return ""
}

// distance counts the bytes to insert, delete or replace (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := corner
			if a[i] != b[j] {
				replaced++
			}
			corner = row[j+1]
			row[j+1] = min(replaced, corner+1, row[j]+1)
		}
	}
	return row[len(b)]
}

// NoneOf is said of a word that is none of those there are; capitals and typing
// errors are known again.
func NoneOf(text string, words []string) string {
	write := ""
	near := Nearest(strings.ToLower(text), words)
	if near != "" && (strings.EqualFold(near, text) || !strings.ContainsAny(text, "0123456789")) { // another number is another chip
		write = ": write " + near
	}
	return fmt.Sprintf("%q is none of %s%s", yamltree.Shortened(text), strings.Join(words, ", "), write)
}
