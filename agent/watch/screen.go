package watch

import (
	"os"
	"strings"
	"time"

	"thermostat/agent/cli"
	"thermostat/mqtt/client"
)

// drawEvery is the shortest time between two pictures: a flood of messages
// must not keep the terminal busy.
const drawEvery = 100 * time.Millisecond

// screen draws the table in place, and anew when the terminal's size changes.
type screen struct {
	out   *os.File
	table *watchTable
}

// Show draws the table anew.
func (s *screen) Show(sights <-chan client.Event) {
	resized, end := cli.Resizes()
	defer end()
	tick := time.NewTicker(drawEvery)
	defer tick.Stop()
	s.write(cli.ScreenBegin)
	defer s.write(cli.ScreenEnd)
	s.draw()
	for changed := false; ; {
		select {
		case sight, more := <-sights:
			if !more {
				s.draw()
				return
			}
			s.table.saw(sight)
			changed = true
		case <-resized:
			s.draw()
		case <-tick.C:
			if changed {
				s.draw()
			}
			changed = false
		}
	}
}

func (s *screen) draw() {
	width, height, _ := cli.TerminalSize(s.out)
	lines := s.table.picture(width-1, height, time.Now()) // some terminals wrap when the last column is written
	s.write(cli.ScreenHome + strings.Join(lines, cli.LineEnd) + cli.ScreenRest)
}

// WriteFile ignores that the terminal is gone: the signal that tells so ends us.
func (s *screen) write(text string) { _, _ = s.out.WriteString(text) }
