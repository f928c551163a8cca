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

// line is an input on a bus that may hang.
type line struct {
	hangs chan struct{} // nil: it does not
	value int
}

func (l *line) Value() (int, error) {
	if l.hangs != nil {
		<-l.hangs
	}
	return l.value, nil
}

func (l *line) Close() error { return nil }

// TestAnInputOnABusThatHangsHoldsNobodyUpAndIsAnError: a zone looks at its window's contact at each tick.
func TestAnInputOnABusThatHangsHoldsNobodyUpAndIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &line{value: 1}
		i := NewInput(l, "window")
		look := func(what string, value int, trouble string) {
			t.Helper()
			began := time.Now()
			got, err := i.Value()
			if got != value || (err == nil) != (trouble == "") || err != nil && !strings.Contains(err.Error(), trouble) {
				t.Errorf("%s: %d, %v", what, got, err)
			}
			if took := time.Since(began); took > 100*time.Millisecond {
				t.Errorf("%s: it took %v", what, took)
			}
			time.Sleep(5 * time.Second)
		}
		look("the bus works", 1, "")
		l.hangs = make(chan struct{})
		look("it hangs", 1, "")
		look("it hangs on", 0, "window: its bus has not answered since")
		l.value = 0
		close(l.hangs)
		synctest.Wait()
		look("it goes on", 0, "")
		l.value = 1
		look("another value", 1, "")

		l.hangs = make(chan struct{})
		look("it hangs again", 1, "")
		close(l.hangs) // what was read as it began to hang comes now
		synctest.Wait()
		l.value, l.hangs = 0, nil
		look("only what is read now counts", 0, "")

		l.value, l.hangs = 1, make(chan struct{})
		i = NewInput(l, "window")
		look("it hangs from the start", 0, "has not answered yet")
		close(l.hangs)
		synctest.Wait()
		look("and goes on", 1, "")
	})
}
