package wire

import "testing"

// TestOnlyDecimalNumbersAreTaken: what Go's own parser takes beyond a decimal number is refused.
func TestOnlyDecimalNumbersAreTaken(t *testing.T) {
	for text, want := range map[string]float64{"21.5": 21.5, "-18": -18, ".5": .5, "5.": 5, "2E1": 20, "0": 0, "-0.25": -.25} {
		if x, err := ParseDecimal(text); err != nil || x != want {
			t.Errorf("%s: %v, %v", text, x, err)
		}
	}
	for _, text := range []string{"", "2_1", "0x1.8p4", "0x15", "Inf", "-Infinity", "NaN", "+1", " 1", "1 ", "1\n", "1e400", "20,5", "1e", "\u00a01", "١"} {
		if x, err := ParseDecimal(text); err == nil {
			t.Errorf("%q is %v", text, x)
		}
	}
}
