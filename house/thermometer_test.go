package house

import (
	"math"
	"testing"
)

func TestThermometerShowsTheNearestStep(t *testing.T) {
	exact := NewThermometer(0, 1)
	for _, c := range []struct{ celsius, want float64 }{
		{20, 20}, {20.03, 20}, {20.04, 20.0625}, {-0.04, -0.0625}, {-10.1, -10.125}, {85, 85},
	} {
		if got := exact.Show(c.celsius); got != c.want {
			t.Errorf("%v °C is shown as %v, want %v", c.celsius, got, c.want)
		}
	}
}

func TestThermometerNoiseIsSeeded(t *testing.T) {
	a, b, other := NewThermometer(0.5, 7), NewThermometer(0.5, 7), NewThermometer(0.5, 8)
	differs := false
	for range 100 {
		x, y := a.Show(20), b.Show(20)
		if x != y {
			t.Fatalf("the same seed showed %v and %v", x, y)
		}
		if math.Mod(x, Step) != 0 {
			t.Fatalf("%v is between two steps", x)
		}
		differs = differs || x != other.Show(20)
	}
	if !differs {
		t.Error("another seed gave the same noise")
	}
}

func TestThermometerNoiseHasTheAskedDeviation(t *testing.T) {
	const n, sigma = 20000, 0.5
	noisy := NewThermometer(sigma, 1)
	var sum, squares float64
	for range n {
		x := noisy.Show(20) - 20
		sum, squares = sum+x, squares+x*x
	}
	mean, deviation := sum/n, math.Sqrt(squares/n)
	if math.Abs(mean) > 0.02 || math.Abs(deviation-sigma) > 0.02 {
		t.Errorf("mean %.3f K, deviation %.3f K, want 0 and %v", mean, deviation, sigma)
	}
}
