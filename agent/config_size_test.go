package main

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
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

// allocated gives how many bytes a function allocates: work that a busy
// machine does not change. What grows with the square of a file's length shows here.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A file of zones that are all wrong costs by its length: each zone brings
// complaints, and 8 times the zones must not cost 64 times as much.
func TestReadingIsLinear(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	perZone := func(n int) uint64 {
		text := []byte(strings.ReplaceAll(string(manyZones(n)), "down_delta", "down_dleta"))
		return allocated(func() {
			if _, complaints := readConfig("f", text, cabin()); len(complaints) != n {
				t.Fatalf("%d complaints of %d zones", len(complaints), n)
			}
		}) / uint64(n)
	}
	if few, many := perZone(1000), perZone(8000); many > few*3/2 {
		t.Errorf("of 1000 zones each allocates %d bytes, of 8000 each %d", few, many)
	}
}

// Shapes for which the library alone allocates by the square of their length, for
// minutes, or until the stack is full. One that never ends is ended by go test.
func TestHostileShapesCostByTheirLength(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	for _, unit := range []string{
		"[", "{", "{a: ", "[a,", "- ", "-\n", "a: 1\n", "a:\n", "- a:\n", "? ", "? a\n", "&a ", "!!str ", "!!map\n", "*a ",
		"a,", "'", "\"", "[]", "{}", "@", "|\n", "---\n", "...\n", "<<: 1\n", "%a\n", "!", "- - ", "#\n", "- {a}\n", "a: &b ", "- !a &b ",
	} {
		for _, before := range []string{"", "a: ", "{", "- ", "a: \"", "a: |\n "} {
			text := []byte(before + strings.Repeat(unit, 200_000/len(unit)))
			perByte := allocated(func() { readConfig("f", text, cabin()) }) / uint64(len(text))
			if perByte > 2000 { // some 200 where all is well
				t.Errorf("%q after %q allocates %d bytes for each of its own", unit, before, perByte)
			}
		}
	}
}

func BenchmarkReadConfig10000Zones(b *testing.B) {
	text := manyZones(10_000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if c, complaints := readConfig("f", text, cabin()); len(complaints) > 0 || len(c.Zones) != 10_000 {
			b.Fatal(complaints)
		}
	}
}
