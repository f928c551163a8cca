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
// These rules judge each control from the broker; the first that fits decides:
//
//   - Rule 0. An empty payload means that the topic was deleted. It changes nothing.
//   - Rule 1. The same bytes as last time are a redelivery. If they came live, they
//     are answered once more; nothing changes.
//   - Rule 2. An own control that is older than our newest one changes nothing: the
//     newer one is on its way, or is published again.
//   - Rule 3. Everything else is judged: accepted, it becomes active; refused, it is
//     answered with the reason, and replaced if the broker retains it.
//
// A control that came live is unverified until the broker gives it back as
// retained: its writer may have forgotten to retain it, or a cluster in election has
// lost it. Meanwhile a retained control that is known to be earlier does not win; the
// active one is published again as a new own control.
//
// On a connection the arbiter first subscribes, and waits for what is retained; then
// the zone is synced. Only then does it publish, and only what the broker is not known
// to have. What was published must come back. It subscribes again now and then, which
// by rule 1 does no harm. The configured default is never published.
//
// docs/setpoint-protocol.md has the rules with all their cases and reasons.
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
	retainedTime         = 2 * time.Second  // after SUBACK, for retained messages to come; also before a writer's retain is checked
	AckTimeout           = 10 * time.Second // the second probe (a cluster in election is slow), and the wait for what was published
	RetryTime            = time.Minute      // between two attempts to publish or to put right the same
	resubscribeTime      = 10 * time.Minute // between two subscriptions on a living connection, jittered
	firstResubscribeTime = 15 * time.Second // the first of them; doubled each time until it is resubscribeTime
	unverifiedTime       = 2 * time.Minute  // how long without a connection an own control is held against older ones: a cluster's node is stale for as long
)

// maxEarlier bounds the controls that are remembered as earlier than the newest.
const maxEarlier = 16

// maxOwn bounds the numbers that count as ours: a forged one must not bring
// the next to overflow.
const maxOwn = 1 << 62

// Memory is what a zone keeps of its control stream, as received bytes.
type Memory struct {
	Cur    []byte // the active control; empty: the configured default
	Seen   []byte // the last control known to have been at the broker
	Before []byte // the one seen before it
	N      uint64 // the number of our last own control
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
	Time      *time.Time `json:"time"` // when the zone began to obey it; null: nothing new became active
}

// Actions is what the rules ask for in one step, to be done in this order.
type Actions struct {
	Obey      *controlloop.Setpoint // the new active one, for the zone; heater and state follow
	Save      bool                  // the memory, once that is done
	Answer    *Answer               // on ack, once that is done
	Publish   bool                  // Payload, retained, on control
	Payload   []byte
	Subscribe bool   // to the control topic, again
	Log       string // worth a line
}

// probe is one subscription, and the wait for what it brings.
type probe struct {
	kind     probeKind
	until    time.Time // zero while SUBACK is awaited
	answered bool      // something came that the subscription can have brought
}

type probeKind uint8

const (
	noProbe       probeKind = iota
	firstProbe              // after a connection, and every ten minutes
	secondProbe             // nothing came: the broker may be slow
	retainedProbe           // does the broker retain what came live?
)

// Arbiter decides which of a zone's controls is active. It is the setpoint protocol
// without any connection: it is told what happens, and answers with actions. Its
// comments name the protocol's rules.
type Arbiter struct {
	zone      Zone
	instance  string
	notBefore time.Time // our clock is not trusted before this
	random    func() float64
	mem       Memory
	active    controlloop.Setpoint

	up, synced      bool
	probe           probe
	checkAt         time.Time     // when to check what the broker retains
	checkIn         time.Duration // how long after a live control; more each time that it is not found retained
	unverified      bool          // the last control came live and is not known to be retained
	seenAt          time.Time     // when it came
	unretainedTold  bool          // the fault that it is not retained
	earlier         [][]byte      // controls between the one that is known to have been retained, and the last
	resubscribeAt   time.Time
	resubscribeIn   time.Duration // a node of a cluster may give what was retained before another one died
	pending         []byte        // what was published and has not come back yet
	sentAt          time.Time
	unreturnedSince time.Time // since when nothing that we published came back
	notRetained     bool      // what was published did not come back in time
	refused         []byte    // the last control that was refused
	correctedAt     time.Time // when a refused retained control was last put right
}

// NewArbiter starts from the memory. Controls that the configuration no longer
// allows are forgotten, so that they are judged anew if the broker has them.
func NewArbiter(z Zone, instance string, notBefore time.Time) *Arbiter {
	a := &Arbiter{zone: z, instance: instance, notBefore: notBefore, random: rand.Float64, mem: z.Memory, active: z.Default, checkIn: retainedTime}
	sp, ok := z.Remembered()
	if ok {
		a.active = sp
	} else if len(a.mem.Cur) > 0 {
		a.mem.Cur, a.mem.Seen, a.mem.Before = nil, nil, nil
	}
	return a
}

// Active is the setpoint that the zone is to obey.
func (a *Arbiter) Active() controlloop.Setpoint { return a.active }

// Memory is what is to be kept of the control stream.
func (a *Arbiter) Memory() Memory { return a.mem }

// Desire makes a local change of the desired temperature alone, in °C. Only local
// changes merge with the active setpoint.
func (a *Arbiter) Desire(celsius float64) controlloop.Setpoint {
	sp := a.active
	sp.Desired = celsius
	if sp.Mode == controlloop.ModeNone {
		sp.Mode = a.zone.usualMode()
	}
	return sp
}

// Clear passes a request to clear latched faults on, and answers it with the id
// that it came with.
func (a *Arbiter) Clear(id string) Actions {
	if a.zone.Clears != nil {
		a.zone.Clears.Put(struct{}{})
	}
	if len(id) > maxID || !utf8.ValidString(id) {
		id = ""
	}
	return Actions{Answer: a.answer(id, nil)}
}

// Submit takes a control that came by another way than the broker; source names
// the way.
func (a *Arbiter) Submit(now time.Time, source string, control []byte) Actions {
	sp := a.active
	c, err := DecodeControl(control)
	if err == nil {
		sp, err = a.zone.Setpoint(c)
		sp.Source = source
	}
	if err == nil {
		err = a.expired(now, c)
	}
	return a.Local(now, sp, c.GetId(), err)
}

// Message takes a control that came from the broker.
func (a *Arbiter) Message(now time.Time, m []byte, retained bool) Actions {
	if len(m) == 0 {
		return Actions{} // rule 0: deleted, changes nothing
	}
	if retained || a.probe.kind != retainedProbe {
		a.probe.answered = true
	}
	if bytes.Equal(m, a.pending) {
		a.returned()
	}
	var d Actions
	c, err := DecodeControl(m)
	n, own := a.ownNumber(c.GetId())
	curN, curOwn := a.curNumber()
	if own && a.pending != nil {
		a.unreturnedSince = now
	}
	switch {
	case bytes.Equal(m, a.mem.Seen): // rule 1: a redelivery
		if retained {
			a.verified()
		} else {
			d.Answer = a.answer(c.GetId(), nil)
		}
	case bytes.Equal(m, a.mem.Cur): // our newest control comes back; it was answered when it was made
		a.noteSeen(now, m, !retained)
		d.Save = true
	case own && curOwn && n < curN: // rule 2: our newer control is on its way or is published again
		if d.Save = true; retained {
			a.mem.Seen = m
		} else {
			a.noteSeen(now, m, true) // what is retained may still be the control before it
		}
	case retained && a.unverified && (own && n <= a.mem.N || a.isEarlier(m)):
		d = a.republish("the last control is not retained")
	default: // rule 3
		d = a.judge(now, m, c, retained, err)
	}
	a.publish(now, &d)
	return d
}

// judge accepts or refuses a control that is new to us.
func (a *Arbiter) judge(now time.Time, m []byte, c *pb.TemperatureControl, retained bool, err error) Actions {
	id := c.GetId()
	var sp controlloop.Setpoint
	if err == nil {
		sp, err = a.zone.Setpoint(c)
	}
	if err == nil {
		err = a.expired(now, c)
	}
	if err != nil {
		return a.refuse(now, m, id, retained, err)
	}
	n, own := a.ownNumber(id)
	if own {
		a.mem.N = max(a.mem.N, n)
	}
	a.mem.Cur = m
	a.noteSeen(now, m, !retained)
	a.active = sp
	return Actions{Obey: &sp, Save: true, Answer: a.answer(id, nil)}
}

// noteSeen notes a control at the broker. One that came live is not known to be
// retained: its writer may have forgotten that, or a cluster in election has not
// done it. Of several such controls any but the last, or the one before them all,
// is what is retained then.
func (a *Arbiter) noteSeen(now time.Time, m []byte, unverified bool) {
	if !unverified {
		a.verified()
	}
	if !a.unverified {
		a.mem.Before = a.mem.Seen
	} else if a.earlier = append(a.earlier, a.mem.Seen); len(a.earlier) > maxEarlier {
		a.earlier = a.earlier[1:]
	}
	a.mem.Seen, a.unverified, a.seenAt = m, unverified, now
	if unverified {
		a.check(now.Add(a.checkIn))
	}
}

// verified notes that the last control is retained, or that nothing is known of it.
func (a *Arbiter) verified() {
	a.unverified, a.earlier, a.checkIn = false, nil, retainedTime
	a.tellRetained()
}

// isEarlier reports whether a control came before the newest one.
func (a *Arbiter) isEarlier(m []byte) bool {
	return bytes.Equal(m, a.mem.Before) || slices.ContainsFunc(a.earlier, func(e []byte) bool { return bytes.Equal(m, e) })
}

// expired refuses a control that arrives too late, if our clock can be trusted.
func (a *Arbiter) expired(now time.Time, c *pb.TemperatureControl) error {
	expires := c.GetExpiresAt()
	if expires == nil || now.Before(a.notBefore) || !now.After(expires.AsTime()) {
		return nil
	}
	return fmt.Errorf("expired at %s", expires.AsTime().Format(time.RFC3339))
}

// refuse answers, and if the broker retains the refused control, puts the topic right.
func (a *Arbiter) refuse(now time.Time, m []byte, id string, retained bool, why error) Actions {
	var d Actions
	if !retained || !bytes.Equal(m, a.refused) { // the broker's copy of what was answered live is not answered again
		d = Actions{Answer: a.answer(id, why), Log: "control refused: " + why.Error()}
	}
	a.refused = m
	switch {
	case !retained: // whether the broker keeps it is not known yet
		a.check(now.Add(retainedTime))
	case !a.correctedAt.IsZero() && now.Sub(a.correctedAt) < RetryTime:
		a.check(a.correctedAt.Add(RetryTime))
	case len(a.mem.Cur) > 0:
		a.correctedAt = now
		again := a.republish("put right")
		again.Answer, again.Log = d.Answer, d.Log
		return again
	default:
		a.correctedAt = now
		d.Publish = true // an empty retained message deletes it
	}
	return d
}

// check plans a look at what the broker retains; an earlier plan stands, or a
// stubborn writer could put it off for ever.
func (a *Arbiter) check(at time.Time) {
	if a.checkAt.IsZero() || at.Before(a.checkAt) {
		a.checkAt = at
	}
}

// republish makes the active setpoint a new own control.
func (a *Arbiter) republish(why string) Actions {
	sp := a.active
	if c, err := DecodeControl(a.mem.Cur); err == nil {
		sp.Source = sourceOf(c) // its author, not the memory that it came back from
	}
	a.ownControl(sp)
	return Actions{Save: true, Log: "said again what is obeyed: " + why}
}

// ownControl makes a setpoint our newest control, and active.
func (a *Arbiter) ownControl(sp controlloop.Setpoint) controlloop.Setpoint {
	a.mem.N++
	sp.ID = a.instance + "/" + strconv.FormatUint(a.mem.N, 10)
	a.mem.Cur = encodeControl(a.zone, sp)
	a.active = sp
	return sp
}

// Local takes a change that came by another way than the control topic.
// A refused one changes nothing.
func (a *Arbiter) Local(now time.Time, sp controlloop.Setpoint, id string, err error) Actions {
	if err == nil {
		err = a.zone.Params.RefuseSetpoint(sp)
	}
	if err != nil {
		return Actions{Answer: a.answer(id, err), Log: "change refused: " + err.Error()}
	}
	sp = a.ownControl(sp)
	if id == "" {
		id = sp.ID
	}
	d := Actions{Obey: &sp, Save: true, Answer: a.answer(id, nil)}
	a.publish(now, &d)
	return d
}

// publish publishes the active control if the broker is not known to have it: not
// before the zone is synced, and not while the same control is pending.
func (a *Arbiter) publish(now time.Time, d *Actions) {
	if len(a.mem.Cur) == 0 || bytes.Equal(a.mem.Cur, a.mem.Seen) {
		a.returned()
		return
	}
	if !a.up || !a.synced || bytes.Equal(a.mem.Cur, a.pending) {
		return
	}
	if a.notRetained && now.Sub(a.sentAt) < RetryTime {
		return
	}
	if a.pending == nil {
		a.unreturnedSince = now
	}
	a.pending, a.sentAt = a.mem.Cur, now
	d.Publish, d.Payload = true, a.mem.Cur
}

// returned notes that the pending control came back, or matters no more.
func (a *Arbiter) returned() {
	a.pending = nil
	a.setNotRetained(false)
}

func (a *Arbiter) setNotRetained(bad bool) {
	a.notRetained = bad
	a.tellRetained()
}

// tellRetained tells the fault that our controls do not come back, or that they
// come back and are still not retained after the longest wait.
func (a *Arbiter) tellRetained() {
	bad := a.notRetained || a.checkIn >= RetryTime
	if bad == a.unretainedTold {
		return
	}
	a.unretainedTold = bad
	text := "the broker does not give back the setpoint that was published: is this agent allowed to write the control topic?"
	if !a.notRetained {
		text = "the broker passes setpoints on and does not retain them: after a restart of this agent the older one counts"
	}
	a.zone.Alarms.Set(controlloop.FaultControlNotRetained, bad, text)
}

// Connected begins a connection: the arbiter publishes only after it was synced.
func (a *Arbiter) Connected(now time.Time) Actions {
	a.up, a.synced = true, false
	a.checkAt = time.Time{}
	if _, own := a.curNumber(); !own || now.Sub(a.seenAt) > unverifiedTime {
		a.verified() // a broker restored from an older save, or somebody who sent the same again: what it brings becomes active
	}
	a.resubscribeIn = firstResubscribeTime
	a.resubscribeAt = now.Add(jitter(a.resubscribeIn, a.random))
	return a.resubscribe(firstProbe)
}

// Disconnected ends a connection; with it ends the wait for the pending control.
func (a *Arbiter) Disconnected() {
	a.up, a.synced, a.pending = false, false, nil
	a.probe = probe{}
	a.setNotRetained(false) // the next connection may be allowed what this one was not
}

// resubscribe asks for what the broker retains.
func (a *Arbiter) resubscribe(kind probeKind) Actions {
	a.probe = probe{kind: kind}
	return Actions{Subscribe: true}
}

// Subscribed notes a SUBACK: from now on runs the wait for what it brings.
func (a *Arbiter) Subscribed(now time.Time) {
	tellUnreadable(a.zone, false)
	if a.probe.kind == noProbe || !a.probe.until.IsZero() {
		return
	}
	wait := retainedTime
	if a.probe.kind == secondProbe {
		wait = AckTimeout
	}
	a.probe.until = now.Add(wait)
}

// Unreadable notes that the broker refuses the subscription: without it nothing
// is known of what is retained, so nothing is published; it is tried again.
func (a *Arbiter) Unreadable(now time.Time) {
	a.probe, a.synced = probe{}, false
	a.resubscribeAt = now.Add(RetryTime)
	tellUnreadable(a.zone, true)
}

func tellUnreadable(z Zone, bad bool) {
	z.Alarms.Set(controlloop.FaultControlNotReadable, bad, "the broker refuses the subscription to the control topic: is this agent allowed to read it?")
}

// Tick does what is due.
func (a *Arbiter) Tick(now time.Time) Actions {
	var d Actions
	if !a.up {
		return d
	}
	if a.pending != nil && now.Sub(a.unreturnedSince) >= AckTimeout && !a.notRetained {
		a.setNotRetained(true)
	}
	switch {
	case a.synced && a.notRetained && now.Sub(a.sentAt) >= RetryTime:
		a.pending = nil
		a.publish(now, &d)
	case a.probe.kind != noProbe:
		if !a.probe.until.IsZero() && !now.Before(a.probe.until) {
			d = a.endProbe(now)
		}
	case !a.checkAt.IsZero() && !now.Before(a.checkAt):
		a.checkAt = time.Time{}
		if a.unverified { // a node of a cluster may go on giving what was before; we do not rush it
			a.checkIn = min(2*a.checkIn, RetryTime)
			a.tellRetained()
		}
		d = a.resubscribe(retainedProbe)
	case !now.Before(a.resubscribeAt):
		a.resubscribeIn = min(2*a.resubscribeIn, resubscribeTime)
		a.resubscribeAt = now.Add(jitter(a.resubscribeIn, a.random))
		d = a.resubscribe(firstProbe)
	}
	return d
}

// endProbe ends a probe whose time is over.
func (a *Arbiter) endProbe(now time.Time) Actions {
	was := a.probe
	a.probe = probe{}
	a.synced = true
	var d Actions
	switch {
	case was.answered:
	case was.kind == firstProbe:
		return a.resubscribe(secondProbe)
	default: // the broker holds none
		if len(a.mem.Cur) == 0 || bytes.Equal(a.mem.Cur, a.pending) {
			return d // a configured default is never published
		}
		d = a.republish("the broker holds no control")
	}
	a.publish(now, &d)
	return d
}

// ownNumber gives the number in the id of an own control.
func (a *Arbiter) ownNumber(id string) (uint64, bool) {
	digits, ok := strings.CutPrefix(id, a.instance+"/")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil && n < maxOwn
}

func (a *Arbiter) curNumber() (uint64, bool) {
	if len(a.mem.Cur) == 0 {
		return 0, false
	}
	return a.ownNumber(a.active.ID)
}

// answer tells what is active after a control with an id, and why that was
// refused; nil: it was applied.
func (a *Arbiter) answer(id string, refused error) *Answer {
	told := Answer{Applied: refused == nil}
	if refused != nil {
		told.Reason = refused.Error()
	}
	if id != "" {
		told.ID = &id
	}
	if desired := a.active.Desired; !math.IsNaN(desired) {
		told.Desired = &desired
	}
	told.Mode, told.SensorID = a.active.Mode.String(), a.zone.SensorID
	if up, down := a.active.UpDelta, a.active.DownDelta; a.active.Mode != controlloop.ModeNone {
		told.UpDelta, told.DownDelta = &up, &down
	}
	return &told
}

// jitter spreads a wait over 0.8 to 1.2 of it, so that a fleet does not march in step.
func jitter(d time.Duration, random func() float64) time.Duration {
	return time.Duration(float64(d) * (0.8 + 0.4*random()))
}
