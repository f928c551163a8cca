package cli

import (
	"bytes"
	"context"
	"io"
	"log/slog"
)

// The journal takes a line's priority from a number before it (sd-daemon(3)).
const (
	priorityError   = "<3>"
	priorityWarning = "<4>"
	priorityInfo    = "<6>"
	priorityDebug   = "<7>"
)

// NewLogger logs text for people, to the journal with priorities.
func NewLogger(w io.Writer, journal bool) *slog.Logger {
	if !journal {
		return slog.New(slog.NewTextHandler(w, nil))
	}
	h := priorityHandler{}
	for _, p := range []string{priorityDebug, priorityInfo, priorityWarning, priorityError} {
		h = append(h, slog.NewTextHandler(lineStart{w, p}, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
	}
	return slog.New(h)
}

// withoutTime leaves out what the journal notes itself.
func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey && len(groups) == 0 {
		return slog.Attr{}
	}
	return a
}

// priorityHandler has a handler for each level: debug, info, warning, error.
type priorityHandler []slog.Handler

func (h priorityHandler) of(l slog.Level) slog.Handler {
	return h[min(max(int(l-slog.LevelDebug)/4, 0), len(h)-1)]
}

// Enabled asks the handler of that level.
func (h priorityHandler) Enabled(ctx context.Context, l slog.Level) bool {
	return h.of(l).Enabled(ctx, l)
}

// Handle hands a record to the handler of its level.
func (h priorityHandler) Handle(ctx context.Context, r slog.Record) error {
	return h.of(r.Level).Handle(ctx, r)
}

// WithAttrs gives every level's handler attributes.
func (h priorityHandler) WithAttrs(as []slog.Attr) slog.Handler {
	return h.each(func(of slog.Handler) slog.Handler { return of.WithAttrs(as) })
}

// WithGroup gives every level's handler a group.
func (h priorityHandler) WithGroup(name string) slog.Handler {
	return h.each(func(of slog.Handler) slog.Handler { return of.WithGroup(name) })
}

func (h priorityHandler) each(with func(slog.Handler) slog.Handler) priorityHandler {
	next := make(priorityHandler, len(h))
	for i, of := range h {
		next[i] = with(of)
	}
	return next
}

// lineStart puts a word before each line. A write is whole lines.
type lineStart struct {
	w    io.Writer
	word string
}

// Write writes whole lines, each with the word before it.
func (l lineStart) Write(p []byte) (int, error) {
	lines := bytes.SplitAfter(p, []byte("\n"))
	if last := len(lines) - 1; len(lines[last]) == 0 {
		lines = lines[:last]
	}
	_, err := l.w.Write(append([]byte(l.word), bytes.Join(lines, []byte(l.word))...))
	return len(p), err
}

// ComplaintsTo is where commands complain: to the journal a warning has
// another priority than an error. A write is one complaint.
func ComplaintsTo(w io.Writer, journal bool) io.Writer {
	if !journal {
		return w
	}
	return complaintWriter{w}
}

type complaintWriter struct{ w io.Writer }

// Write writes one complaint with its priority.
func (c complaintWriter) Write(p []byte) (int, error) {
	word := priorityError
	if bytes.HasPrefix(bytes.TrimPrefix(p, []byte("thermostat: ")), []byte("warning: ")) {
		word = priorityWarning
	}
	return lineStart{c.w, word}.Write(p)
}
