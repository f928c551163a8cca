package config

import (
	"fmt"
	"runtime"
	"strconv"
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

// allocated is how many bytes something takes from the heap, freed ones among them.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A file of zones that are all wrong takes no more than its length: each zone
// brings a complaint, and 8 times the zones must not take 64 times as much. Of
// time the benchmarks tell.
func TestReadingIsLinear(t *testing.T) {
	once := func(n int) uint64 {
		text := wrongZones(n)
		return allocated(func() {
			if _, complaints := ReadOn("f", text, cabin()); len(complaints) != n {
				t.Fatalf("%d complaints of %d zones", len(complaints), n)
			}
		})
	}
	if few, many := once(1000), once(8000); many > 10*few {
		t.Errorf("1000 zones took %d bytes, 8000 took %d", few, many)
	}
}

func wrongZones(n int) []byte {
	return []byte(strings.ReplaceAll(string(manyZones(n)), "down_delta", "down_dleta"))
}

func TestTenThousandZonesTakeAtMost200MB(t *testing.T) {
	text := manyZones(10_000)
	n := allocated(func() {
		if c, complaints := ReadOn("f", text, cabin()); len(complaints) > 0 || len(c.Zones) != 10_000 {
			t.Fatal(complaints)
		}
	})
	t.Logf("%d bytes", n)
	if n > 200e6 {
		t.Errorf("%d bytes", n)
	}
}

// hostileShapes calls with files of 200 kB of one thing again and again.
func hostileShapes(each func(name string, text []byte)) {
	for _, unit := range []string{
		"[", "{", "{a: ", "[a,", "- ", "-\n", "a: 1\n", "a:\n", "- a:\n", "? ", "? a\n", "&a ", "!!str ", "!!map\n", "*a ",
		"a,", "'", "\"", "[]", "{}", "@", "|\n", "---\n", "...\n", "<<: 1\n", "%a\n", "!", "- - ", "#\n", "- {a}\n", "a: &b ", "- !a &b ",
	} {
		for _, before := range []string{"", "a: ", "{", "- ", "a: \"", "a: |\n "} {
			each(fmt.Sprintf("%q after %q", unit, before), []byte(before+strings.Repeat(unit, 200_000/len(unit))))
		}
	}
}

// Shapes that a parser may need minutes, or the whole stack, for. One that does
// not end is ended by go test.
func TestHostileShapesEndSoon(t *testing.T) {
	hostileShapes(func(name string, text []byte) {
		if n := allocated(func() { ReadOn("f", text, cabin()) }); n > 300e6 {
			t.Errorf("%s took %d bytes", name, n)
		}
	})
}

func BenchmarkReadConfig10000Zones(b *testing.B) {
	text := manyZones(10_000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if c, complaints := ReadOn("f", text, cabin()); len(complaints) > 0 || len(c.Zones) != 10_000 {
			b.Fatal(complaints)
		}
	}
}

// BenchmarkReadConfigZones shows what 8 times as many zones take, all wrong.
func BenchmarkReadConfigZones(b *testing.B) {
	for _, n := range []int{1000, 8000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			text := wrongZones(n)
			b.ReportAllocs()
			for b.Loop() {
				ReadOn("f", text, cabin())
			}
		})
	}
}

// BenchmarkReadHostileShapes shows the slowest of them, in s.
func BenchmarkReadHostileShapes(b *testing.B) {
	var slowest time.Duration
	for b.Loop() {
		hostileShapes(func(name string, text []byte) {
			start := time.Now()
			ReadOn("f", text, cabin())
			if d := time.Since(start); d > slowest {
				slowest = d
				b.Logf("%s: %v", name, d)
			}
		})
	}
	b.ReportMetric(slowest.Seconds(), "s/slowest")
}
