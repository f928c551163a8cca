package main

import (
	"context"
	"errors"
)

// errRestart ends the agent in order, and then with an exit code that makes
// every kind of service manager start it again.
var errRestart = errors.New("ended in order, to be started again: somebody on the broker asked for it")

// asksForRestart gives the error of an agent that was not stopped, but asked to restart.
func asksForRestart(ctx context.Context) error {
	if errors.Is(context.Cause(ctx), errRestart) {
		return errRestart
	}
	return nil
}
