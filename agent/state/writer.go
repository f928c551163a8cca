package state

import (
	"context"
	"time"

	"thermostat/controlloop/mailbox"
)

// Writer keeps the newest of what it is given in a file. Its own goroutine writes, so
// that a slow card holds no relay up.
type Writer[T any] struct {
	file  string
	slots WriteSlots
	out   *mailbox.Latest[T]
	Done  chan struct{} // closed when Run has returned
}

// NewWriter writes into that file once it runs.
func NewWriter[T any](file string, p WriteSlots) *Writer[T] {
	return &Writer[T]{file, p, mailbox.New[T](), make(chan struct{})}
}

// Put hands over what is to be kept; it never blocks.
func (k *Writer[T]) Put(v T) { k.out.Put(v) }

// keepAgain is how long a write that failed waits for the next try.
const keepAgain = time.Minute

// Run writes what is to be kept until the context ends, and then once more if
// something is left. told is given what came of each write.
func (k *Writer[T]) Run(ctx context.Context, told func(error)) {
	defer close(k.Done)
	var last T
	var again <-chan time.Time
	for {
		select {
		case last = <-k.out.C():
		case <-again:
		case <-ctx.Done():
			k.end(last, again != nil, told)
			return
		}
		again = nil
		err := k.slots.write(k.file, last)
		if told(err); err != nil {
			again = time.After(keepAgain)
		}
	}
}

func (k *Writer[T]) end(last T, unwritten bool, told func(error)) {
	select {
	case last = <-k.out.C():
		unwritten = true
	default:
	}
	if unwritten {
		told(k.slots.write(k.file, last))
	}
}

// Await waits for all that write, and no longer than that: a card may be slow.
func Await(most time.Duration, all []<-chan struct{}) {
	late := time.After(most)
	for _, done := range all {
		select {
		case <-done:
		case <-late:
			return
		}
	}
}
