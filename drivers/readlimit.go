package drivers

import (
	"context"
	"time"

	"thermostat/controlloop"
)

// readLimit waits for a slow device, but not for ever. A read that the kernel
// does not give back cannot be ended: it keeps one goroutine until it returns,
// and no second read is begun beside it.
type readLimit struct {
	limit   time.Duration
	queue   *queue // with whom it shares a bus: what the others take is not counted; nil: nobody
	pending chan outcome
	began   time.Time
}

type outcome struct {
	reading controlloop.Reading
	err     error
}

// read runs f in a goroutine of its own and waits for it until the limit, which
// each of those on the bus may take before it. What
// an overdue read brings at last is thrown away, since it is old by then.
func (l *readLimit) read(ctx context.Context, f func() (controlloop.Reading, error)) (controlloop.Reading, error) {
	timer := time.NewTimer(l.limit * time.Duration(l.queue.length()))
	defer timer.Stop()
	if l.pending != nil {
		select {
		case <-l.pending:
			l.pending = nil
		case <-timer.C:
			return l.overdue()
		case <-ctx.Done():
			return controlloop.Reading{}, ctx.Err()
		}
	}
	mine := make(chan outcome, 1) // never blocks the goroutine, even if nobody waits any more
	l.pending, l.began = mine, time.Now()
	go func() {
		r, err := survived(f)
		mine <- outcome{r, err}
	}()
	select {
	case o := <-mine:
		l.pending = nil
		return o.reading, o.err
	case <-timer.C:
		return l.overdue()
	case <-ctx.Done():
		return controlloop.Reading{}, ctx.Err()
	}
}

// survived makes of a panic in a driver, or in a library below it, an answer that
// is no temperature: no zone ends because of one chip.
func survived(f func() (controlloop.Reading, error)) (r controlloop.Reading, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			r, err = controlloop.Reading{}, bad(controlloop.VerdictError, "the driver failed by a mistake of this program, please report it: %v", cause)
		}
	}()
	return f()
}

func (l *readLimit) overdue() (controlloop.Reading, error) {
	return controlloop.Reading{}, bad(controlloop.VerdictNoAnswer,
		"the read that began at %s has not come back", l.began.Format(time.TimeOnly))
}
