package broker

import (
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

// TestWithoutAnAcknowledgementThereIsNoAnswer: without an acknowledgement there is no answer, however
// the wait ended.
func TestWithoutAnAcknowledgementThereIsNoAnswer(t *testing.T) {
	if err := Await(t.Context(), lostToken{errors.New("connection lost")}); !errors.Is(err, ErrNoAnswer) {
		t.Errorf("%v", err)
	}
	if err := Await(t.Context(), lostToken{}); err != nil {
		t.Errorf("%v", err)
	}
}
