package setpoint

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
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

// maxEarlier bounds the messages that are remembered as earlier than the newest.
const maxEarlier = 16

// maxOwn bounds the numbers that count as ours before we have come so far: a forged
// one must not bring the next to overflow, and the next are ours all the same.
const maxOwn = 1 << 62

// Memory is what a zone keeps of one of its topics, as received bytes.
type Memory struct {
	Cur    []byte // the active message; empty: what is configured
	Seen   []byte // the last one known to have been at the broker
	Before []byte // the one seen before it
	N      uint64 // the number of our last own message
	Person uint64 `json:",omitzero"` // of the last one that a person said, until it has come back; 0: it has

	Accepted    time.Time          `json:",omitzero"`  // when a control in Cur was; zero: not known
	AnotherBoot bool               `json:"-"`          // that was before the machine started
	Over        int                `json:",omitzero"`  // how many of its holds are over
	Presets     map[string]float64 `json:",omitempty"` // °C, of the presets that Cur names and gives no temperature
}

// Answer says what became of a control or a program.
type Answer struct {
	Applied bool     `json:"applied"`
	ID      *string  `json:"id"`
	Desired *float64 `json:"desired"` // °C, in force after it
	Mode    string   `json:"mode"`    // in force after it
	Reason  string   `json:"reason"`  // why it was refused, or what went wrong beside

	Topic     string     `json:"topic"` // control or program
	SensorID  int32      `json:"sensor_id"`
	UpDelta   *float64   `json:"up_delta"` // K, in force after it
	DownDelta *float64   `json:"down_delta"`
	Time      *time.Time `json:"time"` // when the zone began to obey it; null: nothing new became active
}

// Actions is what the rules ask for in one step, to be done in this order.
type Actions struct {
	Obey      *controlloop.Setpoint // the new active one, for the zone; heater and state follow
	Plan      *comfort.Plan         // the zone's new one, with Obey
	Save      bool                  // the memory, once that is done
	Answer    *Answer               // on ack, once that is done
	Publish   bool                  // Payload, retained, on the topic, once that is done
	Payload   []byte
	Subscribe bool   // to the topic, again
	Log       string // worth a line
}

// judge knows what the messages of a topic mean. The rules do not.
type judge interface {
	// id is that of a message; empty: it has none, or cannot be read.
	id(m []byte) string
	// accept makes a message active, or says why it is refused.
	accept(now time.Time, m []byte, own bool) error
	// again makes a complete message of what is active, with an id, and makes that active.
	again(now time.Time, id string) []byte
	// obey puts what is active into the actions.
	obey(d *Actions)
	// answer tells what is active after a message, and why that was refused; nil: it was not.
	answer(now time.Time, id string, refused error) *Answer
	// ready reports whether a retained message can be judged whole.
	ready() bool
	// ended reports whether something that the active message does not tell has ended,
	// so that another one is to be said; say makes that active.
	ended() bool
	say(now time.Time)
	// tell raises or clears a fault of the topic.
	tell(fault topicFault, bad bool)
}

type topicFault uint8

const (
	unreadable  topicFault = iota // the broker refuses the subscription
	unreturned                    // what we publish does not come back
	notRetained                   // what comes back is not retained
)

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

// Arbiter decides which of the messages on one of a zone's topics is active. It is the
// setpoint protocol without any connection: it is told what happens, and answers with
// actions. Its comments name the protocol's rules.
type Arbiter struct {
	judge
	what     string // the last word of the topic
	instance string
	random   func() float64
	mem      Memory
	curN     uint64 // the number of the active message
	curOwn   bool   // it is our own

	up, synced      bool
	forbidden       bool // the broker does not let us read the topic
	probe           probe
	checkAt         time.Time     // when to check what the broker retains
	checkIn         time.Duration // how long after a live message; more each time that it is not found retained
	unverified      bool          // the last message came live and is not known to be retained
	seenAt          time.Time     // when it came
	unretainedTold  bool          // the fault that it is not retained
	earlier         [][]byte      // messages between the one that is known to have been retained, and the last
	resubscribeAt   time.Time
	resubscribeIn   time.Duration // a node of a cluster may give what was retained before another one died
	pending         []byte        // what was published and has not come back yet
	sentAt          time.Time
	unreturnedSince time.Time // since when nothing that we published came back; zero: it is not on its way yet
	notRetained     bool      // what was published did not come back in time
	refused         []byte    // the last message that was refused
	deferred        []byte    // a retained one that cannot be judged yet
	correctedAt     time.Time // when a refused retained one was last put right
	saidAt          time.Time // when the end of a hold was last said
}

// newArbiter begins with what is remembered.
func newArbiter(j judge, what, instance string, mem Memory) Arbiter {
	return Arbiter{judge: j, what: what, instance: instance, random: rand.Float64, mem: mem, checkIn: retainedTime}
}

// Memory is what is to be kept of the topic.
func (a *Arbiter) Memory() Memory { return a.mem }

// forget leaves what the configuration no longer allows: it is judged anew if the broker has it.
func (a *Arbiter) forget() { a.mem.Cur, a.mem.Seen, a.mem.Before, a.curOwn = nil, nil, nil, false }

// Message takes a message that came from the broker.
func (a *Arbiter) Message(now time.Time, m []byte, retained bool) Actions {
	if len(m) == 0 {
		return Actions{} // rule 0: deleted, changes nothing
	}
	if retained || a.probe.kind != retainedProbe {
		a.probe.answered = true
	}
	if retained {
		a.deferred = nil
	}
	if bytes.Equal(m, a.pending) {
		a.returned()
	}
	var d Actions
	id := a.id(m)
	n, own := ownNumber(a.instance, id, a.mem.N)
	if own && a.pending != nil {
		a.unreturnedSince = now
	}
	switch {
	case bytes.Equal(m, a.mem.Seen) && (retained || bytes.Equal(m, a.mem.Cur)): // rule 1: a redelivery
		if retained {
			a.verified()
		} else {
			d.Answer = a.answer(now, id, nil)
		}
	case bytes.Equal(m, a.mem.Cur): // our newest message comes back; it was answered when it was made
		a.cameBack(n)
		a.noteSeen(now, m, !retained)
		d.Save = true
	case own && a.curOwn && n < a.curN: // rule 2: our newer message is on its way or is published again
		a.cameBack(n)
		a.noteOld(now, m, retained)
		d.Save = true
	case own && len(a.mem.Cur) > 0 && n <= a.mem.N && n != a.mem.Person: // rule 2: only what a person said last wins, and only once
		a.noteOld(now, m, retained)
		d = a.republish(now, "an older own message came back")
	case retained && a.unverified && a.isEarlier(m):
		d = a.republish(now, "the last message is not retained")
	default: // rule 3
		d = a.decide(now, m, id, retained)
	}
	a.publish(now, &d)
	return d
}

// cameBack notes that an own message did.
func (a *Arbiter) cameBack(n uint64) {
	if n == a.mem.Person {
		a.mem.Person = 0
	}
}

// noteOld notes an own message at the broker that is not active.
func (a *Arbiter) noteOld(now time.Time, m []byte, retained bool) {
	if retained {
		a.mem.Seen = m
	} else {
		a.noteSeen(now, m, true) // what is retained may still be the message before it
	}
}

// decide accepts or refuses a message that is new to us.
func (a *Arbiter) decide(now time.Time, m []byte, id string, retained bool) Actions {
	n, own := ownNumber(a.instance, id, a.mem.N)
	if err := a.accept(now, m, own); err != nil {
		if retained && !a.ready() {
			a.deferred = m
			return Actions{}
		}
		return a.refuse(now, m, id, retained, err)
	}
	if own {
		a.mem.N = max(a.mem.N, n)
		a.cameBack(n)
	}
	a.setCur(m, id)
	a.noteSeen(now, m, !retained)
	d := Actions{Save: true, Answer: a.answer(now, id, nil)}
	a.obey(&d)
	return d
}

// Reconsider judges a retained message that could not be judged when it came.
func (a *Arbiter) Reconsider(now time.Time) Actions {
	if a.deferred == nil || !a.ready() {
		return Actions{}
	}
	return a.Message(now, a.deferred, true)
}

// noteSeen notes a message at the broker. One that came live is not known to be
// retained: its writer may have forgotten that, or a cluster in election has not
// done it. Of several such messages any but the last, or the one before them all,
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

// verified notes that the last message is retained, or that nothing is known of it.
func (a *Arbiter) verified() {
	a.unverified, a.earlier, a.checkIn = false, nil, retainedTime
	a.tellRetained()
}

// isEarlier reports whether a message came before the newest one.
func (a *Arbiter) isEarlier(m []byte) bool {
	return bytes.Equal(m, a.mem.Before) || slices.ContainsFunc(a.earlier, func(e []byte) bool { return bytes.Equal(m, e) })
}

// refuse answers, and if the broker retains the refused message, puts the topic right.
func (a *Arbiter) refuse(now time.Time, m []byte, id string, retained bool, why error) Actions {
	var d Actions
	if !retained || !bytes.Equal(m, a.refused) { // the broker's copy of what was answered live is not answered again
		d = Actions{Answer: a.answer(now, id, why), Log: a.what + " refused: " + why.Error()}
	}
	a.refused = m
	switch {
	case !retained: // whether the broker keeps it is not known yet
		a.check(now.Add(retainedTime))
	case !a.correctedAt.IsZero() && now.Sub(a.correctedAt) < RetryTime:
		a.check(a.correctedAt.Add(RetryTime))
	case len(a.mem.Cur) > 0:
		a.correctedAt = now
		again := a.republish(now, "put right")
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

// republish makes what is active a new own message, that nobody has said.
func (a *Arbiter) republish(now time.Time, why string) Actions {
	a.own(now, false)
	return Actions{Save: true, Log: "said again what is obeyed: " + why}
}

// own makes what is active our newest message. Person: somebody here said it.
func (a *Arbiter) own(now time.Time, person bool) (id string) {
	a.mem.N++
	if person {
		a.mem.Person = a.mem.N
	}
	id = a.instance + "/" + strconv.FormatUint(a.mem.N, 10)
	a.setCur(a.again(now, id), id)
	return id
}

// changed passes on a change that somebody here made. A refused one changes nothing.
func (a *Arbiter) changed(now time.Time, id string, refused error) Actions {
	if refused != nil {
		return Actions{Answer: a.answer(now, id, refused), Log: "change refused: " + refused.Error()}
	}
	own := a.own(now, true)
	if id == "" {
		id = own
	}
	return a.passOn(now, id)
}

// passOn passes on what has become active by our own message.
func (a *Arbiter) passOn(now time.Time, id string) Actions {
	d := Actions{Save: true, Answer: a.answer(now, id, nil)}
	a.obey(&d)
	a.publish(now, &d)
	return d
}

// publish publishes the active message if the broker is not known to have it: not
// before the zone is synced, and not while the same is pending.
func (a *Arbiter) publish(now time.Time, d *Actions) {
	if len(a.mem.Cur) == 0 || bytes.Equal(a.mem.Cur, a.mem.Seen) {
		a.returned()
		return
	}
	if !a.up || !a.synced || a.deferred != nil || bytes.Equal(a.mem.Cur, a.pending) {
		return
	}
	if a.notRetained && now.Sub(a.sentAt) < RetryTime {
		return
	}
	if a.pending == nil {
		a.unreturnedSince = time.Time{}
	}
	a.pending, a.sentAt = a.mem.Cur, now
	d.Publish, d.Payload = true, a.mem.Cur
}

// Sent notes that what was to be published is on its way: until then the zone had to obey
// it, and the disk to keep it.
func (a *Arbiter) Sent(now time.Time) {
	if a.sentAt = now; a.unreturnedSince.IsZero() {
		a.unreturnedSince = now
	}
}

// returned notes that the pending message came back, or matters no more.
func (a *Arbiter) returned() {
	a.pending = nil
	a.setNotRetained(false)
}

func (a *Arbiter) setNotRetained(bad bool) {
	a.notRetained = bad
	a.tellRetained()
}

// tellRetained tells the fault that our messages do not come back, or that they
// come back and are still not retained after the longest wait.
func (a *Arbiter) tellRetained() {
	bad := a.notRetained || a.checkIn >= RetryTime
	if bad == a.unretainedTold {
		return
	}
	a.unretainedTold = bad
	if a.notRetained {
		a.tell(unreturned, bad)
	} else {
		a.tell(notRetained, bad)
	}
}

// Connected begins a connection: the arbiter publishes only after it was synced.
func (a *Arbiter) Connected(now time.Time) Actions {
	a.up, a.synced, a.forbidden = true, false, false
	a.checkAt = time.Time{}
	if !a.curOwn || now.Sub(a.seenAt) > unverifiedTime {
		a.verified() // a broker restored from an older save, or somebody who sent the same again: what it brings becomes active
	}
	a.resubscribeIn = firstResubscribeTime
	a.resubscribeAt = now.Add(jitter(a.resubscribeIn, a.random))
	return a.resubscribe(firstProbe)
}

// Disconnected ends a connection; with it ends the wait for the pending message.
func (a *Arbiter) Disconnected() {
	a.up, a.synced, a.pending, a.deferred = false, false, nil, nil
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
	a.forbidden = false
	a.tell(unreadable, false)
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
	a.probe, a.synced, a.forbidden = probe{}, false, true
	a.resubscribeAt = now.Add(RetryTime)
	a.tell(unreadable, true)
}

// settled reports whether it is known what the broker retains, or that nobody can know.
func (a *Arbiter) settled() bool { return a.synced || a.forbidden }

// Tick does what is due.
func (a *Arbiter) Tick(now time.Time) Actions {
	var d Actions
	if !a.up {
		return d
	}
	if a.pending != nil && !a.unreturnedSince.IsZero() && now.Sub(a.unreturnedSince) >= AckTimeout && !a.notRetained {
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
	case a.synced && a.ended() && now.Sub(a.saidAt) >= RetryTime: // whoever spoke meanwhile is heard first
		a.saidAt = now
		d = a.resubscribe(firstProbe)
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
	case was.answered && a.ended():
		a.say(now)
		return a.passOn(now, a.own(now, false))
	case was.answered:
	case was.kind == firstProbe:
		return a.resubscribe(secondProbe)
	default: // the broker holds none
		if len(a.mem.Cur) == 0 || bytes.Equal(a.mem.Cur, a.pending) {
			return d // a configured default is never published
		}
		d = a.republish(now, "the broker holds no "+a.what)
	}
	a.publish(now, &d)
	return d
}

// ownNumber gives the number in the id of an own message; last is that of our last one.
func ownNumber(instance, id string, last uint64) (uint64, bool) {
	digits, ok := strings.CutPrefix(id, instance+"/")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil && (n <= last || n < maxOwn)
}

// setCur makes a message with an id the active one. What could not be judged before is older.
func (a *Arbiter) setCur(m []byte, id string) {
	a.mem.Cur, a.deferred = m, nil
	a.curN, a.curOwn = ownNumber(a.instance, id, a.mem.N)
}

// jitter spreads a wait over 0.8 to 1.2 of it, so that a fleet does not march in step.
func jitter(d time.Duration, random func() float64) time.Duration {
	return time.Duration(float64(d) * (0.8 + 0.4*random()))
}
