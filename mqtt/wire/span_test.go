package wire

import (
	"testing"
	"time"
)

// TestADurationIsWrittenAsPeopleDo: numbers with d, h, m, s, a bare number is minutes, and
// what no control could say is refused.
func TestADurationIsWrittenAsPeopleDo(t *testing.T) {
	const year = 366 * 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"": 0, "45": 45 * time.Minute, "45m": 45 * time.Minute, "2h": 2 * time.Hour, "1h30m": 90 * time.Minute, "3d": 72 * time.Hour, "1d12h": 36 * time.Hour,
		"90s": 90 * time.Second, "0.5d": 12 * time.Hour, "366d": year,
	} {
		if got, err := ParseSpan(text, year); err != nil || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"0", "-5", "0.01", "30s", "999999", "9000h", "367d", "1e9d", "x", "2 h", "h", "d", "1_0", "+5", "5w", "1d-2h", "1d+2h", "2026-12-24"} {
		if got, err := ParseSpan(text, year); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}
