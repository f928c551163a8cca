package mqtt

import (
	"context"
	"errors"
	"testing"
	"time"
)

// lostToken is a publish whose connection the broker closed before it took it.
type lostToken struct{ err error }

func (l lostToken) Wait() bool                     { return true }
func (l lostToken) WaitTimeout(time.Duration) bool { return true }
func (l lostToken) Error() error                   { return l.err }
func (l lostToken) Done() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

// TestUnacknowledged: without an acknowledgement there is no answer, however
// the wait ended.
func TestUnacknowledged(t *testing.T) {
	if err := done(t.Context(), lostToken{errors.New("connection lost")}); !errors.Is(err, ErrNoAnswer) {
		t.Errorf("%v", err)
	}
	if err := done(t.Context(), lostToken{}); err != nil {
		t.Errorf("%v", err)
	}
	if !errors.Is(errLost, ErrNoAnswer) {
		t.Error("a closed connection is an answer")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	lost := make(chan error)
	close(lost)
	if _, err := (&Remote{lost: lost}).next(t.Context()); !errors.Is(err, ErrNoAnswer) {
		t.Errorf("%v", err)
	}
	if _, err := (&Remote{}).next(ended); !errors.Is(err, ErrNoAnswer) {
		t.Errorf("%v", err)
	}
}
