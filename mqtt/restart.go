package mqtt

import (
	"log/slog"
	"time"
)

// restartEvery is the shortest time between two restarts that somebody on the
// broker may cause: it counts from the start.
const restartEvery = time.Minute

// OfferRestart lets set/restart end the agent by a function, which must not
// block. It may be called before Run only, where somebody starts the agent again.
func (s *Session) OfferRestart(restart func()) { s.restart = restart }

func (s *Session) askedToRestart(now time.Time, topic string, retained bool) {
	switch {
	case s.restart == nil:
	case retained:
		s.lines.log(s.opts.Log, slog.LevelWarn, ignoredRetained, "topic", topic)
	case now.Sub(s.began) < restartEvery:
		s.lines.log(s.opts.Log, slog.LevelWarn, "ignored a restart: the last start was less than a minute ago", "topic", topic)
	default:
		s.lines.log(s.opts.Log, slog.LevelWarn, "somebody on the broker asks for a restart", "topic", topic)
		s.restart()
	}
}
