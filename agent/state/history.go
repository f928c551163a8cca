package state

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"path/filepath"
	"time"
)

// historyEvery is how often the history is written: cards wear. A crash costs
// the chart what came after the last time.
const historyEvery = time.Hour

// History keeps what the page shows of the last 24 hours.
type History struct {
	path string // empty: nothing is kept
	log  *slog.Logger
}

// HistoryIn is the history of a state folder; without one nothing is kept.
func HistoryIn(stateDir string, log *slog.Logger) History {
	if stateDir == "" {
		return History{log: log}
	}
	return History{filepath.Join(stateDir, "history.json"), log}
}

// Recall gives what was kept to restore. It is comfort: what cannot be read or
// used is told in the log and no fault.
func (h History) Recall(kept any, restore func() error) {
	if h.path == "" {
		return
	}
	err := readChecked(h.path, kept)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err == nil {
		err = restore()
	}
	if err != nil {
		h.log.Warn("the chart begins anew", "error", err)
	}
}

// Keep writes the history once an hour, and at the end.
func (h History) Keep(ctx context.Context, now func() any) {
	if h.path == "" {
		return
	}
	hourly := time.NewTicker(historyEvery)
	defer hourly.Stop()
	for ctx.Err() == nil {
		select {
		case <-hourly.C:
		case <-ctx.Done():
		}
		if err := WriteChecked(h.path, now()); err != nil {
			h.log.Warn("the history is not kept", "error", err)
		}
	}
}
