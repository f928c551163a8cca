package main

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/agent/cli"
)

// TestZonesEndWithoutASourceThatHangs: nothing waits for what does not come back.
func TestZonesEndWithoutASourceThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs, stuck := make(chan struct{}), errors.New("stuck")
		defer close(hangs)
		if err := cli.Within(time.Second, errors.New("late"), func() error { <-hangs; return nil }); err == nil {
			t.Error("nobody is told of a source that hangs")
		}
		if err := cli.Within(time.Second, errors.New("late"), func() error { return stuck }); !errors.Is(err, stuck) {
			t.Error(err)
		}
	})
}
