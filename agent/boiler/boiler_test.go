package boiler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/agent/config/sources"
	"thermostat/agent/state"
	"thermostat/controlloop"
	"thermostat/controlloop/mailbox"
	"thermostat/controlloop/report"
)

const minute = time.Minute

// wires is what a bystander sees of the relays: every switch, in order.
type wires struct {
	lock  sync.Mutex
	is    map[string]bool
	log   []string
	bad   []string
	began time.Time
	dead  map[string]error // what a relay says in place of switching
	free  bool             // the water has a way beside the valves
}

func newWires() *wires {
	return &wires{is: map[string]bool{}, dead: map[string]error{}, began: time.Now()}
}

// contact is one relay of the wires.
type contact struct {
	*wires
	name string
}

func (c contact) Set(on bool) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	if err := c.dead[c.name]; err != nil {
		return err
	}
	if c.is[c.name] == on {
		return nil
	}
	c.is[c.name] = on
	c.log = append(c.log, fmt.Sprintf("%v %s %v", time.Since(c.began).Truncate(time.Second), c.name, map[bool]string{true: "on", false: "off"}[on]))
	if c.is["boiler"] && !c.is["pump"] {
		c.bad = append(c.bad, "boiler without its pump: "+c.log[len(c.log)-1])
	}
	if !c.free && (c.is["boiler"] || c.is["pump"]) && !c.flows() {
		c.bad = append(c.bad, "against shut valves: "+c.log[len(c.log)-1])
	}
	return nil
}

// flows reports whether a valve is open.
func (w *wires) flows() bool {
	for name, on := range w.is {
		if on && name != "boiler" && name != "pump" {
			return true
		}
	}
	return false
}

// house is a boiler and rooms, mostly bath and den, whose temperatures a test says.
type house struct {
	*wires
	*Boiler
	zones  map[string]*room
	stop   func() error // ends the boiler and then the zones
	seen   report.SourceSnapshot
	seenMu sync.Mutex
}

// room is a zone, and the sensor in it.
type room struct {
	*controlloop.Zone
	mu      sync.Mutex
	celsius float64
	lost    bool
	hangs   chan struct{} // the zone hangs in its observer while this is there
	open    bool          // a window
	last    controlloop.Snapshot
}

func (r *room) Read(ctx context.Context) (controlloop.Reading, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lost {
		return controlloop.Reading{}, &controlloop.BadReading{Verdict: controlloop.VerdictError, Err: errors.New("lost")}
	}
	return controlloop.Temperature(r.celsius, time.Now()), nil
}

func (r *room) set(change func(*room)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(r)
}

// law is a zone's with a valve.
func law() controlloop.Params {
	return controlloop.Params{
		Heater: true, DesiredMin: 5, DesiredMax: 28, HeatCutout: 35, PlausibleMin: -30, PlausibleMax: 70, MaxRate: 1e5,
		Sample: 5 * time.Second, StaleAfter: minute, MinOn: 30 * time.Second, MinOff: 30 * time.Second,
	}
}

func newHouse(change func(*sources.Source)) *house {
	w := newWires()
	s := sources.Usual()
	s.Name, s.Exercise = "boiler", sources.Exercise{}
	s.Law.Pump = true
	if change != nil {
		change(&s)
	}
	h := &house{wires: w, zones: map[string]*room{}}
	h.Boiler = &Boiler{Source: s, Switch: contact{w, "boiler"}, Pump: contact{w, "pump"}, Log: slog.New(slog.DiscardHandler)}
	h.Observe = func(s report.SourceSnapshot) {
		h.seenMu.Lock()
		defer h.seenMu.Unlock()
		h.seen = s
	}
	return h
}

// add has a zone call the boiler.
func (h *house) add(name string, valve bool) *room {
	r := &room{celsius: 21}
	z := &controlloop.Zone{
		Name: name, Params: law(), Sensor: r, Alarms: controlloop.NewAlarms(), Setpoints: mailbox.New[controlloop.Setpoint](),
		Plan: func(said controlloop.Setpoint, _ controlloop.Look) controlloop.Target {
			r.mu.Lock()
			defer r.mu.Unlock()
			return controlloop.Target{Setpoint: said, Control: said, Bar: r.open}
		},
	}
	if valve {
		z.Heater = contact{h.wires, name}
	} else {
		h.free = true
	}
	r.Zone = z
	c := h.Add(z, false)
	z.Observe = func(s controlloop.Snapshot) {
		c.Saw(s)
		r.mu.Lock()
		r.last = s
		hangs := r.hangs
		r.mu.Unlock()
		if hangs != nil {
			<-hangs
		}
	}
	h.zones[name] = r
	return r
}

// heat20 is what every room is to hold.
var heat20 = controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: 20, UpDelta: 0.5, DownDelta: 0.5}

// run begins; the test's end stops all that was not stopped.
func (h *house) run(t *testing.T) *house {
	ctx, cancel := context.WithCancel(t.Context())
	zonesCtx, endZones := context.WithCancel(t.Context())
	h.Begin(time.Now())
	boiled := make(chan error, 1)
	go func() { boiled <- h.Run(ctx) }()
	time.Sleep(time.Second) // zones and source never tick at one instant
	var running sync.WaitGroup
	for _, r := range h.zones {
		running.Go(func() { _ = r.Run(zonesCtx, heat20) })
	}
	h.stop = sync.OnceValue(func() error {
		cancel()
		err := <-boiled
		endZones()
		for _, r := range h.zones {
			r.set(func(r *room) {
				if r.hangs != nil {
					close(r.hangs)
					r.hangs = nil
				}
			})
		}
		running.Wait()
		return err
	})
	t.Cleanup(func() { _ = h.stop() })
	return h
}

// warm says a room's temperature.
func (h *house) warm(name string, celsius float64) {
	h.zones[name].set(func(r *room) { r.celsius = celsius })
}

// after gives what was switched since the last look, once time has passed.
func (h *house) after(d time.Duration) string {
	time.Sleep(d)
	synctest.Wait()
	h.lock.Lock()
	defer h.lock.Unlock()
	log := strings.Join(h.log, ", ")
	h.log = nil
	return log
}

func (h *house) reason() string {
	h.seenMu.Lock()
	defer h.seenMu.Unlock()
	return h.seen.Reason
}

// judge says what no bystander may see.
func (h *house) judge(t *testing.T) {
	t.Helper()
	if len(h.bad) > 0 {
		t.Errorf("the wires: %v", h.bad)
	}
}

func want(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

// ends wants the course to begin and end so; the valve shuts at its zone's next tick.
func ends(t *testing.T, what, got, begins, end string) {
	t.Helper()
	if !strings.HasPrefix(got, begins) || !strings.HasSuffix(got, end) || strings.Count(got, ",") != strings.Count(begins, ",")+1 {
		t.Errorf("%s: got %q, want %q and %q", what, got, begins, end)
	}
}

// from lets the log count from a moment on.
func (h *house) from(began time.Time) {
	h.lock.Lock()
	defer h.lock.Unlock()
	h.began = began
}

// on tells whether a relay is on.
func (h *house) on(name string) bool {
	h.lock.Lock()
	defer h.lock.Unlock()
	return h.is[name]
}

// kill makes a relay say that in place of switching.
func (h *house) kill(name string, err error) {
	h.lock.Lock()
	defer h.lock.Unlock()
	h.dead[name] = err
}

// look is the zone's newest snapshot.
func (r *room) look() controlloop.Snapshot {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last
}

// twoRooms is a house in which the bath calls and the den is warm.
func twoRooms(t *testing.T) *house {
	h := newHouse(nil)
	h.add("bath", true)
	h.add("den", true)
	h.run(t)
	time.Sleep(10*minute + time.Second/2) // min_off of the start; what the test does falls between two ticks
	synctest.Wait()
	h.warm("bath", 18)
	h.from(time.Now())
	return h
}

func TestTheWiresSwitchAsTheRulesSay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := twoRooms(t)
		want(t, "a call", h.after(10*minute), "4s bath on, 3m34s pump on, 3m34s boiler on")
		want(t, "reason", h.reason(), "demand")
		h.warm("bath", 21)
		ends(t, "warm enough", h.after(20*minute), "10m4s boiler off, 15m4s pump off", "bath off")
		h.judge(t)
	})
}

func TestAGuardShutsTheLastValveOnlyAfterSourceAndPump(t *testing.T) {
	for name, guard := range map[string]func(*house){
		"a cut-out":     func(h *house) { h.warm("bath", 36) },
		"mode off":      func(h *house) { h.zones["bath"].Setpoints.Put(controlloop.Setpoint{Mode: controlloop.ModeOff}) },
		"a lost sensor": func(h *house) { h.zones["bath"].set(func(r *room) { r.lost = true }) },
	} {
		synctest.Test(t, func(t *testing.T) {
			h := twoRooms(t)
			_ = h.after(4 * minute)
			guard(h)
			got := h.after(3 * minute)
			words := strings.Fields(got)
			if !strings.Contains(got, " boiler off, ") || strings.Join([]string{words[1], words[4], words[7]}, " ") != "boiler pump bath" || words[0] != words[6] {
				t.Errorf("%s: %s, want boiler, pump, bath in one step", name, got)
			}
			h.judge(t)
		})
	}
}

func TestAWindowShutsTheValveAfterTheOverrun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := twoRooms(t)
		_ = h.after(4 * minute)
		h.zones["bath"].set(func(r *room) { r.open = true })
		ends(t, "min_on and overrun through its valve", h.after(20*minute), "8m34s boiler off, 13m34s pump off", "bath off")
		h.judge(t)
	})
}

func TestAnOrderlyEndIsSourcePumpValves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := twoRooms(t)
		_ = h.after(4 * minute)
		if err := h.stop(); err != nil {
			t.Error(err)
		}
		want(t, "the end", h.after(0), "4m0s boiler off, 4m0s pump off, 4m0s bath off")
		want(t, "reason", h.reason(), "stopped")
		h.judge(t)
	})
}

// TestAZoneThatHangsEndsItsCallAndThenBarsTheSource: if it was the last, source and pump go off
// after 3 samples; a minute and two samples after its last reading nobody else is heated either.
func TestAZoneThatHangsEndsItsCallAndThenBarsTheSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := twoRooms(t)
		_ = h.after(4 * minute)
		h.zones["bath"].set(func(r *room) { r.hangs = make(chan struct{}) })
		want(t, "the last that called", h.after(30*time.Second), "4m23s boiler off, 4m23s pump off")
		h.warm("den", 18)
		_ = h.after(20 * minute)
		want(t, "reason", h.reason(), "zone_lost")
		if h.on("boiler") {
			t.Error("the source is on though a zone hangs")
		}
		h.judge(t)
	})
}

func TestASourceThatDoesNotObeyIsToldToEveryZoneThatCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := twoRooms(t)
		_ = h.after(6 * minute)
		h.kill("boiler", errors.New("welded"))
		h.warm("bath", 21)
		_ = h.after(30 * minute)
		if !h.on("pump") || !h.on("bath") {
			t.Errorf("pump %v, bath %v: want both as they were", h.on("pump"), h.on("bath"))
		}
		for name, r := range h.zones {
			if faults := r.look().Faults; len(faults) != 1 || faults[0].Name != controlloop.FaultRelay || !strings.Contains(faults[0].Text, "welded") {
				t.Errorf("%s: %v", name, faults)
			}
		}
		h.kill("boiler", nil)
		_ = h.after(minute)
		for name, r := range h.zones {
			if faults := r.look().Faults; len(faults) > 0 {
				t.Errorf("%s: %v though it obeys again", name, faults)
			}
		}
		h.warm("bath", 18)
		_ = h.after(3*minute + 50*time.Second)
		if h.on("boiler") {
			t.Error("on again, and the rest counts from when it obeyed")
		}
		h.warm("bath", 21)
		_ = h.after(10 * minute)
		if h.on("pump") || h.on("bath") {
			t.Errorf("pump %v, bath %v after the overrun", h.on("pump"), h.on("bath"))
		}
		h.judge(t)
	})
}

// TestThePumpOfASourceThatDoesNotObeyRunsOn where it has no overrun, too.
func TestThePumpOfASourceThatDoesNotObeyRunsOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(func(s *sources.Source) { s.Law.PumpOverrun = 0 })
		h.add("bath", true)
		h.run(t)
		h.warm("bath", 18)
		_ = h.after(10 * minute)
		h.kill("boiler", errors.New("welded"))
		h.warm("bath", 21)
		_ = h.after(10 * minute)
		if !h.on("pump") || !h.on("bath") {
			t.Errorf("pump %v, bath %v", h.on("pump"), h.on("bath"))
		}
	})
}

// TestAStepBetweenAShutValveAndItsSnapshotFiresNothing: the newest snapshot still tells of an open one.
func TestAStepBetweenAShutValveAndItsSnapshotFiresNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(func(s *sources.Source) { s.Law.ValveOpen, s.Law.MinOff = 0, 0 })
		r := h.add("bath", true)
		now := time.Now()
		h.Begin(now)
		tell := func() {
			c := h.Boiler.zones[0]
			c.Saw(controlloop.Snapshot{
				Zone: "bath", Time: now, HasHeater: true, HeaterRelay: controlloop.RelayOn, Held: c.supply().Hold,
				State: controlloop.State{Heater: controlloop.Output{On: true, Since: now}, Call: controlloop.Output{On: true, Since: now}},
			})
		}
		_ = r.Heater.Set(true)
		for range 4 {
			now = now.Add(5 * time.Second)
			tell()
			h.Step(now)
		}
		if !h.on("boiler") {
			t.Fatal("the boiler never went on")
		}
		_ = r.Heater.Set(false)
		h.Step(now.Add(time.Second))
		if h.on("boiler") || h.on("pump") {
			t.Error("on against a shut valve")
		}
		h.judge(t)
	})
}

// TestASourceThatAShutValveSwitchedOffRests: another valve is open before the next step, as
// after one that came late.
func TestASourceThatAShutValveSwitchedOffRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(func(s *sources.Source) { s.Law.ValveOpen = 0 })
		rooms := []*room{h.add("bath", true), h.add("den", true)}
		h.Begin(time.Now())
		tell := func(i int, on bool) {
			now := time.Now()
			c, is := h.Boiler.zones[i], controlloop.Output{On: on, Since: now}
			relay := map[bool]controlloop.RelayState{true: controlloop.RelayOn, false: controlloop.RelayOff}[on]
			c.Saw(controlloop.Snapshot{Zone: c.name, Time: now, HasHeater: true, HeaterRelay: relay, Held: c.supply().Hold, State: controlloop.State{Heater: is, Call: is}})
		}
		steps := func(n int) {
			for range n {
				time.Sleep(5 * time.Second)
				tell(0, h.on("bath"))
				tell(1, h.on("den"))
				h.Step(time.Now())
			}
		}
		_ = rooms[0].Heater.Set(true)
		steps(70)
		if !h.on("boiler") {
			t.Fatal("the boiler never went on")
		}
		_ = rooms[0].Heater.Set(false)
		if h.on("boiler") {
			t.Fatal("on against a shut valve")
		}
		_ = rooms[1].Heater.Set(true)
		steps(58)
		if h.on("boiler") {
			t.Errorf("on again within its min_off of %v", h.Law.MinOff)
		}
		steps(4)
		if !h.on("boiler") {
			t.Error("still off after it")
		}
		h.judge(t)
	})
}

// TestWithoutItsPumpTheSourceStaysOff: no fire in standing water.
func TestWithoutItsPumpTheSourceStaysOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := twoRooms(t)
		h.kill("pump", errors.New("stuck"))
		want(t, "a call", h.after(20*minute), "4s bath on")
		h.judge(t)
		if faults := h.zones["bath"].look().Faults; len(faults) != 1 || faults[0].Text != "the pump of the source boiler does not obey: stuck. The source goes on only with its pump" {
			t.Errorf("%+v", faults)
		}
	})
}

// TestARestIsServedOverRestarts of this boot; of another one nothing is known, and all of it is served.
func TestARestIsServedOverRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var kept state.KeptSource
		began := time.Now()
		boot := state.BootClock{ID: "this", Now: func() time.Duration { return time.Hour + time.Since(began) }}
		h := newHouse(nil)
		h.Boot, h.Keep = boot, func(k state.KeptSource) { kept = k }
		h.add("bath", true)
		h.warm("bath", 18)
		h.run(t)
		_ = h.after(10 * minute)
		if !h.on("boiler") || kept.Relay == nil || !kept.Relay.On {
			t.Fatalf("boiler %v, kept %+v", h.on("boiler"), kept.Relay)
		}
		_ = h.stop()
		if kept.Relay.On || boot.Now()-kept.Relay.Since > minute {
			t.Errorf("an orderly end keeps %+v at %v since boot: the rest must count from the end", kept.Relay, boot.Now())
		}
		first := newHouse(nil)
		first.Boot, first.Keep = boot, func(k state.KeptSource) { kept = k }
		first.Begin(time.Now())
		first.Step(time.Now())
		if kept.Relay == nil || kept.Relay.On || kept.Boot != boot.ID {
			t.Fatalf("%+v", kept.Relay)
		}
		kept.Relay.Why = controlloop.ReasonMinOff
		kept.Relay.Since -= 2 * minute
		second := newHouse(nil)
		second.Boot, second.Past = boot, kept
		now := time.Now()
		second.Begin(now)
		if got := now.Sub(second.state.Since); got < 2*minute || got > 3*minute || second.state.Rest != 5*minute {
			t.Errorf("rested for %v of %v", got, second.state.Rest)
		}
		kept.Boot = "another"
		third := newHouse(nil)
		third.Boot, third.Past = boot, kept
		third.Begin(now)
		if !third.state.Since.Equal(now) || third.state.Why != "starting" {
			t.Errorf("%+v", third.state)
		}
	})
}

// TestAPanicInAStepSwitchesOff: source and pump first, while the valves still stand open.
func TestAPanicInAStepSwitchesOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(func(s *sources.Source) {
			s.Exercise, s.Law.Move = sources.Exercise{Every: 24 * time.Hour, For: minute}, minute
		})
		h.add("bath", true)
		panics := false
		h.Trusted = func(time.Time) bool {
			h.lock.Lock()
			defer h.lock.Unlock()
			if panics {
				panic("a mistake")
			}
			return false
		}
		h.warm("bath", 18)
		h.Begin(time.Now())
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go h.zones["bath"].Run(ctx, heat20)
		caught := make(chan any)
		go func() {
			defer func() { caught <- recover() }()
			_ = h.Run(t.Context())
		}()
		_ = h.after(10 * minute)
		if !h.on("boiler") {
			t.Fatal("the boiler never went on")
		}
		h.lock.Lock()
		panics = true
		h.lock.Unlock()
		if cause := <-caught; cause != "a mistake" || h.on("boiler") || h.on("pump") {
			t.Errorf("%v: boiler %v, pump %v", cause, h.on("boiler"), h.on("pump"))
		}
	})
}

func TestASuspendSwitchesOffAndTheRestIsServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var slept time.Duration
		var mu sync.Mutex
		h := newHouse(nil)
		h.Slept = func() time.Duration { mu.Lock(); defer mu.Unlock(); return slept }
		h.add("bath", true)
		h.run(t)
		h.warm("bath", 18)
		_ = h.after(10 * minute)
		h.from(time.Now())
		mu.Lock()
		slept = time.Hour
		mu.Unlock()
		want(t, "a suspend", h.after(20*minute), "4s boiler off, 5m4s boiler on")
		h.judge(t)
	})
}

// exercised is a house of two valves that moves for five minutes what stood still for a day.
func exercised(t *testing.T) *house {
	h := newHouse(func(s *sources.Source) {
		s.Exercise, s.Law.Move = sources.Exercise{Every: 24 * time.Hour, For: 5 * minute}, 5*minute
	})
	h.Trusted = func(time.Time) bool { return true }
	h.add("bath", true)
	h.add("den", true)
	h.run(t)
	return h
}

// TestWhatStoodStillForAWeekIsMoved: one at a time, the pump through a valve; mode off is no hindrance.
func TestWhatStoodStillForAWeekIsMoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := exercised(t)
		h.zones["den"].Setpoints.Put(controlloop.Setpoint{Mode: controlloop.ModeOff})
		_ = h.after(23 * time.Hour)
		h.from(time.Now())
		got := h.after(2 * time.Hour)
		var names []string
		for _, line := range strings.Split(got, ", ") {
			_, name, _ := strings.Cut(line, " ")
			names = append(names, name)
		}
		want(t, "a day", strings.Join(names, ", "), "bath on, pump on, pump off, bath off, den on, den off")
		h.judge(t)
	})
}

// TestAValveThatMayNotMoveHoldsNoExerciseUp: at an open window it is passed over until that is shut.
func TestAValveThatMayNotMoveHoldsNoExerciseUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := exercised(t)
		h.zones["bath"].set(func(r *room) { r.open = true })
		_ = h.after(23 * time.Hour)
		h.from(time.Now().Add(time.Hour))
		if got := h.after(2 * time.Hour); !strings.HasPrefix(got, "0s den on, ") || strings.Contains(got, "bath") {
			t.Errorf("the bath's window is open: %s", got)
		}
		h.zones["bath"].set(func(r *room) { r.open = false })
		if got := h.after(time.Hour); !strings.Contains(got, "bath on, ") {
			t.Errorf("it is shut: %s", got)
		}
		h.judge(t)
	})
}

func TestAZoneWithoutAValveIsHeatedByItsOwnCallAndBarsByItsCutOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(nil)
		h.add("bath", true)
		h.add("hall", false)
		h.run(t)
		_ = h.after(10 * minute)
		h.warm("hall", 18)
		h.from(time.Now())
		want(t, "its call", h.after(minute), "5s pump on, 5s boiler on")
		if s := h.zones["hall"].look().State; s.Action != controlloop.ActionHeating {
			t.Errorf("%v", s.Action)
		}
		h.warm("hall", 36)
		want(t, "its cut-out", h.after(minute), "1m5s boiler off, 1m5s pump off")
		h.warm("bath", 18)
		want(t, "the bath calls", h.after(20*minute), "2m5s bath on")
		want(t, "reason", h.reason(), "zone_cutout")
	})
}

// TestANormallyOpenValveIsLetGoToOpen: energised shuts; before the start and after the end it is let go.
func TestANormallyOpenValveIsLetGoToOpen(t *testing.T) {
	w := newWires()
	b := &Boiler{Switch: contact{w, "boiler"}, Log: slog.New(slog.DiscardHandler)}
	z := &controlloop.Zone{Heater: contact{w, "bath"}}
	b.Add(z, true)
	b.Begin(time.Now())
	for _, open := range []bool{false, true, false} {
		if err := z.Heater.Set(open); err != nil || w.is["bath"] == open {
			t.Errorf("open %v: energised %v, %v", open, w.is["bath"], err)
		}
	}
}

// TestAnEndWaitsForNoCard: whatever becomes of what keeps their last switches, sources that are off have ended.
func TestAnEndWaitsForNoCard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all All
		for range 2 {
			h := newHouse(nil)
			h.Boot = state.ThisBoot()
			h.saver = state.NewWriter[state.KeptSource](filepath.Join(t.TempDir(), "stuck"), nil) // nothing runs it
			h.Keep = h.saver.Put
			all = append(all, h.Boiler)
		}
		ctx, end := context.WithCancel(t.Context())
		wait := all.Start(ctx)
		end()
		if err := wait(); err != nil {
			t.Error(err)
		}
	})
}

// TestAMemoryThatFailsIsAFaultSinceItBeganTo: and none once it works again.
func TestAMemoryThatFailsIsAFaultSinceItBeganTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := twoRooms(t)
		_ = h.after(minute)
		began := time.Now()
		h.unkept(errors.New("read-only file system"))
		_ = h.after(minute)
		h.unkept(errors.New("no space left"))
		s := h.step(time.Now())
		if len(s.Faults) != 1 || !s.Faults[0].Since.Equal(began) || !strings.Contains(s.Faults[0].Text, "no space left") {
			t.Errorf("%v, want one since %v", s.Faults, began)
		}
		h.unkept(nil)
		if s := h.step(time.Now()); len(s.Faults) > 0 {
			t.Errorf("%v, though it can be kept again", s.Faults)
		}
	})
}

// TestAValveIsOpenFromWhenItsRelayObeys: however long ago it was ordered to.
func TestAValveIsOpenFromWhenItsRelayObeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := twoRooms(t)
		h.kill("bath", errors.New("no broker"))
		want(t, "a dead valve", h.after(10*minute), "")
		h.kill("bath", nil)
		want(t, "it obeys", h.after(5*minute), "10m4s bath on, 13m34s pump on, 13m34s boiler on")
		h.judge(t)
	})
}

// TestAPumpThatFailsForAMomentCostsTheSourceItsRest: else it would go on and off with it.
func TestAPumpThatFailsForAMomentCostsTheSourceItsRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := twoRooms(t)
		want(t, "a call", h.after(10*minute), "4s bath on, 3m34s pump on, 3m34s boiler on")
		cycles := h.known.Cycles
		for i, off := range []string{"10m3s boiler off", "", ""} {
			h.kill("pump", errors.New("no broker"))
			want(t, fmt.Sprint("the pump fails ", i), h.after(8*time.Second), off)
			h.kill("pump", nil)
			want(t, fmt.Sprint("it obeys ", i), h.after(8*time.Second), "")
		}
		want(t, "the rest is over", h.after(5*minute), "15m3s boiler on")
		if h.known.Cycles != cycles+1 {
			t.Errorf("%d cycles, then %d", cycles, h.known.Cycles)
		}
		h.judge(t)
	})
}

// TestAZoneThatHangsAtItsCutoutStillBarsTheSource: it has no valve, and nobody knows that it has cooled.
func TestAZoneThatHangsAtItsCutoutStillBarsTheSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(nil)
		h.add("bath", true)
		h.add("hall", false)
		h.run(t)
		_ = h.after(10 * minute)
		h.warm("bath", 18)
		h.from(time.Now())
		want(t, "a call", h.after(5*minute), "5s bath on, 3m35s pump on, 3m35s boiler on")
		h.warm("hall", 36)
		want(t, "a cut-out", h.after(10*minute), "5m5s boiler off, 10m5s pump off")
		h.zones["hall"].set(func(r *room) { r.hangs = make(chan struct{}) })
		want(t, "the hall hangs", h.after(10*minute), "")
	})
}

// TestASourceThatHangsKeepsNoValveOpen: what it has asked for grows old, and with the last valve it goes off.
func TestASourceThatHangsKeepsNoValveOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(nil)
		stuck, hangs := make(chan struct{}), false
		defer close(stuck)
		seen := h.Observe
		h.Observe = func(s report.SourceSnapshot) {
			seen(s)
			h.seenMu.Lock()
			stop := hangs
			h.seenMu.Unlock()
			if stop {
				<-stuck
			}
		}
		h.add("bath", true)
		h.add("den", true)
		h.run(t)
		_ = h.after(10 * minute)
		h.warm("bath", 18)
		h.from(time.Now())
		want(t, "a call", h.after(10*minute), "5s bath on, 3m35s pump on, 3m35s boiler on")
		h.seenMu.Lock()
		hangs = true
		h.seenMu.Unlock()
		want(t, "it hangs", h.after(minute), "")
		h.warm("bath", 25)
		want(t, "the room is warm", h.after(5*time.Hour), "11m5s boiler off, 11m5s pump off, 11m5s bath off")
	})
}
