package mqtt

import (
	"time"

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
	problem string        // in the last info
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

// offline is the status of one that ends.
func (p *presence) offline() outgoing { return outgoing{p.topics.Status(), []byte("offline"), 1, true} }

// info is what the agent says of itself, with what is wrong in all zones.
func (p *presence) info(now time.Time, state, problem string) outgoing {
	i := p.ask()
	i.Process, i.Time, i.EveryS = p.process, now.UTC().Truncate(time.Millisecond), p.every.Seconds()
	i.Problem, i.ProblemText = state, problem
	p.problem, p.infoAt = problem, now
	if p.echo.info {
		p.echo.sent(now)
	}
	return outgoing{p.topics.Info(), wire.JSON(i), 1, true}
}

// infoDue reports whether it is time for an info, or something else is wrong now.
func (p *presence) infoDue(now time.Time, zones []*zone) bool {
	since := now.Sub(p.infoAt)
	if since < p.pause {
		return false
	}
	_, problem := problemOf(zones)
	return problem != p.problem || since >= p.every
}

// problemOf sums up what is wrong in all zones.
func problemOf(zones []*zone) (state, text string) {
	var texts []string
	for _, z := range zones {
		for _, f := range z.telemetry.latest.Faults {
			texts = append(texts, z.name()+": "+f.Text)
		}
	}
	return report.Problem(texts)
}
