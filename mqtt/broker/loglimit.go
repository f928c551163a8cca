package broker

import (
	"context"
	"log/slog"
	"time"
)

// What a stubborn or hostile writer may write into our log: so many lines at
// once, and then one each minute.
const (
	burst  = 5
	refill = time.Minute
)

// LogLimit limits the lines that others can make us log. Its zero value allows a burst.
type LogLimit struct {
	used      int       // lines of the burst
	since     time.Time // up to when it was refilled
	notLogged int       // lines that were not written since the last one
}

// line gives, for one more line, whether it may be written, and how many were
// not since the last that was.
func (l *LogLimit) line(now time.Time) (silent int, ok bool) {
	if back := int(now.Sub(l.since) / refill); back > 0 {
		l.used = max(l.used-back, 0)
		l.since = l.since.Add(time.Duration(back) * refill)
	}
	if l.used == 0 {
		l.since = now
	}
	if l.used >= burst {
		l.notLogged++
		return 0, false
	}
	l.used++
	silent, l.notLogged = l.notLogged, 0
	return silent, true
}

// Log writes a line that somebody else makes us log, within the limit.
func (l *LogLimit) Log(log *slog.Logger, level slog.Level, text string, args ...any) {
	silent, ok := l.line(time.Now())
	if !ok {
		return
	}
	if silent > 0 {
		args = append(args, "not_logged_before", silent)
	}
	log.Log(context.Background(), level, text, args...)
}
