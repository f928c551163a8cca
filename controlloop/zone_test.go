package controlloop

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/controlloop/mailbox"
)

// Zones run in bubbles of synctest, where an hour passes in no time. The zone
// takes its durations from the monotonic clock, as time.Now gives it, so a jump
// of the wall clock cannot matter; a bubble has no wall clock to set, and there
// is nothing to test.

// bench is a zone on the bench: a sensor and relays that do as they are told,
// and a journal of what happened.
type bench struct {
	t    *testing.T
	zone Zone
	end  func() error

	mu      sync.Mutex
	answer  func(context.Context) (Reading, error)
	refuse  map[string]error // what a relay answers, by name
	journal []entry
	told    []Snapshot
}

// entry is a line of the journal: a read of the sensor, or a Set of a relay.
type entry struct {
	at   time.Time
	what string // read, heater or cooler
	on   bool
}

func (e entry) String() string { return fmt.Sprintf("%s %v", e.what, e.on) }

type benchSensor struct{ b *bench }

func (s benchSensor) Read(ctx context.Context) (Reading, error) {
	s.b.note("read", false)
	s.b.mu.Lock()
	answer := s.b.answer
	s.b.mu.Unlock()
	return answer(ctx)
}

type benchRelay struct {
	b    *bench
	name string
}

func (r benchRelay) Set(on bool) error {
	r.b.note(r.name, on)
	r.b.mu.Lock()
	defer r.b.mu.Unlock()
	return r.b.refuse[r.name]
}

func (b *bench) note(what string, on bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.journal = append(b.journal, entry{time.Now(), what, on})
}

// celsius lets the sensor answer with a temperature from now on.
func (b *bench) celsius(c float64) {
	b.answers(func(context.Context) (Reading, error) { return Temperature(c, time.Time{}), nil })
}

func (b *bench) fails(err error) {
	b.answers(func(context.Context) (Reading, error) { return Reading{}, err })
}

// hangs lets every further read hang until the zone ends.
func (b *bench) hangs() {
	b.answers(func(ctx context.Context) (Reading, error) { <-ctx.Done(); return Reading{}, ctx.Err() })
}

func (b *bench) answers(f func(context.Context) (Reading, error)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer = f
}

func (b *bench) relayFails(name string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refuse[name] = err
}

// onBench builds a zone of a room at that temperature.
func onBench(t *testing.T, p Params, celsius float64) *bench {
	t.Helper()
	b := &bench{t: t, refuse: map[string]error{}}
	b.celsius(celsius)
	b.zone = Zone{
		Name: "attic", SensorID: 7, Params: p, Sensor: benchSensor{b},
		Setpoints: mailbox.New[Setpoint](), Alarms: NewAlarms(),
		Observe: func(s Snapshot) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.told = append(b.told, s)
		},
	}
	if p.Heater {
		b.zone.Heater = benchRelay{b, "heater"}
	}
	if p.Cooler {
		b.zone.Cooler = benchRelay{b, "cooler"}
	}
	return b
}

// run starts the zone and lets it come to rest; it ends with the test at the latest.
func (b *bench) run(sp Setpoint) *bench {
	ctx, cancel := context.WithCancel(b.t.Context())
	done := make(chan error, 1)
	go func() { done <- b.zone.Run(ctx, sp) }()
	b.end = sync.OnceValue(func() error { cancel(); return <-done })
	b.t.Cleanup(func() { b.end() })
	synctest.Wait()
	return b
}

// settled starts the zone and lets a second reading confirm the first.
func (b *bench) settled(sp Setpoint) *bench {
	b.run(sp)
	b.wait(b.zone.Params.Sample)
	return b
}

// wait lets time pass and gives the latest snapshot.
func (b *bench) wait(d time.Duration) Snapshot {
	time.Sleep(d)
	synctest.Wait()
	return b.last()
}

func (b *bench) last() Snapshot {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.told[len(b.told)-1]
}

func (b *bench) snapshots() []Snapshot {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.told)
}

// sets is what the relays were told.
func (b *bench) sets() []entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(b.journal), func(e entry) bool { return e.what == "read" })
}

// expect holds a snapshot against "action reason".
func expect(t *testing.T, s Snapshot, want string) {
	t.Helper()
	if got := fmt.Sprintf("%v %v", s.State.Action, s.State.Reason); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func expectSensor(t *testing.T, s Snapshot, v Verdict, faulty bool) {
	t.Helper()
	if s.Sensor != v || hasFault(s, "sensor") != faulty {
		t.Errorf("sensor %q with faults %v, want %q, faulty %v", s.Sensor, s.Faults, v, faulty)
	}
}

func hasFault(s Snapshot, name FaultName) bool {
	return slices.ContainsFunc(s.Faults, func(f Fault) bool { return f.Name == name })
}

func TestZoneBeginsWithEverythingOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := onBench(t, room(), 18).run(both(20))
		b.mu.Lock()
		defer b.mu.Unlock()
		if got := fmt.Sprint(b.journal[:2]); got != "[heater false cooler false]" {
			t.Errorf("first of all came %v", b.journal)
		}
		if b.told[0].State.Reason != ReasonNoReading || b.told[0].Sensor != VerdictNoReading || len(b.told[0].Faults) > 0 {
			t.Errorf("the first snapshot is %+v", b.told[0])
		}
	})
}

func TestZoneDecidesAtTheReadingAndNotAtTheNextTick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := onBench(t, room(), 18)
		b.answers(func(context.Context) (Reading, error) { // takes its 750 ms
			time.Sleep(750 * time.Millisecond)
			return Temperature(18, time.Time{}), nil
		})
		start := time.Now()
		b.run(heat(20))
		expect(t, b.last(), "idle no_reading")
		expect(t, b.wait(10*second), "idle no_reading") // the second reading begins, and confirms the first
		expect(t, b.wait(750*time.Millisecond), "heating too_cold")
		if s := b.last(); !s.State.Heater.Since.Equal(start.Add(10750*time.Millisecond)) || s.Answers != 2 || s.Temperature() != 18 {
			t.Errorf("%+v", s)
		}
	})
}

func TestZoneReassertsBothRelaysAtEveryTick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := room()
		b := onBench(t, p, 18).settled(heat(20))
		for _, row := range []struct {
			celsius float64
			heater  bool
		}{{18, true}, {21, false}} {
			b.celsius(row.celsius)
			b.wait(2 * p.Sample) // such a jump must be confirmed
			for range 5 {
				before := len(b.sets())
				b.wait(p.Sample)
				fresh := b.sets()[before:]
				for _, want := range []entry{{what: "heater", on: row.heater}, {what: "cooler", on: false}} {
					if !slices.ContainsFunc(fresh, func(e entry) bool { return e.what == want.what }) {
						t.Errorf("%s was not re-asserted", want.what)
					}
					if slices.ContainsFunc(fresh, func(e entry) bool { return e.what == want.what && e.on != want.on }) {
						t.Errorf("%v: want only %v", fresh, want)
					}
				}
			}
		}
	})
}

// hung runs a heating zone into a sensor that hangs, and gives when the heat went off after its last reading.
func hung(t *testing.T, b *bench) (off time.Duration) {
	t.Helper()
	expect(t, b.last(), "heating too_cold")
	last := b.last().State.Reading.At
	b.wait(b.zone.Params.StaleAfter)
	expect(t, b.last(), "heating too_cold")
	s := b.wait(b.zone.Params.Sample)
	expect(t, s, "idle stale_reading")
	expectSensor(t, s, VerdictNoAnswer, true)
	if s.Fresh || !math.IsNaN(s.Temperature()) || s.HeaterRelay != RelayOff {
		t.Errorf("%+v", s)
	}
	return s.State.Since.Sub(last)
}

func TestHungSensorNeverHoldsTheHeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := with(func(p *Params) { p.MinOn = 2 * time.Hour })
		b := onBench(t, p, 18).settled(heat(20))
		b.hangs()
		if off := hung(t, b); off > p.StaleAfter+p.Sample {
			t.Errorf("off only after %v", off)
		}
		b.celsius(18) // the read that hangs is hanging still
		expect(t, b.wait(time.Hour), "idle stale_reading")
	})
}

// Not even the end waits for a driver that is deaf to its context.
func TestDeafSensorHoldsNeitherTheHeatNorTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := onBench(t, room(), 18).settled(heat(20))
		come := make(chan struct{})
		b.answers(func(context.Context) (Reading, error) { <-come; return Temperature(18, time.Time{}), nil })
		hung(t, b)
		if err := b.end(); err != nil {
			t.Error(err)
		}
		expect(t, b.last(), "idle stopped")
		close(come)
	})
}

func TestSensorThatHangsFromTheStartIsAFaultAndNotAnExit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := room()
		b := onBench(t, p, 18)
		come := make(chan struct{})
		b.answers(func(context.Context) (Reading, error) { <-come; return Temperature(18, time.Time{}), nil })
		b.run(heat(20))
		expect(t, b.last(), "idle no_reading")
		expectSensor(t, b.wait(p.StaleAfter), VerdictNoReading, false)
		expectSensor(t, b.wait(p.Sample), VerdictNoAnswer, true)
		close(come)
		expect(t, b.wait(0), "idle no_reading")
		s := b.wait(p.Sample)
		expect(t, s, "heating too_cold")
		expectSensor(t, s, VerdictOK, false)
	})
}

func TestSensorErrorShowsAtOnceAndHeals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := room()
		b := onBench(t, p, 18).settled(heat(20))
		for _, row := range []struct {
			err     error
			verdict Verdict
		}{
			{&BadReading{Verdict: VerdictPowerOn}, VerdictPowerOn},
			{fmt.Errorf("w1: %w", &BadReading{VerdictAbsent, errors.New("no such file")}), VerdictAbsent},
			{errors.New("CRC"), VerdictError},
		} {
			b.fails(row.err)
			s := b.wait(p.Sample)
			expectSensor(t, s, row.verdict, true)
			expect(t, s, "heating too_cold") // the last good reading counts while it is fresh
			found := s.Time
			s = b.wait(p.Sample)
			expectSensor(t, s, row.verdict, true)
			if f := s.Faults[0]; !f.Since.Equal(found) || !strings.Contains(f.Text, row.err.Error()) {
				t.Errorf("%+v, want since %v", f, found)
			}
			b.celsius(18)
			expectSensor(t, b.wait(p.Sample), VerdictOK, false)
		}
		b.fails(errors.New("CRC"))
		s := b.wait(p.StaleAfter + p.Sample)
		expect(t, s, "idle stale_reading")
		expectSensor(t, s, VerdictError, true) // says more than stale
	})
}

func TestSensorThatRepeatsAnOldReadingIsStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := room()
		b := onBench(t, p, 18)
		b.settled(heat(20))
		once := Temperature(18, time.Now())
		b.answers(func(context.Context) (Reading, error) { return once, nil })
		expect(t, b.wait(p.StaleAfter), "heating too_cold")
		s := b.wait(p.Sample)
		expect(t, s, "idle stale_reading")
		expectSensor(t, s, VerdictStale, true)
		found := s.Time
		if s = b.wait(time.Minute); !s.Faults[0].Since.Equal(found) {
			t.Errorf("the fault is of %v, not of %v", found, s.Faults[0].Since)
		}
	})
}

func TestImplausibleHeatOpensTheCutoutAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := with(func(p *Params) { p.MinOn = time.Hour })
		b := onBench(t, p, 18).settled(heat(20))
		expect(t, b.last(), "heating too_cold")
		b.celsius(90)
		s := b.wait(p.Sample)
		expect(t, s, "idle heat_cutout")
		expectSensor(t, s, VerdictImplausible, true)
		if s.HeaterRelay != RelayOff || !hasFault(s, "heat_cutout") || s.Temperature() != 18 {
			t.Errorf("%+v", s)
		}
		b.fails(errors.New("CRC")) // says nothing of the heat
		expect(t, b.wait(p.Sample), "idle heat_cutout")
		b.celsius(18)
		s = b.wait(p.Sample)
		expect(t, s, "heating too_cold")
		if len(s.Faults) > 0 {
			t.Error(s.Faults)
		}
	})
}

func TestJumpIsHeldBackUntilTheNextReadingConfirmsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := room()
		b := onBench(t, p, 18).settled(heat(20))
		b.celsius(25)
		s := b.wait(p.Sample)
		expect(t, s, "heating too_cold")
		expectSensor(t, s, VerdictTooFast, true)
		s = b.wait(p.Sample)
		expect(t, s, "idle too_warm")
		expectSensor(t, s, VerdictOK, false)

		b.celsius(18) // a spike that the next reading does not confirm
		expectSensor(t, b.wait(p.Sample), VerdictTooFast, true)
		b.celsius(25)
		s = b.wait(p.Sample)
		expect(t, s, "idle too_warm")
		expectSensor(t, s, VerdictOK, false)

		b.celsius(36) // held back too, but over the cut-out
		s = b.wait(p.Sample)
		expect(t, s, "idle heat_cutout")
		expectSensor(t, s, VerdictTooFast, true)
	})
}

// judged is a judge whose last good reading is of that morning.
func judged(t *testing.T, celsius float64) *Judge {
	t.Helper()
	j := new(Judge)
	for _, step := range []struct {
		at   time.Time
		want Verdict
	}{{morning.Add(-second), VerdictUnconfirmed}, {morning, VerdictOK}} {
		if v := j.Weigh(room(), Temperature(celsius, step.at), morning, false); v != step.want {
			t.Fatalf("%v, want %v", v, step.want)
		}
	}
	return j
}

// The judge alone: what may follow on 20 °C after a time, at 5 K a minute and 1 K of slack.
func TestAReadingFasterThanMaxRateIsTooFast(t *testing.T) {
	for _, row := range []struct {
		celsius float64
		after   time.Duration
		want    Verdict
	}{
		{21, 0, VerdictOK}, {21.01, 0, VerdictTooFast}, {19, 0, VerdictOK}, {18.99, 0, VerdictTooFast},
		{26, minute, VerdictOK}, {26.01, minute, VerdictTooFast}, {14, minute, VerdictOK}, {13.99, minute, VerdictTooFast},
		{70, time.Hour, VerdictOK}, {70.01, time.Hour, VerdictImplausible}, {-30, time.Hour, VerdictOK}, {-30.01, time.Hour, VerdictImplausible},
		{math.NaN(), minute, VerdictError}, {math.Inf(1), minute, VerdictError}, {math.Inf(-1), minute, VerdictError},
		{21, -minute, VerdictError}, {21, 25 * time.Hour, VerdictError}, // from the past, from the future
	} {
		j := judged(t, 20)
		p := room()
		p.StaleAfter = 2 * time.Hour // no absence
		if got := j.Weigh(p, Temperature(row.celsius, morning.Add(row.after)), morning.Add(24*time.Hour), false); got != row.want {
			t.Errorf("%v °C after %v: %v, want %v", row.celsius, row.after, got, row.want)
		}
	}
}

func TestOneAnswerIsNotItsOwnConfirmation(t *testing.T) {
	j := judged(t, 20)
	jump := Temperature(30, morning.Add(second))
	if a, b := j.Weigh(room(), jump, morning.Add(time.Hour), false), j.Weigh(room(), jump, morning.Add(time.Hour), false); a != VerdictTooFast || b != VerdictTooFast {
		t.Errorf("%v, then %v", a, b)
	}
	if v := j.Weigh(room(), Temperature(30, morning.Add(2*second)), morning.Add(time.Hour), false); v != VerdictOK {
		t.Error(v)
	}
}

func TestRelayThatDoesNotObeyIsAFaultAndTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := room()
		b := onBench(t, p, 18).settled(heat(20))
		b.relayFails("heater", errors.New("line is gone"))
		b.wait(p.Sample)
		for range 3 {
			before := len(b.sets())
			s := b.wait(p.Sample)
			if !hasFault(s, "relay") || !strings.Contains(s.Faults[0].Text, "line is gone") {
				t.Errorf("faults %v", s.Faults)
			}
			if s.HeaterRelay != RelayUnknown || s.CoolerRelay != RelayOff {
				t.Errorf("heater %v, cooler %v", s.HeaterRelay, s.CoolerRelay)
			}
			if !slices.ContainsFunc(b.sets()[before:], func(e entry) bool { return e.what == "heater" && e.on }) {
				t.Error("not tried again")
			}
		}
		b.relayFails("heater", nil)
		if s := b.wait(p.Sample); len(s.Faults) > 0 || s.HeaterRelay != RelayOn {
			t.Errorf("not healed: %+v", s)
		}
		b.relayFails("heater", errors.New("line is gone"))
		if err := b.end(); err == nil || !strings.Contains(err.Error(), "attic") || !strings.Contains(err.Error(), "line is gone") {
			t.Errorf("a relay that could not be switched off at the end: %v", err)
		}
		if s := b.last(); s.State.Reason != ReasonStopped || !hasFault(s, "relay") || s.HeaterRelay != RelayUnknown {
			t.Errorf("%+v", s)
		}
	})
}

// A relay that fails to go on does not keep the other from going off.
func TestOneRelayDoesNotKeepTheOtherOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := room()
		b := onBench(t, p, 18).settled(both(20))
		b.relayFails("cooler", errors.New("welded"))
		b.celsius(30)
		b.wait(2 * p.Sample)
		if s := b.last(); s.HeaterRelay != RelayOff || s.CoolerRelay != RelayUnknown {
			t.Errorf("heater %v, cooler %v", s.HeaterRelay, s.CoolerRelay)
		}
	})
}

// TestARelayThatStaysOnKeepsTheOtherOff: while one does not obey its off, the
// other must not go on, and the rest begins only once it has obeyed.
func TestARelayThatStaysOnKeepsTheOtherOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := room()
		p.MinOff = 10 * p.Sample
		b := onBench(t, p, 30).run(both(20))
		b.wait(p.MinOff + 2*p.Sample)
		expect(t, b.last(), "cooling too_warm")
		b.relayFails("cooler", errors.New("welded"))
		b.celsius(10)
		before := len(b.sets())
		b.wait(2 * p.MinOff)
		for _, e := range b.sets()[before:] {
			if e.what == "heater" && e.on {
				t.Fatal("the heater went on while the cooler does not go off")
			}
		}
		if s := b.last(); s.Time.Sub(s.State.Cooler.Since) > p.Sample {
			t.Errorf("the rest of a relay that is not off began %v ago", s.Time.Sub(s.State.Cooler.Since))
		}
		b.relayFails("cooler", nil)
		b.wait(2 * p.Sample)
		expect(t, b.last(), "heating too_cold")
	})
}

// TestUnconfirmedOffServesItsRest: a relay that was told to go off, and whose last
// word is another, is a fault; its rest counts from when it may have gone off.
func TestUnconfirmedOffServesItsRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := room()
		p.MinOff = 10 * p.Sample
		b := onBench(t, p, 18).run(heat(20))
		b.wait(4 * p.Sample)
		b.relayFails("heater", &Unconfirmed{Err: errors.New("told off, it says on"), Since: time.Now()})
		s := b.wait(p.MinOff - p.Sample)
		expect(t, s, "idle starting")
		if !hasFault(s, "relay") || s.HeaterRelay != RelayUnknown {
			t.Errorf("faults %v, heater %v", s.Faults, s.HeaterRelay)
		}
		expect(t, b.wait(2*p.Sample), "heating too_cold")
	})
}

func TestOffComesBeforeOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := room() // not even a changeover
		b := onBench(t, p, 18).settled(both(20))
		for _, celsius := range []float64{30, 10, 30} {
			b.celsius(celsius)
			b.wait(4 * p.Sample)
		}
		expect(t, b.last(), "cooling too_warm")
		level, cooled, heated := map[string]bool{}, false, false
		sets := b.sets()
		for i, e := range sets {
			level[e.what] = e.on
			cooled, heated = cooled || level["cooler"], heated || level["heater"]
			if level["heater"] && level["cooler"] {
				t.Fatalf("both on at call %d: %v", i, sets[:i+1])
			}
			if i%2 == 1 && sets[i-1].on {
				t.Errorf("call %d: %v came before %v", i, sets[i-1], e)
			}
		}
		if !cooled || !heated {
			t.Error("there was no changeover at all")
		}
	})
}

func TestRunLeavesEverythingOff(t *testing.T) {
	for _, row := range []struct {
		set  Setpoint
		want string
	}{{heat(25), "idle stopped"}, {cool(15), "idle stopped"}, {switchedOff, "off stopped"}} {
		synctest.Test(t, func(t *testing.T) {
			p := with(func(p *Params) { p.MinOn = time.Hour })
			b := onBench(t, p, 20).settled(row.set)
			before := b.wait(minute)
			if err := b.end(); err != nil {
				t.Error(err)
			}
			s := b.last()
			expect(t, s, row.want)
			if s.State.Heater.On || s.State.Cooler.On || s.HeaterRelay != RelayOff || s.CoolerRelay != RelayOff || s.State.Wait != 0 {
				t.Errorf("%+v", s)
			}
			if acted := before.State.Action > ActionIdle; acted != s.State.Since.Equal(s.Time) {
				t.Errorf("%v after %v is said to be since %v, it is %v", s.State.Action, before.State.Action, s.State.Since, s.Time)
			}
			level := map[string]bool{}
			for _, e := range b.sets() {
				level[e.what] = e.on
			}
			if level["heater"] || level["cooler"] {
				t.Errorf("left %v", level)
			}
		})
	}
}

func TestPanicOfAnObserverLeavesEverythingOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := onBench(t, room(), 18)
		observe := b.zone.Observe
		b.zone.Observe = func(s Snapshot) {
			observe(s)
			if s.State.Heater.On {
				panic("observer")
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			b.zone.Run(ctx, heat(20))
		}()
		sets := b.sets()
		if len(sets) < 4 || !slices.ContainsFunc(sets, func(e entry) bool { return e.on }) {
			t.Fatalf("the heater was never on: %v", sets)
		}
		if got := fmt.Sprint(sets[len(sets)-2:]); got != "[heater false cooler false]" {
			t.Errorf("left with %v", got)
		}
	})
}

func TestNewSetpointActsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := onBench(t, room(), 18).settled(switchedOff)
		b.wait(3 * second)
		for _, row := range []struct {
			set  Setpoint
			want string
		}{{heat(20), "heating too_cold"}, {switchedOff, "off mode_off"}} {
			spoken := time.Now()
			b.zone.Setpoints.Put(row.set)
			s := b.wait(0)
			expect(t, s, row.want)
			if !s.Time.Equal(spoken) || !s.Setpoint.SameTarget(row.set) {
				t.Errorf("said at %v, obeyed at %v", spoken, s.Time)
			}
			b.wait(second)
		}
	})
}

func TestAlarmsWakeTheZoneAndStandInItsSnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := onBench(t, room(), 18).settled(heat(20))
		b.wait(3 * second)
		raised := time.Now()
		b.zone.Alarms.Set("memory", true, "the disk is full")
		s := b.wait(0)
		if len(s.Faults) != 1 || s.Faults[0] != (Fault{"memory", s.Time, "the disk is full"}) || !s.Time.Equal(raised) {
			t.Errorf("%v: %+v", raised, s.Faults)
		}
		b.wait(second)
		n := len(b.snapshots())
		b.zone.Alarms.Set("memory", true, "the disk is full") // nothing new
		if b.wait(second); len(b.snapshots()) != n {
			t.Error("an old fault wakes the zone")
		}
		b.zone.Alarms.Set("memory", true, "the disk is broken")
		if s = b.wait(0); len(s.Faults) != 1 || s.Faults[0] != (Fault{"memory", raised, "the disk is broken"}) {
			t.Errorf("%+v", s.Faults)
		}
		b.zone.Alarms.Set("memory", false, "")
		if s = b.wait(0); len(s.Faults) > 0 {
			t.Errorf("%+v", s.Faults)
		}
	})
}

func TestNoAlarmsAtAllAreAllowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := onBench(t, room(), 18)
		b.zone.Alarms, b.zone.Observe = nil, nil
		b.zone.Alarms.Set("memory", true, "nobody hears it")
		b.run(heat(20))
		time.Sleep(minute)
		if err := b.end(); err != nil {
			t.Error(err)
		}
		if !slices.ContainsFunc(b.sets(), func(e entry) bool { return e.on }) {
			t.Error("never on")
		}
	})
}

func TestZoneOfOneRelayKnowsNothingOfTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := with(func(p *Params) { p.Cooler = false })
		s := onBench(t, p, 18).settled(heat(20)).last()
		if !s.HasHeater || s.HasCooler || s.HeaterRelay != RelayOn || s.CoolerRelay != RelayUnknown {
			t.Errorf("%+v", s)
		}
	})
}

func TestSnapshotsShareNothingWithTheZone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := onBench(t, room(), 18).settled(heat(20))
		b.fails(errors.New("CRC"))
		s := b.wait(10 * second)
		s.Faults[0].Text = "scribbled"
		if again := b.wait(10 * second); again.Faults[0].Text != "CRC" {
			t.Error(again.Faults)
		}
	})
}
