package modbus

import (
	"cmp"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Relay is one relay of a board. It implements [controlloop.Relay]: Set notes the demand,
// and the line's goroutine tells the board, reads back, and renews the lease.
type Relay struct {
	spec Spec
	line *Line

	mu       sync.Mutex
	on       bool // the demand
	setAt    time.Time
	order    int
	due      time.Time // of its next turn
	err      error     // why it is not known that it obeys; nil: it does
	since    time.Time // since when it has had the time to obey
	obeyed   bool      // the demand was met, and nothing has contradicted since
	failures int       // turns in a row that failed
	waits    bool      // for its unit to be heard
	rest     time.Time // until when no On is said
	why      string    // of rest, for people
	everOn   bool      // an On was sent once

	// Of the line's goroutine alone, but for proof.
	closed bool      // it was read that it is on, and since then nothing else
	sentAt time.Time // of the last On, heard or not
	count  int       // of the Ons: two behind each other differ, and so do their echoes
	proof  proof
}

// proof is what is known of a board's lease.
type proof uint8

const (
	open    proof = iota // it was not seen to end
	proven               // its contact opened by itself
	refuted              // its contact stayed closed
)

// The times of a relay.
const (
	grace       = 3 * time.Second // a demand may take so long before that is a fault
	closeTime   = 1500 * time.Millisecond
	lookEvery   = 10 * time.Second // a relay that is off is told so again, and an On is renewed, at least so often
	firstRetry  = 200 * time.Millisecond
	stuckTime   = 10 * time.Second // a zone that demands nothing for longer is stuck
	stuckTicks  = 3
	leaseMargin = time.Second     // a lease that has less left is not renewed: the contact may open this moment
	leaseSlack  = 3 * time.Second // a contact that is closed so long after its lease has none
	closeLook   = 10 * time.Millisecond
	proofTime   = flashUnit              // of the lease that proves it
	proofWait   = 300 * time.Millisecond // until it must have ended
	cleanTime   = 10 * time.Second       // after a failed exchange answers are no proof
)

// Why a relay rests, for people.
const (
	restItself = "it went off by itself"
	restStuck  = "its zone asked for nothing"
	restLapsed = "it heard nothing for its lease"
	restNever  = "it stayed on"
)

// errNoLease is the error of a board that has none.
var errNoLease = errors.New("this board was on after its flash-on had ended, so it has no lease: " + withoutLease)

const withoutLease = "write lease: 0s if a killed agent may leave it on until thermostat off runs"

// Set notes the demand. It never blocks. What the board has not done within 3 s, as
// far as can be read, is an error.
func (r *Relay) Set(on bool) error {
	now := time.Now()
	r.mu.Lock()
	r.setAt = now
	turned := on != r.on
	r.mu.Unlock()
	if turned {
		order := r.line.order()
		r.mu.Lock()
		r.demand(now, on, order)
		r.mu.Unlock()
		r.line.wake()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if on && now.Before(r.rest) {
		return r.errorf(r.since, "%s, and rests until %s", r.why, r.rest.Format(time.TimeOnly))
	}
	began := r.since
	if r.rest.After(began) {
		began = r.rest
	}
	if r.obeyed || now.Sub(began) < grace && !(on && r.proof == refuted) {
		return nil
	}
	return r.errorf(r.since, "%v", cmp.Or(r.err, ErrSilent))
}

func (r *Relay) errorf(since time.Time, format string, args ...any) error {
	return fmt.Errorf("%v, since %s: %s", r.spec.Address, since.Format(time.TimeOnly), fmt.Sprintf(format, args...))
}

// demand notes a new demand.
func (r *Relay) demand(now time.Time, on bool, order int) {
	r.on, r.setAt, r.order = on, now, order
	r.since, r.due, r.obeyed, r.err, r.failures, r.waits = now, now, false, nil, 0, false
}

// place is where it stands among those that wait for their turn.
func (r *Relay) place() place {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := place{relay: r, due: r.due, rank: 2, order: r.order}
	switch {
	case r.obeyed || r.failures > 0:
	case r.on:
		p.rank = 1
	default:
		p.rank = 0
	}
	return p
}

// LetsGo reports whether the board opens the contact of a dead agent; nil: not known yet.
func (r *Relay) LetsGo() *bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	yes, no := true, false
	switch {
	case r.spec.Lease == 0, r.proof == refuted:
		return &no
	case r.proof == proven:
		return &yes
	}
	return nil
}

// Close tells the relay to go off and waits for that, but not for long.
func (r *Relay) Close() error {
	ends := r.line.leaveAt(time.Now())
	_ = r.Set(false)
	for !r.isOff() && time.Now().Before(ends) {
		time.Sleep(closeLook)
	}
	r.line.remove(r)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.obeyed || !r.everOn {
		return nil
	}
	after := "it stays as it is"
	if r.spec.Lease > 0 {
		after = fmt.Sprintf("it lets go by itself %v after its last On", r.spec.Lease)
	}
	return r.errorf(r.since, "it could not be told to go off, and %s: %v", after, cmp.Or(r.err, ErrSilent))
}

func (r *Relay) isOff() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.on && r.obeyed
}

// target is what the board is to be told now: the demand, but Off in a rest, of a zone
// that is stuck, and of a board that is known to have no lease.
func (r *Relay) target(now time.Time) (on bool, order int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.on && now.Sub(r.setAt) > max(stuckTicks*r.spec.Sample, stuckTime) {
		r.restUntil(now.Add(r.spec.MinOff), restStuck)
		r.on = false // its next demand is a new one
	}
	return r.on && !now.Before(r.rest) && r.proof != refuted, r.order
}

func (r *Relay) restUntil(ends time.Time, why string) {
	if ends.After(r.rest) {
		r.rest, r.why = ends, why
	}
}

// turn tells the board what it is to be told, and notes what came of that.
func (r *Relay) turn(w *wire) {
	on, order := r.target(time.Now())
	var err error
	if on {
		on, err = r.tellOn(w)
	} else {
		err = r.tellOff(w)
	}
	r.note(on, order, err)
}

// note keeps what it was told, and what came of that, unless another demand came meanwhile: its turn is next.
func (r *Relay) note(on bool, order int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waits = false
	if order != r.order {
		return
	}
	now := time.Now()
	every := lookEvery
	if r.spec.Lease > 0 {
		every = min(every, r.spec.Lease/3)
	}
	if r.on && !on && r.proof == refuted {
		err = cmp.Or(err, errNoLease)
	}
	if err == nil {
		r.failures, r.err, r.obeyed, r.due = 0, nil, on == r.on, now.Add(every)
		if rests := r.rest.Sub(now); r.on && rests > 0 {
			r.due = now.Add(min(every, rests))
		}
		return
	}
	if r.obeyed {
		r.since = now
	}
	r.obeyed, r.err = false, err
	r.due = now.Add(min(firstRetry<<min(r.failures, 10), every))
	r.failures++
}

// doubt is when it is asked again, and why it is not known that it obeys.
func (r *Relay) doubt() (next time.Time, why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.due, r.err
}

// await puts off the turn of a relay that has one to come, until its unit was heard.
// What is not heard is not known to obey.
func (r *Relay) await(heard bool, next time.Time, why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case heard && (r.waits || errors.Is(r.err, ErrSilent)):
		r.due, r.waits = time.Now(), false
	case !heard && r.due.Before(next):
		if r.obeyed {
			r.since = time.Now()
		}
		r.due, r.waits, r.obeyed, r.err = next.Add(closeLook), true, false, why
	}
}

// tellOn closes the contact, or renews its lease. One that has opened by itself, or may
// do so this moment, is told to go off and rests: told is what it was told.
func (r *Relay) tellOn(w *wire) (told bool, err error) {
	on, err := w.position(r.spec.Address)
	if err != nil {
		return true, err
	}
	if r.closed {
		switch why := r.lapsed(w, on, time.Now()); why {
		case "":
		case restNever:
			r.prove(refuted)
			return false, r.tellOff(w)
		default:
			r.wentOff(time.Now(), why)
			return false, r.tellOff(w)
		}
	}
	if err := r.sayOn(w); err != nil {
		return true, err
	}
	if on, err = w.position(r.spec.Address); err != nil {
		return true, err
	}
	if !on {
		return true, errors.New("told on, it says off")
	}
	r.closed = true
	return true, nil
}

// lapsed says why a contact that was closed is not to be kept so; empty: nothing is
// against that.
func (r *Relay) lapsed(w *wire, on bool, now time.Time) string {
	silent := now.Sub(r.sentAt)
	switch {
	case !on:
		return restItself
	case r.spec.Lease == 0 || silent < r.spec.Lease-leaseMargin:
		return ""
	case silent > r.spec.Lease+leaseSlack:
		if still, err := w.position(r.spec.Address); err == nil && still {
			return restNever
		}
	}
	return restLapsed
}

// sayOn sends the one command that may close the contact.
func (r *Relay) sayOn(w *wire) error {
	r.sentAt = time.Now()
	r.mu.Lock()
	r.everOn = true
	r.mu.Unlock()
	if r.spec.Lease == 0 {
		return w.setCoil(r.spec.Address, true)
	}
	r.count++
	err := w.flash(r.spec.Address, r.spec.Lease-time.Duration(r.count%2)*flashUnit)
	if refused := (Refused{}); errors.As(err, &refused) {
		return fmt.Errorf("%w: without flash-on it has no lease: %s", err, withoutLease)
	}
	return err
}

func (r *Relay) wentOff(now time.Time, why string) {
	r.closed = false
	r.mu.Lock()
	defer r.mu.Unlock()
	r.restUntil(now.Add(r.spec.MinOff), why)
	r.since = now
}

// tellOff opens the contact, and reads that it is open. The first time after an On it
// is done by a lease of a tenth of a second, which shows whether the board has one.
func (r *Relay) tellOff(w *wire) error {
	if r.closed && r.spec.Lease > 0 && r.LetsGo() == nil && time.Since(w.failed) > cleanTime {
		r.tryLease(w)
	}
	if err := w.off(r.spec.Address); err != nil {
		return err
	}
	r.closed = false
	return nil
}

// tryLease sees whether a short lease ends by itself. What cannot be asked proves nothing.
func (r *Relay) tryLease(w *wire) {
	if w.flash(r.spec.Address, proofTime) != nil {
		return
	}
	time.Sleep(proofWait)
	switch on, err := w.position(r.spec.Address); {
	case err != nil:
	case on:
		r.prove(refuted)
	default:
		r.prove(proven)
	}
}

func (r *Relay) prove(p proof) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.proof = p
}
