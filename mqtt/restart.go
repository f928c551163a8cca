package mqtt

import (
	"log/slog"
	"time"

	"thermostat/mqtt/broker"
)

// restartEvery is the shortest time between two restarts that somebody on the
// broker may cause: it counts from the start.
const restartEvery = time.Minute

// ignoredRetained is logged of a retained message on a set topic.
const ignoredRetained = "ignored a retained command: set topics must not be retained"

// restarter ends the agent where somebody on the broker asks for it.
type restarter struct {
	log     *slog.Logger
	restart func() // nil: not offered
	began   time.Time
	lines   broker.LogLimit // of what others make us log
}

func (r *restarter) offered() bool { return r.restart != nil }

// asked takes a message on set/restart.
func (r *restarter) asked(now time.Time, topic string, retained bool) {
	switch {
	case !r.offered():
	case retained:
		r.lines.Log(r.log, slog.LevelWarn, ignoredRetained, "topic", topic)
	case now.Sub(r.began) < restartEvery:
		r.lines.Log(r.log, slog.LevelWarn, "ignored a restart: the last start was less than a minute ago", "topic", topic)
	default:
		r.lines.Log(r.log, slog.LevelWarn, "somebody on the broker asks for a restart", "topic", topic)
		r.restart()
	}
}
