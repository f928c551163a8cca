package house

import "math"

// Nodes of a network: the air, the mass of walls and floor, and then the bodies
// of heater and cooler, where they have one.
const (
	nodeAir  = 0
	nodeMass = 1
	maxNodes = 4
)

// vector has one value a node.
type vector [maxNodes]float64

// matrix has one row a node.
type matrix [maxNodes]vector

// network is a thermal network of nodes that exchange heat with each other and
// with the outdoors: C dx/dt = -L x + q. It is solved by its modes.
type network struct {
	nodes    int
	capacity vector // J/K
	links    matrix // L, W/K: what leaves each node on the diagonal, less what it gets from the others
	outdoor  vector // W/K to the outdoors
	rates    vector // of the modes, 1/s, all negative
	modes    matrix // a column a mode: its temperatures
	weights  matrix // a row a mode: how much of it is in temperatures
}

// newNetwork makes a network of the given capacities, J/K, with no links.
func newNetwork(capacity ...float64) network {
	n := network{nodes: len(capacity)}
	copy(n.capacity[:], capacity)
	return n
}

// link lets two nodes exchange heat, W/K.
func (n *network) link(a, b int, conductance float64) {
	n.links[a][a] += conductance
	n.links[b][b] += conductance
	n.links[a][b] -= conductance
	n.links[b][a] -= conductance
}

// lose lets a node exchange heat with the outdoors, W/K.
func (n *network) lose(node int, conductance float64) {
	n.links[node][node] += conductance
	n.outdoor[node] += conductance
}

// findModes turns the network into modes that decay by themselves. The matrix
// is made symmetric by the square roots of the capacities, so that the modes
// are real and the rotations of Jacobi find them to the last digits.
func (n *network) findModes() {
	var s matrix
	for i := range n.nodes {
		for j := range n.nodes {
			s[i][j] = -n.links[i][j] / math.Sqrt(n.capacity[i]*n.capacity[j])
		}
	}
	turned := diagonalise(&s, n.nodes)
	for i := range n.nodes {
		n.rates[i] = s[i][i]
		for j := range n.nodes {
			n.modes[j][i] = turned[j][i] / math.Sqrt(n.capacity[j])
			n.weights[i][j] = turned[j][i] * math.Sqrt(n.capacity[j])
		}
	}
}

// diagonalise turns a symmetric matrix until nothing is left beside its
// diagonal (Jacobi's method), and gives the turns.
func diagonalise(s *matrix, nodes int) matrix {
	var turned matrix
	for i := range nodes {
		turned[i][i] = 1
	}
	for range 50 { // it converges quadratically: a handful of rounds do
		rest := 0.0
		for p := range nodes {
			for q := p + 1; q < nodes; q++ {
				rest = math.Max(rest, math.Abs(s[p][q])/math.Sqrt(math.Abs(s[p][p]*s[q][q])))
				rotate(s, &turned, p, q, nodes)
			}
		}
		if rest < 1e-17 {
			break
		}
	}
	return turned
}

// rotate makes one element beside the diagonal zero.
func rotate(s, turned *matrix, p, q, nodes int) {
	if s[p][q] == 0 {
		return
	}
	theta := (s[q][q] - s[p][p]) / (2 * s[p][q])
	t := math.Copysign(1, theta) / (math.Abs(theta) + math.Hypot(theta, 1))
	c := 1 / math.Hypot(t, 1)
	sn := t * c
	for k := range nodes {
		s[k][p], s[k][q] = c*s[k][p]-sn*s[k][q], sn*s[k][p]+c*s[k][q]
	}
	for k := range nodes {
		s[p][k], s[q][k] = c*s[p][k]-sn*s[q][k], sn*s[p][k]+c*s[q][k]
		turned[k][p], turned[k][q] = c*turned[k][p]-sn*turned[k][q], sn*turned[k][p]+c*turned[k][q]
	}
	s[p][q], s[q][p] = 0, 0
}

// steady is where heat flows of so many watts into the nodes lead in the end, K
// above the outdoors: L x = q by elimination. L is dominated by its diagonal,
// so that no digits are lost.
func (n *network) steady(q vector) vector {
	l := n.links
	for k := range n.nodes {
		for i := k + 1; i < n.nodes; i++ {
			f := l[i][k] / l[k][k]
			for j := k; j < n.nodes; j++ {
				l[i][j] -= f * l[k][j]
			}
			q[i] -= f * q[k]
		}
	}
	for k := n.nodes - 1; k >= 0; k-- {
		for j := k + 1; j < n.nodes; j++ {
			q[k] -= l[k][j] * q[j]
		}
		q[k] /= l[k][k]
	}
	return q
}

// behind is how far the nodes are behind what steady gives, K, while the flows
// grow by q each second.
func (n *network) behind(q vector) vector {
	x := n.steady(q)
	for i := range n.nodes {
		x[i] *= n.capacity[i]
	}
	return n.steady(x)
}

// wave is the answer of the nodes to an outdoor swing of 1 K and of so many radians a second.
func (n *network) wave(omega float64) [maxNodes]complex128 {
	var x [maxNodes]complex128
	for m := range n.nodes {
		drive := 0.0
		for i := range n.nodes {
			drive += n.weights[m][i] * n.outdoor[i] / n.capacity[i]
		}
		a := complex(drive, 0) / (complex(0, omega) - complex(n.rates[m], 0))
		for i := range n.nodes {
			x[i] += complex(n.modes[i][m], 0) * a
		}
	}
	return x
}

// transition is what is left of a deviation after some time: of the nodes, and
// of a sensor that follows them and acts on nothing.
type transition struct {
	seconds float64
	nodes   matrix
	sensor  vector  // what the nodes' deviations have made of the sensor's
	own     float64 // what is left of the sensor's own
}

func (n *network) transition(seconds float64, s sense) transition {
	t := transition{seconds: seconds, own: math.Exp(-seconds / s.lag)}
	for m := range n.nodes {
		decay := math.Exp(n.rates[m] * seconds)
		seen := s.of(n.column(m)) * blend(n.rates[m], -1/s.lag, seconds) / s.lag
		for j := range n.nodes {
			for i := range n.nodes {
				t.nodes[i][j] += n.modes[i][m] * decay * n.weights[m][j]
			}
			t.sensor[j] += seen * n.weights[m][j]
		}
	}
	return t
}

func (n *network) column(m int) vector {
	var v vector
	for i := range n.nodes {
		v[i] = n.modes[i][m]
	}
	return v
}

// sense is where a sensor is and how it follows: shares of the nodes and of the
// outdoors, which are 1 in all, behind a lag of the first order.
type sense struct {
	nodes   vector
	outdoor float64
	lag     float64 // s
}

func (s *sense) of(x vector) float64 {
	sum := 0.0
	for i, share := range s.nodes {
		sum += share * x[i]
	}
	return sum
}

// blend is the convolution of two exponentials, (e^at - e^bt)/(a - b) in s.
// The slower one is taken out, so that nothing overflows, and expm1 keeps the
// digits where the two rates, 1/s, are nearly equal.
func blend(a, b, seconds float64) float64 {
	slow, fast := max(a, b), min(a, b)
	if slow == fast {
		return seconds * math.Exp(slow*seconds)
	}
	return math.Exp(slow*seconds) * math.Expm1((fast-slow)*seconds) / (fast - slow)
}
