package device

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"thermostat/mqtt/broker"
)

// SayOff commands relays to go off, on connections of its own to every broker at
// once, within the context's time: which of them the relays hang on is not known,
// nor which is dead. The error says why no broker has taken all of it.
func SayOff(ctx context.Context, a broker.Access, relays []RelaySpec) error {
	answers := make(chan error, len(a.Brokers))
	for _, broker := range a.Brokers {
		one := a
		one.Brokers = []string{broker}
		go func() { answers <- sayOff(ctx, one, relays) }()
	}
	why := []string{}
	for range a.Brokers {
		if err := answerOf(ctx, answers); err != nil {
			why = append(why, err.Error())
		}
	}
	if len(a.Brokers) == 0 {
		why = append(why, "no broker is configured")
	}
	if len(why) < len(a.Brokers) {
		return nil // one has taken it all
	}
	return errors.New(strings.Join(why, "; "))
}

// answerOf waits for one of them, and after the context's end only for a goodbye:
// a connection that is stuck would hold its writer for longer.
func answerOf(ctx context.Context, answers <-chan error) error {
	select {
	case err := <-answers:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-answers:
		return err
	case <-time.After(2 * broker.GoodbyeTimeout):
		return broker.ErrNoAnswer
	}
}

func sayOff(ctx context.Context, a broker.Access, relays []RelaySpec) error {
	l := broker.Login{Access: a, ClientID: fmt.Sprintf("thermostat-cli-%08x", rand.Uint32())}
	client, _, failed := broker.Connect(ctx, l, func(paho.Client, paho.Message) {})
	if client == nil {
		return failed
	}
	defer broker.Leave(client)
	tokens := make([]paho.Token, len(relays))
	for i, spec := range relays {
		tokens[i] = client.Publish(spec.Topic, 1, spec.Retain, spec.command(false, time.Now()))
	}
	for i, token := range tokens {
		if err := broker.Await(ctx, token); err != nil {
			return fmt.Errorf("%s: %w", relays[i].Topic, err)
		}
	}
	return nil
}
