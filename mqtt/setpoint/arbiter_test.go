package setpoint

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/mailbox"
	"thermostat/controlloop/program"
	pb "thermostat/proto"
)

func testZone() Zone {
	z := Zone{
		Name: "living", SensorID: 7,
		Params: controlloop.Params{
			Heater: true, DesiredMin: 5, DesiredMax: 28, HeatCutout: 35, CoolCutout: 3,
			PlausibleMin: -30, PlausibleMax: 70, MaxRate: 5, Sample: time.Second, StaleAfter: 5 * time.Second,
		},
		Default:   controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: 19, UpDelta: 0.3, DownDelta: 0.3, Source: "config"},
		Setpoints: mailbox.New[controlloop.Setpoint](),
		Alarms:    controlloop.NewAlarms(),
	}
	z.Comfort = comfort.Plan{Calendar: program.Calendar{Place: time.UTC}, Mode: controlloop.ModeHeat, Default: z.Default, HoldMax: 12 * time.Hour}
	return z
}

// world is a broker, an arbiter and the two lines between them, in
// virtual time. It keeps its own books of who spoke last.
type world struct {
	t             *testing.T
	rnd           *rand.Rand
	now           time.Time
	arbiter       *ControlArbiter
	programs      *ProgramArbiter
	disk          Memory
	diskOfProgram Memory
	instance      string
	births        int

	retained        []byte // on the control topic
	retainedProgram []byte
	swallows        bool // our controls: an access rule that forbids them
	electing        bool // a cluster chooses its leaders: what is said is acknowledged and delivered, and not retained
	up              bool
	toAgent         []line
	toBroker        []line
	log             []string
	words           int
	obeyed          controlloop.Setpoint
	published       int
	program         bool   // the zone has one
	weekText        string // of it; empty: that of weekZone
}

// zone is the zone of this world.
func (w *world) zone() Zone {
	if !w.program {
		return testZone()
	}
	z := weekZone()
	if w.weekText != "" {
		z.Comfort.Week = weekOf(w.weekText)
	}
	return z
}

// weekZone is a zone with a program.
func weekZone() Zone {
	z := testZone()
	z.Comfort = comfort.Plan{
		Calendar: program.Calendar{Week: weekOf("06:00 comfort, 08:30 18, 16:30 comfort, 22:30 off"), Place: time.UTC}, Mode: controlloop.ModeHeat,
		Presets: map[string]float64{"comfort": 21, "boost": 23}, HoldMax: 12 * time.Hour, Unsynced: comfort.Last, Default: z.Default,
	}
	return z
}

func weekOf(text string) program.Week {
	week, err := program.Parse(text)
	if err != nil {
		panic(err)
	}
	return week
}

// hand does what a person's hand does, in any zone.
func (w *world) hand() {
	what := w.rnd.IntN(5)
	w.note("hand %d", what)
	w.act(w.arbiter.Hand(w.now, "page", func(p *comfort.Plan, obeyed controlloop.Setpoint, clock comfort.Clock) (controlloop.Setpoint, error) {
		switch what {
		case 0:
			return p.Boost(obeyed, time.Duration(5+w.rnd.IntN(60))*time.Minute, w.now, clock, testZone().Params)
		case 1:
			return p.Keep(obeyed, controlloop.Hold{For: 20 * time.Minute}, false, w.now, clock)
		case 2:
			return p.Resume(obeyed, w.now, clock)
		case 3:
			return p.Prefer(obeyed, "comfort", w.now, clock)
		}
		return p.Power(obeyed, w.rnd.IntN(2) == 0, w.now, clock), nil
	}))
}

// auto is somebody else's control that leaves the choice to the program.
func (w *world) auto() {
	text := []string{`{"mode":"auto"}`, `{"program":true,"desired":20.5}`, `{"mode":"auto","preset":"guest"}`, `{"mode":"heat","preset":"guest","hold_s":900}`, `{"program":true,"desired":21.5,"hold_s":600}`, `{"mode":"heat","preset":"comfort"}`, `{"desired":22,"mode":"heat","hold_s":300,"then":{"program":true}}`}[w.rnd.IntN(7)]
	w.note("foreign %s", text)
	w.brokerGets([]byte(text), w.rnd.IntN(4) > 0)
}

// week is somebody's program: of others on its topic, or of a person here.
func (w *world) week() {
	texts := []string{"06:00 21, 09:10 guest, 22:00 16", "", "none", "08:20 17, 08:40 22", "mon-fri 08:15 20; sat,sun 09:00 guest", "06:00 nobody", "06:00 99"}
	text := texts[w.rnd.IntN(len(texts))]
	if w.rnd.IntN(2) == 0 {
		w.note("week %q here", text)
		w.actOf(true, w.programs.Week(w.now, "page", text))
		return
	}
	payload := fmt.Sprintf(`{"week":%q,"id":"other %d"}`, text, w.rnd.IntN(3))
	if w.rnd.IntN(2) == 0 {
		payload = fmt.Sprintf(`{"week":%q,"presets":{"guest":%d}}`, text, 18+w.rnd.IntN(3))
	}
	w.note("foreign %s", payload)
	w.brokerGetsOn(true, []byte(payload), w.rnd.IntN(4) > 0)
}

// line is one message on its way; subscribe marks a subscription.
type line struct {
	program   bool // on the topic of this name
	payload   []byte
	retained  bool
	subscribe bool
	granted   bool
}

// worlds is how many random ones a property is held against; bench/campaigns.sh takes more.
func worlds() uint64 {
	if n, err := strconv.ParseUint(os.Getenv("THERMOSTAT_WORLDS"), 10, 64); err == nil {
		return n
	}
	return 1000
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, rnd: rand.New(rand.NewPCG(seed, 1)), now: time.Unix(1_800_000_000, 0), program: seed%2 == 1}
	w.wipe()
	return w
}

func (w *world) note(format string, args ...any) {
	w.log = append(w.log, fmt.Sprintf("%v ", w.now.Sub(time.Unix(1_800_000_000, 0)))+fmt.Sprintf(format, args...))
}

// wipe makes an agent without a past.
func (w *world) wipe() {
	w.births++
	w.instance = fmt.Sprintf("life%d", w.births)
	w.disk, w.diskOfProgram = Memory{}, Memory{}
	w.boot()
}

// boot starts the agent from its disk: what was on the lines is lost.
func (w *world) boot() {
	z := w.zone()
	z.Memory, z.ProgramMemory = w.disk, w.diskOfProgram
	w.arbiter, w.programs = NewArbiters(z, w.instance, time.Time{})
	w.arbiter.random, w.programs.random = w.rnd.Float64, w.rnd.Float64
	w.obeyed = w.arbiter.active
	w.cut()
}

// cut breaks the connection; some of what the agent sent still arrives.
func (w *world) cut() {
	for range w.rnd.IntN(len(w.toBroker) + 1) {
		w.brokerTakes()
	}
	w.up, w.toAgent, w.toBroker = false, nil, nil
	w.arbiter.Disconnected()
	w.programs.Disconnected()
}

func (w *world) connect() {
	if w.up {
		return
	}
	w.up = true
	w.actOf(true, w.programs.Connected(w.now))
	w.act(w.arbiter.Connected(w.now))
}

// act does what the arbiter of the control asks for.
func (w *world) act(d Actions) { w.actOf(false, d) }

// actOf does what an arbiter asks for. What is published is on the disk before.
func (w *world) actOf(program bool, d Actions) {
	if d.Obey != nil {
		w.obeyed = *d.Obey
	}
	if d.Save && program {
		w.diskOfProgram = w.programs.mem
	}
	if d.Save && !program || d.Plan != nil {
		w.disk = w.arbiter.mem
		w.disk.Presets = maps.Clone(w.disk.Presets)
	}
	if d.Publish {
		w.published++
		w.toBroker = append(w.toBroker, line{program: program, payload: d.Payload, retained: true})
		if program {
			w.programs.Sent(w.now)
		} else {
			w.arbiter.Sent(w.now)
		}
	}
	if d.Subscribe {
		w.toBroker = append(w.toBroker, line{program: program, subscribe: true})
	}
}

func (w *world) brokerTakes() {
	m := w.toBroker[0]
	w.toBroker = w.toBroker[1:]
	if m.subscribe {
		w.toAgent = append(w.toAgent, line{program: m.program, granted: true})
		if is := *w.retainedOn(m.program); is != nil {
			w.toAgent = append(w.toAgent, line{program: m.program, payload: is, retained: true})
		}
		return
	}
	if !w.swallows {
		w.brokerGetsOn(m.program, m.payload, m.retained)
	}
}

// retainedOn is what the broker retains on the control or the program topic.
func (w *world) retainedOn(program bool) *[]byte {
	if program {
		return &w.retainedProgram
	}
	return &w.retained
}

func (w *world) brokerGets(payload []byte, retained bool) { w.brokerGetsOn(false, payload, retained) }

func (w *world) brokerGetsOn(program bool, payload []byte, retained bool) {
	if retained && !w.electing {
		*w.retainedOn(program) = payload
		if len(payload) == 0 {
			*w.retainedOn(program) = nil
		}
	}
	if w.up {
		w.toAgent = append(w.toAgent, line{program: program, payload: payload})
	}
}

func (w *world) agentTakes() {
	m := w.toAgent[0]
	w.toAgent = w.toAgent[1:]
	switch {
	case m.granted && m.program:
		w.programs.Subscribed(w.now)
	case m.granted:
		w.arbiter.Subscribed(w.now)
	case m.program:
		w.actOf(true, w.programs.Message(w.now, m.payload, m.retained))
	default:
		w.act(w.arbiter.Message(w.now, m.payload, m.retained))
	}
}

// run lets time pass and the lines work, connected if the network is there.
func (w *world) run(d time.Duration, network bool) {
	const step = 250 * time.Millisecond
	for range d / step {
		w.now = w.now.Add(step)
		if network {
			w.connect()
		}
		for len(w.toBroker) > 0 {
			w.brokerTakes()
		}
		for len(w.toAgent) > 0 {
			w.agentTakes()
		}
		w.act(w.arbiter.Ended(w.now))
		w.actOf(true, w.programs.Tick(w.now))
		w.act(w.arbiter.Reconsider(w.now))
		w.act(w.arbiter.Tick(w.now))
	}
}

// lag lets time pass as [world.run] does, and the lines take theirs.
func (w *world) lag(d time.Duration) {
	const step = 250 * time.Millisecond
	for range d / step {
		w.now = w.now.Add(step)
		for range w.rnd.IntN(3) {
			w.hop()
		}
		w.act(w.arbiter.Ended(w.now))
		w.act(w.arbiter.Tick(w.now))
	}
}

// drain lets everything that is on a line arrive.
func (w *world) drain() {
	for len(w.toBroker)+len(w.toAgent) > 0 {
		w.hop()
	}
}

// hop moves one message on one line, at random.
func (w *world) hop() {
	if w.rnd.IntN(2) == 0 && len(w.toBroker) > 0 {
		w.brokerTakes()
	} else if len(w.toAgent) > 0 {
		w.agentTakes()
	}
}

// desired gives a temperature that no other control of this world has.
func (w *world) desired() float64 {
	w.words++
	return 10 + float64(w.words%1500)/100
}

func (w *world) foreign(desired float64, retained bool) {
	w.note("foreign %v retained %v", desired, retained)
	payload, _ := proto.Marshal(&pb.TemperatureControl{Desired: &desired, Source: proto.String("test")})
	w.brokerGets(payload, retained)
}

// desire is a temperature that somebody names alone.
func desire(a *ControlArbiter, now time.Time, celsius float64) controlloop.Setpoint {
	sp := a.zone.Comfort.Desire(a.active, celsius, now, a.zone.clock())
	if sp.Mode == controlloop.ModeNone {
		sp.Mode = a.zone.usualMode()
	}
	return sp
}

func (w *world) local(desired float64) {
	w.note("local %v", desired)
	sp := desire(w.arbiter, w.now, desired)
	sp.Source = "page"
	w.act(w.arbiter.Local(w.now, sp, "", nil))
}

func (w *world) garbage() {
	w.note("garbage")
	w.brokerGets([]byte(`{"desired":99}`), w.rnd.IntN(2) == 0)
}

// disturb does one thing of the kind that happens.
func (w *world) disturb() {
	switch w.rnd.IntN(17) {
	case 14, 15:
		w.week()
	case 16:
		w.note("forget the program")
		w.retainedProgram = nil
	case 0:
		w.foreign(w.desired(), true)
	case 1:
		w.foreign(w.desired(), false)
	case 2, 3:
		w.local(w.desired())
	case 4:
		w.note("cut")
		w.cut()
	case 5:
		w.note("kill")
		w.boot()
	case 6:
		w.note("wipe")
		w.wipe()
	case 7:
		w.note("forget")
		w.retained = nil
	case 8:
		w.garbage()
	case 12:
		w.swallows = !w.swallows
		w.note("swallows %v", w.swallows)
	case 10:
		w.electing = !w.electing
		w.note("electing %v", w.electing)
	case 11:
		w.hand()
	case 13:
		w.auto()
	case 9:
		w.note("delete")
		w.brokerGets(nil, true)
	default:
		w.run(time.Duration(w.rnd.IntN(14_000))*time.Millisecond, w.rnd.IntN(3) > 0)
	}
}

// settle gives the world a quarter of an hour of peace, and checks what holds then: what is
// obeyed is exactly what is retained, what is over is over, and little had to be said.
func (w *world) settle() {
	w.note("settle")
	w.swallows, w.electing = false, false
	before := w.published
	w.run(15*time.Minute, true)
	for range 8 { // what was said at this very moment is on its way, and comes back
		if len(w.toBroker)+len(w.toAgent) > 0 {
			w.run(250*time.Millisecond, true)
		}
	}
	if n := w.published - before; n > 6 {
		w.fail("%d messages to come to rest", n)
	}
	for topic, is := range map[string]struct{ cur, retained []byte }{"control": {w.arbiter.mem.Cur, w.retained}, "program": {w.programs.mem.Cur, w.retainedProgram}} {
		if len(is.cur) == 0 && is.retained != nil || len(is.cur) > 0 && !bytes.Equal(is.cur, is.retained) {
			w.fail("at rest the agent obeys the %s %q, the broker retains %q", topic, is.cur, is.retained)
		}
	}
	z, p := w.zone(), w.plan()
	if got := w.programs.Plan(); got.Week.String() != p.Week.String() {
		w.fail("follows the week %q, the word says %q", got.Week, p.Week)
	}
	if z.Comfort = p; len(w.arbiter.mem.Cur) == 0 {
		return
	}
	z.Memory = w.disk
	want, _, ok := z.Remembered(w.instance)
	clock := comfort.Clock{Trusted: true}
	if end, ends := p.End(want, w.now, clock); untold(want) && ends && w.now.Sub(end) > 5*time.Minute { // others may be heard first, and an end be said once a minute
		w.fail("the end of %q is not said", w.retained)
	}
	want, obeyed := p.Obeyed(want, w.now, clock), p.Obeyed(w.obeyed, w.now, clock) // of both what is not over
	want, obeyed = z.complete(want, w.now), z.complete(obeyed, w.now)
	if !ok || !want.SameTarget(obeyed) || (want.Then == nil) != (obeyed.Then == nil) || !want.Until.Equal(obeyed.Until) {
		w.fail("the zone was handed %+v, the word says %+v", w.obeyed, want)
	}
}

// plan is what the retained program means, with the presets of before that it uses.
func (w *world) plan() comfort.Plan {
	z := w.zone()
	if w.retainedProgram == nil {
		return z.Comfort
	}
	said, err := DecodeProgram(w.retainedProgram)
	if err != nil {
		w.fail("%q was accepted: %v", w.retainedProgram, err)
	}
	p, err := z.planOf(said, w.now)
	if err != nil {
		w.fail("%q was accepted: %v", w.retainedProgram, err)
	}
	for name, celsius := range w.diskOfProgram.Presets {
		if _, known := p.Presets[name]; !known {
			p.Presets[name] = celsius
		}
	}
	return p
}

func (w *world) fail(format string, args ...any) {
	w.t.Helper()
	for _, l := range w.log {
		w.t.Log(l)
	}
	w.t.Fatalf(format, args...)
}

// TestTheArbiterComesToRestObeyingWhatIsRetained interleaves everything that can happen, in random
// order, and checks that the agent comes to rest obeying what is retained.
func TestTheArbiterComesToRestObeyingWhatIsRetained(t *testing.T) {
	for seed := range worlds() {
		w := newWorld(t, seed)
		w.note("seed %d", seed)
		for range 4 {
			for range w.rnd.IntN(14) {
				w.disturb()
				for range w.rnd.IntN(4) {
					w.hop()
				}
			}
			w.settle()
		}
	}
}

// TestTheLastControlWins says controls one after the other, each from a state of rest,
// disturbs what must not matter, and checks that the last control is obeyed.
func TestTheLastControlWins(t *testing.T) {
	for seed := range worlds() {
		w := newWorld(t, seed)
		w.note("seed %d", seed)
		w.settle()
		for range 5 {
			want := w.lastWord()
			w.settle()
			if w.obeyed.Desired != want {
				w.fail("seed %d: the last word was %v, the zone holds %v", seed, want, w.obeyed.Desired)
			}
		}
	}
}

// lastWord speaks once or more, each control after the one before, and returns the last.
func (w *world) lastWord() (desired float64) {
	desired = w.desired()
	switch w.rnd.IntN(5) {
	case 0: // a retained control, however often the agent falls
		w.foreign(desired, true)
		for range w.rnd.IntN(3) {
			w.hop()
			w.stumble(true)
		}
	case 1: // a writer that forgets to retain, heard by a living agent, maybe a slider
		for range w.rnd.IntN(3) {
			w.foreign(w.desired(), false)
			w.run(time.Duration(w.rnd.IntN(3))*time.Second, true)
			w.drain() // a control that meets ours on the line is not "after" it
		}
		w.foreign(desired, false)
	case 2: // quick local changes, and the connection or the agent falls
		for range 1 + w.rnd.IntN(3) {
			desired = w.desired()
			w.local(desired)
			for range w.rnd.IntN(3) {
				w.hop()
			}
			w.stumble(false)
		}
	case 3: // a local change after a foreign control was heard
		w.foreign(w.desired(), true)
		w.run(time.Second, false)
		w.local(desired)
		w.stumble(false)
	case 4: // changed while the broker was away, and it forgot everything
		w.cut()
		w.local(desired)
		w.run(time.Minute, false)
		if w.rnd.IntN(2) == 0 {
			w.retained = nil
		}
	}
	return desired
}

func (w *world) stumble(mayWipe bool) {
	switch w.rnd.IntN(4) {
	case 0:
		w.note("cut")
		w.cut()
	case 1:
		w.note("kill")
		w.boot()
	case 2:
		if mayWipe {
			w.note("wipe")
			w.wipe()
		}
	}
	w.run(time.Duration(w.rnd.IntN(5))*time.Second, w.rnd.IntN(2) == 0)
}

// settled is a world at rest with a connection.
func settled(t *testing.T) *world {
	w := newWorld(t, 2)
	w.settle()
	return w
}

// TestDefaultIsNeverPublished: a configured setpoint is a default, not a command.
func TestDefaultIsNeverPublished(t *testing.T) {
	w := settled(t)
	if w.published != 0 || w.retained != nil {
		t.Errorf("published %d times, retained %q", w.published, w.retained)
	}
}

// TestRefusedRetainedIsPutRightOnceAMinute: a stubborn writer starts no race.
func TestRefusedRetainedIsPutRightOnceAMinute(t *testing.T) {
	w := settled(t)
	w.foreign(21, true)
	w.settle()
	before := w.published
	for range 50 { // 50 s of a writer that insists
		w.brokerGets([]byte(`{"desired":99}`), true)
		w.run(time.Second, true)
	}
	if n := w.published - before; n < 1 || n > 2 {
		t.Errorf("put right %d times in 50 s, want once or twice at the border", n)
	}
	w.settle()
	if w.obeyed.Desired != 21 {
		t.Errorf("obeys %v, want 21", w.obeyed.Desired)
	}
}

// TestRefusedWithoutCurIsDeleted: only the default is obeyed, so nothing may be retained.
func TestRefusedWithoutCurIsDeleted(t *testing.T) {
	w := settled(t)
	w.brokerGets([]byte(`{"desired":99}`), true)
	w.settle()
	if w.retained != nil || w.obeyed.Desired != 19 {
		t.Errorf("retained %q, obeyed %v", w.retained, w.obeyed.Desired)
	}
}

// TestARedeliveryChangesNothing: the same bytes again change nothing; live, they are acknowledged again.
func TestARedeliveryChangesNothing(t *testing.T) {
	w := settled(t)
	m := []byte(`{"desired":21,"id":"a"}`)
	first := w.arbiter.Message(w.now, m, false)
	live := w.arbiter.Message(w.now, m, false)
	kept := w.arbiter.Message(w.now, m, true)
	if first.Obey == nil || first.Answer == nil || !first.Answer.Applied {
		t.Errorf("first: %+v", first)
	}
	if live.Obey != nil || live.Answer == nil || *live.Answer.ID != "a" {
		t.Errorf("live again: %+v", live)
	}
	if kept.Obey != nil || kept.Answer != nil {
		t.Errorf("retained again: %+v", kept)
	}
}

// TestASwallowedControlIsAFaultAndTriedAgain: an access rule that swallows our control is a fault, and
// is tried again at most once a minute.
func TestASwallowedControlIsAFaultAndTriedAgain(t *testing.T) {
	w := settled(t)
	w.local(21)
	w.toBroker = nil // swallowed
	swallow := func(d time.Duration) {
		for range d / time.Second {
			w.run(time.Second, false)
			for i, m := range w.toAgent {
				if bytes.Equal(m.payload, w.arbiter.mem.Cur) {
					w.toAgent = w.toAgent[:i]
				}
			}
		}
	}
	swallow(9 * time.Second)
	if w.arbiter.notRetained {
		t.Error("a fault before 10 s")
	}
	swallow(2 * time.Second)
	if !w.arbiter.notRetained {
		t.Error("no fault after 11 s")
	}
	w.run(2*time.Minute, true)
	if w.arbiter.notRetained || w.retained == nil {
		t.Errorf("still a fault though the broker took it: retained %q", w.retained)
	}
}

// TestExpiresAtGuardsTheDeliveryOnly: expires_at guards delivery only, and only with a clock that can be trusted.
func TestExpiresAtGuardsTheDeliveryOnly(t *testing.T) {
	w := settled(t)
	w.arbiter.notBefore = w.now.Add(-time.Hour)
	m := []byte(`{"desired":21,"expires_at":"2020-01-01T00:00:00Z"}`)
	if d := w.arbiter.Message(w.now, m, true); d.Obey != nil || d.Answer.Applied {
		t.Error("an expired control was obeyed")
	}
	if d := w.arbiter.Message(w.arbiter.notBefore.Add(-time.Hour), m, true); d.Obey == nil {
		t.Error("a clock before the build date judged an expiry")
	}
}

// TestAControlThatIsNoLongerAllowedIsForgottenAtTheStart: what the configuration no longer allows is not obeyed after a restart.
func TestAControlThatIsNoLongerAllowedIsForgottenAtTheStart(t *testing.T) {
	z := testZone()
	z.Memory = Memory{Cur: []byte(`{"desired":27}`), Seen: []byte(`{"desired":27}`)}
	if tr := NewControl(z, "x", time.Time{}); tr.active.Desired != 27 || tr.active.Source != "memory" {
		t.Errorf("obeys %+v", tr.active)
	}
	z.Params.DesiredMax = 25
	tr := NewControl(z, "x", time.Time{})
	if tr.active.Desired != 19 || len(tr.mem.Seen) != 0 {
		t.Errorf("obeys %+v with memory %+v", tr.active, tr.mem)
	}
}

// TestWhatIsOverStaysOver: over a restart and with the clock set back, though the broker
// and the memory still have the control that says the hold.
func TestWhatIsOverStaysOver(t *testing.T) {
	w := newWorld(t, 3) // with a program
	w.settle()
	w.brokerGets([]byte(`{"mode":"heat","desired":25,"hold_until":"`+w.now.Add(10*time.Minute).UTC().Format(time.RFC3339)+`","then":{"mode":"heat","desired":19}}`), true)
	w.run(time.Minute, true)
	if w.obeyed.Desired != 25 {
		t.Fatalf("obeys %+v", w.obeyed)
	}
	w.run(10*time.Minute, false)
	if w.obeyed.Desired != 19 {
		t.Fatalf("obeys %+v", w.obeyed)
	}
	w.now = w.now.Add(-8 * time.Minute)
	published := w.published
	w.boot()
	w.run(2*time.Minute, true)
	if w.obeyed.Desired != 19 || w.arbiter.Active().Desired != 19 {
		t.Errorf("after a restart at an earlier time: %+v", w.obeyed)
	}
	if w.published != published || !bytes.Contains(w.retained, []byte("hold_until")) {
		t.Errorf("published %q", w.retained)
	}
	w.foreign(21, true)
	w.settle()
	if w.obeyed.Desired != 21 || w.disk.Over != 0 {
		t.Errorf("a new word: %+v, %d over", w.obeyed, w.disk.Over)
	}
}

// TestAPresetThatIsGoneKeepsItsTemperature: over a restart, and the broker keeps the control.
func TestAPresetThatIsGoneKeepsItsTemperature(t *testing.T) {
	w := newWorld(t, 3)
	w.settle()
	w.brokerGets([]byte(`{"mode":"heat","preset":"comfort"}`), true)
	w.settle()
	w.program = false // and with it the presets
	w.boot()
	if w.obeyed.Desired != 21 || w.obeyed.Preset != "comfort" {
		t.Errorf("obeys %+v", w.obeyed)
	}
	w.run(2*time.Minute, true)
	if w.obeyed.Desired != 21 || !bytes.Contains(w.retained, []byte("comfort")) {
		t.Errorf("obeys %+v, retained %q", w.obeyed, w.retained)
	}
}

// TestABoundThatWasConvertedIsThatBound: 28 °C is 82.4 °F, and that is 28.000000000000004 °C.
func TestABoundThatWasConvertedIsThatBound(t *testing.T) {
	for given, want := range map[float64]float64{28.000000000000004: 28, 28.0009: 28, 27.9991: 28, 4.9995: 5, 28.0011: 28.0011, 21.0001: 21.0001} {
		if got := testZone().Rounded(given); got != want {
			t.Errorf("%v becomes %v, want %v", given, got, want)
		}
	}
}

func TestARefusedLocalChangeChangesNothing(t *testing.T) {
	w := settled(t)
	d := w.arbiter.Local(w.now, desire(w.arbiter, w.now, math.Inf(1)), "x", nil)
	if d.Obey != nil || d.Answer.Applied || *d.Answer.Desired != 19 {
		t.Errorf("%+v %+v", d, d.Answer)
	}
	d = w.arbiter.Local(w.now, w.arbiter.active, "x", errors.New("no"))
	if d.Obey != nil || d.Answer.Reason != "no" || d.Save {
		t.Errorf("%+v", d)
	}
}

// TestRefusedIsAnsweredOnce: live, and not again when the broker's copy is put right.
func TestRefusedIsAnsweredOnce(t *testing.T) {
	w := settled(t)
	bad := []byte(`{"desired":99}`)
	live := w.arbiter.Message(w.now, bad, false)
	kept := w.arbiter.Message(w.now, bad, true)
	if live.Answer == nil || kept.Answer != nil || !kept.Publish {
		t.Errorf("live %+v, retained %+v", live, kept)
	}
}

// TestAForgedNumberIsNotOurs: a control that claims the last of our numbers is not ours.
func TestAForgedNumberIsNotOurs(t *testing.T) {
	w := settled(t)
	w.act(w.arbiter.Message(w.now, []byte(`{"desired":21,"id":"life1/18446744073709551615"}`), true))
	w.local(22)
	if w.arbiter.mem.N != 1 || w.obeyed.Desired != 22 {
		t.Errorf("n is %d, obeys %v", w.arbiter.mem.N, w.obeyed.Desired)
	}
}

// TestAForgedNumberLeavesOurNextOnesOurs: the highest number that anybody may claim for us leaves room above, or
// an older change of ours would win as if it were a stranger's.
func TestAForgedNumberLeavesOurNextOnesOurs(t *testing.T) {
	for _, forged := range []uint64{maxOwn - 2, maxOwn - 1, maxOwn} {
		w := settled(t)
		w.act(w.arbiter.Message(w.now, fmt.Appendf(nil, `{"desired":21,"id":"life1/%d"}`, forged), true))
		w.local(22)
		older := w.arbiter.mem.Cur
		w.local(23)
		w.act(w.arbiter.Message(w.now, older, false)) // it comes back
		if w.obeyed.Desired != 23 {
			t.Errorf("after %d the older of two changes wins: obeys %v", forged, w.obeyed.Desired)
		}
	}
}

// TestATopicThatCannotBeReadIsNotTakenForEmpty: a broker that refuses the subscription is not one that
// holds nothing: no control is said over what cannot be read, and it is tried again.
func TestATopicThatCannotBeReadIsNotTakenForEmpty(t *testing.T) {
	w := newWorld(t, 2)
	w.local(21)
	w.connect()
	w.arbiter.Unreadable(w.now)
	asked := 0
	for range 10 * 60 {
		w.now = w.now.Add(time.Second)
		if d := w.arbiter.Tick(w.now); d.Subscribe {
			asked++
			w.arbiter.Unreadable(w.now)
		} else if d.Publish {
			t.Fatal("spoke over a topic that it cannot read")
		}
	}
	if asked < 8 || asked > 11 {
		t.Errorf("asked again %d times in 10 minutes", asked)
	}
	w.toBroker = nil
	w.run(3*time.Minute, true)
	if c, err := DecodeControl(w.retained); err != nil || c.GetDesired() != 21 {
		t.Errorf("once it may read, the broker retains %q", w.retained)
	}
}

// TestASwallowedControlOutlivesNoConnection: neither a cut nor a topic that cannot be read
// keeps a swallowed control's retries from ending, or the topic from being probed.
func TestASwallowedControlOutlivesNoConnection(t *testing.T) {
	w := settled(t)
	w.swallows = true
	w.local(21)
	w.run(15*time.Second, true)
	if !w.arbiter.notRetained {
		t.Fatal("no fault")
	}
	w.arbiter.Unreadable(w.now)
	w.toAgent, w.toBroker = nil, nil
	w.swallows = false
	w.run(5*time.Minute, true)
	if c, err := DecodeControl(w.retained); err != nil || c.GetDesired() != 21 || w.arbiter.notRetained {
		t.Errorf("readable again: retained %q, fault %v", w.retained, w.arbiter.notRetained)
	}
	w.swallows = true
	w.local(22)
	w.run(15*time.Second, true)
	w.cut()
	if w.arbiter.notRetained {
		t.Error("the fault outlives its connection")
	}
}

// TestADeletedControlChangesNothing: an empty message changes nothing, and is no refusal.
func TestADeletedControlChangesNothing(t *testing.T) {
	w := settled(t)
	w.foreign(21, true)
	w.settle()
	before := w.arbiter.mem
	if d := w.arbiter.Message(w.now, nil, false); d.Answer != nil || d.Publish || d.Save || d.Obey != nil {
		t.Errorf("%+v", d)
	}
	if !bytes.Equal(w.arbiter.mem.Cur, before.Cur) || !bytes.Equal(w.arbiter.mem.Seen, before.Seen) {
		t.Error("a deletion changed the memory")
	}
}

// TestALocalChangeIsPublishedOnce: published once, answered once, and remembered as
// being at the broker when its echo comes.
func TestALocalChangeIsPublishedOnce(t *testing.T) {
	w := settled(t)
	before := w.published
	d := w.arbiter.Local(w.now, desire(w.arbiter, w.now, 21), "", nil)
	w.act(d)
	if d.Answer == nil || !d.Answer.Applied || *d.Answer.ID != "life1/1" {
		t.Errorf("answer %+v", d.Answer)
	}
	w.act(w.arbiter.Message(w.now, []byte(`{"desired":99}`), false)) // other traffic while it is pending
	echo := w.arbiter.Message(w.now, w.arbiter.mem.Cur, false)
	if echo.Answer != nil || echo.Obey != nil || !echo.Save || !bytes.Equal(w.arbiter.mem.Seen, w.arbiter.mem.Cur) {
		t.Errorf("echo %+v, memory %+v", echo, w.arbiter.mem)
	}
	if w.published != before+1 {
		t.Errorf("published %d times", w.published-before)
	}
}

// TestNothingIsPublishedBeforeTheZoneIsSynced: our control must not bury one that is
// retained and still on its way.
func TestNothingIsPublishedBeforeTheZoneIsSynced(t *testing.T) {
	w := newWorld(t, 2)
	w.local(21)
	w.connect()
	w.arbiter.Subscribed(w.now)
	w.local(22)
	w.act(w.arbiter.Tick(w.now.Add(time.Second)))
	if w.published != 0 {
		t.Error("published before two seconds had passed")
	}
	w.run(time.Minute, true)
	if w.published == 0 || w.obeyed.Desired != 22 {
		t.Errorf("published %d times, obeys %v", w.published, w.obeyed.Desired)
	}
}

// TestAControlThatIsNotRetainedIsPublishedAgain: two seconds after a live control the agent looks, and says it itself.
func TestAControlThatIsNotRetainedIsPublishedAgain(t *testing.T) {
	w := settled(t)
	w.foreign(21, false)
	w.run(6*time.Second, true)
	c, err := DecodeControl(w.retained)
	if err != nil || c.GetDesired() != 21 {
		t.Errorf("6 s later the broker retains %q", w.retained)
	}
}

// TestAnOlderOwnControlNeverWins: an own control from before a lost memory raises the count,
// and an older one never wins over a newer.
func TestAnOlderOwnControlNeverWins(t *testing.T) {
	w := settled(t)
	word := func(n int, desired float64) []byte {
		id := fmt.Sprintf("life1/%d", n)
		payload, _ := proto.Marshal(&pb.TemperatureControl{Desired: &desired, Id: &id})
		return payload
	}
	w.act(w.arbiter.Message(w.now, word(5, 21), true))
	if w.obeyed.Desired != 21 || w.arbiter.mem.N != 5 {
		t.Errorf("obeys %v, n is %d", w.obeyed.Desired, w.arbiter.mem.N)
	}
	w.local(22) // number 6
	d := w.arbiter.Message(w.now, word(4, 20), true)
	w.act(d)
	if w.obeyed.Desired != 22 || d.Obey != nil || d.Answer != nil || !d.Save || !bytes.Equal(w.arbiter.mem.Seen, word(4, 20)) {
		t.Errorf("an older word of ours: %+v, obeys %v", d, w.obeyed.Desired)
	}
}

// TestSwallowedControlsAreNotRushed: while the broker swallows our controls, even
// new ones are said at most once a minute.
func TestSwallowedControlsAreNotRushed(t *testing.T) {
	w := settled(t)
	said := 0
	for i := range 180 {
		w.act(w.arbiter.Local(w.now, desire(w.arbiter, w.now, 15+float64(i)/100), "", nil))
		w.now = w.now.Add(time.Second)
		w.act(w.arbiter.Ended(w.now))
		w.actOf(true, w.programs.Tick(w.now))
		w.act(w.arbiter.Reconsider(w.now))
		w.act(w.arbiter.Tick(w.now))
		if i > 15 {
			said += len(w.toBroker)
		}
		w.toBroker = nil
	}
	if said < 2 || said > 4 {
		t.Errorf("said %d times in 164 s", said)
	}
}

// TestAPendingControlEndsWithTheConnection: what was on its way is published again on the next one.
func TestAPendingControlEndsWithTheConnection(t *testing.T) {
	w := settled(t)
	w.local(21)
	w.toBroker = nil
	w.cut()
	w.run(time.Minute, true)
	if c, err := DecodeControl(w.retained); err != nil || c.GetDesired() != 21 {
		t.Errorf("the broker retains %q", w.retained)
	}
}

// TestAStaleNodeIsBelievedForAMomentOnly: a node that gives what was retained long ago is believed for a
// moment only: the topic is asked for again soon after a connection, then more
// and more seldom.
func TestAStaleNodeIsBelievedForAMomentOnly(t *testing.T) {
	w := settled(t)
	w.foreign(19, true)
	w.drain()
	old := w.retained
	w.foreign(21, true)
	w.drain()
	newest := w.retained
	w.cut()

	w.retained = old
	w.connect()
	w.drain()
	if w.obeyed.Desired != 19 {
		t.Fatalf("obeys %v: the broker gives 19", w.obeyed.Desired)
	}
	w.retained = newest
	var asked []time.Duration
	for last := w.now; len(asked) < 8; w.now = w.now.Add(time.Second) {
		if d := w.arbiter.Tick(w.now); d.Subscribe {
			asked = append(asked, w.now.Sub(last).Round(time.Second))
			last = w.now
			w.act(d)
			w.drain()
		}
	}
	if w.obeyed.Desired != 21 {
		t.Errorf("obeys %v, the broker retains 21", w.obeyed.Desired)
	}
	for i, gap := range asked {
		usual := min(firstResubscribeTime<<i, resubscribeTime)
		if gap < usual*8/10-time.Second || gap > usual*12/10+time.Second {
			t.Errorf("asked again after %v, usual is %v: %v", gap, usual, asked)
		}
	}
}

// TestAControlOutlivesAnElection: what a cluster acknowledges and does not retain while it chooses
// its leaders counts all the same, from whomever and however long it lasts, once
// we had the time to look.
func TestAControlOutlivesAnElection(t *testing.T) {
	for seed := range worlds() {
		w := newWorld(t, seed)
		w.settle()
		w.foreign(w.desired(), true)
		w.settle()
		w.electing = true
		want := w.desired()
		if seed%2 == 0 {
			w.foreign(want, true) // what nobody heard and nobody has is lost: its writer gets no answer
			w.run(2*retainedTime, true)
		} else {
			w.local(want)
		}
		for range w.rnd.IntN(3) { // who says something meanwhile is cut off
			w.run(time.Duration(w.rnd.IntN(8_000))*time.Millisecond, true)
			w.cut()
		}
		w.run(time.Duration(w.rnd.IntN(15_000))*time.Millisecond, true)
		w.electing = false
		w.settle()
		if w.obeyed.Desired != want {
			w.fail("seed %d: %v was said, the zone holds %v", seed, want, w.obeyed.Desired)
		}
	}
}

// TestAForgetfulNodeStartsNoStorm: a node that never gives back what it was told starts no storm.
func TestAForgetfulNodeStartsNoStorm(t *testing.T) {
	w := settled(t)
	w.electing = true
	w.foreign(21, true)
	w.run(time.Second, true)
	said := w.published
	w.run(10*time.Minute, true)
	if said = w.published - said; said < 10 || said > 20 {
		t.Errorf("said %d times in 10 minutes", said)
	}
	if w.obeyed.Desired != 21 {
		t.Errorf("obeys %v", w.obeyed.Desired)
	}
	if !w.arbiter.unretainedTold {
		t.Error("nobody is told that it is not retained")
	}
	w.settle()
	if w.arbiter.unretainedTold {
		t.Error("it is retained, and told not to be")
	}
}

// TestAfterALongOutageTheBrokerCounts: after a long outage what the broker retains counts, also if
// it is the same as before an own control that was not known to be retained.
func TestAfterALongOutageTheBrokerCounts(t *testing.T) {
	for away, want := range map[time.Duration]float64{10 * time.Second: 22, time.Hour: 21} {
		w := settled(t)
		w.foreign(21, true)
		w.settle()
		w.local(22)
		w.run(time.Second, true)
		w.cut()
		w.foreign(21, true) // the same bytes
		w.run(away, false)
		w.settle()
		if w.obeyed.Desired != want {
			t.Errorf("after %v obeys %v, want %v", away, w.obeyed.Desired, want)
		}
	}
}

// TestTheLastOfSeveralLiveControlsCounts: of several live controls any may be what is retained, and the
// last one counts; controls from before one that was retained are no longer among them.
func TestTheLastOfSeveralLiveControlsCounts(t *testing.T) {
	w := settled(t)
	w.electing = true
	w.foreign(21, true)
	w.drain()
	w.foreign(22, true)
	w.drain()
	w.electing = false
	late, _ := proto.Marshal(&pb.TemperatureControl{Desired: proto.Float64(21), Source: proto.String("test")})
	w.retained = late
	w.settle()
	if w.obeyed.Desired != 22 {
		t.Errorf("obeys %v, want the last word", w.obeyed.Desired)
	}
	w.foreign(23, false)
	w.drain()
	w.retained = late // said anew; what was heard of it is lost
	w.settle()
	if w.obeyed.Desired != 21 {
		t.Errorf("obeys %v, want what is retained", w.obeyed.Desired)
	}
}

// TestTwoLocalChangesOutliveAnElection: what was retained before two quick changes does not come back.
func TestTwoLocalChangesOutliveAnElection(t *testing.T) {
	w := settled(t)
	w.foreign(20, true)
	w.settle()
	w.electing = true
	w.local(21)
	w.local(22)
	w.run(20*time.Second, true)
	w.electing = false
	w.settle()
	if w.obeyed.Desired != 22 {
		t.Errorf("obeys %v, want the last word", w.obeyed.Desired)
	}
}

// TestALongSliderIsNotThrownBack: a writer that never retains and speaks for long is not thrown
// back to an own control that was said for one of its earlier ones.
func TestALongSliderIsNotThrownBack(t *testing.T) {
	w := settled(t)
	w.foreign(20, true)
	w.settle()
	last := 0.0
	for i := range 100 {
		last = 21 + float64(i)/100
		w.drain() // a control that meets ours on the line is not "after" it
		w.foreign(last, false)
		w.run(250*time.Millisecond, true)
		if w.obeyed.Desired != last {
			t.Fatalf("obeys %v, want %v", w.obeyed.Desired, last)
		}
	}
	w.settle()
	if w.obeyed.Desired != last {
		t.Errorf("obeys %v, want %v", w.obeyed.Desired, last)
	}
}
