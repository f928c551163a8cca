package drivers

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/mailbox"
	"thermostat/controlloop/program"
	"thermostat/controlloop/slope"
	"thermostat/drivers/simulated"
	"thermostat/house"
)

// The fault campaign: whole zones, with their goroutines, live through days in
// which everything breaks, alone and in pairs: sensors, relays, setpoints, the
// contacts of windows. A witness beside the zone keeps books of its own, of what the sensors really
// gave and of what the relays were told.

// sensorFault is a way in which a sensor of the campaign can be broken.
type sensorFault int

const (
	sensorGood sensorFault = iota
	sensorGone
	sensorHangs
	sensorFails
	sensorPowerOn
	sensorTooHot // decodable, and at or above the cut-out
	sensorTooCold
	sensorNoNumber
	sensorAhead
	sensorBehind
	sensorFrozen
	sensorBiased
	sensorFaults
)

// witness is what an honest bystander knows.
type witness struct {
	mu      sync.Mutex
	params  controlloop.Params
	good    time.Time           // when a sensor last gave something believable
	raw     map[*flaky]rawValue // the last decodable value of each sensor
	wrong   []string
	seen    map[string]int
	current controlloop.Setpoint
	coming  controlloop.Setpoint // the zone may have heard of it already

	sensors int // as many it has
	plan    *comfort.Plan
	cold    time.Time            // when a sensor last gave something believable that is not above the band of frost protection
	trouble time.Time            // when a sensor last gave anything but the truth, or something near that band
	contact controlloop.Position // what the contact of the windows said last
	since   time.Time            // since when
}

type rawValue struct {
	celsius float64
	at      time.Time
}

// flaky is a sensor that breaks as it is told.
type flaky struct {
	w      *witness
	sensor controlloop.Sensor
	mu     sync.Mutex
	fault  sensorFault
	rng    *rand.Rand
	frozen controlloop.Reading
}

func (f *flaky) breaks(fault sensorFault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = fault
}

func (f *flaky) Read(ctx context.Context) (controlloop.Reading, error) {
	r, err := f.sensor.Read(ctx)
	if err != nil {
		return r, err
	}
	f.mu.Lock()
	fault, frozen := f.fault, f.frozen
	if fault != sensorFrozen {
		f.frozen = r
	}
	roll := f.rng.Float64()
	f.mu.Unlock()
	switch fault {
	case sensorGone, sensorHangs, sensorFails, sensorPowerOn:
		f.w.troubled()
		defer f.w.hearsNothing(f)
	}
	switch fault {
	case sensorGone:
		return controlloop.Reading{}, &controlloop.BadReading{Verdict: controlloop.VerdictAbsent}
	case sensorHangs:
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(1 + roll*float64(time.Hour))):
		}
		return controlloop.Reading{}, errors.New("it hung")
	case sensorFails:
		return controlloop.Reading{}, errors.New("out of order")
	case sensorPowerOn:
		return controlloop.Reading{}, &controlloop.BadReading{Verdict: controlloop.VerdictPowerOn}
	case sensorTooHot:
		r.Celsius = f.w.params.HeatCutout + 200*roll
	case sensorTooCold:
		r.Celsius = f.w.params.PlausibleMin - 1 - 100*roll
	case sensorNoNumber:
		r.Celsius = math.NaN()
	case sensorAhead:
		r.At = r.At.Add(time.Duration(1 + roll*float64(24*time.Hour)))
	case sensorBehind:
		r.At = r.At.Add(-f.w.params.StaleAfter - time.Duration(roll*float64(time.Hour)))
	case sensorFrozen:
		frozen.At = r.At
		r = frozen
	case sensorBiased:
		r.Celsius += 3
	}
	f.w.hears(f, r, fault)
	return r, nil
}

// hears notes what a sensor gives, before the zone can act on it.
func (w *witness) hears(f *flaky, r controlloop.Reading, fault sensorFault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if before, heard := w.raw[f]; !heard || time.Since(before.at) > 2*w.params.Sample {
		w.trouble = time.Now()
	}
	if delete(w.raw, f); !math.IsNaN(r.Celsius) {
		w.raw[f] = rawValue{r.Celsius, time.Now()}
	}
	plausible := r.Celsius >= w.params.PlausibleMin && r.Celsius <= w.params.PlausibleMax
	if plausible && fault != sensorAhead && fault != sensorBehind {
		w.good = time.Now()
		if r.Celsius <= w.plan.Frost.Below+w.plan.Frost.Rise {
			w.cold = time.Now()
		}
	}
	if fault != sensorGood || r.Celsius <= w.plan.Frost.Below+w.plan.Frost.Rise+1 {
		w.trouble = time.Now()
	}
}

// troubled notes that a sensor does not tell the truth.
func (w *witness) troubled() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trouble = time.Now()
}

// hearsNothing notes an answer without a number: the one before stands no more.
func (w *witness) hearsNothing(f *flaky) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.raw, f)
}

// told is each order to a relay, and each repetition of it.
func (w *witness) told(name string, on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	if !on {
		return
	}
	blind := now.Sub(w.good)
	// One sample less than the promise: until the next repetition it stays on.
	if limit := w.params.StaleAfter + w.params.Sample; blind > limit && !w.duty(blind) {
		w.wrong = append(w.wrong, fmt.Sprintf("%s on, %v after the last good reading", name, blind))
	}
	for _, v := range w.raw {
		age := now.Sub(v.at) // at the very instant the zone has not heard of it yet
		if name == "heater" && v.celsius >= w.params.HeatCutout && 0 < age && age <= w.params.Sample {
			w.wrong = append(w.wrong, fmt.Sprintf("%s on with a sensor at %.1f °C", name, v.celsius))
		}
	}
	if w.bars(now) {
		w.wrong = append(w.wrong, fmt.Sprintf("%s on, the window open for %v", name, now.Sub(w.since)))
	}
	if !w.allows(w.current, name, now) && !w.allows(w.coming, name, now) {
		w.wrong = append(w.wrong, fmt.Sprintf("%s on in mode %v, said %v ago for %v", name, w.current.Mode, now.Sub(w.current.Accepted), w.current.For))
	}
}

// campaignWeek is the program of the zones that have one; it is off in the night, whose
// last six hours a zone may preheat.
const campaignWeek = "05:00 20, 09:00 17.5, 16:00 21, 21:00 off"

// secondStep is what campaignWeek asks for at 16:00, °C.
const secondStep = 21.0

// allows is what the witness knows of a setpoint: in auto the program of campaignWeek
// counts, unless a hold does. Frost protection heats after cold readings alone.
func (w *witness) allows(sp controlloop.Setpoint, name string, now time.Time) bool {
	auto := sp.Mode == controlloop.ModeAuto
	hour := now.UTC().Hour()
	switch {
	case name == "heater" && w.plan.Frost.Below > 0 && (w.plan.Frost.InOff || sp.Mode > controlloop.ModeOff) && now.Sub(w.cold) <= w.params.StaleAfter+w.params.Sample:
		return true
	case !auto || sp.For > 0 && now.Sub(sp.Accepted) < sp.For:
		return sp.Mode > controlloop.ModeOff
	case name == "heater" && w.plan.Warming.Rate > 0 && (hour < 5 || hour >= 23):
		return true
	}
	return 5 <= hour && hour < 21
}

// bars is what the witness knows of the windows: after the contact's delay nothing may be
// on, but for frost, and for the duty once there was no reading for all of Max.
func (w *witness) bars(now time.Time) bool {
	open := now.Sub(w.since)
	if w.contact != controlloop.WindowOpen || open < w.plan.Window.Delay {
		return false
	}
	honest := len(w.raw) == w.sensors && now.Sub(w.trouble) > w.params.StaleAfter+2*w.params.Sample
	for _, v := range w.raw {
		honest = honest && now.Sub(v.at) <= 2*w.params.Sample
	}
	return honest || w.plan.Frost.Below == 0 && open < w.plan.Window.Max
}

// duty allows that of on_sensor_loss its time; its share and phase are the law's matter,
// which an oracle of its own watches in controlloop.
func (w *witness) duty(blind time.Duration) bool {
	d := w.params.Loss
	return d.Percent > 0 && blind <= w.params.StaleAfter+w.params.Sample+d.For
}

// contactFault is a way in which the contact of the windows can be broken.
type contactFault int

const (
	contactGood contactFault = iota
	contactLies
	contactSticks
	contactDies
	contactFaults
)

// liar is a contact that breaks as it is told.
type liar struct {
	w       *witness
	windows controlloop.Contact
	mu      sync.Mutex
	fault   contactFault
}

func (l *liar) breaks(fault contactFault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fault = fault
}

func (l *liar) Position(now time.Time) (controlloop.Position, string) {
	is, trouble := l.windows.Position(now)
	l.mu.Lock()
	fault := l.fault
	l.mu.Unlock()
	switch {
	case fault == contactDies:
		is, trouble = controlloop.WindowUnknown, "the battery is empty"
	case fault == contactSticks, fault == contactLies && is == controlloop.WindowClosed:
		is = controlloop.WindowOpen
	case fault == contactLies:
		is = controlloop.WindowClosed
	}
	l.w.says(is)
	return is, trouble
}

// says notes what the contact says, before the zone can act on it.
func (w *witness) says(is controlloop.Position) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if is != w.contact {
		w.contact, w.since = is, time.Now()
	}
}

// brittle is a relay that may not obey.
type brittle struct {
	w     *witness
	name  string
	relay controlloop.Relay
	mu    sync.Mutex
	fails bool
}

func (b *brittle) breaks(fails bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fails = fails
}

func (b *brittle) Set(on bool) error {
	b.mu.Lock()
	fails := b.fails
	b.mu.Unlock()
	b.w.told(b.name, on)
	if fails {
		return errors.New("does not obey")
	}
	return b.relay.Set(on)
}

// trial is a zone of the campaign, with all that may break.
type trial struct {
	rng     *rand.Rand
	w       *witness
	room    *simulated.Room
	sensors []*flaky
	relays  []*brittle
	contact *liar
	zone    *controlloop.Zone
	plan    *comfort.Plan
	memory  comfort.Memory // the zone's goroutine owns it
	lies    *fabulist      // and this; nil: the zone learns honestly
	serial  uint64
}

func newTrial(seed uint64) *trial {
	rng := rand.New(rand.NewPCG(seed, 4))
	all := dwellings()
	d := all[rng.IntN(len(all))]
	p := d.params()
	p.HeatCutout, p.CoolCutout, p.PlausibleMin, p.PlausibleMax, p.MaxRate = 35, -30, -35, 70, 5
	p.Sample = []time.Duration{20 * time.Second, 30 * time.Second, time.Minute}[rng.IntN(3)]
	p.StaleAfter = time.Duration(2+rng.IntN(4)) * p.Sample
	p.FrozenAfter = 3 * time.Hour
	if rng.IntN(2) == 0 {
		p.Loss = controlloop.Duty{Percent: 10, Period: 20 * time.Minute, For: 3 * time.Hour}
	}
	p.Law, p.StartsPerDay = []controlloop.Law{controlloop.LawForesee, controlloop.LawForesee, controlloop.LawAuto, controlloop.LawHysteresis}[seed%4], 30
	t := &trial{rng: rng, plan: &comfort.Plan{Mode: comfort.UsualMode(p), HoldMax: 12 * time.Hour}, w: &witness{params: p, raw: map[*flaky]rawValue{}, good: time.Now(), seen: map[string]int{}}}
	params := d.physical()
	params.Outdoor, params.OutdoorSwing = -15+30*rng.Float64(), 6*rng.Float64()
	if d.cools {
		params.Outdoor = 24
	}
	t.room = simulated.NewRoomOf(house.NewPhysical(params), simulated.Spec{Speed: 1, Noise: 0.03, Seed: seed}, time.Now)
	t.w.plan, t.contact = t.plan, &liar{w: t.w, windows: t.room.Contact()}
	t.sensors = append(t.sensors, t.flaky(t.room.Sensor()))
	t.zone = &controlloop.Zone{
		Name: d.name, SensorID: 1, Params: p, Sensor: t.sensors[0],
		Setpoints: mailbox.New[controlloop.Setpoint](), Clears: mailbox.New[struct{}](),
		Observe: t.observe,
	}
	for i := range rng.IntN(3) {
		f := t.flaky(t.room.Spare(0.03, seed+uint64(i)+1))
		t.sensors = append(t.sensors, f)
		t.zone.Fallbacks = append(t.zone.Fallbacks, f)
		t.zone.Params.MaxDisagreement = 2 * float64(rng.IntN(2))
	}
	if p.Heater {
		t.zone.Heater = t.brittle("heater", t.room.Heater())
	}
	if p.Cooler {
		t.zone.Cooler = t.brittle("cooler", t.room.Cooler())
	}
	if rng.IntN(2) == 0 {
		t.zone.Safety = t.room.Safety()
	}
	if seed%2 == 0 {
		t.lies = &fabulist{rng: rand.New(rand.NewPCG(seed, 26))}
	}
	if rng.IntN(2) == 0 {
		t.follow()
	}
	if t.protect(); t.plan.HasProgram() || comfort.Protects(t.plan) {
		t.zone.Plan = t.aim
	}
	return t
}

// follow gives the zone a program, and mostly preheating.
func (t *trial) follow() {
	week, err := program.Parse(campaignWeek)
	if err != nil {
		panic(err) // it is above
	}
	t.plan.Calendar = program.Calendar{Week: week, Place: time.UTC}
	if t.zone.Params.Heater && t.rng.IntN(3) > 0 {
		t.plan.Warming = comfort.Warming{Rate: 0.5 + 4*t.rng.Float64(), Dead: time.Duration(t.rng.IntN(30)) * time.Minute}
	}
}

// protect gives the zone frost protection, a contact, an eye for how fast it cools, or several of them.
func (t *trial) protect() {
	if t.zone.Params.Heater && t.rng.IntN(2) == 0 {
		t.plan.Frost = comfort.Frost{Below: 5, Rise: 1, InOff: t.rng.IntN(2) == 0}
	}
	if t.rng.IntN(2) == 0 {
		t.plan.Window = comfort.Window{Contact: true, Delay: 30 * time.Second, CloseDelay: 30 * time.Second, Max: 30 * time.Minute}
	}
	if w := &t.plan.Window; t.rng.IntN(3) == 0 {
		w.BySlope, w.Max, w.Slope = true, 30*time.Minute, slope.Params{Threshold: 1 + 5*t.rng.Float64(), Max: 30 * time.Minute}
	}
}

// aim is what the zone aims at.
func (t *trial) aim(said controlloop.Setpoint, look controlloop.Look) controlloop.Target {
	is := controlloop.WindowUnknown
	if t.plan.Window.Contact {
		is, _ = t.contact.Position(look.Now)
	}
	target := t.plan.Target(said, look.Now, comfort.Clock{Trusted: true})
	t.memory, target = comfort.Windows(t.plan, t.memory, target, look, is)
	t.memory, target = comfort.Preheat(t.plan, t.memory, target, look)
	t.memory, target = comfort.Protect(t.plan, t.memory, target, look)
	return target
}

func (t *trial) flaky(s controlloop.Sensor) *flaky {
	t.w.sensors++
	return &flaky{w: t.w, sensor: s, rng: rand.New(rand.NewPCG(t.rng.Uint64(), 1))}
}

func (t *trial) brittle(name string, r controlloop.Relay) controlloop.Relay {
	b := &brittle{w: t.w, name: name, relay: r}
	t.relays = append(t.relays, b)
	return b
}

// observe is told every decision.
func (t *trial) observe(s controlloop.Snapshot) {
	t.lies.speaks(t.zone, s.Time)
	t.w.mu.Lock()
	defer t.w.mu.Unlock()
	if wrong := t.w.leavesTheBand(&s); wrong != "" {
		t.w.wrong = append(t.w.wrong, wrong)
	}
	if s.Foresight.Looks {
		t.w.seen["the law looks ahead"]++
	}
	t.w.seen[string(s.State.Reason)]++
	t.w.seen["target "+s.Target.Why]++
	if s.Target.Bar && !t.plan.Window.Contact {
		t.w.seen["a window by slope"]++
	}
	for _, f := range s.Faults {
		t.w.seen["fault "+string(f.Name)]++
	}
	if !s.Fresh && !math.IsNaN(s.Temperature()) {
		t.w.wrong = append(t.w.wrong, "a temperature that is not fresh is shown")
	}
	if shut := s.Time.Sub(t.w.since); s.Target.Bar && !t.plan.Window.BySlope && t.w.contact != controlloop.WindowOpen && shut >= t.plan.Window.CloseDelay {
		t.w.wrong = append(t.w.wrong, fmt.Sprintf("barred, and no contact has said for %v that a window is open", shut))
	}
}

// leavesTheBand holds a decision against the band that the user allows, whatever was learned: a fresh reading past it, and past
// what the program asks for within six hours, ends a stretch after its min_on, and one on the other side begins one after the rest.
func (w *witness) leavesTheBand(s *controlloop.Snapshot) string {
	o, sp, sign := &s.State.Heater, s.Setpoint, 1.0
	barred := s.Guard.Heat.Tripped || s.State.HeatCut
	if w.params.Cooler {
		o, sign, barred = &s.State.Cooler, -1, s.Guard.Cool.Tripped || s.State.CoolCut
		sp.UpDelta, sp.DownDelta = sp.DownDelta, sp.UpDelta
	}
	is, goal := sign*s.State.Reading.Celsius, sign*sp.Desired
	begins, ends := goal-sp.DownDelta, goal+sp.UpDelta
	near := w.looksAhead(s.Time)
	if near {
		ends = max(ends, secondStep+sp.UpDelta)
	}
	rests := slices.Contains([]controlloop.Reason{controlloop.ReasonMinOff, controlloop.ReasonStarting, controlloop.ReasonStopped}, s.State.Reason)
	switch {
	case s.State.Ahead && !near:
		return fmt.Sprintf("heats at %v for a transition that is more than six hours away, or none", s.Time)
	case !s.Fresh:
		return ""
	case o.On && is > ends && s.Time.Sub(o.Since) >= w.params.MinOn:
		return fmt.Sprintf("on at %.2f °C, %.2f K past all that is aimed at, by %s", s.State.Reading.Celsius, is-ends, s.State.Reason)
	case !o.On && is < begins && !barred && !s.Target.Bar && !rests && (sp.Mode > controlloop.ModeOff || s.Target.Frost && !w.params.Cooler):
		return fmt.Sprintf("off at %.2f °C, %.2f K from what is aimed at, by %s", s.State.Reading.Celsius, is-begins, s.State.Reason)
	}
	return ""
}

// looksAhead is what the witness knows of the program: the one step up from a temperature is that at 16:00.
func (w *witness) looksAhead(now time.Time) bool {
	hour := now.UTC().Hour()
	follows := func(sp controlloop.Setpoint) bool {
		return sp.Mode == controlloop.ModeAuto && !(sp.For > 0 && now.Sub(sp.Accepted) < sp.For)
	}
	return w.plan.Warming.Rate > 0 && 10 <= hour && hour < 16 && (follows(w.current) || follows(w.coming))
}

// say gives the zone another setpoint. Until the zone has heard it what either allows is allowed.
func (t *trial) say() {
	mode := comfort.UsualMode(t.zone.Params)
	if t.rng.IntN(10) == 0 {
		mode = controlloop.ModeOff
	}
	desired := 5 + 20*t.rng.Float64()
	t.serial++
	sp := controlloop.Setpoint{Mode: mode, Desired: desired, UpDelta: 0.3, DownDelta: 0.3, Serial: t.serial, Accepted: time.Now()}
	if t.plan.HasProgram() && t.rng.IntN(3) > 0 {
		sp = t.comfort(sp)
	}
	t.w.hearsOf(sp)
	t.zone.Setpoints.Put(sp)
	synctest.Wait()
	t.w.obeys(sp)
}

// comfort makes of a setpoint one that the program follows: nothing but it, a hold over
// it, or a boost.
func (t *trial) comfort(sp controlloop.Setpoint) controlloop.Setpoint {
	sp.Mode = controlloop.ModeAuto
	switch t.rng.IntN(3) {
	case 0:
		sp.Desired = math.NaN()
	case 1:
		sp.Preset = comfort.Boost
		fallthrough
	default:
		sp.For = time.Duration(5+t.rng.IntN(300)) * time.Minute
	}
	return sp
}

func (w *witness) hearsOf(sp controlloop.Setpoint) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.coming = sp
}

func (w *witness) obeys(sp controlloop.Setpoint) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.current, w.coming = sp, sp
}

// breakSomething breaks one thing, or mends it.
func (t *trial) breakSomething() {
	switch t.rng.IntN(10) {
	case 0:
		t.say()
	case 1:
		t.room.BreakRelays(simulated.RelayFault(t.rng.IntN(3)))
	case 2:
		t.relays[t.rng.IntN(len(t.relays))].breaks(t.rng.IntN(3) == 0)
	case 3:
		t.zone.Clears.Put(struct{}{})
	case 4:
		t.contact.breaks(contactFault(t.rng.IntN(int(contactFaults))))
	case 5:
		t.room.OpenWindow(t.rng.IntN(2) == 0)
	default:
		t.sensors[t.rng.IntN(len(t.sensors))].breaks(sensorFault(t.rng.IntN(int(sensorFaults))))
	}
}

func (t *trial) mendAll() {
	t.room.BreakRelays(simulated.RelayGood)
	t.room.OpenWindow(false)
	t.contact.breaks(contactGood)
	for _, s := range t.sensors {
		s.breaks(sensorGood)
	}
	for _, r := range t.relays {
		r.breaks(false)
	}
	t.zone.Clears.Put(struct{}{})
}

// live runs the zone for some days with faults, alone and in pairs.
func (t *trial) live(days int) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	sp := controlloop.Setpoint{Mode: comfort.UsualMode(t.zone.Params), Desired: 20, UpDelta: 0.3, DownDelta: 0.3}
	if t.plan.HasProgram() {
		sp.Mode, sp.Desired = controlloop.ModeAuto, math.NaN()
	}
	t.w.obeys(sp)
	go func() { done <- t.zone.Run(ctx, sp) }()
	for end := time.Now().Add(time.Duration(days) * 24 * time.Hour); time.Now().Before(end); {
		for range 1 + t.rng.IntN(2) {
			t.breakSomething()
		}
		time.Sleep(time.Duration(t.rng.Int64N(int64(2 * time.Hour))))
		if t.rng.IntN(2) == 0 {
			t.mendAll()
			time.Sleep(time.Duration(t.rng.Int64N(int64(3 * time.Hour))))
		}
	}
	cancel()
	for _, s := range t.sensors {
		s.breaks(sensorGood)
	}
	<-done
	time.Sleep(2 * time.Hour) // reads that hang come back
}

// The campaign lives at least 2,000 days. THERMOSTAT_CAMPAIGN_DAYS asks for
// more; bench/campaigns.sh does.
func TestNoFaultKeepsTheHeatOnTooLong(t *testing.T) {
	days := 2000
	if testing.Short() {
		days = 100
	}
	if more, err := strconv.Atoi(os.Getenv("THERMOSTAT_CAMPAIGN_DAYS")); err == nil {
		days = more
	}
	const each = 4
	var mu sync.Mutex
	seen := map[string]int{}
	t.Run("trials", func(t *testing.T) {
		for seed := range uint64(days / each) {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					trial := newTrial(seed)
					trial.live(each)
					for i, w := range trial.w.wrong {
						if i < 3 {
							t.Errorf("%s: %s", trial.zone.Name, w)
						}
					}
					mu.Lock()
					defer mu.Unlock()
					for what, n := range trial.w.seen {
						seen[what] += n
					}
				})
			})
		}
	})
	t.Log(seen)
	for _, what := range []string{
		"too_cold", "in_band", "stale_reading", "heat_cutout", "sensor_loss", "mode_off",
		"the law looks ahead", "warm_enough", "too_cold_soon", "setback_soon", "cool_enough", "too_warm_soon",
		"target program", "target hold", "target boost", "target frost", "target window_open", "target preheat", "window_open", "a window by slope", "preheat",
		"fault sensor", "fault fallback_sensor", "fault sensors_disagree", "fault relay", "fault heat_cutout",
	} {
		if seen[what] == 0 {
			t.Errorf("no day showed %s", what)
		}
	}
}
