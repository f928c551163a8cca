package device

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// Brokers retain the last message of a topic, and a bridge between two brokers sends
// it again as if it were new, at each of its connections. How long after its
// connection such a replay may come, and how soon after it a second one is none of
// the sensor's own.
const (
	bridgeTime  = 10 * time.Second // more than a slow link needs for what it had retained and queued
	replayTime  = 2 * time.Second
	replaysTold = 3 // so many replays in a row are told as such
)

// bridgeStates is where mosquitto tells, as $SYS/broker/connection/NAME/state,
// whether a bridge of its is connected (mosquitto.conf(5), notifications).
const bridgeStates = "$SYS/broker/connection/+/state"

func isBridgeState(topic string) bool {
	return strings.HasPrefix(topic, "$SYS/broker/connection/") && strings.HasSuffix(topic, "/state")
}

// replayFilter tells new readings of a topic from old ones that come again.
type replayFilter struct {
	staleAfter time.Duration // of the zone

	last      []byte    // the last message
	lastAt    time.Time // when it came
	celsius   float64   // what it said
	ownTime   time.Time // the latest time that a document gave for its reading; zero: none did
	kept      bool      // the broker retains the messages of this topic
	uncertain bool      // the last message may come once more, and be no new one of the sensor
	firstAt   time.Time // when it did; zero: it did not
	bridge    time.Time // when a bridge connected last
	replays   int       // replays in a row

	earlierTime time.Time // the time of a document that was before ownTime; zero: none
	earlierAt   time.Time // when it came
}

// retained notes what the broker had retained. It is no reading.
func (f *replayFilter) retained(now time.Time, payload []byte, r reading) {
	f.kept, f.uncertain, f.firstAt = true, true, time.Time{}
	f.note(now, payload, r)
}

// connected notes a new connection of ours: a bridge may begin one, too.
func (f *replayFilter) connected() { f.uncertain = f.uncertain || f.kept }

// bridged notes that a bridge of the broker has connected.
func (f *replayFilter) bridged(now time.Time) { f.bridge, f.uncertain = now, f.uncertain || f.kept }

func (f *replayFilter) note(now time.Time, payload []byte, r reading) {
	f.last, f.lastAt, f.celsius = bytes.Clone(payload), now, r.Celsius
	if r.measuredAt.After(f.ownTime) {
		f.ownTime = r.measuredAt
	}
}

// judge says why a message is no new reading; "" if it is one.
func (f *replayFilter) judge(now time.Time, payload []byte, r reading) string {
	why := f.why(now, payload, r)
	if !bytes.Equal(payload, f.last) {
		f.firstAt, f.uncertain = time.Time{}, false
	}
	if why == "" {
		f.replays, f.earlierTime = 0, time.Time{}
		if !r.measuredAt.IsZero() {
			f.ownTime = r.measuredAt
		}
	} else if f.replays++; f.replays >= replaysTold {
		why = fmt.Sprintf("%d times in a row nothing new came: %s", f.replays, why)
	}
	f.note(now, payload, r)
	return why
}

func (f *replayFilter) why(now time.Time, payload []byte, r reading) string {
	if f.kept || f.last == nil { // else no broker retains anything that a bridge could send
		if !f.bridge.IsZero() && now.Sub(f.bridge) < bridgeTime {
			f.uncertain = false
			return "a bridge of the broker has just connected, and says what was kept"
		}
	}
	if !r.measuredAt.IsZero() && !f.ownTime.IsZero() {
		return f.judgeOrder(now, r)
	}
	if !bytes.Equal(payload, f.last) {
		return ""
	}
	switch {
	case f.uncertain, f.kept && now.Sub(f.lastAt) > f.staleAfter:
		f.uncertain, f.firstAt = false, now
		return "it is what the broker had kept, word by word: a second one will count"
	case !f.firstAt.IsZero() && now.Sub(f.firstAt) < replayTime:
		return "it is what the broker had kept, word by word"
	}
	f.firstAt = time.Time{}
	return ""
}

// judgeOrder judges a message by its own time. One that goes back is old, unless it
// goes on from there as our clock does: then the device's clock was put back, be
// it by the end of summer time. A time without fractions is that of all messages of
// a second: a gateway that says the last temperature beside the new humidity first
// says the new one with the same time.
func (f *replayFilter) judgeOrder(now time.Time, r reading) string {
	own := r.measuredAt
	switch {
	case own.After(f.ownTime):
		return ""
	case own.Equal(f.ownTime) && r.Celsius != f.celsius && now.Sub(f.lastAt) < replayTime && !f.uncertain:
		return ""
	case own.Equal(f.ownTime):
		return fmt.Sprintf("its own time is %s, as of the last one: the same reading", shownTime(own))
	}
	if went := now.Sub(f.earlierAt); !f.earlierTime.IsZero() && went >= replayTime {
		if off := own.Sub(f.earlierTime) - went; max(off, -off) <= max(replayTime, went/10) {
			return ""
		}
	}
	f.earlierTime, f.earlierAt = own, now
	return fmt.Sprintf("its own time is %s, before that of the last one, %s: an old reading", shownTime(own), shownTime(f.ownTime))
}

func shownTime(t time.Time) string { return t.Format("2006-01-02 15:04:05") }
