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
