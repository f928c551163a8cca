package controlloop

import (
	"sort"
	"sync"
	"time"
)

// faultSet holds the faults of one owner by name.
type faultSet map[FaultName]Fault

// set raises or clears a fault; it reports whether that changed anything. The
// text is made only for a fault that is there.
func (fs *faultSet) set(name FaultName, bad bool, now time.Time, text func() string) bool {
	if !bad && len(*fs) == 0 {
		return false
	}
	old, there := (*fs)[name]
	if !bad {
		delete(*fs, name)
		return there
	}
	if !there {
		old = Fault{Name: name, Since: now}
	}
	said := text()
	if there && old.Text == said {
		return false
	}
	old.Text = said
	if *fs == nil {
		*fs = faultSet{}
	}
	(*fs)[name] = old
	return true
}

func (fs faultSet) list() []Fault {
	var out []Fault
	for _, f := range fs {
		out = append(out, f)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// Alarms are faults of a zone that others than the zone itself find out: the
// memory, the broker. A nil *Alarms holds none.
type Alarms struct {
	mu   sync.Mutex
	set  faultSet
	wake chan struct{}
}

// NewAlarms makes an empty set.
func NewAlarms() *Alarms { return &Alarms{wake: make(chan struct{}, 1)} }

// Set raises the fault of that name with a sentence for people, or clears it.
func (a *Alarms) Set(name FaultName, bad bool, text string) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.set.set(name, bad, time.Now(), func() string { return text }) {
		select {
		case a.wake <- struct{}{}:
		default:
		}
	}
}

func (a *Alarms) changed() <-chan struct{} {
	if a == nil {
		return nil
	}
	return a.wake
}

func (a *Alarms) list() []Fault {
	if a == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.set.list()
}
