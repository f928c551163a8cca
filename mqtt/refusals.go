package mqtt

import (
	"log/slog"
	"strings"
	"time"

	"thermostat/controlloop"
	"thermostat/mqtt/setpoint"
	"thermostat/mqtt/wire"
)

// logAgainEvery is how often the same refusal is logged.
const logAgainEvery = 10 * time.Minute

// alarm is a fault of all zones. It belongs to one goroutine.
type alarm struct {
	zones []setpoint.Zone
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

// loggedText is what was logged last, and when.
type loggedText struct {
	text string
	at   time.Time
}

// due reports whether a text is to be logged: a new one at once, the same one
// every ten minutes.
func (c *loggedText) due(text string, now time.Time) bool {
	if text == c.text && now.Sub(c.at) < logAgainEvery {
		return false
	}
	*c = loggedText{text, now}
	return true
}

// refusals keeps the subscriptions that the broker refuses.
type refusals struct {
	log     *slog.Logger
	logged  map[string]*loggedText  // by topic
	missed  func(topic string) bool // whether something is missed without this topic
	fault   alarm
	topics  []string // of the agent as a whole: each zone cares for its control topic itself
	againAt time.Time
}

func newRefusals(o Options) refusals {
	return refusals{log: o.Log, logged: map[string]*loggedText{}, missed: func(string) bool { return true }, fault: alarm{zones: o.Zones, name: controlloop.FaultSubscriptionRefused}}
}

// tell logs what a SUBACK refuses; it is asked for again each minute, and
// logged less often.
func (r *refusals) tell(topics []string) {
	for _, topic := range topics {
		logged := r.logged[topic]
		if logged == nil {
			logged = &loggedText{}
			r.logged[topic] = logged
		}
		switch {
		case !r.missed(topic):
			if logged.text == "" {
				r.log.Info("broker refuses a subscription that nothing needs yet", "topic", topic)
			}
			logged.text = "refused"
		case logged.due("refused", time.Now()):
			r.log.Error("broker refuses a subscription: mend this device's access rules", "topic", topic)
		}
	}
}

// note keeps what is refused of the agent's own topics: a fault.
func (r *refusals) note(now time.Time, refused []string) {
	r.topics, r.againAt = refused, now.Add(setpoint.RetryTime)
	text := ""
	if len(refused) > 0 {
		text = "the broker refuses the subscription to " + strings.Join(refused, ", ") + ": is this agent allowed to read there?"
	}
	r.fault.set(text)
}

// due gives the topics that are to be asked for again now.
func (r *refusals) due(now time.Time) []string {
	if len(r.topics) == 0 || now.Before(r.againAt) {
		return nil
	}
	r.againAt = now.Add(setpoint.RetryTime)
	return r.topics
}

// echo waits for our own messages to come back. MQTT 3.1.1 knows no refusal of a
// publish: a broker whose rules forbid it drops it in silence.
type echo struct {
	fault      alarm
	base       string    // below which we publish
	subscribed bool      // we are subscribed to our own status
	since      time.Time // a message is out; zero: it has come back
	againAt    time.Time // when to publish one again
	info       bool      // our info came back on this connection, so it can be waited for as well
}

func newEcho(o Options, t wire.Topics) echo {
	return echo{base: t.Base, fault: alarm{zones: o.Zones, name: controlloop.FaultPublishRefused}}
}

// reset begins a connection: nothing is out. The fault stands until a message comes back.
func (e *echo) reset() {
	e.subscribed, e.since, e.againAt, e.info = false, time.Time{}, time.Time{}, false
}

// setSubscribed notes whether we are subscribed to our own status.
func (e *echo) setSubscribed(is bool) {
	if e.subscribed = is; !is {
		e.fault.set("") // nobody can know
	}
}

// sent notes that something went out that must come back.
func (e *echo) sent(now time.Time) {
	if e.since.IsZero() {
		e.since, e.againAt = now, now.Add(setpoint.RetryTime)
	}
}

// returned notes a live message of our own.
func (e *echo) returned() {
	e.since = time.Time{}
	e.fault.set("")
}

// judge raises the fault when our messages do not come back. It reports whether
// one is to be published once more, as it is each minute.
func (e *echo) judge(now time.Time) (again bool) {
	if !e.subscribed || e.since.IsZero() || now.Sub(e.since) < setpoint.AckTimeout {
		return false
	}
	e.fault.set("the broker does not pass on what this agent publishes: is it allowed to write and read below " + e.base + "/?")
	if now.Before(e.againAt) {
		return false
	}
	e.againAt = now.Add(setpoint.RetryTime)
	return true
}
