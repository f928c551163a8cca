package mqtt

import (
	"context"
	"log/slog"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"thermostat/mqtt/broker"
)

// link keeps a connection to the broker, in a goroutine of its own. It knows no
// zone: it passes on what begins, ends and comes.
type link struct {
	login  broker.Login
	log    *slog.Logger
	slept  func() time.Duration // how long the machine has been suspended, in all; nil: never
	fault  alarm                // only a person can mend why there is no connection; this goroutine owns it
	logged loggedText           // of brokers that were not entered
	base   string               // of our topics
	ended  int                  // connections in a row that the broker ended soon after they began

	receive func(here context.Context, m paho.Message)
	up      func(client paho.Client, drop func())
	down    func(client paho.Client, cause error)
	left    <-chan struct{} // closed when the session has said goodbye
}

// steadyAfter is how long a connection must have lasted to count as a good one; a
// shorter one does not shorten the waits, or two agents of one name would fight
// without pause.
const steadyAfter = time.Minute

// endsSoon is how soon a broker ends a connection over what it does not allow, and
// endsOften how often in a row that is no accident.
const (
	endsSoon  = 10 * time.Second
	endsOften = 3
)

// keepConnected connects, waits for the end of the connection, and again.
func (l *link) keepConnected(ctx context.Context) {
	for attempt := 0; ctx.Err() == nil; attempt++ {
		began := time.Now()
		connected := l.connection(ctx)
		took := time.Since(began)
		if connected && took > steadyAfter {
			attempt = 0
		}
		if connected {
			took = 0
		}
		broker.Backoff(ctx, attempt, took)
	}
}

// connection is the life of one connection; it reports whether there was one.
func (l *link) connection(ctx context.Context) bool {
	here, end := context.WithCancel(ctx)
	defer end()
	slept := l.suspended()
	client, lost, failed := broker.Connect(ctx, l.login, func(_ paho.Client, m paho.Message) {
		if l.suspended() != slept { // nobody knows how long it was on its way
			end()
			return
		}
		l.receive(here, m)
	})
	if client == nil {
		if ctx.Err() == nil {
			l.unreached(failed)
		}
		return false
	}
	l.entered(failed)
	l.up(client, end)
	go l.endAsleep(here, end, slept)
	cause := l.untilLost(here, lost)
	end()
	if ctx.Err() == nil {
		l.down(client, cause)
	} else {
		<-l.left // it says goodbye first
	}
	broker.Leave(client)
	return true
}

// untilLost waits for the end of a connection, and gives why the broker or the
// network ended it; nil: we did. Brokers that answer what they do not allow with
// the end of the connection are a fault: nothing else would tell.
func (l *link) untilLost(here context.Context, lost <-chan error) (cause error) {
	began := time.Now()
	steady := time.NewTimer(steadyAfter)
	defer steady.Stop()
	for {
		select {
		case cause = <-lost:
			if time.Since(began) < endsSoon {
				l.endedSoon()
			}
			return cause
		case <-here.Done():
			return nil
		case <-steady.C:
			l.ended = 0
			l.fault.set("")
		}
	}
}

// endedSoon counts a connection that ended soon after it began.
func (l *link) endedSoon() {
	if l.ended++; l.ended < endsOften {
		return
	}
	who := "this agent"
	if l.login.Username != "" {
		who = "user " + l.login.Username
	}
	text := "the broker ends each connection soon after it began: may " + who + " read and write below " + l.base +
		"/? Does another client use the id " + l.login.ClientID + " (with mosquitto's use_username_as_clientid: this user name)?"
	if l.logged.due(text, time.Now()) {
		l.log.Error("control goes on without a broker that stays", "error", text)
	}
	l.fault.set(text)
}

// endAsleep ends a connection that a suspend of the machine has outlived: what
// the broker sent meanwhile would arrive as if it were new.
func (l *link) endAsleep(here context.Context, end func(), slept time.Duration) {
	if l.slept == nil {
		return
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-here.Done():
			return
		case <-tick.C:
			if l.suspended() != slept {
				l.log.Info("the machine was suspended: connecting to the broker anew")
				end()
			}
		}
	}
}

func (l *link) suspended() time.Duration {
	if l.slept == nil {
		return 0
	}
	return l.slept()
}

// unreached tells that no broker was entered. What only a person can mend is a
// fault until the next connection; it is told with all the rest, or somebody
// would mend the wrong one of two brokers.
func (l *link) unreached(failed broker.AttemptErrors) {
	cause := failed.ByHand()
	switch {
	case cause == "":
		l.log.Warn("no broker: control goes on without", "error", failed)
	case l.logged.due(cause, time.Now()):
		l.log.Error("no broker until somebody mends this: control goes on without", "error", failed)
	}
	if cause != "" {
		l.fault.set(failed.Error())
	}
}

// entered tells that a broker was entered, perhaps after others were not.
func (l *link) entered(failed broker.AttemptErrors) {
	if l.ended < endsOften { // else not before this connection has lasted
		l.fault.set("")
	}
	if len(failed) > 0 && l.logged.due(failed.ByHand(), time.Now()) {
		l.log.Warn("this is not the first broker of the configuration", "error", failed)
	}
}
