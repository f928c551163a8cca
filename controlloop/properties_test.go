package controlloop

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"thermostat/controlloop/foresee"
)

// The law over seeded random days. An oracle keeps books of its own (of what
// went in, and of Heater.On and Cooler.On as they came out) and checks after
// every decision what must hold, whatever the day brought.

// books is what the oracle writes down.
type books struct {
	p       Params
	start   time.Time
	taken   Reading // the newest reading that counts
	latest  float64 // the newest decodable value, be it unverified
	hotAt   time.Time
	coldAt  time.Time
	hot     bool // at or over the heater's limit, and no newer reading 2 K inside since
	cold    bool
	heater  stretch
	cooler  stretch
	lost    time.Time // since when no reading is fresh; zero: one is
	inForce Setpoint
	tripped [2]bool // heater, cooler: by a guard
	open    bool    // a window
	icy     bool    // the setpoint is that of frost protection
	free    bool    // a model decides within the band
	ahead   float64 // °C, the next transition that it may look ahead to; NaN: none
	seen    map[Reason]int
}

// stretch is an output's present time on or off.
type stretch struct {
	on    bool
	since time.Time
	ever  bool          // it was on once since the start
	rest  time.Duration // what it owes before it may be on again
}

func newBooks(p Params, start time.Time) *books {
	rest := stretch{since: start, rest: p.MinOff}
	return &books{p: p, start: start, latest: math.NaN(), heater: rest, cooler: rest, seen: map[Reason]int{}}
}

// enter writes down what the law is about to see.
func (b *books) enter(in Input) {
	b.inForce, b.tripped, b.open, b.icy = in.Setpoint, [2]bool{in.NoHeat, in.NoCool}, in.Bar, in.Frost
	b.free, b.ahead = in.Model.Trusted && (b.p.Heater && !b.p.Cooler && in.Setpoint.Mode == ModeHeat || !b.p.Heater && in.Setpoint.Mode == ModeCool) && !in.Frost && !in.Preheat, math.NaN()
	if in.Next.Known && in.Next.In >= 0 && in.Next.In < 6 && in.Model.Trusted {
		b.ahead = in.Next.Goal
	}
	r := in.Reading
	counts := !r.At.IsZero() && !r.At.After(in.Now) && !r.At.Before(b.taken.At) && !math.IsNaN(r.Celsius) && !math.IsInf(r.Celsius, 0)
	if counts {
		b.taken, b.latest = r, r.Celsius
		if b.fresh(in.Now) {
			b.limit(r.Celsius, r.At)
		}
	}
	for _, s := range in.Unverified {
		if !s.At.IsZero() && !math.IsNaN(s.Celsius) {
			b.latest = s.Celsius
			b.limit(s.Celsius, s.At)
		}
	}
	if !b.fresh(in.Now) {
		if b.lost.IsZero() {
			b.lost = in.Now
		}
		return
	}
	b.lost = time.Time{}
	if b.taken.At.After(b.hotAt) && b.taken.Celsius <= b.p.HeatCutout-2 {
		b.hot = false
	}
	if b.taken.At.After(b.coldAt) && b.taken.Celsius >= b.p.CoolCutout+2 {
		b.cold = false
	}
}

func (b *books) limit(celsius float64, at time.Time) {
	if b.p.Heater && celsius >= b.p.HeatCutout {
		b.hot, b.hotAt = true, at
	}
	if b.p.Cooler && celsius <= b.p.CoolCutout {
		b.cold, b.coldAt = true, at
	}
}

func (b *books) fresh(now time.Time) bool {
	return !b.taken.At.IsZero() && now.Sub(b.taken.At) <= b.p.StaleAfter
}

// duty tells whether the one without a sensor asks for its share just now: in
// the last percent of each period since the loss, until its end. A reading that
// never came is lost once it would have been stale.
func (b *books) duty(now time.Time) bool {
	if b.lost.IsZero() || b.p.Loss.Percent == 0 {
		return false
	}
	since := now.Sub(b.lost)
	if b.taken.At.IsZero() {
		since -= b.p.StaleAfter
	}
	if since < 0 || since >= b.p.Loss.For {
		return false
	}
	for since >= b.p.Loss.Period {
		since -= b.p.Loss.Period
	}
	return since >= b.p.Loss.Period-time.Duration(b.p.Loss.Percent*float64(b.p.Loss.Period)/100)
}

// mayHeat and mayCool: with a fresh reading or in the duty's share, in a mode
// that allows it, within the limit and with the windows shut. In heat_cool the
// duty heats only. With a fresh reading frost protection heats in any mode, and cools in none.
func (b *books) mayHeat(now time.Time) bool {
	return (b.fresh(now) || b.duty(now)) && b.heats() && !b.hot && !b.open
}

func (b *books) mayCool(now time.Time) bool {
	return (b.fresh(now) || b.duty(now) && b.inForce.Mode == ModeCool) && b.cools() && !b.cold && !b.open
}

func (b *books) protects() bool { return b.icy && b.lost.IsZero() && b.inForce.Mode != ModeNone }

func (b *books) numbers() bool {
	return !math.IsNaN(b.inForce.Desired + b.inForce.UpDelta + b.inForce.DownDelta)
}

func (b *books) heats() bool {
	return b.p.Heater && !b.tripped[0] && b.numbers() && (b.inForce.Mode == ModeHeat || b.inForce.Mode == ModeHeatCool || b.protects())
}

func (b *books) cools() bool {
	return b.p.Cooler && !b.tripped[1] && b.numbers() && (b.inForce.Mode == ModeCool || b.inForce.Mode == ModeHeatCool) && !b.protects()
}

func (b *books) tooCold() bool {
	return !b.lost.IsZero() || b.taken.Celsius < b.inForce.Desired-b.inForce.DownDelta
}
func (b *books) tooWarm() bool {
	return !b.lost.IsZero() || b.taken.Celsius > b.inForce.Desired+b.inForce.UpDelta
}

// heatDone: a stretch of heating has got where it should. Without a reading
// nobody knows; the duty's share ends by not being allowed.
func (b *books) heatDone() bool {
	return b.lost.IsZero() && (b.tooWarm() || !b.icy && b.inForce.Mode == ModeHeatCool && b.taken.Celsius > b.inForce.Desired)
}

func (b *books) coolDone() bool {
	return b.lost.IsZero() && (b.tooCold() || b.inForce.Mode == ModeHeatCool && b.taken.Celsius < b.inForce.Desired)
}

// forNext reports whether the output may work on for the next transition: until it is as far past that as past the present one.
func (b *books) forNext(is, end float64) bool { return b.free && b.lost.IsZero() && is <= end }

// check holds a decision against the books and then writes its switches down.
func (b *books) check(now time.Time, s State) (complaint string) {
	b.seen[s.Reason]++
	for _, law := range []func(time.Time, State) string{
		b.neverUnsafe, b.neverBoth, b.saysWhatItDoes,
		func(now time.Time, s State) string {
			return b.serves(now, "heater", b.heater, b.cooler, s.Heater.On, b.mayHeat(now), b.tooCold(), b.heatDone() && !b.forNext(b.taken.Celsius, b.ahead+b.inForce.UpDelta))
		},
		func(now time.Time, s State) string {
			return b.serves(now, "cooler", b.cooler, b.heater, s.Cooler.On, b.mayCool(now), b.tooWarm(), b.coolDone() && !b.forNext(-b.taken.Celsius, -b.ahead+b.inForce.DownDelta))
		},
	} {
		if complaint := law(now, s); complaint != "" {
			return complaint
		}
	}
	b.heater.turn(b.p, now, s.Heater.On, b.mayHeat(now))
	b.cooler.turn(b.p, now, s.Cooler.On, b.mayCool(now))
	return ""
}

func (o *stretch) turn(p Params, now time.Time, on, allowed bool) {
	if on == o.on {
		return
	}
	rest := p.MinOff
	if p.MaxOn > 0 && allowed && now.Sub(o.since) >= p.MaxOn {
		rest = max(p.MinOff, p.MaxOn/10)
	}
	*o = stretch{on: on, since: now, ever: true, rest: rest}
}

// neverUnsafe: on only with a fresh reading or in the duty's share, within the limits, in a mode that allows it.
func (b *books) neverUnsafe(now time.Time, s State) string {
	switch {
	case s.Heater.On && !b.mayHeat(now), s.Cooler.On && !b.mayCool(now):
		return "on without a fresh reading, or not allowed"
	case s.Heater.On && (b.hot || b.latest >= b.p.HeatCutout):
		return fmt.Sprintf("heater on with its cut-out open, latest value %v", b.latest)
	case s.Cooler.On && (b.cold || b.latest <= b.p.CoolCutout):
		return fmt.Sprintf("cooler on with its cut-out open, latest value %v", b.latest)
	case s.Heater.On && !b.heats():
		return fmt.Sprintf("heater on in mode %v", b.inForce.Mode)
	case b.open && (s.Heater.On || s.Cooler.On):
		return "on with a window open"
	case s.Cooler.On && !b.cools():
		return fmt.Sprintf("cooler on in mode %v", b.inForce.Mode)
	}
	return ""
}

func (b *books) neverBoth(_ time.Time, s State) string {
	if s.Heater.On && s.Cooler.On {
		return "heater and cooler at once"
	}
	return ""
}

// serves holds one output against its times: off for min_off (from the start
// too) and through the changeover, on for min_on, never past max_on; and what
// is wanted, allowed and free to be on is on.
func (b *books) serves(now time.Time, name string, was, other stretch, on, allowed, wanted, done bool) string {
	age := now.Sub(was.since)
	overlong := b.p.MaxOn > 0 && age >= b.p.MaxOn
	paused := other.ever && !other.on && now.Sub(other.since) < b.p.Changeover
	sameInstant := was.ever && age == 0 || other.ever && now.Equal(other.since)
	say := func(what string) string { return fmt.Sprintf("%s %s, %v after its last switch", name, what, age) }
	switch {
	case !was.on && on: // it switched on
		switch {
		case age < was.rest:
			return say(fmt.Sprintf("on before its rest of %v", was.rest))
		case paused:
			return say("on within the changeover")
		case sameInstant:
			return say("on at the instant of another switch")
		case !wanted && !(b.free && !done):
			return say("on though nobody needs it")
		}
	case was.on && !on: // it switched off
		switch {
		case !allowed || overlong:
		case !done && !(b.free && !wanted):
			return say("off though it is not done")
		case age < b.p.MinOn || age == 0:
			return say("off before its min_on")
		}
	case on:
		switch {
		case overlong:
			return say("on past max_on")
		case done && !wanted && age >= b.p.MinOn && age > 0:
			return say("still on though it is done and free to go")
		}
	case allowed && wanted && age >= was.rest && !paused && !sameInstant && !other.on:
		return say("off though it is wanted and free")
	}
	return ""
}

// saysWhatItDoes: action, reason and wait fit the outputs.
func (b *books) saysWhatItDoes(_ time.Time, s State) string {
	modeOff := (b.inForce.Mode == ModeOff || b.inForce.Mode == ModeNone) && !(s.Heater.On && b.protects())
	held := slices.Contains([]Reason{ReasonStarting, ReasonMinOff, ReasonMaxOn, ReasonChangeover, ReasonMinOn}, s.Reason)
	switch {
	case s.Heater.On != (s.Action == ActionHeating) || s.Cooler.On != (s.Action == ActionCooling):
		return fmt.Sprintf("action %v with heater %v and cooler %v", s.Action, s.Heater.On, s.Cooler.On)
	case modeOff != (s.Action == ActionOff):
		return fmt.Sprintf("action %v in mode %v", s.Action, b.inForce.Mode)
	case !slices.Contains(Reasons(), s.Reason):
		return fmt.Sprintf("unknown reason %q", s.Reason)
	case s.Wait < 0 || s.Wait > 0 && !held:
		return fmt.Sprintf("reason %v with a wait of %v", s.Reason, s.Wait)
	case held && (s.Reason == ReasonMinOn) != (s.Heater.On || s.Cooler.On):
		return fmt.Sprintf("reason %v while %v", s.Reason, s.Action)
	case (s.Heater.On && b.hot || s.Cooler.On && b.cold) || (s.Reason == ReasonHeatCutout && !b.hot) || (s.Reason == ReasonCoolCutout && !b.cold):
		return fmt.Sprintf("reason %v, hot %v, cold %v", s.Reason, b.hot, b.cold)
	}
	return ""
}

// keepsItsWord: if nothing changes, the held switch happens when wait has
// passed, not before, and whether or not somebody asks in between.
func (b *books) keepsItsWord(rng *rand.Rand, s State, in Input) string {
	later := func(s State, d time.Duration) State {
		same := in
		same.Now = in.Now.Add(d)
		same.Reading = Temperature(b.taken.Celsius, same.Now)
		same.Unverified = slices.Clone(in.Unverified)
		for i := range same.Unverified {
			same.Unverified[i].At = same.Now
		}
		return Decide(b.p, s, same)
	}
	mid := s
	if s.Wait > 1 {
		mid = later(s, time.Duration(rng.Int64N(int64(s.Wait))))
	}
	before, at := later(mid, s.Wait-1), later(mid, s.Wait)
	is := [2]bool{s.Heater.On, s.Cooler.On}
	switch {
	case [2]bool{before.Heater.On, before.Cooler.On} != is:
		return fmt.Sprintf("reason %v: switched before its wait of %v", s.Reason, s.Wait)
	case [2]bool{at.Heater.On, at.Cooler.On} == is:
		return fmt.Sprintf("reason %v: no switch after its wait of %v, but %v %v", s.Reason, s.Wait, at.Action, at.Reason)
	}
	return ""
}

// day is a random zone, its plant, and what will happen to it.
type day struct {
	rng        *rand.Rand
	p          Params
	air        float64
	outside    float64
	power      float64 // K per hour of heater or cooler
	loss       float64 // share of the difference to outside lost per hour
	setpoint   Setpoint
	gap        int // ticks without a reading to come
	unverified []Reading
	tripped    [2]bool // heater, cooler
	open, icy  bool
	early      bool
	model      foresee.Model
	ahead      foresee.Next
	now        time.Time
}

// ordinary are the constants of an ordinary room.
func ordinary() Params {
	p := room()
	p.MinOn, p.MinOff, p.MaxOn, p.Changeover = 4*minute, 4*minute, 3*time.Hour, 10*minute
	return p
}

func pick[T any](rng *rand.Rand, of ...T) T { return of[rng.IntN(len(of))] }

func newDay(seed uint64) *day {
	rng := rand.New(rand.NewPCG(seed, 2))
	p := ordinary()
	p.Heater, p.Cooler = rng.IntN(5) > 0, rng.IntN(5) > 1
	p.Heater = p.Heater || !p.Cooler
	p.Sample = time.Duration(5+rng.IntN(26)) * second
	p.StaleAfter = time.Duration(2+rng.IntN(8)) * p.Sample
	p.MinOn = pick(rng, 0, 0, minute, 4*minute, 10*minute)
	p.MinOff = pick(rng, 0, 0, minute, 5*minute, 10*minute)
	p.MaxOn = pick(rng, 0, 0, max(p.MinOn, p.Sample), 10*minute, 45*minute)
	p.Changeover = pick(rng, 0, minute, 10*minute, 30*minute)
	p.HeatCutout = pick(rng, 29, 35.0)
	p.CoolCutout = pick(rng, 3, 4.5)
	if share := 1 + 29*rng.Float64(); rng.IntN(2) == 0 {
		p.Loss = Duty{share, time.Duration(float64(max(p.MinOn, p.Sample, minute)) * 100 / share), time.Duration(1+rng.IntN(24)) * time.Hour}
		p.Loss.Period = max(p.Loss.Period, 2*p.MinOff)
	}
	d := &day{
		rng: rng, p: p, now: morning,
		air: 5 + 30*rng.Float64(), outside: -10 + 50*rng.Float64(),
		power: 2 + 60*rng.Float64(), loss: 0.02 + rng.Float64(),
	}
	d.speak()
	d.gap = rng.IntN(20)
	return d
}

// speak is somebody's new setpoint.
func (d *day) speak() {
	m := pick(d.rng, ModeHeat, ModeHeat, ModeCool, ModeCool, ModeHeatCool, ModeHeatCool, ModeHeatCool, ModeOff, ModeNone)
	quarter := func(low, n int) float64 { return float64(low) + float64(d.rng.IntN(4*n))/4 }
	d.setpoint = Setpoint{Mode: m, Desired: quarter(6, 21), UpDelta: quarter(0, 2) + 0.25, DownDelta: quarter(0, 2) + 0.75}
	if d.rng.IntN(20) == 0 {
		*pick(d.rng, &d.setpoint.Desired, &d.setpoint.UpDelta, &d.setpoint.DownDelta) = math.NaN()
	}
}

// live lets time pass with the outputs as they are.
func (d *day) live(s State, dt time.Duration) {
	rate := d.loss * (d.outside - d.air)
	switch {
	case s.Heater.On:
		rate += d.power
	case s.Cooler.On:
		rate -= d.power
	}
	d.air += rate * dt.Hours()
	d.air = min(max(d.air, -25), 60)
	d.now = d.now.Add(dt)
}

// input is what holds at this time, without a reading.
func (d *day) input() Input {
	return Input{Now: d.now, Setpoint: d.setpoint, NoHeat: d.tripped[0], NoCool: d.tripped[1], Bar: d.open, Frost: d.icy, Preheat: d.early, Model: d.model, Next: d.ahead}
}

// learn gives the zone another model: sound, or one that lies, or none; and another transition to come.
func (d *day) learn() {
	d.model, d.ahead = foresee.Model{}, foresee.Next{}
	if d.rng.IntN(3) == 0 {
		return
	}
	d.model = anyModel(d.rng, d.air)
	if d.rng.IntN(3) > 0 {
		d.ahead = foresee.Next{Known: true, In: 7 * d.rng.Float64(), Goal: 6 + 21*d.rng.Float64()}
	}
}

// anyModel is one that fits a room, in every third case with a number that does not.
func anyModel(rng *rand.Rand, celsius float64) foresee.Model {
	m := foresee.Model{
		Trusted: true, Lag: 0.02 + rng.Float64(), Gain: 60 * rng.Float64(), Loss: rng.Float64(), Emitted: rng.Float64(),
		Shadow: celsius + 2*rng.Float64() - 1, Drift: 2*rng.Float64() - 0.5, Band: 0.1 + 0.4*rng.Float64(),
		Late: 0.5 + rng.Float64(), Least: 0.05 * rng.Float64(),
	}
	if rng.IntN(3) > 0 {
		return m
	}
	lie := pick(rng, &m.Lag, &m.Gain, &m.Loss, &m.Emitted, &m.Shadow, &m.Drift, &m.Band, &m.Peak, &m.Trough, &m.Late, &m.Least)
	*lie = pick(rng, math.NaN(), math.Inf(1), math.Inf(-1), 0, 8, -*lie, 5**lie, 100*rng.NormFloat64(), math.MaxFloat64)
	return m
}

// next is what the law sees at the next tick: mostly a reading, sometimes none,
// an unverified one, or nonsense.
func (d *day) next(s State) Input {
	switch d.rng.IntN(400) {
	case 0:
		d.live(s, time.Duration(d.rng.Int64N(int64(2*time.Hour)))) // the clock leaps ahead
	case 1:
		d.gap = 1 + d.rng.IntN(pick(d.rng, 20, 20, 400))
	case 2, 3:
		d.speak()
	case 4:
		d.outside = -10 + 50*d.rng.Float64()
	case 5: // and again at the same instant
		d.speak()
		in := d.input()
		in.Unverified = d.unverified
		return in
	case 6:
		if d.rng.IntN(4) == 0 {
			d.tripped[d.rng.IntN(2)] = true
		}
	case 7:
		d.tripped = [2]bool{}
	case 8:
		d.open = d.rng.IntN(4) == 0
	case 9:
		d.icy = d.rng.IntN(4) == 0
	case 10:
		d.early = d.rng.IntN(4) == 0
	case 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22:
		d.learn()
	}
	d.live(s, time.Duration(float64(d.p.Sample)*(0.5+d.rng.Float64())))
	in := d.input()
	measured := Temperature(math.Round(16*d.air)/16, d.now.Add(-time.Duration(d.rng.Int64N(int64(second)))))
	if d.gap > 0 { // the last unverified one stays what it is
		d.gap--
		in.Unverified = d.unverified
		return in
	}
	d.unverified = nil
	switch d.rng.IntN(200) {
	case 0:
		measured.Celsius = pick(d.rng, d.p.HeatCutout, d.p.HeatCutout+1, 85, 20, d.p.CoolCutout, -55)
		d.unverified = []Reading{measured}
		if d.rng.IntN(2) == 0 { // and another sensor's, at one of the limits or inside
			other := Temperature(pick(d.rng, d.p.HeatCutout, 20, d.p.CoolCutout), measured.At)
			d.unverified = append(d.unverified, other)
		}
		in.Unverified = d.unverified
	case 1: // an error
	case 2:
		in.Reading = pick(d.rng,
			Temperature(d.air, d.now.Add(second)),          // from the future
			Temperature(50, d.now.Add(-time.Hour)),         // older than the last
			Temperature(math.NaN(), d.now),                 // no number
			Temperature(math.Inf(-1), d.now),               //
			Temperature(d.p.HeatCutout, d.now),             // a spike that is good
			Temperature(d.p.CoolCutout, d.now),             //
			Temperature(d.air, d.now.Add(-d.p.StaleAfter)), // late
		)
	default:
		in.Reading = measured
	}
	return in
}

func TestTheLawKeepsItsRulesOverRandomDays(t *testing.T) {
	const days = 300
	seen := make(chan map[Reason]int, days)
	t.Run("days", func(t *testing.T) {
		for seed := range uint64(days) {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				seen <- liveOneDay(t, newDay(seed))
			})
		}
	})
	close(seen)
	total := map[Reason]int{}
	for one := range seen {
		for r, n := range one {
			total[r] += n
		}
	}
	scarce := map[Reason]int{ReasonSetbackSoon: 100, ReasonTooColdSoon: 30, ReasonTooWarmSoon: 10, ReasonWarmEnough: 20, ReasonCoolEnough: 5} // where a room happens to be as its model has it
	for _, r := range Reasons() {
		if total[r] < cmp.Or(scarce[r], 500) && r != ReasonStopped && r != ReasonCrashLoop && r != ReasonOverrun && r != ReasonExercise { // of these two: hold_test.go
			t.Errorf("the days show reason %s only %d times", r, total[r])
		}
	}
	t.Log(total)
}

func liveOneDay(t *testing.T, d *day) map[Reason]int {
	b := newBooks(d.p, d.now)
	var s State
	in := Input{Now: d.now, Setpoint: d.setpoint}
	for ; d.now.Before(morning.Add(24 * time.Hour)); in = d.next(s) {
		b.enter(in)
		was := s
		s = Decide(d.p, s, in)
		complaint := b.check(in.Now, s)
		if complaint == "" && s.Wait > 0 && b.lost.IsZero() && (was.Reason != s.Reason || d.rng.IntN(20) == 0) {
			complaint = b.keepsItsWord(d.rng, s, in)
		}
		if complaint != "" {
			t.Fatalf("after %v: %s\nparams %+v\nwas %+v\nin %+v\nis %+v", in.Now.Sub(morning), complaint, d.p, was, in, s)
		}
	}
	return b.seen
}
