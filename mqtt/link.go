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

	receive func(here context.Context, m paho.Message)
	up      func(client paho.Client, drop func())
	down    func(client paho.Client, cause error)
	left    <-chan struct{} // closed when the session has said goodbye
}

// steadyAfter is how long a connection must have lasted to count as a good one; a
// shorter one does not shorten the waits, or two agents of one name would fight
// without pause.
const steadyAfter = time.Minute

// keepConnected connects, waits for the end of the connection, and again.
func (l *link) keepConnected(ctx context.Context) {
	short := 0 // connections in a row that ended soon
	for attempt := 0; ctx.Err() == nil; attempt++ {
		began := time.Now()
		connected := l.connection(ctx)
		took := time.Since(began)
		switch {
		case connected && took > steadyAfter:
			attempt, short = 0, 0
		case connected:
			if short++; short == 3 {
				l.log.Warn("connections end soon after they began: does another client use this id (with mosquitto's use_username_as_clientid: this user name), or is something not allowed?",
					"client_id", l.login.ClientID, "username", l.login.Username)
			}
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
	var cause error
	select {
	case cause = <-lost:
		end()
	case <-here.Done():
	}
	if ctx.Err() == nil {
		l.down(client, cause)
	} else {
		<-l.left // it says goodbye first
	}
	broker.Leave(client)
	return true
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
	l.fault.set("")
	if len(failed) > 0 && l.logged.due(failed.ByHand(), time.Now()) {
		l.log.Warn("this is not the first broker of the configuration", "error", failed)
	}
}
