package mqtt

import (
	"context"
	"errors"
	"testing"
)

// TestWithoutAMessageThereIsNoAnswer, however the wait for it ended.
func TestWithoutAMessageThereIsNoAnswer(t *testing.T) {
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
