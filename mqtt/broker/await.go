package broker

import (
	"context"
	"errors"
	"fmt"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// ErrNoAnswer tells that nobody answered in time.
var ErrNoAnswer = errors.New("no answer")

// Await waits for the broker's acknowledgement. Without one nobody knows what
// became of it; a cluster that elects a leader closes the connection instead.
func Await(ctx context.Context, t paho.Token) error {
	select {
	case <-t.Done():
		if t.Error() != nil {
			return fmt.Errorf("%w: %w", ErrNoAnswer, t.Error())
		}
		return nil
	case <-ctx.Done():
		return ErrNoAnswer
	}
}

// Acked reports whether the broker has acknowledged a message, or never will.
func Acked(t paho.Token) bool {
	select {
	case <-t.Done():
		return true
	default:
		return false
	}
}
