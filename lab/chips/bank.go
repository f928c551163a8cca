package chips

import (
	"fmt"
	"sync"
	"time"
)

// Kind is what happened to a GPIO line.
type Kind uint8

// The kinds of events. The first two change nothing; the kernel asks for every
// line's direction when it meets the bank.
const (
	ReadDirection Kind = iota // the guest asked for the direction
	ReadValue                 // the guest asked for the level
	SetValue                  // the guest set the level for an output, now or later
	SetInput                  // the guest made the line an input
	SetOutput                 // the guest made the line an output
	Release                   // the guest gave the line back: an input again
	PowerCut                  // the board lost its power
)

// String is the kind's name.
func (k Kind) String() string {
	switch k {
	case ReadDirection:
		return "read direction"
	case ReadValue:
		return "read value"
	case SetValue:
		return "set value"
	case SetInput:
		return "set input"
	case SetOutput:
		return "set output"
	case Release:
		return "release"
	case PowerCut:
		return "power cut"
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Event is something that happened to a line.
type Event struct {
	Time          time.Time
	Line          int
	Kind          Kind
	Before, After bool // the level on the wire before and after
}

// Bank is a bank of GPIO lines named GPIO0, GPIO1 and so on. A wire has the level the
// guest drives, else that of what [Bank.Drive] has put on it, else its pull's.
type Bank struct {
	mu    sync.Mutex
	lines []line
	log   []Event
}

// line is one line.
type line struct {
	output bool
	level  bool // driven while it is an output
	pull   bool // what the pull, or a contact outside, makes of the wire otherwise
}

// wire is the level on the wire.
func (l line) wire() bool {
	if l.output {
		return l.level
	}
	return l.pull
}

// NewBank returns a bank of lines, all inputs. Their pulls are those of a
// Raspberry Pi after reset: GPIO0 to GPIO8 up, GPIO9 to GPIO27 down (BCM2835
// ARM Peripherals, table 6-31). Lines above are not on the header; here they
// are pulled down.
func NewBank(lines int) *Bank {
	const lastPulledUp = 8
	b := &Bank{lines: make([]line, lines)}
	for i := range b.lines {
		b.lines[i].pull = i <= lastPulledUp
	}
	return b
}

// Wire is the level on the wire of a line now.
func (b *Bank) Wire(line int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lines[line].wire()
}

// Drive puts a contact on a line, to ground or to the supply.
func (b *Bank) Drive(line int, high bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines[line].pull = high
}

// Log returns all events so far, in order.
func (b *Bank) Log() []Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Event(nil), b.log...)
}

// Changes returns the events that changed the level on a line's wire.
func (b *Bank) Changes(line int) []Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	var changes []Event
	for _, e := range b.log {
		if e.Line == line && e.Before != e.After {
			changes = append(changes, e)
		}
	}
	return changes
}

// PowerCut makes all lines inputs again, as after a reset, with an event for
// each.
func (b *Bank) PowerCut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.lines {
		b.change(i, PowerCut, func(l *line) { l.output, l.level = false, false })
	}
}

// change changes a line and logs it.
func (b *Bank) change(i int, kind Kind, do func(*line)) {
	l := &b.lines[i]
	before := l.wire()
	do(l)
	b.log = append(b.log, Event{Time: time.Now(), Line: i, Kind: kind, Before: before, After: l.wire()})
}

// look logs that a line was looked at and returns it.
func (b *Bank) look(i int, kind Kind) line {
	b.change(i, kind, func(*line) {})
	return b.lines[i]
}
