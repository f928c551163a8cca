package modbus

import (
	"slices"
	"sync"
	"time"
)

// Line is a serial port and the relays on it. One goroutine speaks there, so that a
// relay's Set never waits for the wires.
type Line struct {
	wire *wire

	mu     sync.Mutex
	relays []*Relay
	woken  chan struct{}
	ended  chan struct{} // closed when its goroutine has ended; nil: it does not run
	orders int           // counts the demands: they are obeyed in this order
	leave  time.Time     // when the relays that are closed give up; zero: none is closed
}

// NewLine is a line on a port that is opened by open.
func NewLine(baud int, open func() (Port, error)) *Line {
	return &Line{wire: newWire(baud, open), woken: make(chan struct{}, 1)}
}

// Relay gives a relay on the line, which is told to go off at once.
func (l *Line) Relay(s Spec) *Relay {
	r := &Relay{spec: s, line: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.relays = append(l.relays, r)
	r.demand(time.Now(), false, l.nextOrder())
	if l.ended == nil {
		l.ended, l.leave = make(chan struct{}), time.Time{}
		go l.run(l.ended)
	}
	l.wake()
	return r
}

func (l *Line) nextOrder() int { l.orders++; return l.orders }

// order gives the place of a new demand.
func (l *Line) order() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.nextOrder()
}

func (l *Line) wake() {
	select {
	case l.woken <- struct{}{}:
	default: // it looks already
	}
}

// run serves the relays until the last one is closed.
func (l *Line) run(ended chan struct{}) {
	defer close(ended)
	for {
		r, wait, more := l.next(time.Now())
		switch {
		case !more:
			l.wire.close()
			return
		case r != nil:
			r.turn(l.wire)
			l.share(r, l.wire.heard)
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-l.woken:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// next gives the relay whose turn it is, or how long none has one: first what is to
// go off, in the order of the demands, then what is to go on, then what is only looked after.
func (l *Line) next(now time.Time) (r *Relay, wait time.Duration, more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.relays) == 0 {
		l.ended = nil
		return nil, 0, false
	}
	wait = time.Hour
	var due []place
	for _, r := range l.relays {
		p := r.place()
		if !p.due.After(now) {
			due = append(due, p)
		}
		wait = min(wait, p.due.Sub(now))
	}
	if len(due) == 0 {
		return nil, wait, true
	}
	return slices.MinFunc(due, place.compare).relay, 0, true
}

// share tells the other relays of a unit whether it was heard: while it is silent, one
// asks for all, or a dead board would take the wires from the others.
func (l *Line) share(asked *Relay, heard bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	next, why := asked.doubt()
	for _, r := range l.relays {
		if r != asked && r.spec.Unit == asked.spec.Unit {
			r.await(heard, next, why)
		}
	}
}

// leaveAt gives until when the relays that are closed may take for their last Off: it
// is one time for all of them, or a dead board with many would hold up the end.
func (l *Line) leaveAt(now time.Time) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.leave.IsZero() {
		l.leave = now.Add(closeTime)
	}
	return l.leave
}

// remove takes a relay off the line; behind the last one the port is closed.
func (l *Line) remove(r *Relay) {
	l.mu.Lock()
	l.relays = slices.DeleteFunc(l.relays, func(o *Relay) bool { return o == r })
	last, ended := len(l.relays) == 0, l.ended
	l.mu.Unlock()
	l.wake()
	if last && ended != nil {
		<-ended
	}
}

// place is where a relay stands among those that wait.
type place struct {
	relay *Relay
	due   time.Time
	rank  int // 0: to go off, 1: to go on, 2: as it was told, or tried already
	order int
}

func (p place) compare(o place) int {
	switch {
	case p.rank != o.rank:
		return p.rank - o.rank
	case p.rank < 2 && p.order != o.order:
		return p.order - o.order
	}
	return p.due.Compare(o.due)
}

// Off switches a relay off while no agent runs: it is told twice where it does not
// answer. The error is nil once it is read that it is off.
func Off(a Address) error {
	port, err := openSerial(a.Port, a.Baud)
	if err != nil {
		return err
	}
	w := newWire(a.Baud, func() (Port, error) { return openSerial(a.Port, a.Baud) })
	w.port = port
	defer w.close()
	if err = w.off(a); err != nil {
		err = w.off(a)
	}
	return err
}
