package mqtt

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"time"

	"thermostat/controlloop"
	"thermostat/mqtt/wire"
)

// duplicates finds out whether another agent of this name is at work. Who of the
// two has the client id is the broker's to say, and which of them shall have the
// name a person's: both raise a fault and control on.
//
// A single info of another process proves nothing: it may be the last one of our
// predecessor, which a broker or a bridge has kept, or anybody's invention. A
// process at work publishes a new one at the pace of the clock, or after our own
// info was at that broker.
type duplicates struct {
	device  string
	log     *slog.Logger
	fault   alarm
	process string        // a random name of this process: copied memories have the same instance
	silence time.Duration // for so long nothing new was heard of who is taken for gone

	broker       string               // of this connection
	echoed       map[string]bool      // by broker: our own info has come back; each may keep its own
	echoedBefore bool                 // it had before this connection began
	others       map[string]statement // by process: its newest info

	other   wire.Info // of the duplicate heard last
	heardAt time.Time // zero: there is none
}

// statement is when a process published an info: by its clock, and by ours.
type statement struct{ said, heard time.Time }

const (
	maxProcesses = 100              // are remembered: anybody on the broker can invent some
	minSilence   = 3 * time.Minute  // the shortest time after which a duplicate is taken for gone
	paceSlack    = 15 * time.Second // between two clocks that measure the time from one info to the next: a queue, a slow link
)

func newDuplicates(o Options) duplicates {
	return duplicates{
		device: o.Device, log: o.Log, fault: alarm{zones: o.Zones, name: controlloop.FaultDuplicateDevice},
		process: strconv.FormatUint(rand.Uint64(), 36), silence: max(minSilence, 3*o.infoEvery()),
		echoed: map[string]bool{}, others: map[string]statement{},
	}
}

// connected begins a connection to a broker.
func (d *duplicates) connected(broker string) {
	d.broker, d.echoedBefore = broker, d.echoed[broker]
}

// hear takes an info of this name; own reports whether we published it ourselves.
func (d *duplicates) hear(now time.Time, i wire.Info, retained bool) (own bool) {
	if i.Process == d.process {
		d.echoed[d.broker] = true
		return true
	}
	last, known := d.others[i.Process]
	if i.Process == "" || known && !i.Time.After(last.said) {
		return false
	}
	d.note(i.Process, statement{i.Time, now})
	drift := i.Time.Sub(last.said) - now.Sub(last.heard)
	if known && (retained && d.echoedBefore || !retained && drift.Abs() <= paceSlack) {
		d.other, d.heardAt = i, now
	}
	return false
}

// note remembers an info, in the place of the one heard longest ago if there are many.
func (d *duplicates) note(process string, w statement) {
	if _, known := d.others[process]; !known && len(d.others) >= maxProcesses {
		oldest := ""
		for p, o := range d.others {
			if oldest == "" || o.heard.Before(d.others[oldest].heard) {
				oldest = p
			}
		}
		delete(d.others, oldest)
	}
	d.others[process] = w
}

// text is the fault in words, empty while there is no duplicate.
func (d *duplicates) text(now time.Time) string {
	if d.heardAt.IsZero() || now.Sub(d.heardAt) >= d.silence {
		return ""
	}
	return fmt.Sprintf("another agent of the name %s is at the broker (instance %.40q, since %s): give one of them another `device`",
		d.device, d.other.Instance, d.other.StartedAt.UTC().Format(time.RFC3339))
}

// judge raises and ends the fault.
func (d *duplicates) judge(now time.Time) {
	text := d.text(now)
	if text != "" && d.fault.text == "" {
		d.log.Error("another agent has this name: the zones are controlled on, and the broker takes turns between the two",
			"instance", d.other.Instance, "started_at", d.other.StartedAt)
	}
	d.fault.set(text)
}
