// Package status shows the zones to people and programs over HTTP: the page,
// its JSON and events, the metrics, and whether every zone ticks. It sees
// snapshots and nothing else of a zone; what changes a setpoint is handed in.
package status

import (
	"encoding/json"
	"sync"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/report"
	"thermostat/controlloop/source"
)

// Zone is what does not change about a zone while the agent runs.
type Zone struct {
	Name   string             // part of its address and labels
	Title  string             // for people; empty: the name
	Params controlloop.Params // what the page shows of bounds and timers
	Calls  string             // the source that heats it; empty: none
}

// Source is what does not change about a source of heat.
type Source struct {
	Name string // part of its address and labels
	Pump bool   // it has a pump
}

// board holds the latest snapshot of each zone, and what follows from all of
// them. Readers take what is newest: nothing is queued for anybody.
type board struct {
	zones []*zoneBoard
	named map[string]*zoneBoard
	wake  chan struct{} // a mailbox of one: something is new

	mu    sync.Mutex     // guards what follows, and what is in the zones
	count uint64         // of what is new
	heat  []*sourceBoard // the sources
	news  chan struct{}
}

// sourceBoard is one source on the board. It steps at each snapshot of its zones, and the
// streams tell what it does when that changes, and now and then.
type sourceBoard struct {
	last   report.SourceSnapshot // as it was last seen; zero Time: not yet
	told   report.SourceSnapshot // as the streams tell it; zero Time: not yet
	number uint64                // of what is told
}

// zoneBoard is one zone on the board.
type zoneBoard struct {
	Zone
	last     *frame // nil: no decision yet
	answers  uint64 // of its sensor, counted
	readings map[controlloop.Verdict]uint64
	past     *history
}

// frame is a snapshot, and its JSON once somebody asks for it.
type frame struct {
	controlloop.Snapshot
	number uint64
	text   func() []byte
}

func newFrame(s controlloop.Snapshot, number uint64) *frame {
	return &frame{s, number, sync.OnceValue(func() []byte {
		text, err := json.Marshal(report.Of(s))
		if err != nil {
			panic(err) // our own type; numbers that JSON cannot say are null before
		}
		return text
	})}
}

func newBoard(zones []Zone, sources []Source) *board {
	b := &board{wake: make(chan struct{}, 1), news: make(chan struct{}), named: map[string]*zoneBoard{}}
	for _, z := range zones {
		on := &zoneBoard{
			Zone: z, readings: map[controlloop.Verdict]uint64{controlloop.VerdictOK: 0},
			past: newHistory(controlloop.StuckSamples * z.Params.Sample),
		}
		b.zones, b.named[z.Name] = append(b.zones, on), on
	}
	for _, s := range sources {
		b.heat = append(b.heat, &sourceBoard{last: report.SourceSnapshot{Name: s.Name}})
	}
	return b
}

// saw takes a snapshot in the zone's goroutine. What it costs does not grow
// with the number of readers.
func (b *board) saw(s controlloop.Snapshot) {
	b.mu.Lock()
	b.count++
	if z := b.zone(s.Zone); z != nil {
		z.saw(newFrame(s, b.count))
	}
	b.mu.Unlock()
	b.wakeUp()
}

// wakeUp notes that something is new.
func (b *board) wakeUp() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

func (z *zoneBoard) saw(f *frame) {
	if f.Answers > z.answers {
		z.readings[f.Heard] += f.Answers - z.answers
		z.answers = f.Answers
	}
	z.past.take(f.Snapshot)
	z.last = f
}

// zone gives a zone by its name, or nil.
func (b *board) zone(name string) *zoneBoard { return b.named[name] }

// announce tells everybody who waits that something is new.
func (b *board) announce() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.news)
	b.news = make(chan struct{})
}

// news is what is new on the board.
type news struct {
	frames  []*frame // in the order of the zones
	sources []report.SourceSnapshot
	newest  uint64
	more    <-chan struct{} // closes when there is more
}

// since gives what is new after a number.
func (b *board) since(number uint64) news {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := news{newest: b.count, more: b.news}
	for _, z := range b.zones {
		if z.last != nil && z.last.number > number {
			n.frames = append(n.frames, z.last)
		}
	}
	for _, s := range b.heat {
		if s.number > number {
			n.sources = append(n.sources, s.told)
		}
	}
	return n
}

// sawSource takes what a source does.
func (b *board) sawSource(snap report.SourceSnapshot) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.heat {
		if s.last.Name != snap.Name {
			continue
		}
		s.last = snap
		if report.SourceChanged(&s.told, &snap) || snap.Time.Sub(s.told.Time) >= source.Step {
			b.count++
			s.told, s.number = snap, b.count
			b.wakeUp()
		}
	}
}

// sources gives all sources as they were last seen.
func (b *board) sources() (all []report.SourceSnapshot) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.heat {
		all = append(all, s.last)
	}
	return all
}

func sourceStuck(s report.SourceSnapshot, now time.Time) bool {
	return now.Sub(s.Time) > controlloop.StuckSamples*source.Step
}

// stuck names the zones and sources that have not completed a tick lately.
func (b *board) stuck(now time.Time) (names []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, z := range b.zones {
		if z.stuck(now) {
			names = append(names, z.Name)
		}
	}
	for _, s := range b.heat {
		if sourceStuck(s.last, now) {
			names = append(names, s.last.Name)
		}
	}
	return names
}

func (z *zoneBoard) stuck(now time.Time) bool {
	return z.last == nil || now.Sub(z.last.Time) > controlloop.StuckSamples*z.Params.Sample
}
