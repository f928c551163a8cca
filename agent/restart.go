package main

import (
	"context"
	"errors"
)

// errRestart is what an agent ends with that was asked to restart: in order, and
// with an exit code that makes every kind of service manager start it again.
var errRestart = errors.New("ended in order, to be started again: somebody on the broker asked for it")

// askRestart never blocks.
func (a *agent) askRestart() {
	select {
	case a.restarts <- errRestart:
	default: // it is on its way
	}
}

// wait waits for the end, and gives an error if that is a restart.
func (a *agent) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-a.restarts:
		return err
	}
}
