package device

import (
	"math/rand/v2"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"thermostat/controlloop"
)

// commandsGranted notes that the broker gives us our own commands back from now on.
// What was published before that is published again.
func (r *Relay) commandsGranted() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.echoes, r.since = true, time.Now()
	r.renew()
	r.queue(r)
}

// subscribed notes that the broker has answered the subscription to the reports.
func (r *Relay) subscribed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.subscribedAt = time.Now()
}

// canHear reports whether the device's answer would come, and what the broker
// retains of it has come: an On to one that went off meanwhile must wait.
func (r *Relay) canHear(now time.Time) bool {
	return r.spec.StateTopic == "" || r.report.live || !r.subscribedAt.IsZero() && now.Sub(r.subscribedAt) >= retainedReportTime
}

// due reports whether the command is to be published, again or for the first time.
func (r *Relay) due(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expireDemand(now)
	r.noteToken(now)
	r.endRest(now)
	if r.target && (r.rest.lasts(now) || !r.canHear(now)) {
		return false
	}
	return r.demanded && r.reached && (r.sentCommand == nil || !now.Before(r.sendAt))
}

// expireDemand ends an On that nobody demands any more: the zone is stuck, and its
// lease must not be renewed for ever. Its next demand counts again.
func (r *Relay) expireDemand(now time.Time) {
	if r.on && now.Sub(r.setAt) > max(controlloop.StuckSamples*r.spec.Sample, commandTimeout) {
		r.on, r.demandedAt, r.since = false, now, now
		r.rest.until(now.Add(r.spec.MinOff), restMoved)
		r.turn(now, false)
	}
}

// send publishes the command. Only [Group.Run] calls it: it may have to wait for a
// slow connection.
func (r *Relay) send(client paho.Client, now time.Time) {
	r.mu.Lock()
	on, payload := r.target, r.spec.command(r.target, r.demandedAt)
	if on && r.sentCommand != nil && r.doubt(now) == nil { // each renewal must arrive anew
		r.since, r.acked, r.echoed = now, false, false
	}
	r.acked = r.acked && (on || !r.mayBeOn) // of one that reports that it is on, this is the Off that counts
	r.noteSent(now, on)
	r.sentCommand, r.sentAt, r.sendAt = payload, now, now.Add(r.sendInterval())
	r.mu.Unlock()

	token := client.Publish(r.spec.Topic, 1, r.spec.Retain, payload)

	r.mu.Lock()
	defer r.mu.Unlock()
	if r.target == on && !r.acked {
		r.token = token
	}
}

// noteSent keeps what a command that is being published may do. An On to a device
// that was off must be answered.
func (r *Relay) noteSent(now time.Time, on bool) {
	if on != r.lastCommand || on && !r.mayBeOn {
		r.changedAt, r.reportDue = now, on
	}
	r.lastCommand = on
	if on {
		r.everOn, r.mayBeOn, r.unclearAt, r.onSentAt = true, true, time.Time{}, now
	}
}

// sendInterval is after how long the command is repeated: an On three times within
// the lease, so that two may be lost, an Off once in 30 s, or three times while the
// device does not report that it is off. Spread, so that many do not march in step.
func (r *Relay) sendInterval() time.Duration {
	every := r.spec.Lease
	if !r.target {
		every = min(every, offInterval)
	}
	if r.target || r.report.position > posOff {
		every /= 3
	}
	return every*2/3 + rand.N(every/3)
}

// pendingToken is of the command that the broker has not acknowledged; nil: none.
func (r *Relay) pendingToken() paho.Token {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.token
}
