package device

import (
	"fmt"
	"sync"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"thermostat/controlloop"
	"thermostat/mqtt/broker"
	"thermostat/mqtt/setpoint"
	"thermostat/mqtt/wire"
)

// Relay is a relay that is commanded over the broker. It implements
// [controlloop.Relay]: Set notes the demand, and [Group.Run] publishes the command, at
// once and then again and again, since the device lets go after its lease.
type Relay struct {
	spec  RelaySpec
	queue func(*Relay) // asks [Group.Run] to publish it now

	mu          sync.Mutex
	reached     bool // the broker is there
	demanded    bool // Set was called
	on          bool // the demand
	demandedAt  time.Time
	setAt       time.Time  // when Set was called last
	target      bool       // what it is told: the demand, but Off in a rest after an unclear report
	since       time.Time  // since when it has had the time to obey
	sentCommand []byte     // the command that was published; nil: not yet
	sentAt      time.Time  // when it was published last
	sendAt      time.Time  // when it is to be published again
	changedAt   time.Time  // when it was told last to go where it was not told before
	token       paho.Token // of the command, until the broker acknowledges it
	acked       bool       // the broker has acknowledged it
	lastCommand bool       // what was published last was On
	offAckedAt  time.Time  // when the broker acknowledged the Off by which it may have gone off
	echoes      bool       // the broker gives us our own commands back
	echoed      bool       // and has done so with this one

	everOn       bool      // an On was published once
	mayBeOn      bool      // On was published or reported, and nothing since by which it is off
	off          bool      // the broker has acknowledged an Off, nothing after it, and the device does not deny it
	onSentAt     time.Time // when On was published last
	onAckedAt    time.Time // when that On was published which the broker has acknowledged last
	rest         rest
	report       positionReport // its last, also of an earlier connection
	reportDue    bool           // it was told to go on from off, and has not reported that it did
	unclearAt    time.Time      // since when it is unclear or was, and was not told to go on since; zero: it is not
	subscribedAt time.Time      // since when its reports can come on this connection; zero: not yet
	foreign      int            // messages on its state topic without its position, since the last with one
	hint         string         // where the first of them may hold it
	movedAt      time.Time      // when it last went where it was not told to go
}

// rest is a time in which no On is published.
type rest struct {
	ends time.Time
	why  string // for people
}

func (r *rest) until(ends time.Time, why string) {
	if ends.After(r.ends) {
		*r = rest{ends, why}
	}
}

func (r *rest) lasts(now time.Time) bool { return now.Before(r.ends) }

// Why a relay rests, for people.
const (
	restDemanded = "it went off a moment ago"
	restMoved    = "it went off without the zone's wish"
	restLease    = "it heard nothing for longer than its lease"
)

// How long a command may be on its way before that is a fault. A device that
// has not told its position yet may do so by its own clock, once a minute.
const (
	commandTimeout     = setpoint.AckTimeout
	firstReportTimeout = time.Minute
	retainedReportTime = time.Second      // so soon comes what the broker retains, once it grants a topic
	offInterval        = 30 * time.Second // an Off is repeated at least so often, however long the lease
	minInterval        = time.Second      // between two commands for one demand
	unclearRest        = 10 * time.Second // the shortest rest after an unclear report: it may be a tripped circuit's
)

// Set notes the demand. It never blocks. A command that has not arrived within 10
// s, as far as that can be known, is an error; a device that was told to go off,
// and did for all that is known but its last report, is [controlloop.Unconfirmed].
func (r *Relay) Set(on bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	r.setAt = now
	if !r.demanded || on != r.on {
		r.demanded, r.on, r.demandedAt, r.since = true, on, now, now
		r.turn(now, on)
	}
	r.endRest(now)
	if !on && !r.reached && r.off {
		return nil // it was told before the broker went away
	}
	err := r.doubt(now)
	if err == nil || now.Sub(r.since) < r.grace() {
		return nil
	}
	if !on && r.reached && r.acked && r.disagrees() != nil && r.echoed == r.echoes {
		return &controlloop.Unconfirmed{Err: err, Since: later(r.offAckedAt, r.report.at)}
	}
	return err
}

// grace is how long a doubt may last before it is an error.
func (r *Relay) grace() time.Duration {
	switch {
	case r.reached && (r.report.position == posUnclear || r.on && !r.unclearAt.IsZero()):
		return 0
	case r.reached && r.acked && r.spec.StateTopic != "" && !r.report.live:
		return firstReportTimeout
	}
	return commandTimeout
}

// endRest has a device go on whose rest is over.
func (r *Relay) endRest(now time.Time) {
	if r.on && !r.target && !r.rest.lasts(now) {
		r.turn(now, true)
	}
}

// turn tells the device another position. An Off that is still on its way to
// one that may be on counts from now.
func (r *Relay) turn(now time.Time, on bool) {
	r.noteToken(now)
	if on && !r.lastCommand {
		r.wentOff(now, restDemanded)
	}
	r.target, r.off, r.offAckedAt = on, r.off && !on, time.Time{}
	r.renew()
	r.queue(r)
}

// renew forgets what became of an earlier command.
func (r *Relay) renew() { r.sentCommand, r.token, r.acked, r.echoed = nil, nil, false, false }

// doubt says why it is not known that the device obeys, or nil.
func (r *Relay) doubt(now time.Time) error {
	r.noteToken(now)
	switch {
	case !r.reached:
		return r.errorf("there is no broker, and %s", r.spec.byItself())
	case r.on && r.rest.lasts(now):
		return r.errorf("%s, and rests until %s", r.rest.why, r.rest.ends.Format(time.TimeOnly))
	case !r.acked:
		return r.errorf("the broker does not take the command")
	}
	if err := r.disagrees(); err != nil {
		return err
	}
	if r.echoes && !r.echoed {
		return r.errorf("the broker does not pass on the command: is this agent allowed to write there?")
	}
	return nil
}

// disagrees is an error where the device reports otherwise than it was told. One that
// reports nothing agrees, unless it was told to go on and its report is due.
func (r *Relay) disagrees() error {
	switch {
	case r.spec.StateTopic == "" || r.report.position.is(r.target):
		return nil
	case r.report.position == posUnclear:
		return r.errorf("it says %s", r.report.text)
	case r.reportDue && !r.report.live && r.foreign > 0:
		return r.errorf("%s without `%s` on %s%s", messages(r.foreign), r.spec.stateField(), r.spec.StateTopic, r.hint)
	case r.reportDue && !r.report.live:
		return r.errorf("nothing comes on %s", r.spec.StateTopic)
	case r.report.position == posUnknown:
		return nil
	}
	return r.errorf("told %s, it says %s", wire.OnOff(r.target), wire.OnOff(!r.target))
}

func (r *Relay) errorf(format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	return fmt.Errorf("%s, since %s: %s", r.spec.Topic, r.since.Format(time.TimeOnly), text)
}

// noteToken sees whether the broker has acknowledged the command.
func (r *Relay) noteToken(now time.Time) {
	if r.token == nil || !broker.Acked(r.token) {
		return
	}
	r.acked = r.token.Error() == nil
	r.token = nil
	switch {
	case !r.acked:
		r.sentCommand = nil // the next pulse publishes it again
		return
	case r.target:
		r.onAckedAt = r.sentAt
		return
	case r.report.position == posOn && !r.report.at.Before(r.sentAt): // it reported so after that Off
		return
	case r.mayBeOn || r.offAckedAt.IsZero():
		r.offAckedAt = now
	}
	r.off = r.report.position <= posOff
	r.wentOff(now, restDemanded)
}

// wentOff begins the rest of a device that may have been on until now. What is
// off already does not rest anew. A safety relay that goes off by the zone's demand
// does not rest: the outputs do.
func (r *Relay) wentOff(now time.Time, why string) {
	if r.mayBeOn && !(r.spec.Safety && why == restDemanded) {
		r.rest.until(now.Add(r.spec.MinOff), why)
	}
	r.mayBeOn = false
}

// Close tells whether the device is known to be off, or was never told to go on.
func (r *Relay) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noteToken(time.Now())
	if !r.everOn || !r.target && (r.acked || r.off) {
		return nil
	}
	return r.errorf("it could not be told to go off, and %s", r.spec.byItself())
}

// connection notes that the broker came or went: what was published before counts no
// more, the last report stays. A device that reports its position only when it
// changes has no other for us.
func (r *Relay) connection(there bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	r.noteToken(now)
	if !there && r.report.at.Before(r.changedAt) && now.Sub(r.changedAt) < firstReportTimeout {
		r.report, r.reportDue = positionReport{}, false // its answer may be lost
	}
	r.reached, r.echoes, r.since = there, false, now
	r.report.live, r.subscribedAt, r.foreign = false, time.Time{}, 0
	if there && r.on {
		r.restAfterOutage(now)
	}
	r.renew()
}

// restAfterOutage lets a device rest that has heard no On for longer than its
// lease: it went off by itself, and a compressor needs its min_off from then on.
func (r *Relay) restAfterOutage(now time.Time) {
	if r.mayBeOn && now.After(r.onAckedAt.Add(r.spec.Lease)) {
		r.rest.until(r.onSentAt.Add(r.spec.Lease+r.spec.MinOff), restLease)
	}
}
