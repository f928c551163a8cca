package state

import (
	"slices"
	"strings"
	"sync"

	"thermostat/controlloop"
)

// Alarm is a zone's fault memory. Several things are kept, each by a
// writer of its own; the fault stands while one of them is not.
type Alarm struct {
	alarms *controlloop.Alarms
	mu     sync.Mutex
	Bad    map[string]string // what is not kept: why
}

// NewAlarm is silent until something cannot be kept.
func NewAlarm(alarms *controlloop.Alarms) *Alarm {
	return &Alarm{alarms: alarms, Bad: map[string]string{}}
}

// Tell notes whether something can be kept; nil: it can. It reports whether it
// is news that it cannot.
func (m *Alarm) Tell(what string, err error) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	was := m.Bad[what]
	if delete(m.Bad, what); err != nil {
		m.Bad[what] = what + " cannot be kept over a restart: " + err.Error()
	}
	var texts []string
	for _, text := range m.Bad {
		texts = append(texts, text)
	}
	slices.Sort(texts)
	m.alarms.Set(controlloop.FaultMemory, len(texts) > 0, strings.Join(texts, "; "))
	return m.Bad[what] != was && err != nil
}
