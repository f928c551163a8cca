package mqtt

import (
	"sync"
	"time"

	"thermostat/controlloop/report"
	"thermostat/mqtt/wire"
)

// Sources are the boilers that zones share, and what was published of each on
// this connection. Their own goroutines show them; the session's publishes. The zero value has none.
type Sources struct {
	mu  sync.Mutex
	all []*sourceTold
}

// sourceTold is one source.
type sourceTold struct {
	latest, published report.SourceSnapshot
	at                time.Time // of the last publication; zero: none on this connection
}

// Observe takes what a source does. It never blocks for long.
func (s *Sources) Observe(snap report.SourceSnapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.all {
		if t.latest.Name == snap.Name {
			t.latest = snap
			return
		}
	}
	s.all = append(s.all, &sourceTold{latest: snap})
}

// reset forgets what was published: a new connection gets everything.
func (s *Sources) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.all {
		t.at = time.Time{}
	}
}

// due gives the messages of sources that have changed, and of those of which nothing was said for long.
func (s *Sources) due(now time.Time, tp wire.Topics, every time.Duration) (all []outgoing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.all {
		if a, b := &t.published, &t.latest; t.at.IsZero() || now.Sub(t.at) >= max(every, stateGap) || report.SourceChanged(a, b) {
			t.published, t.at = t.latest, now
			all = append(all, outgoing{tp.Source(b.Name), wire.JSON(report.OfSource(*b)), 1, true})
		}
	}
	return all
}
