package mqtt

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// twin finds out whether another agent of this name is at the broker. A broker
// lets only one connection of a client id live, so that two such agents would
// throw each other out for ever. Each hears the other's info, and both decide
// by the same published words: who started later leaves the name to the other.
//
// An info that comes live is proof. A retained one may be our predecessor's; it
// is proof if it is newer than our own, which had come back from that broker on
// an earlier connection, and newer than what we know of that process.
type twin struct {
	process string        // a random word of this process: copied memories have the same instance
	started time.Time     // ours, as published
	silence time.Duration // for so long nothing was heard of who is taken for gone

	broker string               // of this connection
	landed map[string]bool      // by broker: our own info has come back; each may keep its own
	proof  bool                 // it had before this connection began
	last   map[string]time.Time // by process: when it last said something, by its own clock

	other   Info          // the twin heard last
	pause   time.Duration // three times how often it says that it is there
	heardAt time.Time     // zero: there is none
	elderAt time.Time     // when one that started before us was heard; zero: there is none
	yields  bool
}

// maxProcesses bounds what is known of others: anybody on the broker can invent some.
const maxProcesses = 100

// minSilence is the shortest time after which a twin is taken for gone.
const minSilence = 3 * time.Minute

func newTwin(o Options) twin {
	t := twin{
		process: strconv.FormatUint(rand.Uint64(), 36), silence: max(minSilence, 3*o.infoEvery()),
		landed: map[string]bool{}, last: map[string]time.Time{},
	}
	if o.Info != nil {
		t.started = o.Info().StartedAt
	}
	return t
}

// connected begins a connection to a broker: silence counts from now on, since
// nothing was heard meanwhile.
func (t *twin) connected(now time.Time, broker string) {
	t.broker, t.proof = broker, t.landed[broker]
	for _, at := range []*time.Time{&t.heardAt, &t.elderAt} {
		if !at.IsZero() {
			*at = now
		}
	}
}

// hears takes an info of this name; own reports whether we said it ourselves.
func (t *twin) hears(now time.Time, i Info, retained bool) (own bool) {
	if i.Process == "" || i.Process == t.process {
		own = i.Process != ""
		if own {
			t.landed[t.broker] = true
		}
		return own
	}
	newer := i.Time.After(t.last[i.Process])
	if newer && (len(t.last) < maxProcesses || !t.last[i.Process].IsZero()) {
		t.last[i.Process] = i.Time
	}
	if retained && !(t.proof && newer) {
		return false
	}
	t.other, t.heardAt, t.pause = i, now, 3*i.every()
	if t.isElder(i) {
		t.elderAt = now
	}
	return false
}

// isElder reports whether another process keeps the name rather than we.
func (t *twin) isElder(i Info) bool {
	if !i.StartedAt.Equal(t.started) {
		return i.StartedAt.Before(t.started)
	}
	return i.Process < t.process
}

// judge forgets who is silent, and decides who has the name.
func (t *twin) judge(now time.Time) {
	for _, at := range []*time.Time{&t.heardAt, &t.elderAt} {
		if now.Sub(*at) >= max(t.silence, t.pause) {
			*at = time.Time{}
		}
	}
	t.yields = !t.elderAt.IsZero()
}

// text is the fault in words, empty while there is no twin.
func (t *twin) text(device string) string {
	if t.heardAt.IsZero() {
		return ""
	}
	return fmt.Sprintf("another agent of the name %s is at the broker (instance %.40q, since %s): give one of them another `device`",
		device, t.other.Instance, t.other.StartedAt.UTC().Format(time.RFC3339))
}
