// Package times says when somebody is there: the hours of a week.
package times

import (
	"fmt"
	"strings"
	"time"

	"thermostat/agent/config"
)

const minutesOfWeek = 7 * 24 * 60

// Table says for each minute of the week, from Monday on, whether somebody is there.
type Table [minutesOfWeek]bool

// Covers reports whether somebody is there so long after the start.
func (t *Table) Covers(start time.Time, after time.Duration) bool {
	return t[(minuteOfWeek(start)+int(after/time.Minute))%minutesOfWeek]
}

func minuteOfWeek(t time.Time) int {
	return (int(t.Weekday())+6)%7*24*60 + t.Hour()*60 + t.Minute()
}

// Parse reads 'mon-fri 06:30-08:30,17:00-22:30; sat,sun 08:00-23:00';
// without days it is every day. Nothing is nil: always.
func Parse(text string) (*Table, error) {
	if text == "" {
		return nil, nil
	}
	t := new(Table)
	for part := range strings.SplitSeq(text, ";") {
		if err := t.add(strings.Fields(part)); err != nil {
			return nil, fmt.Errorf("occupied: %s: %w", config.Shown(strings.TrimSpace(part)), err)
		}
	}
	return t, nil
}

func (t *Table) add(words []string) error {
	days := "mon-sun"
	switch len(words) {
	case 1:
	case 2:
		days = words[0]
		words = words[1:]
	default:
		return fmt.Errorf("want days and hours like mon-fri 06:30-08:30,17:00-22:30")
	}
	which, err := parseDays(days)
	if err != nil {
		return err
	}
	for hours := range strings.SplitSeq(words[0], ",") {
		from, to, err := parseHours(hours)
		if err != nil {
			return err
		}
		for day, counts := range which {
			for m := from; counts && m < to; m++ {
				t[(day*24*60+m)%minutesOfWeek] = true
			}
		}
	}
	return nil
}

// parseDays reads mon-fri or sat,sun; a range may go over Sunday.
func parseDays(text string) (which [7]bool, err error) {
	for part := range strings.SplitSeq(strings.ToLower(text), ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, to := dayOf(first), dayOf(last)
		if from < 0 || to < 0 {
			return which, fmt.Errorf("%s is none of mon, tue, wed, thu, fri, sat, sun", config.Shown(part))
		}
		for d := from; ; d = (d + 1) % 7 {
			which[d] = true
			if d == to {
				break
			}
		}
	}
	return which, nil
}

func dayOf(word string) int {
	for i, d := range []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} {
		if word == d {
			return i
		}
	}
	return -1
}

// parseHours gives minutes since midnight; hours that end before they begin go on after midnight.
func parseHours(text string) (from, to int, err error) {
	first, last, ok := strings.Cut(text, "-")
	from, fromOK := clockMinute(first)
	to, toOK := clockMinute(last)
	if !ok || !fromOK || !toOK || from == to {
		return 0, 0, fmt.Errorf("%s is not two times like 06:30-08:30", config.Shown(text))
	}
	if to < from {
		to += 24 * 60
	}
	return from, to, nil
}

func clockMinute(text string) (int, bool) {
	if text == "24:00" {
		return 24 * 60, true
	}
	t, err := time.Parse("15:04", text)
	return t.Hour()*60 + t.Minute(), err == nil
}
