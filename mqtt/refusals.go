package mqtt

import (
	"slices"
	"strings"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"thermostat/controlloop"
)

// complainEvery is how often the same refusal is logged.
const complainEvery = 10 * time.Minute

// alarm is a fault of all zones. It belongs to one goroutine.
type alarm struct {
	zones []Zone
	name  controlloop.FaultName
	text  string // told; empty: there is no fault
}

// set raises the fault with a sentence for people, or clears it with none.
func (a *alarm) set(text string) {
	if text == a.text {
		return
	}
	a.text = text
	for _, z := range a.zones {
		z.Alarms.Set(a.name, text != "", text)
	}
}

// alarms are the faults of the connection as a whole.
type alarms struct {
	broker    alarm // only a person can mend why there is no connection; keepConnected's goroutine owns it
	subscribe alarm
	publish   alarm
	duplicate alarm
}

func newAlarms(zones []Zone) alarms {
	of := func(name controlloop.FaultName) alarm { return alarm{zones: zones, name: name} }
	return alarms{of(controlloop.FaultBrokerRefused), of(controlloop.FaultSubscriptionRefused), of(controlloop.FaultPublishRefused), of(controlloop.FaultDuplicateDevice)}
}

// complaint is what was logged last, and when.
type complaint struct {
	text string
	at   time.Time
}

// due reports whether a text is to be logged: a new one at once, the same one
// every ten minutes.
func (c *complaint) due(text string, now time.Time) bool {
	if text == c.text && now.Sub(c.at) < complainEvery {
		return false
	}
	*c = complaint{text, now}
	return true
}

// unreached tells that no broker was entered. What only a person can mend is a
// fault until the next connection; it is told with all the rest, or somebody
// would mend the wrong one of two brokers.
func (s *Session) unreached(failed misses, told *complaint) {
	cause := failed.byHand()
	switch {
	case cause == "":
		s.opts.Log.Warn("no broker: control goes on without", "error", failed)
	case told.due(cause, time.Now()):
		s.opts.Log.Error("no broker until somebody mends this: control goes on without", "error", failed)
	}
	if cause != "" {
		s.alarms.broker.set(failed.Error())
	}
}

// entered tells that a broker was entered, perhaps after others were not.
func (s *Session) entered(failed misses, told *complaint) {
	s.alarms.broker.set("")
	if len(failed) > 0 && told.due(failed.byHand(), time.Now()) {
		s.opts.Log.Warn("this is not the first broker of the configuration", "error", failed)
	}
}

// notGranted holds the subscriptions that the broker refuses, beside those to
// the control topics, for which each zone cares itself.
type notGranted struct {
	topics  []string
	againAt time.Time
	told    map[string]*complaint // by topic
}

// logRefused logs what a SUBACK refuses; it is asked for again each minute, and
// logged less often.
func (s *Session) logRefused(topics []string) {
	for _, topic := range topics {
		told := s.refused.told[topic]
		if told == nil {
			told = &complaint{}
			s.refused.told[topic] = told
		}
		if told.due("refused", time.Now()) {
			s.opts.Log.Error("broker refuses a subscription: mend this device's access rules", "topic", topic)
		}
	}
}

// listen asks for the topics of the agent as a whole; what the broker refuses
// is a fault, and asked for again.
func (s *Session) listen(client paho.Client, topics []string) {
	s.subscribe(client, topics, func(refused []string) {
		s.refused.topics, s.refused.againAt = refused, time.Now().Add(retryTime)
		text := ""
		if len(refused) > 0 {
			text = "the broker refuses the subscription to " + strings.Join(refused, ", ") + ": is this agent allowed to read there?"
		}
		s.alarms.subscribe.set(text)
		if s.echo.hears = !slices.Contains(refused, s.topics.status()); !s.echo.hears {
			s.alarms.publish.set("") // nobody can know
		}
	})
}

// listenAgain asks again for what was refused.
func (s *Session) listenAgain(now time.Time) {
	if len(s.refused.topics) > 0 && !now.Before(s.refused.againAt) {
		s.refused.againAt = now.Add(retryTime)
		s.listen(s.client, s.refused.topics)
	}
}

// echo waits for our own words to come back. MQTT 3.1.1 knows no refusal of a
// publish: a broker whose rules forbid it drops it in silence.
type echo struct {
	hears   bool      // we are subscribed to our own status
	since   time.Time // our word is out; zero: it has come back
	againAt time.Time // when to say it again
	info    bool      // our info came back on this connection, so it can be waited for as well
}

// said notes that something went out that must come back.
func (e *echo) said(now time.Time) {
	if e.since.IsZero() {
		e.since, e.againAt = now, now.Add(retryTime)
	}
}

// came notes a live word of our own.
func (s *Session) echoCame() {
	s.echo.since = time.Time{}
	s.alarms.publish.set("")
}

// judgeEcho raises the fault when our words do not come back, and says online
// once more each minute.
func (s *Session) judgeEcho(now time.Time) {
	e := &s.echo
	if !e.hears || e.since.IsZero() || now.Sub(e.since) < patience {
		return
	}
	s.alarms.publish.set("the broker does not pass on what this agent publishes: is it allowed to write and read below " + s.topics.base + "/?")
	if !now.Before(e.againAt) {
		e.againAt = now.Add(retryTime)
		s.sayOnline()
	}
}

func (s *Session) sayOnline() {
	s.publish(s.topics.status(), []byte("online"), 1, true)
	s.echo.said(time.Now())
}
