package device

import (
	"math/rand/v2"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// grants notes that the broker gives us our own commands back from now on. What
// was said before that is said again.
func (r *Relay) grants() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.echoes, r.since = true, time.Now()
	r.renew()
	r.speak(r)
}

// listens notes that the broker has answered whether we may hear the device.
func (r *Relay) listens() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.listensAt = time.Now()
}

// hears reports whether the device's answer would be heard, and what the broker
// has kept of it has come: an On to one that went off meanwhile must wait.
func (r *Relay) hears(now time.Time) bool {
	return r.spec.StateTopic == "" || r.word.live || !r.listensAt.IsZero() && now.Sub(r.listensAt) >= keptWord
}

// due reports whether the command is to be said, again or for the first time.
func (r *Relay) due(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expire(now)
	r.noteToken(now)
	r.wake(now)
	if r.tells && (r.rest.lasts(now) || !r.hears(now)) {
		return false
	}
	return r.wished && r.reached && (r.said == nil || !now.Before(r.sayAt))
}

// expire ends an On that nobody wishes any more: the zone is stuck, and its lease
// must not be renewed for ever. Its next wish counts again.
func (r *Relay) expire(now time.Time) {
	if r.on && now.Sub(r.setAt) > max(stuckSamples*r.spec.Sample, relayPatience) {
		r.on, r.wishedAt, r.since = false, now, now
		r.rest.until(now.Add(r.spec.MinOff), restMoved)
		r.turn(now, false)
	}
}

// say publishes the command. Only the speaker calls it: it may have to wait for
// a slow connection.
func (r *Relay) say(client paho.Client, now time.Time) {
	r.mu.Lock()
	on, payload := r.tells, r.spec.command(r.tells, r.wishedAt)
	if on && r.said != nil && r.doubt(now) == nil { // each renewal must arrive anew
		r.since, r.acked, r.echoed = now, false, false
	}
	r.acked = r.acked && (on || !r.maybeOn) // of one that says that it is on, this is the Off that counts
	r.noteSaid(now, on)
	r.said, r.saidAt, r.sayAt = payload, now, now.Add(r.again())
	r.mu.Unlock()

	token := client.Publish(r.spec.Topic, 1, r.spec.Retain, payload)

	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tells == on && !r.acked {
		r.token = token
	}
}

// noteSaid keeps what a command that is being said may do. An On to a device
// that was off must be answered.
func (r *Relay) noteSaid(now time.Time, on bool) {
	if on != r.told || on && !r.maybeOn {
		r.changedAt, r.owes = now, on
	}
	r.told = on
	if on {
		r.everOn, r.maybeOn, r.puzzledAt, r.onSaid = true, true, time.Time{}, now
	}
}

// again is when the command is said again: an On three times within the lease,
// so that two may be lost, an Off once in 30 s, or three times while the device
// does not say that it is off. Spread, so that many do not march in step.
func (r *Relay) again() time.Duration {
	every := r.spec.Lease
	if !r.tells {
		every = min(every, offEvery)
	}
	if r.tells || r.word.position > posOff {
		every /= 3
	}
	return every*2/3 + rand.N(every/3)
}

// flying is the command that the broker has not taken yet; nil: none.
func (r *Relay) flying() paho.Token {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.token
}
