package main

import (
	"slices"
	"strings"
	"sync"

	"thermostat/controlloop"
)

// memoryAlarm is a zone's fault memory. Several things are kept, each by a
// writer of its own; the fault stands while one of them is not.
type memoryAlarm struct {
	alarms *controlloop.Alarms
	mu     sync.Mutex
	bad    map[string]string // what is not kept: why
}

func newMemoryAlarm(alarms *controlloop.Alarms) *memoryAlarm {
	return &memoryAlarm{alarms: alarms, bad: map[string]string{}}
}

// tell notes whether something can be kept; nil: it can. It reports whether it
// is news that it cannot.
func (m *memoryAlarm) tell(what string, err error) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	was := m.bad[what]
	if delete(m.bad, what); err != nil {
		m.bad[what] = what + " cannot be kept over a restart: " + err.Error()
	}
	var texts []string
	for _, text := range m.bad {
		texts = append(texts, text)
	}
	slices.Sort(texts)
	m.alarms.Set(controlloop.FaultMemory, len(texts) > 0, strings.Join(texts, "; "))
	return m.bad[what] != was && err != nil
}
