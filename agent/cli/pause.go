package cli

import (
	"context"
	"time"
)

// Pause waits for a time, or for the end of the context.
func Pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// Within waits for what a function says, for so long; late is what is said then.
func Within(most time.Duration, late error, f func() error) error {
	said := make(chan error, 1)
	go func() { said <- f() }()
	select {
	case err := <-said:
		return err
	case <-time.After(most):
		return late
	}
}
