package device

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// Brokers keep the last message of a topic, and a bridge between two brokers says
// it again as if it were new, at each of its connections. How long after its
// connection such a word may come, and how soon after it a second one is no word
// of the sensor's own.
const (
	bridgeTime = 10 * time.Second // more than a slow link needs for what it had kept and queued
	sameWords  = 2 * time.Second
	replays    = 3 // so many words of before in a row are told as such
)

// bridgeStates is where mosquitto tells, as $SYS/broker/connection/NAME/state,
// whether a bridge of its is connected (mosquitto.conf(5), notifications).
const bridgeStates = "$SYS/broker/connection/+/state"

func isBridgeState(topic string) bool {
	return strings.HasPrefix(topic, "$SYS/broker/connection/") && strings.HasSuffix(topic, "/state")
}

// oldWords tells the readings of a topic from old ones that come again.
type oldWords struct {
	staleAfter time.Duration // of the zone

	last    []byte    // the last message
	lastAt  time.Time // when it came
	own     time.Time // the latest time that a document gave for its reading; zero: none did
	kept    bool      // the broker keeps the messages of this topic
	doubt   bool      // the last message may come once more, and be no word of the sensor
	firstAt time.Time // when it did; zero: it did not
	bridge  time.Time // when a bridge connected last
	again   int       // words of before, in a row

	back   time.Time // the time of a document that was before own; zero: none
	backAt time.Time // when it came
}

// retained notes what the broker had kept. It is no reading.
func (o *oldWords) retained(now time.Time, payload []byte, own time.Time) {
	o.kept, o.doubt, o.firstAt = true, true, time.Time{}
	o.note(now, payload, own)
}

// connected notes a new connection of ours: a bridge may begin one, too.
func (o *oldWords) connected() { o.doubt = o.doubt || o.kept }

// bridged notes that a bridge of the broker has connected.
func (o *oldWords) bridged(now time.Time) { o.bridge, o.doubt = now, o.doubt || o.kept }

func (o *oldWords) note(now time.Time, payload []byte, own time.Time) {
	o.last, o.lastAt = bytes.Clone(payload), now
	if own.After(o.own) {
		o.own = own
	}
}

// judge says why a message is no new reading; "" if it is one.
func (o *oldWords) judge(now time.Time, payload []byte, own time.Time) string {
	why := o.why(now, payload, own)
	if !bytes.Equal(payload, o.last) {
		o.firstAt, o.doubt = time.Time{}, false
	}
	if why == "" {
		o.again, o.back = 0, time.Time{}
		if !own.IsZero() {
			o.own = own
		}
	} else if o.again++; o.again >= replays {
		why = fmt.Sprintf("%d times in a row nothing new came: %s", o.again, why)
	}
	o.note(now, payload, own)
	return why
}

func (o *oldWords) why(now time.Time, payload []byte, own time.Time) string {
	if o.kept || o.last == nil { // else no broker keeps anything that a bridge could say
		if !o.bridge.IsZero() && now.Sub(o.bridge) < bridgeTime {
			o.doubt = false
			return "a bridge of the broker has just connected, and says what was kept"
		}
	}
	if !own.IsZero() && !o.own.IsZero() {
		return o.orderOf(now, own)
	}
	if !bytes.Equal(payload, o.last) {
		return ""
	}
	switch {
	case o.doubt, o.kept && now.Sub(o.lastAt) > o.staleAfter:
		o.doubt, o.firstAt = false, now
		return "it is what the broker had kept, word by word: a second one will count"
	case !o.firstAt.IsZero() && now.Sub(o.firstAt) < sameWords:
		return "it is what the broker had kept, word by word"
	}
	o.firstAt = time.Time{}
	return ""
}

// orderOf judges a message by its own time. One that goes back is old, unless it
// goes on from there as our clock does: then the device's clock was put back, be
// it by the end of summer time.
func (o *oldWords) orderOf(now, own time.Time) string {
	switch {
	case own.After(o.own):
		return ""
	case own.Equal(o.own):
		return fmt.Sprintf("its own time is %s, as of the last one: the same reading", shownTime(own))
	}
	if went := now.Sub(o.backAt); !o.back.IsZero() && went >= sameWords {
		if off := own.Sub(o.back) - went; max(off, -off) <= max(sameWords, went/10) {
			return ""
		}
	}
	o.back, o.backAt = own, now
	return fmt.Sprintf("its own time is %s, before that of the last one, %s: an old reading", shownTime(own), shownTime(o.own))
}

func shownTime(t time.Time) string { return t.Format("2006-01-02 15:04:05") }
