// Package guard watches one zone from the outside: it sees what the relays were told
// and what the room does, and knows nothing of the law. It is pure and imports only std.
package guard

import (
	"math"
	"time"
)

// Guard is the independent watcher of one zone. The zero value knows nothing yet.
// It is advanced by [Watch].
type Guard struct {
	Heat, Cool Watcher   // of each output
	at         time.Time // of the last look
	began      time.Time // of the present span of means
	sum        float64   // °C
	count      int
}

// Params are what the watchers must know of a zone.
type Params struct {
	Heater, Cooler bool          // which outputs there are
	Electric       bool          // ordered on in vain, the heater is switched off until somebody clears that
	StaleAfter     time.Duration // the longest time that one reading tells of
	Speed          float64       // of a simulated room's time; 0 is 1
}

// Input is what a look is made from.
type Input struct {
	Now                time.Time // on the monotonic clock
	Celsius            float64   // °C, of a fresh good reading; NaN: there is none
	HeaterOn, CoolerOn bool      // what the relays were told
	HeaterLost         bool      // what it was told did not reach it: nobody need wonder that the room does not follow
	CoolerLost         bool      // the same of the cooler
	Rest               bool      // what the room does proves nothing now, as while a window is open: nothing but Beyond is judged
	Cold, Warm         float64   // °C, the edges of the band; NaN: there is none, so nothing is past it, and no on phase gets there
}

// Watcher watches one output. In all its figures "warm" is the direction in
// which the output drives the room, so that a cooler is a heater upside down.
type Watcher struct {
	Learned Learned // kept over restarts
	Idle    bool    // ordered on, and the room does not follow: not_warming, not_cooling
	Stuck   bool    // ordered off, and the room goes on: still_warming, still_cooling
	Tripped bool    // latched: the output stays off until somebody clears it
	Beyond  bool    // 2 K past the band with all outputs ordered off: a safety relay opens

	on       onPhase
	off      offPhase
	openings int // of the safety relay that ended the warming, less those that did not
}

// Learned is what this room has shown of itself; zero: nothing yet.
type Learned struct {
	Proofs    int           // how often the room was seen to follow its output
	Delay     time.Duration // ordered on until it had followed by followed: the longest of late
	Overshoot float64       // K past the band after switching off, on average
}

// onPhase is the present time of being ordered on, with its pauses.
type onPhase struct {
	spent   time.Duration // ordered on since the last proof
	started bool
	low     float64 // the coldest since the last proof
	peak    float64 // the warmest since the last proof of this phase
	proved  bool    // the room has followed in this phase
}

// offPhase is the present time of being ordered off.
type offPhase struct {
	spent   time.Duration
	started bool
	from    float64       // where it began
	top     float64       // the warmest since
	went    turn          // the way that the room took first
	high    time.Duration // far past band and beginning; what is less counts back threefold
	opened  bool          // it went Beyond
	after   bool          // the output was on before it: a contact can have welded
}

// turn is the way that a room takes first after an order to stop: back, as
// without its output, or on, as with it.
type turn uint8

const (
	turnOpen turn = iota
	turnBack
	turnOn
)

// The numbers of the watchers. Sun, a stove and a window last for hours; a
// contact that is welded or dead lasts. The campaign in drivers/ holds them
// against 1,000 healthy days and against every kind of dead and welded relay.
const (
	span        = 5 * time.Minute // of a mean: noise and steps of a sensor vanish in it
	followed    = 0.3             // K, well above the noise of such means
	dropped     = 1.0             // K below its best: a heater that holds a cold day does not lose that
	proofs      = 3               // before what is learned counts
	slowest     = 12 * time.Hour  // a slow floor on a cold day follows within this
	quickest    = 6 * time.Hour   // an open window lasts no longer
	delayFactor = 6               // times the longest delay seen
	forget      = 0.95            // of the longest delay, with each proof
	wentOn      = 1.5             // K past where an off phase began
	beyond      = 2.0             // K past the band, where a safety relay opens
	stuckOn     = 6.0             // K past band and beginning, in an off phase that went on from the first
	stuckBack   = 12.0            // K, in one that first went back: no change of the weather does that
	heldFor     = 20 * time.Hour  // a sunny day and the night behind it
	tooLate     = 120 * time.Hour // after this it is the season that has changed
	sameWay     = 5               // openings of the safety relay, each of which ended the warming
	share       = 0.2             // of a new value in an average
)

// Watch looks once more. It is pure, reads no clock, and may be called at any pace.
func Watch(p Params, prev Guard, in Input) Guard {
	g := prev
	if g.at.IsZero() {
		g.at, g.began = in.Now, in.Now
	}
	dt := p.roomTime(min(max(in.Now.Sub(g.at), 0), p.StaleAfter)) // a suspended machine saw nothing
	sees := !math.IsNaN(in.Celsius) && !math.IsInf(in.Celsius, 0)
	if !sees || in.Rest {
		dt = 0
	}
	g.at = in.Now
	g.Heat.pass(dt, p.Heater && in.HeaterOn, in.HeaterLost, in.CoolerOn)
	g.Cool.pass(dt, p.Cooler && in.CoolerOn, in.CoolerLost, in.HeaterOn)
	switch {
	case sees && in.Rest:
		g.setBeyond(&p, &in)
		g.began, g.sum, g.count = in.Now, 0, 0
	case sees:
		g.sum, g.count = g.sum+in.Celsius, g.count+1
		g.look(&p, &in)
	}
	return g
}

// roomTime is how long a span of the clock is in the room.
func (p *Params) roomTime(d time.Duration) time.Duration {
	if p.Speed > 0 {
		return time.Duration(float64(d) * p.Speed)
	}
	return d
}

// look judges at once what must act at once, and the rest once a span.
func (g *Guard) look(p *Params, in *Input) {
	t, cold, warm := in.Celsius, in.Cold, in.Warm
	idle := !in.HeaterOn && !in.CoolerOn
	g.setBeyond(p, in)
	g.Heat.done(t >= warm)
	g.Cool.done(t <= cold)
	if idle {
		g.Heat.off.follow(t, g.Heat.Beyond)
		g.Cool.off.follow(-t, g.Cool.Beyond)
	}
	elapsed := min(p.roomTime(in.Now.Sub(g.began)), span+p.roomTime(p.StaleAfter)) // nobody saw what is more
	if elapsed < span {
		return
	}
	mean := g.sum / float64(g.count)
	g.began, g.sum, g.count = in.Now, 0, 0
	if p.Heater {
		g.Heat.see(p, mean, warm, in.HeaterOn, in.HeaterLost, in.CoolerOn, elapsed)
	}
	if p.Cooler {
		g.Cool.see(p, -mean, -cold, in.CoolerOn, in.CoolerLost, in.HeaterOn, elapsed)
	}
}

// setBeyond finds a room that is far past its band with everything ordered off.
func (g *Guard) setBeyond(p *Params, in *Input) {
	idle := !in.HeaterOn && !in.CoolerOn
	g.Heat.Beyond = p.Heater && idle && in.Celsius >= in.Warm+beyond
	g.Cool.Beyond = p.Cooler && idle && in.Celsius <= in.Cold-beyond
}

// pass counts the time of an order. One that got lost on the way counts as no
// time: that is a fault of the relay's own. The other output's running says
// nothing about this one, and ends its off phase.
func (w *Watcher) pass(dt time.Duration, on, lost, other bool) {
	switch {
	case on:
		if !lost {
			w.on.spent += dt
		}
		w.endOffPhase()
		w.off = offPhase{after: true}
	case other:
		w.off = offPhase{}
	default:
		w.off.spent += dt
	}
}

// done ends an on phase that has got where it should, whoever did it.
func (w *Watcher) done(is bool) {
	if is {
		w.on = onPhase{}
		w.Idle = w.Idle && w.Tripped
	}
}

// see judges one mean, in the output's own direction; top is where its work is done.
func (w *Watcher) see(p *Params, x, top float64, on, lost, other bool, elapsed time.Duration) {
	switch {
	case on && lost: // who warmed the room then is not known
	case on:
		w.seeOnPhase(p, x)
	case !other:
		w.seeOffPhase(x, top, elapsed)
	}
}

// seeOnPhase judges a mean while the output is ordered on.
func (w *Watcher) seeOnPhase(p *Params, x float64) {
	d := &w.on
	if !d.started {
		d.started, d.low, d.peak = true, x, x
	}
	d.low, d.peak = min(d.low, x), max(d.peak, x)
	switch {
	case x >= d.low+followed:
		w.Learned.prove(d.spent)
		*d = onPhase{started: true, proved: true, low: x, peak: d.peak}
		w.Idle = w.Idle && w.Tripped
	case d.spent >= w.Learned.onLimit() && !(d.proved && x > d.peak-dropped):
		w.Idle = true
		w.Tripped = w.Tripped || p.Electric
	}
}

func (l *Learned) prove(delay time.Duration) {
	l.Proofs++
	l.Delay = max(delay, time.Duration(forget*float64(l.Delay)))
}

// onLimit is how long an output may be ordered on in vain.
func (l Learned) onLimit() time.Duration {
	if l.Proofs < proofs {
		return slowest
	}
	return min(max(delayFactor*l.Delay, quickest), slowest)
}

// seeOffPhase judges a mean while everything is ordered off.
func (w *Watcher) seeOffPhase(x, top float64, elapsed time.Duration) {
	c := &w.off
	if c.isHigh(x, top) {
		c.high += elapsed
	} else {
		c.high = max(0, c.high-3*elapsed)
	}
	w.Stuck = w.Stuck || c.high >= heldFor && c.spent <= tooLate
}

// follow notes the way that the room takes, and how far it goes.
func (c *offPhase) follow(x float64, beyond bool) {
	if !c.started {
		c.started, c.from, c.top = true, x, x
	}
	c.top = max(c.top, x)
	c.opened = c.opened || beyond
	switch {
	case c.went != turnOpen:
	case x <= c.from-followed:
		c.went = turnBack
	case x >= c.from+wentOn && c.after:
		c.went = turnOn
	}
}

// isHigh reports whether the room is further past its band, and past where the
// off phase began, than sun and weather take it. Without a band the beginning counts.
func (c *offPhase) isHigh(x, top float64) bool {
	far := stuckBack
	if c.went == turnOn {
		far = stuckOn
	}
	if top > c.from {
		return x >= top+far
	}
	return x >= c.from+far
}

// endOffPhase learns from an off phase that is over. One that ended because the safety
// relay opened is told from one that went on: the sun does not know of the relay.
func (w *Watcher) endOffPhase() {
	c := w.off
	past := c.top - c.from
	switch {
	case !c.started:
		return
	case !c.opened:
		w.Learned.Overshoot = average(w.Learned.Overshoot, past, past > 0)
		w.openings--
	case c.went == turnOn && past <= beyond+1+w.Learned.Overshoot:
		w.openings++
	default:
		w.openings--
	}
	w.openings = max(w.openings, 0)
	w.Stuck = w.openings >= sameWay
}

func average(old, value float64, counts bool) float64 {
	switch {
	case !counts:
		return old
	case old == 0:
		return value
	}
	return old + float64(share*(value-old))
}

// Calm reports whether no watcher has anything to tell.
func (g *Guard) Calm() bool {
	h, c := &g.Heat, &g.Cool
	return !(h.Idle || h.Stuck || h.Tripped || c.Idle || c.Stuck || c.Tripped)
}

// Clear lets go of what is latched; what still holds comes back.
func (g *Guard) Clear() {
	for _, w := range []*Watcher{&g.Heat, &g.Cool} {
		w.Idle, w.Stuck, w.Tripped = false, false, false
		w.on, w.off, w.openings = onPhase{}, offPhase{}, 0
	}
}
