package house

import (
	"errors"
	"math"
	"math/rand/v2"
	"time"
)

// Estimate is what a record tells about a room.
type Estimate struct {
	Params PhysicalParams // a room that behaves like the one recorded
	Gain   Figure         // K, above the outdoors in the end with full power
	Slow   Figure         // h, the time constant of the whole room
	Hour   Figure         // K, in the first hour of full power
	Noise  float64        // K, root mean square of what the room does not explain
	Sensor float64        // K, of what is the sensor's own noise
	Timing float64        // K, of what comes of switches whose moment is known only roughly
	Told   bool           // all three are known to a tenth, and nothing but noise is left
}

// Disturbed reports whether more is left than the sensor's noise and the switches'
// doubt explain: something else than the output warmed or cooled the room.
func (e Estimate) Disturbed() bool { return e.Noise > 1.1*math.Hypot(e.Sensor, e.Timing)+0.002 }

// Figure is a value and its doubt: with 95 % the truth is within ± Doubt of it,
// as a share of the value.
type Figure struct {
	Value, Doubt float64 // in the unit of what it tells, and a share of that
}

// tellsWithin is the doubt up to which a figure counts as known.
const tellsWithin = 0.1

// The unknowns of a fit, chosen so that they hang together as little as may be:
// logarithms of the room's constants, then where mass and heater's body began,
// and the outdoors where they were not recorded.
const (
	uAir    = iota // capacity of the air
	uMass          // capacity of the mass
	uInner         // resistance between them
	uLoss          // resistance of all losses
	uWindow        // what is lost by the air, over what is lost by the mass
	uBody          // capacity of the heater's body
	uLag           // its time constant
	uMassStart
	uBodyStart
	uCoolBody   // the cooler's body, where both ran
	uCoolLag    // its time constant
	uCoolPower  // of the cooler, over that of the heater
	uOutdoor    // mean of the day, where the outdoors were not recorded
	uOutdoorCos // and its wave, K
	uOutdoorSin
)

// guess is one set of unknowns.
type guess [maxUnknowns]float64

// usual is how far an unknown may be from the first guess: logarithms, K, K, °C.
func usual() guess { return guess{1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 3, 10, 1.5, 1.5, 1.5, 10, 5, 5} }

// fit is the problem: a record, a power, and where the guesses began.
type fit struct {
	record  *Record
	power   float64 // W, of what ran
	both    bool    // heater and cooler ran: each has a body of its own
	outdoor bool    // it was recorded
	inMass  bool    // the sensor hangs in the mass, as in beer that is heated and cooled through the air around it
	prior   guess
	noise   float64 // K, for the weight of the prior
}

// asked reports whether a fit has that unknown.
func (f *fit) asked(u int) bool {
	switch {
	case u >= uOutdoor:
		return !f.outdoor
	case u >= uCoolBody:
		return f.both
	}
	return true
}

// EstimateRoom finds the room that explains a record best, by least squares over
// its whole course (Marquardt's method), where full power is so many watts. It
// fails where there is nothing to learn from.
func EstimateRoom(r *Record, watt float64) (Estimate, error) {
	if err := r.excited(); err != nil {
		return Estimate{}, err
	}
	f := &fit{record: r, power: watt, both: r.bothRan(), outdoor: r.outdoorKnown(), noise: 0.05}
	best, cost := f.search()
	if other := *f; f.both {
		other.inMass = true
		if x, otherCost := other.search(); otherCost < cost {
			f, best = &other, x
		}
	}
	return f.estimate(best), nil
}

// search descends from each of the first guesses, and from the best of them to the end.
func (f *fit) search() (guess, float64) {
	best, prior, bestCost := guess{}, guess{}, math.Inf(1)
	for _, start := range f.starts() {
		f.prior = start
		if x, cost := f.descend(start, 12); cost < bestCost {
			best, prior, bestCost = x, start, cost
		}
	}
	f.prior = prior
	return f.descend(best, 60)
}

// excited refuses a record without which no fit has a meaning.
func (r *Record) excited() error {
	var on, off, total float64
	for _, s := range r.spans {
		on += s.driven + s.cooled
		total += s.seconds
	}
	off = total - on
	switch {
	case total < 6*3600:
		return errors.New("the record is shorter than 6 hours")
	case on < leastRun:
		return errors.New("heater or cooler ran for less than half an hour: nothing shows what it does")
	case off < leastRun:
		return errors.New("heater or cooler was hardly ever off: nothing shows how the room goes back")
	}
	return nil
}

// starts are first guesses: the steady rise that the means suggest, with rooms
// and bodies from quick to slow.
func (f *fit) starts() []guess {
	var rise, driven, seconds, count, outdoor float64
	for _, s := range f.record.spans {
		rise += s.celsius
		outdoor += s.outdoor
		count += s.count
		driven += s.driven - s.cooled
		seconds += s.seconds
	}
	outdoor /= count
	if !f.outdoor {
		outdoor = 5
	}
	gain := (rise/count - outdoor) / (driven / seconds) // K at full power
	gains := []float64{max(gain, 2)}
	if f.both { // what heats and what cools makes no sense together
		gains = []float64{20, 100}
	}
	var all []guess
	for _, gain := range gains {
		for _, slow := range []float64{8, 40} { // h
			for _, body := range []float64{0.1, 0.5, 5} { // h
				all = append(all, startOf(gain/f.power, slow*3600, body*3600, outdoor))
			}
		}
	}
	return all
}

// startOf is the first guess of a room with so many K/W in all and with these
// time constants, s.
func startOf(resistance, slow, body, outdoor float64) guess {
	mass := slow / resistance
	return guess{
		uAir: math.Log(mass / 12), uMass: math.Log(mass), uInner: math.Log(resistance / 8),
		uLoss: math.Log(resistance), uWindow: math.Log(1 / 2.0),
		uBody: math.Log(mass / 20), uLag: math.Log(body), uOutdoor: outdoor,
		uCoolBody: math.Log(mass / 20), uCoolLag: math.Log(body),
	}
}

// params is the room of a guess.
func (f *fit) params(x *guess) PhysicalParams {
	body := Emitter{Capacity: math.Exp(x[uBody]), ToRoom: math.Exp(x[uLag] - x[uBody])}
	share := 1 / (1 + math.Exp(-x[uWindow]))
	loss := math.Exp(x[uLoss])
	p := PhysicalParams{
		AirCapacity: math.Exp(x[uAir]), MassCapacity: math.Exp(x[uMass]),
		AirToMass: math.Exp(x[uInner]), AirToOutdoor: loss / share, MassToOutdoor: loss / (1 - share),
		HeaterPower: f.power, Heater: body,
		SensorLag: time.Minute, Start: f.record.first, Outdoor: x[uOutdoor],
	}
	if f.inMass {
		p.Place, p.HoldsMass = Place{Mass: 1}, true
	}
	if f.both {
		p.CoolerPower = f.power * math.Exp(x[uCoolPower])
		p.Cooler = Emitter{Capacity: math.Exp(x[uCoolBody]), ToRoom: math.Exp(x[uCoolLag] - x[uCoolBody])}
	}
	if !f.outdoor {
		p.OutdoorSwing = math.Hypot(x[uOutdoorCos], x[uOutdoorSin])
		p.Warmest = time.Duration(math.Atan2(x[uOutdoorSin], x[uOutdoorCos])/(2*math.Pi)*float64(day)) + 1 // 0 is 15:00
	}
	return p
}

// run lets the room of a guess live as the record did, and gives what a sensor
// in it would have shown in each span.
func (f *fit) run(x *guess, shown []float64) { f.runOther(x, shown, nil) }

// runOther is run with the output on for longer or shorter in each span, by the
// share that shift gives of its doubt; nil for not at all.
func (f *fit) runOther(x *guess, shown []float64, shift func() float64) {
	room := NewPhysical(f.params(x))
	room.nodes[nodeMass] += x[uMassStart]
	room.nodes[2] += x[uBodyStart]
	for i := range f.record.spans {
		s := &f.record.spans[i]
		if f.outdoor {
			room.now.outdoor = s.outdoor / s.count
		}
		room.heat, room.cool = f.ran(s)
		if shift != nil && s.unsure > 0 {
			by := shift() * math.Sqrt(s.unsure) / s.seconds
			if room.cool > 0 {
				room.cool += by
			} else {
				room.heat += by
			}
		}
		// The mean of the span's readings is of its middle, that of a single one of its end.
		half := time.Duration(s.seconds * 1e9 / 2 * (1 - 1/s.count))
		room.Advance(time.Duration(s.seconds*1e9) - half)
		shown[i] = room.Sensed()
		room.Advance(half)
	}
}

// descend improves a guess by so many steps at most.
func (f *fit) descend(x guess, steps int) (guess, float64) {
	shown := make([]float64, len(f.record.spans))
	damping := 1e-3
	equations, cost := f.linearise(&x, shown)
	for range steps {
		move, ok := equations.solve(damping)
		next := x
		for i := range next {
			next[i] += min(max(move[i], -2), 2) // a step out of the blue helps nobody
		}
		nextCost := math.Inf(1)
		if ok && f.sane(&next) {
			f.run(&next, shown)
			nextCost = f.cost(&next, shown)
		}
		if !(nextCost < cost) {
			if damping *= 8; damping > 1e8 {
				break
			}
			continue
		}
		gain := cost - nextCost
		x, damping = next, max(damping/6, 1e-12)
		if gain < 1e-7*cost {
			cost = nextCost
			break
		}
		equations, cost = f.linearise(&x, shown)
	}
	return x, cost
}

// sane keeps a guess where numbers still are numbers.
func (f *fit) sane(x *guess) bool {
	for i, far := range usual() {
		if f.asked(i) && !(math.Abs(x[i]-f.prior[i]) < 6*far) {
			return false
		}
	}
	return true
}

func (f *fit) cost(x *guess, shown []float64) float64 {
	sum := 0.0
	for i := range shown {
		d := f.record.mean(i) - shown[i]
		sum += d * d
	}
	for i, far := range usual() {
		if f.asked(i) {
			d := (x[i] - f.prior[i]) / far * f.noise
			sum += d * d
		}
	}
	return sum
}

// linearise gives the equations of the next step, from the differences that a
// little of each unknown makes.
func (f *fit) linearise(x *guess, shown []float64) (*normal, float64) {
	f.run(x, shown)
	slopes := f.slopes(x, shown)
	n := &normal{unknowns: maxUnknowns}
	var row [maxUnknowns]float64
	for i := range shown {
		for u, slope := range slopes {
			if slope != nil {
				row[u] = slope[i]
			}
		}
		n.add(&row, f.record.mean(i)-shown[i])
	}
	for u, far := range usual() { // the prior, so that what the data cannot tell, or is not asked, stays where it was
		row = [maxUnknowns]float64{}
		row[u] = f.noise / far
		n.add(&row, (f.prior[u]-x[u])/far*f.noise)
	}
	return n, f.cost(x, shown)
}

// slopes are how much what is shown changes with each unknown; none for what is
// not asked.
func (f *fit) slopes(x *guess, shown []float64) (all [maxUnknowns][]float64) {
	const little = 1e-6
	for u := range all {
		if !f.asked(u) {
			continue
		}
		slope := make([]float64, len(shown))
		moved := *x
		moved[u] += little
		f.run(&moved, slope)
		for i := range shown {
			slope[i] = (slope[i] - shown[i]) / little
		}
		all[u] = slope
	}
	return all
}

// estimate turns the best guess into figures with their doubts.
func (f *fit) estimate(x guess) Estimate {
	shown := make([]float64, len(f.record.spans))
	equations, _ := f.linearise(&x, shown)
	noise, inert := f.residual(shown)
	e := Estimate{Params: f.params(&x), Noise: noise, Sensor: f.record.noise()}
	var moves []guess
	e.Timing, moves = f.timing(&x, shown, *equations)
	for figure, of := range map[*Figure]func(PhysicalParams) float64{&e.Gain: riseOf, &e.Slow: slowOf, &e.Hour: hourOf} {
		*figure = f.figure(&x, equations, noise*inert, moves, of)
	}
	e.Told = !e.Disturbed() && e.Gain.Doubt <= tellsWithin && e.Slow.Doubt <= tellsWithin && e.Hour.Doubt <= tellsWithin
	return e
}

// ran gives the shares of a span that heater and cooler were on. A room with a
// cooler alone is one that is heated with less than nothing.
func (f *fit) ran(s *span) (heat, cool float64) {
	if f.both {
		return s.driven / s.seconds, s.cooled / s.seconds
	}
	return (s.driven - s.cooled) / s.seconds, 0
}

// timings are how often the doubt of the switches is drawn.
const timings = 8

// timing is how far the room of a guess goes from its course, root mean square in
// K, when each switch comes as much earlier or later as its doubt says, and how
// far the unknowns would move with that: one switch is felt for hours, so that
// its error is no noise that a longer record takes away.
func (f *fit) timing(x *guess, shown []float64, equations normal) (noise float64, moves []guess) {
	random := rand.New(rand.NewPCG(1, 2)) // the same record gives the same estimate
	slopes, other := f.slopes(x, shown), make([]float64, len(shown))
	for range timings {
		f.runOther(x, other, random.NormFloat64)
		equations.jr = [maxUnknowns]float64{}
		for i := range shown {
			d := other[i] - shown[i]
			noise += d * d / timings / float64(len(shown))
			for u, slope := range slopes {
				if slope != nil {
					equations.jr[u] += slope[i] * d
				}
			}
		}
		if move, ok := equations.solve(0); ok {
			moves = append(moves, move)
		}
	}
	return math.Sqrt(noise), moves
}

// residual is what the fit leaves: its size, K, and by how much a doubt grows
// since what is left hangs together: sun, a stove and people last for hours, so
// that a week of them is fewer observations than it has minutes.
func (f *fit) residual(shown []float64) (noise, inert float64) {
	var squares, pairs, last float64
	for i := range shown {
		d := f.record.mean(i) - shown[i]
		squares += d * d
		pairs += d * last
		last = d
	}
	like := min(max(pairs/squares, 0), 0.9999)
	return math.Sqrt(squares / float64(len(shown))), math.Sqrt((1 + like) / (1 - like))
}

// figure carries the doubt of the unknowns over to what hangs on them.
func (f *fit) figure(x *guess, n *normal, noise float64, moves []guess, of func(PhysicalParams) float64) Figure {
	const little = 1e-4
	value := of(f.params(x))
	var gradient [maxUnknowns]float64
	for u := range gradient {
		moved := *x
		moved[u] += little
		gradient[u] = (of(f.params(&moved)) - value) / little / value
	}
	variance := noise * noise * n.variance(gradient)
	for _, move := range moves {
		by := 0.0
		for u := range gradient {
			by += gradient[u] * move[u]
		}
		variance += by * by / float64(len(moves))
	}
	return Figure{value, 2 * math.Sqrt(variance)}
}

// riseOf is how far above the outdoors full power brings the sensor in the end, K.
func riseOf(p PhysicalParams) float64 {
	room := NewPhysical(p)
	return p.HeaterPower * room.sense.of(room.flows.heat)
}

// slowOf is the slowest time constant, h.
func slowOf(p PhysicalParams) float64 {
	room := NewPhysical(p)
	slowest := math.Inf(-1)
	for _, r := range room.net.rates[:room.net.nodes] {
		slowest = max(slowest, r)
	}
	return -1 / slowest / 3600
}

// hourOf is how far full power brings the sensor in an hour, K.
func hourOf(p PhysicalParams) float64 {
	p.Start, p.Outdoor, p.OutdoorSwing, p.Sun = 0, 0, 0, 0
	room := NewPhysical(p)
	room.Heat(true)
	room.Advance(time.Hour)
	return room.Sensed()
}
