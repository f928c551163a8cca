package times

import (
	"strings"
	"testing"
	"time"
)

var monday = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

func TestATimetableCoversItsDaysAndHours(t *testing.T) {
	for _, c := range []struct {
		text string
		in   []string
		out  []string
	}{
		{"06:00-08:00", []string{"Mon 06:00", "Sun 07:59"}, []string{"Mon 05:59", "Mon 08:00"}},
		{"mon-fri 06:00-08:00,17:00-22:00;sat,sun 08:00-24:00", []string{"Fri 17:00", "Sat 23:59", "Sun 08:00"}, []string{"Sat 06:30", "Mon 00:00", "Fri 22:00"}},
		{"fri-mon 22:00-02:00", []string{"Fri 23:00", "Sat 01:59", "Tue 01:00", "Mon 00:30"}, []string{"Tue 22:00", "Fri 01:00", "Wed 01:00"}},
	} {
		table, err := Parse(c.text)
		if err != nil {
			t.Fatal(err)
		}
		for _, when := range append(c.in, c.out...) {
			day, clock, _ := strings.Cut(when, " ")
			minute, _ := clockMinute(clock)
			after := time.Duration(dayOf(strings.ToLower(day))*24*60+minute) * time.Minute
			want := strings.Contains(strings.Join(c.in, ","), when)
			if table.Covers(monday, after) != want || table.Covers(monday.Add(30*time.Hour), after+7*24*time.Hour-30*time.Hour) != want {
				t.Errorf("%s: %s is %v", c.text, when, !want)
			}
		}
	}
}
