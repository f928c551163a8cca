// Package foresee learns what a room does with its heat, and foresees what it will
// do: how warm it gets after the heater stops, how cold after it starts, and when to begin
// so that it is warm in time.
//
// The model has three numbers and a lag:
//
//	h' = (u - h) / lag            what the emitter gives, 0..1; u is the relay
//	m' = (T - m) / 4 h            the slow shadow of the room: its walls
//	T' = gain h - loss (T - m) - drift
//
// Times are hours, temperatures °C, differences K. A cooler is the mirror: whoever
// asks turns the sign of all temperatures.
//
// No product is added to before it has been rounded, and exp and ln are polynomials of
// our own, so that every machine comes to the same numbers.
package foresee

// lags are the lags that are tried, h; those between the house's emitters and slabs.
var lags = [...]float64{
	1 / 60., 2 / 60., 4 / 60., 7 / 60., 12 / 60., 20 / 60., 33 / 60., 55 / 60., 90 / 60., 150 / 60., 250 / 60., 417 / 60.,
}

// shadowLag is how slowly the shadow of the room follows it, h.
const shadowLag = 4

// Horizon is how far a model looks ahead, h.
const Horizon = 6

// Model is what a room has shown, and where its heat is now.
type Model struct {
	Trusted bool
	Lag     float64 // h, of the emitter
	Gain    float64 // K/h, at full heat
	Loss    float64 // 1/h
	Emitted float64 // 0..1, what the emitter gives now
	Shadow  float64 // °C, of the walls
	Drift   float64 // K/h, what weather, sun, people and windows take now
	Band    float64 // K, its own half band
	Peak    float64 // K, by which real peaks are higher than foreseen
	Trough  float64 // K, by which real troughs are lower than foreseen
	Late    float64 // how much longer heating up takes than foreseen; 1: just as long
	Least   float64 // h, the shortest stretch that it may choose
}

// possible reports whether every number is one that a room can have: a model may come from a file.
func (m *Model) possible() bool {
	const celsius = 1000 // and K, and K/h
	return within(m.Lag, lags[0], lags[len(lags)-1]) && within(m.Gain, 0, maxGain) && within(m.Loss, 0, maxLoss) &&
		within(m.Emitted, -0.001, 1.001) && within(m.Shadow, -celsius, celsius) && within(m.Drift, -celsius, celsius) &&
		within(m.Band, 0, celsius) && within(m.Peak, -celsius, celsius) && within(m.Trough, -celsius, celsius) &&
		within(m.Late, 0, 10) && within(m.Least, 0, 24)
}

// within is false for what is not a number.
func within(x, low, high float64) bool { return low <= x && x <= high }

// run is a course of the room from now on.
type run struct {
	m             *Model
	t, h, shadow  float64
	u             float64 // of the relay
	decay, dt     float64 // of the emitter in a step, and the step, h
	steady        float64 // what an emitter at u gives in a step, h
	transient     float64 // and what is above that at h = u + 1
	shadowPerStep float64
}

// step is a step of a course, h: an eighth of the lag, within bounds in which neither
// the sum is coarse nor its number of steps large.
func step(lag float64) float64 { return min(max(lag/8, 1/60.), 0.1) }

func (m *Model) from(t, u float64) run {
	dt := step(m.Lag)
	decay := exp(-dt / m.Lag)
	return run{
		m: m, t: t, h: m.Emitted, shadow: m.Shadow, u: u,
		decay: decay, dt: dt, steady: float64(u * dt), transient: float64(m.Lag * (1 - decay)), shadowPerStep: dt / shadowLag,
	}
}

// advance goes one step on and tells by how much the room has changed, K.
func (r *run) advance() float64 {
	over := r.h - r.u
	given := r.steady + float64(over*r.transient)
	away := r.t - r.shadow
	change := float64(r.m.Gain*given) - float64((float64(r.m.Loss*away)+r.m.Drift)*r.dt)
	r.h = r.u + float64(over*r.decay)
	r.shadow += float64(away * r.shadowPerStep)
	r.t += change
	return change
}

// steps is how many steps a time takes, of the horizon at most.
func (r *run) steps(hours float64) int { return int(min(max(hours, 0), Horizon)/r.dt + 0.5) }

// Highest is the highest temperature from t on if the heater goes off now, °C.
func (m *Model) Highest(t float64) float64 {
	r := m.from(t, 0)
	for n := r.steps(Horizon); n > 0 && r.advance() > 0; n-- {
		t = r.t
	}
	return t + m.Peak
}

// Lowest is the lowest temperature from t on if the heater goes on now, °C.
func (m *Model) Lowest(t float64) float64 {
	r := m.from(t, 1)
	for n := r.steps(Horizon); n > 0 && r.advance() < 0; n-- {
		t = r.t
	}
	return t - m.Trough
}

// Reaches is how long it takes until the room is at goal if the heater goes on now and stays on, h; more
// than [Horizon] where it does not get there within so long, or within that.
func (m *Model) Reaches(t, goal, within float64) float64 {
	if t >= goal {
		return 0
	}
	r := m.from(t, 1)
	for i := range r.steps(within + r.dt) { // a step more, so that what is rounded decides nothing
		before := r.t
		if r.advance(); r.t >= goal {
			return float64((float64(i) + (goal-before)/(r.t-before)) * r.dt)
		}
	}
	return 2 * Horizon
}

// Stays reports whether the room stays at goal or above for so long without heat.
func (m *Model) Stays(t, goal, hours float64) bool {
	r := m.from(t, 0)
	for range r.steps(hours) {
		if r.advance(); r.t < goal {
			return false
		}
	}
	return true
}
