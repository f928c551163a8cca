// Package mailbox passes the newest value of something from one goroutine to another.
package mailbox

import "sync"

// Latest is a mailbox of one: Put never blocks, and a new value replaces an
// unread one. Make one with [New].
type Latest[T any] struct {
	mu sync.Mutex
	c  chan T
}

// New makes an empty mailbox.
func New[T any]() *Latest[T] { return &Latest[T]{c: make(chan T, 1)} }

// Put leaves a value for the reader.
func (l *Latest[T]) Put(v T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.c:
	default:
	}
	l.c <- v // cannot block: only Put sends, and it holds the lock
}

// C is where the reader waits for the value.
func (l *Latest[T]) C() <-chan T { return l.c }
