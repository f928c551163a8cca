package program

import (
	"strings"
	"testing"
	"time"
)

// TestAMomentIsARealDateAndATimeOfDay: written in full, of the years 2000 to 9999.
func TestAMomentIsARealDateAndATimeOfDay(t *testing.T) {
	for _, text := range []string{"2027-01-02 12:00", "2000-01-01 00:00", "9999-12-31 23:59", "2028-02-29 06:30"} {
		if m, err := ParseMoment(text); err != nil || m.String() != text {
			t.Errorf("%s: %v, %v", text, m, err)
		}
	}
	for _, text := range []string{
		"", "2027-01-02", "12:00", "2027-01-02T12:00", "2027-01-02 12:00:00", "2027-1-2 12:00", "2027-01-02 9:00", "2027-01-02  9:00", "2027-01-02 24:00",
		"2027-02-29 12:00", "2027-04-31 12:00", "2027-13-01 12:00", "2027-00-10 12:00", "1999-12-31 12:00", "10000-01-01 12:00", " 2027-01-02 12:0", "2027-01-02 12:60", "2027-01-02 1a:00", "+027-01-02 12:00",
	} {
		if m, err := ParseMoment(text); err == nil || !strings.Contains(err.Error(), "such as 2027-01-02 12:00") {
			t.Errorf("%q is %v, %v", text, m, err)
		}
	}
}

// TestAMomentInAGapIsTheGapsEnd, and of a doubled time it is the first.
func TestAMomentInAGapIsTheGapsEnd(t *testing.T) {
	for _, row := range []struct{ place, text, want string }{
		{"Europe/Berlin", "2027-01-02 12:00", "2027-01-02T12:00:00+01:00"},
		{"Europe/Berlin", "2027-03-28 02:30", "2027-03-28T03:00:00+02:00"},
		{"Europe/Berlin", "2027-10-31 02:30", "2027-10-31T02:30:00+02:00"},
		{"America/Santiago", "2027-09-05 00:15", "2027-09-05T01:00:00-03:00"},
		{"Australia/Lord_Howe", "2027-10-03 02:10", "2027-10-03T02:30:00+11:00"},
		{"UTC", "9999-12-31 23:59", "9999-12-31T23:59:00Z"},
	} {
		place, err := time.LoadLocation(row.place)
		if err != nil {
			t.Fatal(err) // Go brings the zones itself
		}
		m, err := ParseMoment(row.text)
		if got := m.At(place).Format(time.RFC3339); err != nil || got != row.want {
			t.Errorf("%s in %s: %s, %v, want %s", row.text, row.place, got, err, row.want)
		}
	}
}
