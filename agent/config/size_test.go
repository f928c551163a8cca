package config

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// manyZones is a file of n zones as users write them.
func manyZones(n int) []byte {
	var b strings.Builder
	b.WriteString("device: cabin\nzones:\n")
	for i := range n {
		fmt.Fprintf(&b, `  - name: zone-%d
    plant: floor
    sensor: {driver: simulated, model: linear, start: 15, up: 2m, down: 4m}
    heater: {driver: simulated}
    default_setpoint: {mode: heat, desired: 20.5, up_delta: 0.3, down_delta: 0.3}
    limits:
      desired_max: 24
      heat_cutout: 30
    timing: {sample: 10s, stale_after: 60s}
`, i)
	}
	return []byte(b.String())
}

// A file of zones that are all wrong takes no longer than its length: each
// zone brings complaints, and 4 times the zones must not take 16 times as long.
func TestReadingIsLinear(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	once := func(n int) time.Duration {
		text := []byte(strings.ReplaceAll(string(manyZones(n)), "down_delta", "down_dleta"))
		start := time.Now()
		if _, complaints := ReadOn("f", text, cabin()); len(complaints) != n {
			t.Fatalf("%d complaints of %d zones", len(complaints), n)
		}
		return time.Since(start)
	}
	few, many := once(1000), once(8000)
	if many > 40*few && many > 3*time.Second {
		t.Errorf("1000 zones took %v, 8000 took %v", few, many)
	}
}

// Shapes that the library alone needs minutes or the whole stack for.
func TestHostileShapesEndSoon(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	for _, unit := range []string{
		"[", "{", "{a: ", "[a,", "- ", "-\n", "a: 1\n", "a:\n", "- a:\n", "? ", "? a\n", "&a ", "!!str ", "!!map\n", "*a ",
		"a,", "'", "\"", "[]", "{}", "@", "|\n", "---\n", "...\n", "<<: 1\n", "%a\n", "!", "- - ", "#\n", "- {a}\n", "a: &b ", "- !a &b ",
	} {
		for _, before := range []string{"", "a: ", "{", "- ", "a: \"", "a: |\n "} {
			start := time.Now()
			text := before + strings.Repeat(unit, 200_000/len(unit))
			ReadOn("f", []byte(text), cabin())
			if d := time.Since(start); d > time.Minute { // the library alone needs minutes; a busy machine stays below
				t.Errorf("%q after %q took %v", unit, before, d)
			}
		}
	}
}

func BenchmarkReadConfig10000Zones(b *testing.B) {
	text := manyZones(10_000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if c, complaints := ReadOn("f", text, cabin()); len(complaints) > 0 || len(c.Zones) != 10_000 {
			b.Fatal(complaints)
		}
	}
}
