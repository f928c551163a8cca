package mqtt

import (
	"slices"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// What may be on its way to the broker without an acknowledgement. Each such
// message takes about a kilobyte, and acknowledgements stand behind whatever else
// the broker has for us: a flood of controls, say.
const (
	mostInFlight   = 1000             // with more, answers and our own controls wait, states and relays take their time
	mostOfAZone    = 3                // heater, cooler and state of each zone go beyond that
	mostEver       = 60_000           // MQTT counts to 65,535
	flightPatience = 30 * time.Second // none of so many lands for so long: connect anew
)

// flight is what was published at QoS 1 on this connection and is not known to
// have landed, oldest first: that is the order of acknowledgements (MQTT 3.1.1, 4.6).
type flight struct {
	tokens []paho.Token
	moved  time.Time // when one of them landed last, or the oldest began
}

func (f *flight) add(now time.Time, t paho.Token) {
	if len(f.tokens) == 0 {
		f.moved = now
	}
	f.tokens = append(f.tokens, t)
}

// waiting counts what has not landed.
func (f *flight) waiting(now time.Time) int {
	for len(f.tokens) > 0 && landed(f.tokens[0]) {
		f.tokens[0] = nil
		f.tokens, f.moved = f.tokens[1:], now
	}
	return len(f.tokens)
}

// overtake lets go of what has landed behind a message that the broker forgot.
func (f *flight) overtake(now time.Time) {
	n := len(f.tokens)
	if f.tokens = slices.DeleteFunc(f.tokens, landed); len(f.tokens) < n {
		f.moved = now
	}
}

func landed(t paho.Token) bool {
	select {
	case <-t.Done():
		return true
	default:
		return false
	}
}

// room reports whether everything may be published now.
func (s *Session) room(now time.Time) bool { return s.flight.waiting(now) < mostInFlight }

// roomFor reports whether a zone's state or relays may be told now, that were told
// last at a time: with little room only some time later, however often they changed.
func (s *Session) roomFor(told, now time.Time) bool {
	n := s.flight.waiting(now)
	return n < mostInFlight || n < min(mostInFlight+mostOfAZone*len(s.names), mostEver) && now.Sub(told) >= stateGap
}

// judgeFlight leaves a broker that acknowledges nothing any more.
func (s *Session) judgeFlight(now time.Time) {
	if s.room(now) {
		return
	}
	s.flight.overtake(now)
	if !s.room(now) && now.Sub(s.flight.moved) >= flightPatience {
		s.opts.Log.Warn("the broker acknowledges nothing: connecting anew", "messages", len(s.flight.tokens))
		s.drop()
	}
}
