package house

import "math"

// maxUnknowns bounds a fit.
const maxUnknowns = 15

// normal collects the normal equations of a linear least-squares problem of a
// few unknowns: J'J x = J'r.
type normal struct {
	unknowns int
	jj       [maxUnknowns][maxUnknowns]float64
	jr       [maxUnknowns]float64
	rr       float64
	rows     int
}

// add takes an equation: row · x = r.
func (n *normal) add(row *[maxUnknowns]float64, r float64) {
	for i := range n.unknowns {
		for j := range i + 1 {
			n.jj[i][j] += row[i] * row[j]
		}
		n.jr[i] += row[i] * r
	}
	n.rr += r * r
	n.rows++
}

// factor is the Cholesky factor of J'J with its diagonal made larger by the
// share damping (Marquardt). ok is false where the equations do not determine
// the unknowns.
func (n *normal) factor(damping float64) (l [maxUnknowns][maxUnknowns]float64, ok bool) {
	for i := range n.unknowns {
		for j := range i + 1 {
			sum := n.jj[i][j]
			if i == j {
				sum *= 1 + damping
			}
			for k := range j {
				sum -= l[i][k] * l[j][k]
			}
			if i != j {
				l[i][j] = sum / l[j][j]
				continue
			}
			if !(sum > 1e-13*n.jj[i][i]) {
				return l, false
			}
			l[i][i] = math.Sqrt(sum)
		}
	}
	return l, true
}

// solve gives the unknowns.
func (n *normal) solve(damping float64) (x [maxUnknowns]float64, ok bool) {
	l, ok := n.factor(damping)
	if !ok {
		return x, false
	}
	x = n.jr
	n.forward(&l, &x)
	for i := n.unknowns - 1; i >= 0; i-- {
		for k := i + 1; k < n.unknowns; k++ {
			x[i] -= l[k][i] * x[k]
		}
		x[i] /= l[i][i]
	}
	return x, true
}

func (n *normal) forward(l *[maxUnknowns][maxUnknowns]float64, x *[maxUnknowns]float64) {
	for i := range n.unknowns {
		for k := range i {
			x[i] -= l[i][k] * x[k]
		}
		x[i] /= l[i][i]
	}
}

// variance is that of a quantity with this gradient, for equations whose right
// side has the variance 1: g' (J'J)^-1 g. It is infinite where the equations
// say nothing.
func (n *normal) variance(gradient [maxUnknowns]float64) float64 {
	l, ok := n.factor(0)
	if !ok {
		return math.Inf(1)
	}
	n.forward(&l, &gradient)
	sum := 0.0
	for i := range n.unknowns {
		sum += gradient[i] * gradient[i]
	}
	return sum
}
