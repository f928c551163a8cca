package drivers

import (
	"sync"
	"sync/atomic"
)

// turns lets one at a time go on, in the order of asking.
type turns struct {
	made sync.Once
	busy chan struct{}
}

func (t *turns) take() {
	t.made.Do(func() { t.busy = make(chan struct{}, 1) })
	t.busy <- struct{}{}
}

func (t *turns) give() { <-t.busy }

// queue counts those who may have to wait for each other, on a bus that serves
// one at a time.
type queue struct{ users atomic.Int32 }

func (q *queue) join() { q.users.Add(1) }

// length is how many there are, itself among them.
func (q *queue) length() int {
	if q == nil {
		return 1
	}
	return max(int(q.users.Load()), 1)
}
