// Package setpoint is the rules by which a zone's setpoint stays one, whoever
// speaks. It knows no connection: an [Arbiter] is told what happens, and answers
// what is to be done.
//
// The setpoint is what the broker retains on the zone's control topic. Whatever
// else changes it (the page, Home Assistant, a memory that outlived the broker's)
// becomes a control that the agent itself publishes there, retained. A control is
// a complete statement: what it leaves out takes the configured value, so that the
// same bytes always mean the same, and no clocks and no revision numbers must agree.
//
// The rules, by which each control from the broker is judged:
//
//   - Rule 0. An empty payload means that the topic was deleted. It changes nothing.
//   - Rule 1. The bytes seen last come again: a redelivery. If it came live, it is
//     answered once more; nothing changes.
//   - Rule 2. A control of our own that is older than our newest one changes
//     nothing: the newer one is on its way, or is published again.
//   - Rule 3. Everything else is new. It is accepted or refused; either is answered.
//
// On a new connection the arbiter first hears the topic out: it subscribes, and waits
// for what is retained. Only then does it publish: nothing if the broker has what is
// active, the active setpoint if the broker holds none or an older one. What was
// published must come back; a control that came live must be found retained, which is
// checked later, or it is published again. A refused control that the broker retains
// is replaced by the active one. The configured default is never published.
//
// docs/setpoint-protocol.md tells the rules with their reasons, and what was tried.
package setpoint

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"thermostat/controlloop"
	pb "thermostat/proto"
)

// The waits of the protocol.
const (
	settleTime  = 2 * time.Second  // after SUBACK, for retained messages to come; also before a writer's retain is checked
	AckTimeout  = 10 * time.Second // the second listening (a cluster in election is slow), and the wait for an echo
	RetryTime   = time.Minute      // between two attempts to say or to put right the same
	refreshTime = 10 * time.Minute // between two subscriptions on a living connection, jittered
	firstTime   = 15 * time.Second // the first of them; doubled each time until it is refreshTime
	doubtTime   = 2 * time.Minute  // how long without a connection a word of ours is held against older ones: a cluster's node is stale for as long
)

// maxEarlier bounds the words that are remembered as earlier than the newest.
const maxEarlier = 16

// maxOwn bounds the numbers that count as ours: a forged one must not bring
// the next to overflow.
const maxOwn = 1 << 62

// Memory is what a zone keeps of its control stream, as received bytes.
type Memory struct {
	Cur    []byte // what is obeyed; empty: the configured default
	Seen   []byte // the last control known to have been at the broker
	Before []byte // the one seen before it
	N      uint64 // the number of our last own message
}

// Answer says what became of a control.
type Answer struct {
	Applied bool     `json:"applied"`
	ID      *string  `json:"id"`
	Desired *float64 `json:"desired"` // °C, in force after it
	Mode    string   `json:"mode"`    // in force after it
	Reason  string   `json:"reason"`  // why it was refused, or what went wrong beside

	SensorID  int32      `json:"sensor_id"`
	UpDelta   *float64   `json:"up_delta"` // K, in force after it
	DownDelta *float64   `json:"down_delta"`
	Time      *time.Time `json:"time"` // when the zone began to obey it; null: nothing new was to be obeyed
}

// Actions is what the rules ask for in one step, to be done in this order.
type Actions struct {
	Obey      *controlloop.Setpoint // by the zone; heater and state follow
	Save      bool                  // the memory, once that is done
	Answer    *Answer               // on ack, once that is done
	Publish   bool                  // say, retained, on control
	Payload   []byte
	Subscribe bool   // to the control topic, again
	Log       string // worth a line
}

// listening is one wait for what a subscription brings.
type listening struct {
	kind  listenKind
	until time.Time // zero while SUBACK is awaited
	heard bool      // something came that the subscription can have brought
}

type listenKind uint8

const (
	listenNot    listenKind = iota
	listenFirst             // after a connection, and every ten minutes
	listenSecond            // nothing came: the broker may be slow
	listenCheck             // does the broker retain what was said live?
)

// Arbiter keeps one zone's setpoint one, whoever speaks. It is the setpoint
// protocol without any connection: it is told what happens and answers what
// to do. Its comments name the protocol's rules.
type Arbiter struct {
	zone      Zone
	instance  string
	notBefore time.Time // our clock is not trusted before this
	random    func() float64
	mem       Memory
	obeyed    controlloop.Setpoint

	up, synced  bool
	listen      listening
	checkAt     time.Time     // when to check what the broker retains
	checkIn     time.Duration // how long after a live word; more each time that it is not found retained
	unproven    bool          // the last word came live and is not known to be retained
	heardAt     time.Time     // when it came
	told        bool          // the fault that it is not retained
	earlier     [][]byte      // words between the one that is known to have been, and the last
	refreshAt   time.Time
	refreshIn   time.Duration // a node of a cluster may give what was retained before another one died
	inFlight    []byte        // what was published and has not come back yet
	sentAt      time.Time
	silentSince time.Time // since when nothing that we published came back
	notRetained bool      // what was published did not come back in time
	refused     []byte    // the last control that was refused
	rightAt     time.Time // when a refused retained control was last put right
}

// NewArbiter starts from the memory. Words that the configuration no longer
// allows are forgotten, so that they are judged anew if the broker has them.
func NewArbiter(z Zone, instance string, notBefore time.Time) *Arbiter {
	t := &Arbiter{zone: z, instance: instance, notBefore: notBefore, random: rand.Float64, mem: z.Memory, obeyed: z.Default, checkIn: settleTime}
	sp, ok := z.Remembered()
	if ok {
		t.obeyed = sp
	} else if len(t.mem.Cur) > 0 {
		t.mem.Cur, t.mem.Seen, t.mem.Before = nil, nil, nil
	}
	return t
}

// Active is the setpoint that the zone is to obey.
func (t *Arbiter) Active() controlloop.Setpoint { return t.obeyed }

// Memory is what is to be kept of the control stream.
func (t *Arbiter) Memory() Memory { return t.mem }

// Desire is a local change of the desired temperature alone, in °C. Only local
// changes merge with what is obeyed.
func (t *Arbiter) Desire(celsius float64) controlloop.Setpoint {
	sp := t.obeyed
	sp.Desired = celsius
	if sp.Mode == controlloop.ModeNone {
		sp.Mode = t.zone.usualMode()
	}
	return sp
}

// Clear passes a request to clear latched faults on, and answers it with the id
// that it came with.
func (t *Arbiter) Clear(id string) Actions {
	if t.zone.Clears != nil {
		t.zone.Clears.Put(struct{}{})
	}
	if len(id) > maxID || !utf8.ValidString(id) {
		id = ""
	}
	return Actions{Answer: t.answer(id, nil)}
}

// Submit takes a control that came by another way than the broker; source names
// the way.
func (t *Arbiter) Submit(now time.Time, source string, control []byte) Actions {
	sp := t.obeyed
	c, err := DecodeControl(control)
	if err == nil {
		sp, err = t.zone.Setpoint(c)
		sp.Source = source
	}
	if err == nil {
		err = t.expired(now, c)
	}
	return t.Local(now, sp, c.GetId(), err)
}

// Message takes a control that came from the broker.
func (t *Arbiter) Message(now time.Time, m []byte, retained bool) Actions {
	if len(m) == 0 {
		return Actions{} // rule 0: deleted, changes nothing
	}
	if retained || t.listen.kind != listenCheck {
		t.listen.heard = true
	}
	if bytes.Equal(m, t.inFlight) {
		t.landed()
	}
	var d Actions
	c, err := DecodeControl(m)
	n, own := t.ownNumber(c.GetId())
	curN, curOwn := t.curNumber()
	if own && t.inFlight != nil {
		t.silentSince = now
	}
	switch {
	case bytes.Equal(m, t.mem.Seen): // rule 1: a redelivery
		if retained {
			t.proven()
		} else {
			d.Answer = t.answer(c.GetId(), nil)
		}
	case bytes.Equal(m, t.mem.Cur): // the echo of our newest word, answered when it was said
		t.heard(now, m, !retained)
		d.Save = true
	case own && curOwn && n < curN: // rule 2: our newer word is on its way or is said again
		if d.Save = true; retained {
			t.mem.Seen = m
		} else {
			t.heard(now, m, true) // what is retained may still be the word before it
		}
	case retained && t.unproven && (own && n <= t.mem.N || t.isEarlier(m)):
		d = t.sayAgain("the last control is not retained")
	default: // rule 3
		d = t.judge(now, m, c, retained, err)
	}
	t.speak(now, &d)
	return d
}

// judge accepts or refuses a control that is new to us.
func (t *Arbiter) judge(now time.Time, m []byte, c *pb.TemperatureControl, retained bool, err error) Actions {
	id := c.GetId()
	var sp controlloop.Setpoint
	if err == nil {
		sp, err = t.zone.Setpoint(c)
	}
	if err == nil {
		err = t.expired(now, c)
	}
	if err != nil {
		return t.refuse(now, m, id, retained, err)
	}
	n, own := t.ownNumber(id)
	if own {
		t.mem.N = max(t.mem.N, n)
	}
	t.mem.Cur = m
	t.heard(now, m, !retained)
	t.obeyed = sp
	return Actions{Obey: &sp, Save: true, Answer: t.answer(id, nil)}
}

// heard notes a word at the broker. One that came live is not known to be
// retained: its writer may have forgotten that, or a cluster in election has not
// done it. Of several such words any but the last, or the one before them all, is
// what is retained then.
func (t *Arbiter) heard(now time.Time, m []byte, unproven bool) {
	if !unproven {
		t.proven()
	}
	if !t.unproven {
		t.mem.Before = t.mem.Seen
	} else if t.earlier = append(t.earlier, t.mem.Seen); len(t.earlier) > maxEarlier {
		t.earlier = t.earlier[1:]
	}
	t.mem.Seen, t.unproven, t.heardAt = m, unproven, now
	if unproven {
		t.check(now.Add(t.checkIn))
	}
}

// proven notes that the last word is retained, or that nothing is known of it.
func (t *Arbiter) proven() {
	t.unproven, t.earlier, t.checkIn = false, nil, settleTime
	t.tellRetained()
}

// isEarlier reports whether a word came before the newest one.
func (t *Arbiter) isEarlier(m []byte) bool {
	return bytes.Equal(m, t.mem.Before) || slices.ContainsFunc(t.earlier, func(e []byte) bool { return bytes.Equal(m, e) })
}

// expired refuses a control that arrives too late, if our clock can be trusted.
func (t *Arbiter) expired(now time.Time, c *pb.TemperatureControl) error {
	expires := c.GetExpiresAt()
	if expires == nil || now.Before(t.notBefore) || !now.After(expires.AsTime()) {
		return nil
	}
	return fmt.Errorf("expired at %s", expires.AsTime().Format(time.RFC3339))
}

// refuse answers, and if the broker retains the refused control, puts the topic right.
func (t *Arbiter) refuse(now time.Time, m []byte, id string, retained bool, why error) Actions {
	var d Actions
	if !retained || !bytes.Equal(m, t.refused) { // the broker's copy of what was answered live is not answered again
		d = Actions{Answer: t.answer(id, why), Log: "control refused: " + why.Error()}
	}
	t.refused = m
	switch {
	case !retained: // whether the broker keeps it is not known yet
		t.check(now.Add(settleTime))
	case !t.rightAt.IsZero() && now.Sub(t.rightAt) < RetryTime:
		t.check(t.rightAt.Add(RetryTime))
	case len(t.mem.Cur) > 0:
		t.rightAt = now
		say := t.sayAgain("put right")
		say.Answer, say.Log = d.Answer, d.Log
		return say
	default:
		t.rightAt = now
		d.Publish = true // an empty retained message deletes it
	}
	return d
}

// check plans a look at what the broker retains; an earlier plan stands, or a
// stubborn writer could put it off for ever.
func (t *Arbiter) check(at time.Time) {
	if t.checkAt.IsZero() || at.Before(t.checkAt) {
		t.checkAt = at
	}
}

// sayAgain makes what is obeyed a new word of our own.
func (t *Arbiter) sayAgain(why string) Actions {
	sp := t.obeyed
	if c, err := DecodeControl(t.mem.Cur); err == nil {
		sp.Source = sourceOf(c) // its author, not the memory that it came back from
	}
	t.own(sp)
	return Actions{Save: true, Log: "said again what is obeyed: " + why}
}

// own makes a setpoint our newest word.
func (t *Arbiter) own(sp controlloop.Setpoint) controlloop.Setpoint {
	t.mem.N++
	sp.ID = t.instance + "/" + strconv.FormatUint(t.mem.N, 10)
	t.mem.Cur = encodeControl(t.zone, sp)
	t.obeyed = sp
	return sp
}

// Local takes a change that came by another way than the control topic.
// A refused one changes nothing.
func (t *Arbiter) Local(now time.Time, sp controlloop.Setpoint, id string, err error) Actions {
	if err == nil {
		err = t.zone.Params.RefuseSetpoint(sp)
	}
	if err != nil {
		return Actions{Answer: t.answer(id, err), Log: "change refused: " + err.Error()}
	}
	sp = t.own(sp)
	if id == "" {
		id = sp.ID
	}
	d := Actions{Obey: &sp, Save: true, Answer: t.answer(id, nil)}
	t.speak(now, &d)
	return d
}

// speak publishes what is obeyed if the broker is not known to have it: not
// before the topic was heard out, and not while the same word is in flight.
func (t *Arbiter) speak(now time.Time, d *Actions) {
	if len(t.mem.Cur) == 0 || bytes.Equal(t.mem.Cur, t.mem.Seen) {
		t.landed()
		return
	}
	if !t.up || !t.synced || bytes.Equal(t.mem.Cur, t.inFlight) {
		return
	}
	if t.notRetained && now.Sub(t.sentAt) < RetryTime {
		return
	}
	if t.inFlight == nil {
		t.silentSince = now
	}
	t.inFlight, t.sentAt = t.mem.Cur, now
	d.Publish, d.Payload = true, t.mem.Cur
}

// Acked notes that what was in flight came back, or matters no more.
func (t *Arbiter) landed() {
	t.inFlight = nil
	t.setNotRetained(false)
}

func (t *Arbiter) setNotRetained(bad bool) {
	t.notRetained = bad
	t.tellRetained()
}

// tellRetained tells the fault that our words do not come back, or that they
// come back and are still not retained after the longest wait.
func (t *Arbiter) tellRetained() {
	bad := t.notRetained || t.checkIn >= RetryTime
	if bad == t.told {
		return
	}
	t.told = bad
	text := "the broker does not give back the setpoint that was published: is this agent allowed to write the control topic?"
	if !t.notRetained {
		text = "the broker passes setpoints on and does not retain them: after a restart of this agent the older one counts"
	}
	t.zone.Alarms.Set(controlloop.FaultControlNotRetained, bad, text)
}

// Connected begins a connection: everything is heard out before we speak.
func (t *Arbiter) Connected(now time.Time) Actions {
	t.up, t.synced = true, false
	t.checkAt = time.Time{}
	if _, own := t.curNumber(); !own || now.Sub(t.heardAt) > doubtTime {
		t.proven() // a broker restored from an older save, or somebody who said the same again: what it brings is obeyed
	}
	t.refreshIn = firstTime
	t.refreshAt = now.Add(jitter(t.refreshIn, t.random))
	return t.hearken(listenFirst)
}

// Disconnected ends a connection, and with it the flight of our last word.
func (t *Arbiter) Disconnected() {
	t.up, t.synced, t.inFlight = false, false, nil
	t.listen = listening{}
	t.setNotRetained(false) // the next connection may be allowed what this one was not
}

func (t *Arbiter) hearken(kind listenKind) Actions {
	t.listen = listening{kind: kind}
	return Actions{Subscribe: true}
}

// Subscribed notes a SUBACK: from now on runs the wait for what it brings.
func (t *Arbiter) Subscribed(now time.Time) {
	tellUnreadable(t.zone, false)
	if t.listen.kind == listenNot || !t.listen.until.IsZero() {
		return
	}
	wait := settleTime
	if t.listen.kind == listenSecond {
		wait = AckTimeout
	}
	t.listen.until = now.Add(wait)
}

// Unreadable notes that the broker refuses the subscription: without it nothing
// is known of what is retained, so nothing is said; it is tried again.
func (t *Arbiter) Unreadable(now time.Time) {
	t.listen, t.synced = listening{}, false
	t.refreshAt = now.Add(RetryTime)
	tellUnreadable(t.zone, true)
}

func tellUnreadable(z Zone, bad bool) {
	z.Alarms.Set(controlloop.FaultControlNotReadable, bad, "the broker refuses the subscription to the control topic: is this agent allowed to read it?")
}

// Tick does what is due.
func (t *Arbiter) Tick(now time.Time) Actions {
	var d Actions
	if !t.up {
		return d
	}
	if t.inFlight != nil && now.Sub(t.silentSince) >= AckTimeout && !t.notRetained {
		t.setNotRetained(true)
	}
	switch {
	case t.synced && t.notRetained && now.Sub(t.sentAt) >= RetryTime:
		t.inFlight = nil
		t.speak(now, &d)
	case t.listen.kind != listenNot:
		if !t.listen.until.IsZero() && !now.Before(t.listen.until) {
			d = t.heardOut(now)
		}
	case !t.checkAt.IsZero() && !now.Before(t.checkAt):
		t.checkAt = time.Time{}
		if t.unproven { // a node of a cluster may go on giving what was before; we do not rush it
			t.checkIn = min(2*t.checkIn, RetryTime)
			t.tellRetained()
		}
		d = t.hearken(listenCheck)
	case !now.Before(t.refreshAt):
		t.refreshIn = min(2*t.refreshIn, refreshTime)
		t.refreshAt = now.Add(jitter(t.refreshIn, t.random))
		d = t.hearken(listenFirst)
	}
	return d
}

// heardOut ends a listening.
func (t *Arbiter) heardOut(now time.Time) Actions {
	was := t.listen
	t.listen = listening{}
	t.synced = true
	var d Actions
	switch {
	case was.heard:
	case was.kind == listenFirst:
		return t.hearken(listenSecond)
	default: // the broker holds none
		if len(t.mem.Cur) == 0 || bytes.Equal(t.mem.Cur, t.inFlight) {
			return d // a configured default is never published
		}
		d = t.sayAgain("the broker holds no control")
	}
	t.speak(now, &d)
	return d
}

// ownNumber takes the id of a word of ours apart.
func (t *Arbiter) ownNumber(id string) (uint64, bool) {
	digits, ok := strings.CutPrefix(id, t.instance+"/")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil && n < maxOwn
}

func (t *Arbiter) curNumber() (uint64, bool) {
	if len(t.mem.Cur) == 0 {
		return 0, false
	}
	return t.ownNumber(t.obeyed.ID)
}

// Answer tells what is obeyed after a control with an id, and why that was
// refused; nil: it was applied.
func (t *Arbiter) answer(id string, refused error) *Answer {
	a := Answer{Applied: refused == nil}
	if refused != nil {
		a.Reason = refused.Error()
	}
	if id != "" {
		a.ID = &id
	}
	if desired := t.obeyed.Desired; !math.IsNaN(desired) {
		a.Desired = &desired
	}
	a.Mode, a.SensorID = t.obeyed.Mode.String(), t.zone.SensorID
	if up, down := t.obeyed.UpDelta, t.obeyed.DownDelta; t.obeyed.Mode != controlloop.ModeNone {
		a.UpDelta, a.DownDelta = &up, &down
	}
	return &a
}

// jitter spreads a wait over 0.8 to 1.2 of it, so that a fleet does not march in step.
func jitter(d time.Duration, random func() float64) time.Duration {
	return time.Duration(float64(d) * (0.8 + 0.4*random()))
}
