package report

import (
	"math"
	"slices"
	"time"

	"thermostat/controlloop"
)

// Source is a source of heat as it is published: what is unknown is null.
type Source struct {
	Time     time.Time `json:"time"`
	Name     string    `json:"name"`
	Relay    *string   `json:"relay"`   // on, off
	Pump     *string   `json:"pump"`    // on, off; null where there is none, too
	Calling  []string  `json:"calling"` // the zones whose calls count
	Reason   string    `json:"reason"`
	WaitS    *float64  `json:"wait_s"` // seconds until a held switch may happen
	Faults   []Fault   `json:"faults"`
	Cycles   uint64    `json:"cycles"`
	RuntimeH float64   `json:"runtime_h"` // hours
}

// SourceSnapshot is a source at one step, as the rest of the program may see it.
type SourceSnapshot struct {
	Name    string
	Time    time.Time // of the step, on the monotonic clock
	Relay   controlloop.RelayState
	Pump    controlloop.RelayState // unknown where there is none, too
	Calling []string
	Reason  string
	Wait    time.Duration
	Faults  []controlloop.Fault
	Cycles  uint64
	On      time.Duration // in all its life
}

// SourceChanged reports whether a source does something else, or has other faults. Numbers
// that count are no change.
func SourceChanged(a, b *SourceSnapshot) bool {
	return a.Relay != b.Relay || a.Pump != b.Pump || a.Reason != b.Reason || a.Cycles != b.Cycles ||
		!slices.Equal(a.Calling, b.Calling) || !SameFaults(a.Faults, b.Faults)
}

// OfSource gives the published form of a snapshot.
func OfSource(s SourceSnapshot) Source {
	r := Source{
		Time: wall(s.Time), Name: s.Name, Relay: word(s.Relay), Pump: word(s.Pump), Calling: append([]string{}, s.Calling...),
		Reason: s.Reason, Faults: []Fault{}, Cycles: s.Cycles, RuntimeH: math.Round(s.On.Hours()*1e3) / 1e3,
	}
	if s.Wait > 0 {
		r.WaitS = known(math.Ceil(s.Wait.Seconds()), 1)
	}
	for _, f := range s.Faults {
		r.Faults = append(r.Faults, Fault{Name: f.Name, Since: wall(f.Since), Text: f.Text})
	}
	return r
}
