package house

import (
	"testing"
	"time"
)

func BenchmarkAdvance(b *testing.B) {
	room := NewPhysical(bodied())
	b.ReportAllocs()
	for b.Loop() {
		room.Advance(5 * time.Second)
	}
}
