package client

import (
	"context"
	"errors"
	"testing"

	"thermostat/mqtt/broker"
)

// TestWithoutAMessageThereIsNoAnswer, however the wait for it ended.
func TestWithoutAMessageThereIsNoAnswer(t *testing.T) {
	if !errors.Is(errLost, broker.ErrNoAnswer) {
		t.Error("a closed connection is an answer")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	lost := make(chan error)
	close(lost)
	if _, err := (&Client{lost: lost}).next(t.Context()); !errors.Is(err, broker.ErrNoAnswer) {
		t.Errorf("%v", err)
	}
	if _, err := (&Client{}).next(ended); !errors.Is(err, broker.ErrNoAnswer) {
		t.Errorf("%v", err)
	}
}
