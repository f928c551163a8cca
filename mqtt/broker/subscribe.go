package broker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// FiltersAtOnce is how many topics are in one SUBSCRIBE. AWS IoT Core ends a
// connection that asks for more than 8 (AWS General Reference, IoT Core message
// broker limits and quotas, "Subscriptions per subscription request").
const FiltersAtOnce = 8

// SubscribeTimeout is how long a broker may let a subscription wait.
const SubscribeTimeout = 2 * writeTimeout

// Subscription is what was subscribed to at once, in as many SUBSCRIBE packets as that takes.
type Subscription []paho.Token

// Subscribe subscribes to topics at QoS 0.
func Subscribe(client paho.Client, topics []string) Subscription {
	var s Subscription
	for some := range slices.Chunk(topics, FiltersAtOnce) {
		wanted := map[string]byte{}
		for _, t := range some {
			wanted[t] = 0
		}
		s = append(s, client.SubscribeMultiple(wanted, nil))
	}
	return s
}

// Answered waits for each SUBACK as long as a broker may let it wait, and gives
// the topics that they refuse.
func (s Subscription) Answered() (refused []string, err error) {
	for _, token := range s {
		if !token.WaitTimeout(SubscribeTimeout) {
			return nil, errors.New("a subscription was not answered")
		}
		if err := token.Error(); err != nil {
			return nil, err
		}
		refused = append(refused, refusedTopics(token)...)
	}
	slices.Sort(refused)
	return refused, nil
}

// Granted waits for all SUBACKs within the context's time; a refusal is an error.
func (s Subscription) Granted(ctx context.Context) error {
	for _, token := range s {
		if err := Await(ctx, token); err != nil {
			return err
		}
	}
	refused, err := s.Answered()
	if err == nil && len(refused) > 0 {
		err = fmt.Errorf("the broker refuses the subscription to %s", strings.Join(refused, ", "))
	}
	return err
}

// refusedTopics gives the topics that a SUBACK refuses; paho calls that no error.
func refusedTopics(t paho.Token) (topics []string) {
	for topic, code := range t.(*paho.SubscribeToken).Result() {
		if code > 2 { // MQTT 3.1.1, 3.9.3: 0x80 is failure, and what is no QoS grants nothing
			topics = append(topics, topic)
		}
	}
	return topics
}
