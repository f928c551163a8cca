package drivers

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/controlloop"
	"thermostat/drivers/simulated"
	"thermostat/house"
)

// The fault campaign: whole zones, with their goroutines, live through days in
// which everything breaks, alone and in pairs: sensors, relays, setpoints. A
// witness beside the zone keeps books of its own, of what the sensors really
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
	if delete(w.raw, f); !math.IsNaN(r.Celsius) {
		w.raw[f] = rawValue{r.Celsius, time.Now()}
	}
	plausible := r.Celsius >= w.params.PlausibleMin && r.Celsius <= w.params.PlausibleMax
	if plausible && fault != sensorAhead && fault != sensorBehind {
		w.good = time.Now()
	}
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
	if limit := w.params.StaleAfter + w.params.Sample; blind > limit && !w.frost(blind) {
		w.wrong = append(w.wrong, fmt.Sprintf("%s on, %v after the last good reading", name, blind))
	}
	for _, v := range w.raw {
		age := now.Sub(v.at) // at the very instant the zone has not heard of it yet
		if name == "heater" && v.celsius >= w.params.HeatCutout && 0 < age && age <= w.params.Sample {
			w.wrong = append(w.wrong, fmt.Sprintf("%s on with a sensor at %.1f °C", name, v.celsius))
		}
	}
	if w.current.Mode <= controlloop.ModeOff {
		w.wrong = append(w.wrong, fmt.Sprintf("%s on in mode %v", name, w.current.Mode))
	}
}

// frost allows the duty its time; its share and phase are the law's matter,
// which an oracle of its own watches in controlloop.
func (w *witness) frost(blind time.Duration) bool {
	d := w.params.Loss
	return d.Percent > 0 && blind <= w.params.StaleAfter+w.params.Sample+d.For
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
	zone    *controlloop.Zone
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
	t := &trial{rng: rng, w: &witness{params: p, raw: map[*flaky]rawValue{}, good: time.Now(), seen: map[string]int{}}}
	params := d.physical()
	params.Outdoor, params.OutdoorSwing = -15+30*rng.Float64(), 6*rng.Float64()
	if d.cools {
		params.Outdoor = 24
	}
	t.room = simulated.NewRoomOf(house.NewPhysical(params), simulated.Spec{Speed: 1, Noise: 0.03, Seed: seed}, time.Now)
	t.sensors = append(t.sensors, t.flaky(t.room.Sensor()))
	t.zone = &controlloop.Zone{
		Name: d.name, SensorID: 1, Params: p, Sensor: t.sensors[0],
		Setpoints: controlloop.NewLatest[controlloop.Setpoint](), Clears: controlloop.NewLatest[struct{}](),
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
	return t
}

func (t *trial) flaky(s controlloop.Sensor) *flaky {
	return &flaky{w: t.w, sensor: s, rng: rand.New(rand.NewPCG(t.rng.Uint64(), 1))}
}

func (t *trial) brittle(name string, r controlloop.Relay) controlloop.Relay {
	b := &brittle{w: t.w, name: name, relay: r}
	t.relays = append(t.relays, b)
	return b
}

// observe is told every decision.
func (t *trial) observe(s controlloop.Snapshot) {
	t.w.mu.Lock()
	defer t.w.mu.Unlock()
	t.w.seen[string(s.State.Reason)]++
	for _, f := range s.Faults {
		t.w.seen["fault "+string(f.Name)]++
	}
	if !s.Fresh && !math.IsNaN(s.Temperature()) {
		t.w.wrong = append(t.w.wrong, "a temperature that is not fresh is shown")
	}
}

// say gives the zone another setpoint. The witness knows of one that allows
// heat before the zone does, and of one that forbids it after.
func (t *trial) say() {
	mode := t.zone.Params.UsualMode()
	if t.rng.IntN(10) == 0 {
		mode = controlloop.ModeOff
	}
	desired := 5 + 20*t.rng.Float64()
	t.serial++
	sp := controlloop.Setpoint{Mode: mode, Desired: desired, UpDelta: 0.3, DownDelta: 0.3, Serial: t.serial}
	if mode != controlloop.ModeOff {
		t.w.obeys(sp)
	}
	t.zone.Setpoints.Put(sp)
	synctest.Wait()
	t.w.obeys(sp)
}

func (w *witness) obeys(sp controlloop.Setpoint) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.current = sp
}

// breakSomething breaks one thing, or mends it.
func (t *trial) breakSomething() {
	switch t.rng.IntN(8) {
	case 0:
		t.say()
	case 1:
		t.room.BreakRelays(simulated.RelayFault(t.rng.IntN(3)))
	case 2:
		t.relays[t.rng.IntN(len(t.relays))].breaks(t.rng.IntN(3) == 0)
	case 3:
		t.zone.Clears.Put(struct{}{})
	default:
		t.sensors[t.rng.IntN(len(t.sensors))].breaks(sensorFault(t.rng.IntN(int(sensorFaults))))
	}
}

func (t *trial) mendAll() {
	t.room.BreakRelays(simulated.RelayGood)
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
	sp := controlloop.Setpoint{Mode: t.zone.Params.UsualMode(), Desired: 20, UpDelta: 0.3, DownDelta: 0.3}
	t.w.current = sp
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
		"fault sensor", "fault fallback_sensor", "fault sensors_disagree", "fault relay", "fault heat_cutout",
	} {
		if seen[what] == 0 {
			t.Errorf("no day showed %s", what)
		}
	}
}
