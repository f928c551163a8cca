package modbus

import (
	"path/filepath"
	"sync"
)

// Lines are the serial ports of a machine: the relays on one share it, however it is called.
type Lines struct {
	mu     sync.Mutex
	lines  map[string]*Line // by port
	relays []*Relay
}

// Open opens a relay, off. Its port must be there, while its board may be silent. The
// error says what the system said.
func (ls *Lines) Open(s Spec) (*Relay, error) {
	port := s.Port
	if real, err := filepath.EvalSymlinks(port); err == nil {
		port = real
	}
	ls.mu.Lock()
	defer ls.mu.Unlock()
	line := ls.lines[port]
	if line == nil {
		open := func() (Port, error) { return openSerial(s.Port, s.Baud) }
		opened, err := open()
		if err != nil {
			return nil, err
		}
		line = NewLine(s.Baud, open)
		line.wire.port = opened
		if ls.lines == nil {
			ls.lines = map[string]*Line{}
		}
		ls.lines[port] = line
	}
	relay := line.Relay(s)
	ls.relays = append(ls.relays, relay)
	return relay, nil
}

// LetGo tells of each relay whether it opens by itself when the agent dies; nil: not known yet.
func (ls *Lines) LetGo() (all []*bool) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for _, r := range ls.relays {
		all = append(all, r.LetsGo())
	}
	return all
}
