// Package aside switches a relay whose bus may hang in a goroutine of its own, so that
// its zone does not wait for it.
package aside

import (
	"fmt"
	"sync"
	"time"
)

// Switch is a relay that may block for as long as its bus likes.
type Switch interface {
	Set(on bool) error // switches
	Close() error      // drives it off and gives it back
}

// patience is how long an answer may take before that is a fault, and closeTime how long
// the end waits for the last one.
const (
	patience  = time.Second
	closeTime = 1500 * time.Millisecond
)

// Relay notes what is demanded, and tells what came of it.
type Relay struct {
	slow  Switch
	name  string
	woken chan bool  // false: for the last time
	ended chan error // of Close

	mu    sync.Mutex
	on    bool      // the demand
	err   error     // of the last try of it
	began time.Time // of the try that is on its way; zero: none is
	end   sync.Once
	said  error // by Close
}

// New is a relay around one that is off.
func New(slow Switch, name string) *Relay {
	r := &Relay{slow: slow, name: name, woken: make(chan bool, 1), ended: make(chan error, 1)}
	go r.run()
	return r
}

// Set notes the demand, and never blocks. An error is that of the last try of it, or that
// the bus has not answered for a second.
func (r *Relay) Set(on bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if on != r.on {
		r.on, r.err = on, nil
	}
	select {
	case r.woken <- true:
	default: // it is awake
	}
	if r.err == nil && !r.began.IsZero() && time.Since(r.began) > patience {
		return fmt.Errorf("%s: its bus has not answered since %s", r.name, r.began.Format(time.TimeOnly))
	}
	return r.err
}

func (r *Relay) run() {
	for more := true; more; {
		more = <-r.woken
		for {
			r.mu.Lock()
			on := r.on
			r.began = time.Now()
			r.mu.Unlock()
			err := r.slow.Set(on)
			r.mu.Lock()
			r.began = time.Time{}
			same := on == r.on
			if same {
				r.err = err
			}
			r.mu.Unlock()
			if same {
				break
			}
		}
	}
	r.ended <- r.slow.Close()
}

// Close drives the relay off and gives it back, but waits no longer than 1.5 s for a bus
// that hangs; repeating it is harmless.
func (r *Relay) Close() error {
	r.end.Do(func() {
		_ = r.Set(false)
		timer := time.NewTimer(closeTime)
		defer timer.Stop()
		for last := false; !last; {
			select {
			case r.woken <- false:
				last = true
			case <-timer.C:
				r.said = fmt.Errorf("%s: its bus does not answer, so it stays as it is", r.name)
				return
			}
		}
		select {
		case r.said = <-r.ended:
		case <-timer.C:
			r.said = fmt.Errorf("%s: its bus does not answer, so it stays as it is", r.name)
		}
	})
	return r.said
}
