package broker

import (
	"context"
	"log/slog"
	"time"
)

// What a stubborn or hostile writer may write into our log: so many lines at
// once, and then one each minute.
const (
	linesAtOnce = 5
	linesEvery  = time.Minute
)

// LogLimit limits the lines that others can make us log. Its zero value is full.
type LogLimit struct {
	used   int       // lines of the allowance
	since  time.Time // up to when it was made good
	silent int       // lines that were not written since the last one
}

// line gives, for one more line, whether it may be written, and how many were
// not since the last that was.
func (r *LogLimit) line(now time.Time) (silent int, ok bool) {
	if back := int(now.Sub(r.since) / linesEvery); back > 0 {
		r.used = max(r.used-back, 0)
		r.since = r.since.Add(time.Duration(back) * linesEvery)
	}
	if r.used == 0 {
		r.since = now
	}
	if r.used >= linesAtOnce {
		r.silent++
		return 0, false
	}
	r.used++
	silent, r.silent = r.silent, 0
	return silent, true
}

// Log writes a line that somebody else makes us say, within the ration.
func (r *LogLimit) Log(log *slog.Logger, level slog.Level, text string, args ...any) {
	silent, ok := r.line(time.Now())
	if !ok {
		return
	}
	if silent > 0 {
		args = append(args, "not_logged_before", silent)
	}
	log.Log(context.Background(), level, text, args...)
}
