package cli

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// maxLines bounds what waits for a slow reader of our log.
const maxLines = 1000

// LineWriter writes in a goroutine of its own: a log or terminal that does not
// take our lines must never hold a zone, which may have its heat on. What does
// not fit is dropped, and that is said.
type LineWriter struct {
	lines   chan []byte
	dropped atomic.Int64
	stop    chan struct{}
	ended   chan struct{}
}

// NewLineWriter begins to write to w; Flush ends it.
func NewLineWriter(w io.Writer) *LineWriter {
	l := &LineWriter{lines: make(chan []byte, maxLines), stop: make(chan struct{}), ended: make(chan struct{})}
	go l.run(w)
	return l
}

func (l *LineWriter) run(w io.Writer) {
	defer close(l.ended)
	for {
		select {
		case line := <-l.lines:
			l.put(w, line)
		case <-l.stop:
			for len(l.lines) > 0 {
				l.put(w, <-l.lines)
			}
			return
		}
	}
}

func (l *LineWriter) put(w io.Writer, line []byte) {
	_, _ = w.Write(line) // nobody is left to tell
	if n := l.dropped.Swap(0); n > 0 {
		_, _ = fmt.Fprintf(w, "log: %d lines were dropped, since nobody took them\n", n)
	}
}

// Write never blocks and always reports success.
func (l *LineWriter) Write(p []byte) (int, error) {
	select {
	case l.lines <- append([]byte(nil), p...):
	default:
		l.dropped.Add(1)
	}
	return len(p), nil
}

// Flush ends the writer; it waits a moment for what is left.
func (l *LineWriter) Flush() {
	close(l.stop)
	select {
	case <-l.ended:
	case <-time.After(time.Second):
	}
}
