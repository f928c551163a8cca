package mqtt

import (
	"time"

	"thermostat/controlloop/comfort"
	"thermostat/controlloop/report"
	"thermostat/mqtt/wire"
)

// minInfoEvery bounds how often info is said at least, however fast states are.
const minInfoEvery = time.Second

// infoEvery is how often info is said. A will alone would not do as a sign of
// life: a cluster's node that dies delivers none.
func (o Options) infoEvery() time.Duration { return max(o.StateEvery, minInfoEvery) }

// problemPause is the least time between two infos, for each zone: all of many
// zones' make a long message.
const problemPause = 5 * time.Millisecond

// presence is what the agent says of itself: that it is online, and its info.
type presence struct {
	topics  wire.Topics
	ask     func() wire.Info // nil: there is no info
	process string
	every   time.Duration
	pause   time.Duration // between two infos, however fast problems come and go
	said    summary       // in the last info
	infoAt  time.Time     // when that was said
	echo    echo          // of what is published
}

func newPresence(o Options, t wire.Topics, process string) presence {
	return presence{
		topics: t, ask: o.Info, process: process, every: o.infoEvery(),
		pause: time.Duration(len(o.Zones)) * problemPause, echo: newEcho(o, t),
	}
}

// online is the status of an agent that is there.
func (p *presence) online(now time.Time) outgoing {
	p.echo.sent(now)
	return outgoing{p.topics.Status(), []byte("online"), 1, true}
}

// receiveStatus takes a status of this name, and gives what contradicts it.
func (p *presence) receiveStatus(now time.Time, status string, retained bool) (contradiction []outgoing) {
	if status == "offline" { // a late will of our own last connection
		return []outgoing{p.online(now)}
	}
	if !retained {
		p.echo.returned()
	}
	return nil
}

// offline is the status of one that ends.
func (p *presence) offline() outgoing { return outgoing{p.topics.Status(), []byte("offline"), 1, true} }

// info is what the agent says of itself and of all zones.
func (p *presence) info(now time.Time, is summary) outgoing {
	i := p.ask()
	i.Process, i.Time, i.EveryS = p.process, now.UTC().Truncate(time.Millisecond), p.every.Seconds()
	i.Problem, i.ProblemText, i.Away = is.state, is.problem, is.away
	if !is.awayUntil.IsZero() {
		until := is.awayUntil.UTC().Truncate(time.Millisecond)
		i.AwayUntil = &until
	}
	p.said, p.infoAt = is, now
	if p.echo.info {
		p.echo.sent(now)
	}
	return outgoing{p.topics.Info(), wire.JSON(i), 1, true}
}

// infoDue reports whether it is time for an info, or it would say something else now.
func (p *presence) infoDue(now time.Time, zones []*zone) bool {
	since := now.Sub(p.infoAt)
	if since < p.pause {
		return false
	}
	for _, z := range zones {
		if z.replanned {
			return true
		}
	}
	return !summaryOf(zones).same(p.said) || since >= p.every
}

// summary is what all zones together come to.
type summary struct {
	state, problem string
	away           bool
	awayUntil      time.Time // the latest end; zero: none, or not known
}

// same reports whether two summaries say the same. The end of a hold by duration moves a
// little with a clock that is being set.
func (s summary) same(o summary) bool {
	if moved := s.awayUntil.Sub(o.awayUntil).Abs(); moved >= time.Second {
		return false
	}
	s.awayUntil = o.awayUntil
	return s == o
}

// summaryOf sums up what is wrong in all zones, and who is away.
func summaryOf(zones []*zone) (s summary) {
	var texts []string
	open := false
	for _, z := range zones {
		for _, f := range z.telemetry.latest.Faults {
			texts = append(texts, z.name()+": "+f.Text)
		}
		if until, away := comfort.IsAway(z.telemetry.latest.Target); away {
			s.away, open = true, open || until.IsZero()
			if until.After(s.awayUntil) {
				s.awayUntil = until
			}
		}
	}
	if open {
		s.awayUntil = time.Time{}
	}
	s.state, s.problem = report.Problem(texts)
	return s
}
