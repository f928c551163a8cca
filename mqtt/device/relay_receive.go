package device

import (
	"bytes"
	"errors"
	"time"
)

// receive takes a report of the device, or a command that comes back. A command
// that the broker retained tells nothing about now.
func (r *Relay) receive(now time.Time, topic string, payload []byte, retained bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if topic == r.spec.Topic && !retained {
		r.receiveCommand(now, payload)
	}
	if topic != r.spec.StateTopic || retained && r.report.live {
		return
	}
	switch w, err := reportFrom(r.spec, now, payload, retained); {
	case err == nil:
		r.foreign, r.hint = 0, ""
		r.receiveReport(now, w)
	case errors.Is(err, errNoField):
		if r.foreign++; r.foreign == 1 {
			r.hint = hint("state_field", positionFields(payload))
		}
	}
}

// receiveCommand takes our own command, or another's: thermostat off, a person. The
// broker gives them back in their order, so that what comes behind our last is not ours.
func (r *Relay) receiveCommand(now time.Time, payload []byte) {
	switch on, known := r.spec.commandOf(payload); {
	case bytes.Equal(payload, r.sentCommand):
		r.echoed = true
	case !known || !r.echoed || on == r.target:
	case on:
		r.mayBeOn, r.token = true, nil // our Off came before it
		r.moved(now)
	default:
		r.wentOff(now, restMoved)
	}
}

// receiveReport takes a report of where the device is.
func (r *Relay) receiveReport(now time.Time, w positionReport) {
	was := r.report
	r.report = w
	switch w.position {
	case posOn:
		r.reportsOn(now, was)
	case posOff:
		r.reportsOff(now, was)
	default:
		r.reportsUnclear(now)
	}
	r.reportDue = r.reportDue && w.position != posOn
	r.off = !r.target && w.position == posOff && (r.off || r.acked)
}

// reportsOn takes the report that it is on.
func (r *Relay) reportsOn(now time.Time, was positionReport) {
	if r.report.live {
		r.mayBeOn, r.unclearAt = true, time.Time{}
		if r.rest.why == restLease {
			r.rest = rest{} // it has none
		}
	}
	if !r.target && was.position != posOn {
		r.moved(now)
	}
}

// reportsOff takes the report that it is off. One that was off when it was told to
// go on may have sent that before the command arrived.
func (r *Relay) reportsOff(now time.Time, was positionReport) {
	late := was.position == posUnknown && now.Sub(r.changedAt) > commandTimeout
	r.mayBeOn = r.mayBeOn || was.position == posOn
	switch {
	case !r.target:
		r.wentOff(now, restDemanded)
	case was.position == posOn || late:
		r.wentOff(now, restMoved)
	}
	if r.target && was.position != posOff {
		r.moved(now)
	}
}

// reportsUnclear takes a report that is neither on nor off, as of a relay that has tripped. It
// is told to go off and rests; that begins once for each On.
func (r *Relay) reportsUnclear(now time.Time) {
	if r.unclearAt.IsZero() {
		r.unclearAt, r.mayBeOn = now, false
		r.rest.until(now.Add(max(r.spec.MinOff, unclearRest)), "it said "+r.report.text)
		r.moved(now)
	}
	r.report.at = r.unclearAt
	if r.target && r.rest.lasts(now) {
		r.turn(now, false)
	}
}

// moved notes that the device is where it was not told to be: by another hand, by
// its own timer, or since a command was lost. It has its time to obey us again,
// but not over and over.
func (r *Relay) moved(now time.Time) {
	if r.movedAt.IsZero() || now.Sub(r.movedAt) > firstReportTimeout {
		r.since = now
	}
	r.movedAt = now
	if r.sentCommand != nil {
		r.sendAt = later(now, r.sentAt.Add(minInterval))
	}
	r.queue(r)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
