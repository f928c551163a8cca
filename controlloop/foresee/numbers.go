package foresee

// exp is e^x within -50 <= x <= 50, the same bits on every machine. The argument is halved until a
// polynomial of Taylor's serves, and the result is squared as often.
func exp(x float64) float64 {
	n := 0
	x = clamp(x, -50, 50)
	for ; x > 0.125 || x < -0.125; n++ {
		x /= 2
	}
	sum := 1.0
	for k := 9.0; k > 0; k-- { // 0.125^10/10! is below 3e-16
		sum = 1 + float64(float64(x*sum)/k)
	}
	for ; n > 0; n-- {
		sum = float64(sum * sum)
	}
	return sum
}

// ln2 is ln 2.
const ln2 = 0.693147180559945309417232121458176568

// ln is the natural logarithm within 1e-30 <= x <= 1e30, the same bits on every machine.
func ln(x float64) float64 {
	n := 0.0
	x = clamp(x, 1e-30, 1e30)
	for ; x > 4/3.; n++ {
		x /= 2
	}
	for ; x < 2/3.; n-- {
		x *= 2
	}
	z := (x - 1) / (x + 1) // at most 1/5
	square, sum := float64(z*z), 0.0
	for k := 25.0; k > 0; k -= 2 { // (1/5)^27 is below 2e-19
		sum = 1/k + float64(square*sum)
	}
	return float64(n*ln2) + float64(2*float64(z*sum))
}

func clamp(x, low, high float64) float64 { return min(max(x, low), high) }
