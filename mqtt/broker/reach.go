package broker

import (
	"context"
	"errors"
	"io"
	"net/url"
	"strings"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// Connect connects to the first broker that lets us in, in their order, each with a
// client and time limits of its own: paho would give the error of the last one
// only. failed are those that did not; there is no client if none did. lost gives
// why the connection ended, and is closed then.
func Connect(ctx context.Context, l Login, handle paho.MessageHandler) (c paho.Client, lost <-chan error, failed AttemptErrors) {
	for _, broker := range l.Brokers {
		o, err := clientOptions(l, broker)
		if err != nil {
			return nil, nil, AttemptErrors{{text: err.Error(), byHand: true, ownFile: err}} // a file of ours: the same for every broker
		}
		present := false
		if c, present, lost, err = open(ctx, o, handle); err == nil {
			if l.Session != nil {
				l.Session.Present = present
			}
			return c, lost, failed
		}
		if ctx.Err() != nil {
			return nil, nil, append(failed, attemptError{text: ctx.Err().Error()})
		}
		failed = append(failed, l.attemptError(broker, err))
	}
	return nil, nil, failed
}

// ServerOf gives the URL of the one broker that a client of ours is made for.
func ServerOf(c paho.Client) string {
	o := c.OptionsReader()
	return o.Servers()[0].String()
}

// open connects once; present tells that the broker has kept our session. lost gives why the connection
// ended, and is closed then.
// No message may come before its handler is there, so it is set here.
func open(ctx context.Context, o *paho.ClientOptions, handle paho.MessageHandler) (c paho.Client, present bool, lost <-chan error, err error) {
	ended := make(chan error, 1)
	o.SetDefaultPublishHandler(handle)
	o.SetConnectionLostHandler(func(_ paho.Client, err error) {
		ended <- err
		close(ended)
	})
	c = paho.NewClient(o)
	token := c.Connect()
	limit := time.NewTimer(3 * connectTimeout)
	defer limit.Stop()
	select {
	case <-token.Done():
		err = token.Error()
	case <-limit.C:
		err = errors.New("no answer")
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		c.Disconnect(0)
		return nil, false, nil, err
	}
	return c, token.(*paho.ConnectToken).SessionPresent(), ended, nil
}

// attemptError is a broker that did not let us in.
type attemptError struct {
	text    string // which, and why
	byHand  bool   // it stays so until a person mends something
	ownFile error  // what is wrong with a file of ours; nil: nothing
}

// AttemptErrors are why each broker of an attempt could not be reached.
type AttemptErrors []attemptError

// Error gives them all.
func (ms AttemptErrors) Error() string { return ms.words(func(attemptError) bool { return true }) }

// Unwrap gives what is wrong with files of ours.
func (ms AttemptErrors) Unwrap() (all []error) {
	for _, m := range ms {
		if m.ownFile != nil {
			all = append(all, m.ownFile)
		}
	}
	return all
}

// ByHand is what only a person can mend; empty: the network is to blame.
func (ms AttemptErrors) ByHand() string {
	return ms.words(func(m attemptError) bool { return m.byHand })
}

func (ms AttemptErrors) words(counts func(attemptError) bool) string {
	var texts []string
	for _, m := range ms {
		if counts(m) {
			texts = append(texts, m.text)
		}
	}
	return strings.Join(texts, "; ")
}

// attemptError says why a broker did not let us in. Of its URL it shows only scheme
// and host: a path may hold a token.
func (l Login) attemptError(broker string, err error) attemptError {
	u, e := url.Parse(withPort(broker))
	if e != nil {
		u = &url.URL{}
	}
	cause, byHand := l.refusal(u.Hostname(), err)
	if !byHand {
		cause = plain(err)
	}
	return attemptError{text: "broker " + u.Scheme + "://" + u.Host + ": " + cause, byHand: byHand}
}

// plain makes paho's wrapping readable; a bare EOF tells people nothing.
func plain(err error) string {
	if errors.Is(err, io.EOF) {
		return "closes the connection during the handshake"
	}
	return strings.TrimSpace(strings.TrimPrefix(err.Error(), "network Error :"))
}
