package broker

import (
	"testing"
	"time"
)

// TestLogLinesAreLimited against books of its own: over any time no more lines than at once
// and one for each minute, none while there is something left, and the lines
// left out are all counted.
func TestLogLinesAreLimited(t *testing.T) {
	var r LogLimit
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, gap := range []time.Duration{0, time.Second, 59 * time.Second, time.Minute, 61 * time.Second, 10 * time.Minute, 1000 * time.Hour} {
		written, silent, told, began := 0, 0, 0, now
		for range 500 {
			now = now.Add(gap)
			if n, ok := r.line(now); ok {
				written++
				told += n
			} else {
				silent++
			}
		}
		if most := burst + int(now.Sub(began)/refill); written > most {
			t.Errorf("gap %v: %d lines, at most %d", gap, written, most)
		}
		if gap >= time.Minute && silent > 0 || gap < 50*time.Second && silent == 0 {
			t.Errorf("gap %v: %d were not written", gap, silent)
		}
		now = now.Add(time.Hour)
		n, ok := r.line(now)
		if told += n; !ok || told != silent {
			t.Errorf("gap %v: %d of %d are told", gap, told, silent)
		}
		now = now.Add(time.Hour)
	}
}
