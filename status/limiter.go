package status

import (
	"sync"
	"time"
)

// limiter lets each key do something so often: burst times at once, and then
// once every pace. It remembers a bounded number of keys.
type limiter struct {
	burst int
	pace  time.Duration
	keys  int

	mu    sync.Mutex
	spent map[string]time.Time // when the key will have its whole burst again
}

func newLimiter(burst int, pace time.Duration, keys int) *limiter {
	return &limiter{burst: burst, pace: pace, keys: keys, spent: map[string]time.Time{}}
}

// take uses one up; false if there is none left.
func (l *limiter) take(key string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	full := l.spent[key]
	if full.Before(now) {
		full = now
	}
	full = full.Add(l.pace)
	if full.Sub(now) > time.Duration(l.burst)*l.pace {
		return false
	}
	l.forget(now)
	l.spent[key] = full
	return true
}

// giveBack undoes a take.
func (l *limiter) giveBack(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if full, ok := l.spent[key]; ok {
		l.spent[key] = full.Add(-l.pace)
	}
}

// forget makes room: those that have their whole burst again need no memory,
// and if all have spent something, one is let off.
func (l *limiter) forget(now time.Time) {
	if len(l.spent) < l.keys {
		return
	}
	for key, full := range l.spent {
		if full.Before(now) {
			delete(l.spent, key)
		}
	}
	for key := range l.spent {
		if len(l.spent) < l.keys {
			return
		}
		delete(l.spent, key)
	}
}
