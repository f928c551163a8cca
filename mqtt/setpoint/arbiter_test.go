package setpoint

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"thermostat/controlloop"
	pb "thermostat/proto"
)

func testZone() Zone {
	return Zone{
		Name: "living", SensorID: 7,
		Params: controlloop.Params{
			Heater: true, DesiredMin: 5, DesiredMax: 28, HeatCutout: 35, CoolCutout: 3,
			PlausibleMin: -30, PlausibleMax: 70, MaxRate: 5, Sample: time.Second, StaleAfter: 5 * time.Second,
		},
		Default:   controlloop.Setpoint{Mode: controlloop.ModeHeat, Desired: 19, UpDelta: 0.3, DownDelta: 0.3, Source: "config"},
		Setpoints: controlloop.NewLatest[controlloop.Setpoint](),
		Alarms:    controlloop.NewAlarms(),
	}
}

// world is a broker, an arbiter and the two lines between them, in
// virtual time. It keeps its own books of who spoke last.
type world struct {
	t        *testing.T
	rnd      *rand.Rand
	now      time.Time
	arbiter  *Arbiter
	disk     Memory
	instance string
	births   int

	retained  []byte
	swallows  bool // our controls: an access rule that forbids them
	electing  bool // a cluster chooses its leaders: what is said is acknowledged and delivered, and not retained
	up        bool
	toAgent   []line
	toBroker  []line
	log       []string
	words     int
	obeyed    controlloop.Setpoint
	published int
}

// line is one message on its way; subscribe marks a subscription.
type line struct {
	payload   []byte
	retained  bool
	subscribe bool
	granted   bool
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, rnd: rand.New(rand.NewPCG(seed, 1)), now: time.Unix(1_800_000_000, 0)}
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
	w.disk = Memory{}
	w.boot()
}

// boot starts the agent from its disk: what was on the lines is lost.
func (w *world) boot() {
	z := testZone()
	z.Memory = w.disk
	w.arbiter = NewArbiter(z, w.instance, time.Time{})
	w.arbiter.random = w.rnd.Float64
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
}

func (w *world) connect() {
	if w.up {
		return
	}
	w.up = true
	w.act(w.arbiter.Connected(w.now))
}

// act does what the arbiter asks for.
func (w *world) act(d Actions) {
	if d.Obey != nil {
		w.obeyed = *d.Obey
	}
	if d.Publish {
		w.published++
		w.toBroker = append(w.toBroker, line{payload: d.Payload, retained: true})
	}
	if d.Subscribe {
		w.toBroker = append(w.toBroker, line{subscribe: true})
	}
	if d.Save {
		w.disk = w.arbiter.mem
	}
}

func (w *world) brokerTakes() {
	m := w.toBroker[0]
	w.toBroker = w.toBroker[1:]
	if m.subscribe {
		w.toAgent = append(w.toAgent, line{granted: true})
		if w.retained != nil {
			w.toAgent = append(w.toAgent, line{payload: w.retained, retained: true})
		}
		return
	}
	if !w.swallows {
		w.brokerGets(m.payload, m.retained)
	}
}

func (w *world) brokerGets(payload []byte, retained bool) {
	if retained && !w.electing {
		w.retained = payload
		if len(payload) == 0 {
			w.retained = nil
		}
	}
	if w.up {
		w.toAgent = append(w.toAgent, line{payload: payload})
	}
}

func (w *world) agentTakes() {
	m := w.toAgent[0]
	w.toAgent = w.toAgent[1:]
	if m.granted {
		w.arbiter.Subscribed(w.now)
		return
	}
	w.act(w.arbiter.Message(w.now, m.payload, m.retained))
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

func (w *world) local(desired float64) {
	w.note("local %v", desired)
	sp := w.arbiter.Desire(desired)
	sp.Source = "page"
	w.act(w.arbiter.Local(w.now, sp, "", nil))
}

func (w *world) garbage() {
	w.note("garbage")
	w.brokerGets([]byte(`{"desired":99}`), w.rnd.IntN(2) == 0)
}

// disturb does one thing of the kind that happens.
func (w *world) disturb() {
	switch w.rnd.IntN(14) {
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
	case 9:
		w.note("delete")
		w.brokerGets(nil, true)
	default:
		w.run(time.Duration(w.rnd.IntN(14_000))*time.Millisecond, w.rnd.IntN(3) > 0)
	}
}

// settle gives the world a quarter of an hour of peace, and checks the first
// property: what is obeyed is exactly what is retained.
func (w *world) settle() {
	w.note("settle")
	w.swallows, w.electing = false, false
	w.run(15*time.Minute, true)
	cur := w.arbiter.mem.Cur
	if len(cur) == 0 && w.retained != nil || len(cur) > 0 && !bytes.Equal(cur, w.retained) {
		w.fail("at rest the agent obeys %q, the broker retains %q", cur, w.retained)
	}
	if len(cur) > 0 {
		c, _ := DecodeControl(cur)
		if want, err := testZone().Setpoint(c); err != nil || !want.SameTarget(w.obeyed) {
			w.fail("the zone was handed %+v, the word says %+v (%v)", w.obeyed, want, err)
		}
	}
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
	for seed := range uint64(1000) {
		w := newWorld(t, seed)
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
	for seed := range uint64(1000) {
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
	w := newWorld(t, 1)
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
	if tr := NewArbiter(z, "x", time.Time{}); tr.active.Desired != 27 || tr.active.Source != "memory" {
		t.Errorf("obeys %+v", tr.active)
	}
	z.Params.DesiredMax = 25
	tr := NewArbiter(z, "x", time.Time{})
	if tr.active.Desired != 19 || len(tr.mem.Seen) != 0 {
		t.Errorf("obeys %+v with memory %+v", tr.active, tr.mem)
	}
}

func TestARefusedLocalChangeChangesNothing(t *testing.T) {
	w := settled(t)
	d := w.arbiter.Local(w.now, w.arbiter.Desire(math.Inf(1)), "x", nil)
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

// TestATopicThatCannotBeReadIsNotTakenForEmpty: a broker that refuses the subscription is not one that
// holds nothing: no control is said over what cannot be read, and it is tried again.
func TestATopicThatCannotBeReadIsNotTakenForEmpty(t *testing.T) {
	w := newWorld(t, 1)
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
	d := w.arbiter.Local(w.now, w.arbiter.Desire(21), "", nil)
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
	w := newWorld(t, 1)
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
		w.act(w.arbiter.Local(w.now, w.arbiter.Desire(15+float64(i)/100), "", nil))
		w.now = w.now.Add(time.Second)
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
	for seed := range uint64(1000) {
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
