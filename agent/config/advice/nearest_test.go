package advice

import (
	"strings"
	"testing"
)

func TestTheNearestKnownNameIsProposed(t *testing.T) {
	known := []string{"up", "down", "outdoor", "outdoor_swing"}
	for word, want := range map[string]string{
		"outdor": "outdoor", "outdoor-swing": "outdoor_swing", "dwon": "down", "UP": "", "xx": "", "": "",
		"temperature": "", strings.Repeat("outdoor", 1000): "",
	} {
		if got := Nearest(word, known); got != want {
			t.Errorf("%.20q: got %q, want %q", word, got, want)
		}
	}
}
