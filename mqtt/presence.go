package mqtt

import "time"

// minInfoEvery bounds how often info is said at least, however fast states are.
const minInfoEvery = time.Second

// infoEvery is how often info is said. A will alone would not do as a sign of
// life: a cluster's node that dies delivers none.
func (o Options) infoEvery() time.Duration { return max(o.StateEvery, minInfoEvery) }

// tellInfo publishes what the agent says of itself.
func (s *Session) tellInfo(now time.Time) {
	if s.opts.Info == nil || s.client == nil {
		return
	}
	i := s.opts.Info()
	i.Process, i.Time, i.EveryS = s.duplicates.process, now.UTC().Truncate(time.Millisecond), s.opts.infoEvery().Seconds()
	i.Problem, i.ProblemText = s.problem()
	s.toldProblem, s.infoAt = i.ProblemText, now
	if s.echo.info {
		s.echo.said(now)
	}
	s.client.Publish(s.topics.info(), 1, true, asJSON(i))
}

// tellInfoAgain publishes it when it is time, or something else is wrong now.
func (s *Session) tellInfoAgain(now time.Time) {
	since := now.Sub(s.infoAt)
	if since < time.Duration(len(s.names))*problemPause {
		return
	}
	if _, text := s.problem(); text != s.toldProblem || since >= s.opts.infoEvery() {
		s.tellInfo(now)
	}
}

// problemPause is the least time between two infos, for each zone: all of many
// zones' make a long message.
const problemPause = 5 * time.Millisecond
