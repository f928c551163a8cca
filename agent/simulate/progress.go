package simulate

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"thermostat/agent/cli"
)

// progress is a bar on the terminal of whoever waits; it appears only where a
// run takes long.
type progress struct {
	out   io.Writer
	total time.Duration
	done  atomic.Int64
	stop  chan struct{}
	ended sync.WaitGroup
	once  sync.Once
}

// newProgress starts a bar for all runs, unless nobody looks.
func newProgress(out io.Writer, grid []*Simulation) *progress {
	p := &progress{out: out, stop: make(chan struct{})}
	for _, s := range grid {
		p.total += s.Total
	}
	if out == os.Stderr && cli.IsTerminal(os.Stderr) {
		p.ended.Go(p.Show)
	}
	return p
}

func (p *progress) add(d time.Duration) { p.done.Add(int64(d)) }

// Show shows how far it is, where somebody looks.
func (p *progress) Show() {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-p.stop:
			fmt.Fprint(p.out, "\r\x1b[K")
			return
		case <-tick.C:
			share := min(float64(p.done.Load())/float64(p.total), 1)
			full := int(share * 40)
			fmt.Fprintf(p.out, "\r\x1b[K[%s%s] %3.0f %%", strings.Repeat("#", full), strings.Repeat(" ", 40-full), 100*share)
		}
	}
}

// end takes the bar away; a second call does nothing.
func (p *progress) end() {
	p.once.Do(func() { close(p.stop) })
	p.ended.Wait()
}
