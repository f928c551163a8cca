package figures

import (
	"math"
	"testing"
)

// TestAPeakIsHeldAgainstTheOneThatWasForeseen: between two switches the highest temperature counts after the heat, and the lowest
// while it is on; a stretch for which nothing was foreseen does not count, nor one that has not ended.
func TestAPeakIsHeldAgainstTheOneThatWasForeseen(t *testing.T) {
	turns := Turns{}
	nothing := math.NaN()
	for i, m := range []struct {
		celsius  float64
		on       bool
		foreseen float64
	}{
		{20, true, nothing}, {20.5, false, 20.8}, {20.9, false, 0}, {20.6, false, 0}, // 0.1 K too low
		{20.2, true, 19.9}, {20.1, true, 0}, {20.4, true, 0}, // 0.2 K too low
		{20.5, false, nothing}, {25, false, 0},
		{20, true, 19.5}, {10, true, 0},
	} {
		if turns.Add(m.celsius, m.on) {
			turns.Foresee(m.foreseen)
		} else if m.foreseen > 0 {
			t.Errorf("moment %d is no switch", i)
		}
	}
	if low, high := turns.Quantile(0), turns.Quantile(1); turns.Count != 2 || low != 0.1 || high != 0.2 {
		t.Errorf("%d errors of %v..%v K", turns.Count, low, high)
	}
}

// TestErrorsOfSeveralRunsAreOneRow: the quantile is the value at that place among all of them, to a thousandth.
func TestErrorsOfSeveralRunsAreOneRow(t *testing.T) {
	var even, odd, all Errors
	for i := range 6 {
		even.add(0.02 * float64(i))
		odd.add(0.02*float64(i) + 0.01)
	}
	all.Merge(even)
	all.Merge(odd)
	all.add(99)
	if all.Count != 13 || all.Quantile(0.5) != 0.06 || all.Quantile(0.9) != 0.11 || all.Quantile(1) != 10 || even.Count != 6 {
		t.Errorf("%d: %v %v %v", all.Count, all.Quantile(0.5), all.Quantile(0.9), all.Quantile(1))
	}
	if q := (Errors{}).Quantile(0.5); !math.IsNaN(q) {
		t.Errorf("%v K of none", q)
	}
}
