package aside

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// slow is a relay on a bus that may hang.
type slow struct {
	hangs  chan struct{} // nil: it does not
	err    error
	on     bool
	closed bool
}

func (s *slow) Set(on bool) error {
	if s.hangs != nil {
		<-s.hangs
	}
	s.on = on
	return s.err
}

func (s *slow) Close() error { s.closed = true; return s.Set(false) }

func TestARelayOnABusThatHangsHoldsNobodyUpAndIsAFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{}
		r := New(s, "line")
		if err := r.Set(true); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if !s.on || r.Set(true) != nil {
			t.Error("it is not on")
		}
		synctest.Wait()
		s.hangs = make(chan struct{})
		began := time.Now()
		_ = r.Set(true) // the try that hangs
		if err := r.Set(false); err != nil || time.Since(began) != 0 {
			t.Error("it waited", err)
		}
		time.Sleep(2 * time.Second)
		if err := r.Set(false); err == nil || !strings.Contains(err.Error(), "line: its bus has not answered since") {
			t.Error(err)
		}
		close(s.hangs)
		synctest.Wait()
		if s.on || r.Set(false) != nil {
			t.Error("once the bus answers it is not off")
		}
		if err := r.Close(); err != nil || !s.closed || r.Close() != nil {
			t.Error(err)
		}
	})
}

func TestAnErrorOfTheBusIsToldUntilItEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{err: errors.New("remote I/O error")}
		r := New(s, "line")
		_ = r.Set(true)
		synctest.Wait()
		if err := r.Set(true); !errors.Is(err, s.err) {
			t.Error(err)
		}
		synctest.Wait()
		s.err = nil
		_ = r.Set(true)
		synctest.Wait()
		if err := r.Set(true); err != nil {
			t.Error(err)
		}
		if err := r.Close(); err != nil || s.on {
			t.Error(err)
		}
	})
}

func TestTheEndDoesNotWaitForABusThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{hangs: make(chan struct{})}
		r := New(s, "line")
		_ = r.Set(true)
		synctest.Wait()
		if err := r.Close(); err == nil || !strings.Contains(err.Error(), "so it stays as it is") {
			t.Error(err)
		}
		close(s.hangs)
		_ = r.Close()
		r.woken <- false
	})
}
