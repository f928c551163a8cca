package program

import (
	"encoding/json"
	"os"
	"testing"
)

// TestTheTableOfWeeksIsReadAsItSays: each text is the week that stands beside it, and
// null is none. The page's reader is held against the same table.
func TestTheTableOfWeeksIsReadAsItSays(t *testing.T) {
	text, err := os.ReadFile("testdata/weeks.json")
	if err != nil {
		t.Fatal(err)
	}
	var table map[string]*string
	if err := json.Unmarshal(text, &table); err != nil {
		t.Fatal(err)
	}
	if len(table) < 40 {
		t.Fatalf("%d rows", len(table))
	}
	for said, want := range table {
		week, err := Parse(said)
		switch {
		case want == nil && err == nil:
			t.Errorf("%q is taken as %q", said, week)
		case want != nil && (err != nil || week.String() != *want):
			t.Errorf("%q: got %q, %v, want %q", said, week, err, *want)
		}
	}
}
