package mqtt

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"thermostat/mqtt/setpoint"
)

// rules drop in silence what the agent publishes, and refuse its subscriptions,
// as a broker's access rules do.
type rules struct {
	mochi.HookBase
	drops   atomic.Bool
	refuses atomic.Value // the end of the topics whose subscription is refused
}

func (r *rules) Provides(b byte) bool { return b == mochi.OnPublish || b == mochi.OnSubscribe }

func (r *rules) OnPublish(c *mochi.Client, p packets.Packet) (packets.Packet, error) {
	if r.drops.Load() && strings.HasPrefix(c.ID, "thermostat-") {
		return p, packets.CodeSuccessIgnore
	}
	return p, nil
}

func (r *rules) OnSubscribe(_ *mochi.Client, p packets.Packet) packets.Packet {
	end, _ := r.refuses.Load().(string)
	for i, f := range p.Filters {
		if end != "" && strings.HasSuffix(f.Filter, end) {
			p.Filters[i].Filter = "" // the server answers 0x80
		}
	}
	return p
}

// underRules runs a test with an agent at a broker that has access rules.
func underRules(t *testing.T, test func(h *house, r *rules)) {
	inHouse(t, func(h *house) {
		r := &rules{}
		must(t, h.server.AddHook(r, nil))
		test(h, r)
	})
}

// TestADroppedPublishIsAFault: a broker that drops our words in silence is told of, and
// no longer once they come back.
func TestADroppedPublishIsAFault(t *testing.T) {
	underRules(t, func(h *house, r *rules) {
		r.drops.Store(true)
		h.startAgent(18)
		time.Sleep(8 * time.Second)
		if text := h.fault("publish_refused"); text != "" {
			t.Errorf("too early: %s", text)
		}
		time.Sleep(5 * time.Second)
		if text := h.fault("publish_refused"); !strings.Contains(text, "below thermostat/cabin/?") {
			t.Errorf("fault %q", text)
		}
		r.drops.Store(false)
		time.Sleep(setpoint.RetryTime)
		if text := h.fault("publish_refused"); text != "" || string(h.retained("status")) != "online" {
			t.Errorf("after the rules were mended: %q, status %q", text, h.retained("status"))
		}
		r.drops.Store(true) // on a living connection
		time.Sleep(2 * time.Minute)
		if h.fault("publish_refused") == "" {
			t.Error("not noticed on a living connection")
		}
	})
}

// TestARefusedSubscriptionIsAFaultAndTriedAgain: it is told which, and asked for again.
func TestARefusedSubscriptionIsAFaultAndTriedAgain(t *testing.T) {
	for _, topic := range []string{"/+/set/+", "/status", "/info"} {
		underRules(t, func(h *house, r *rules) {
			r.refuses.Store(topic)
			h.startAgent(18)
			time.Sleep(time.Minute)
			if text := h.fault("subscription_refused"); !strings.Contains(text, "subscription to thermostat/cabin"+topic+":") {
				t.Errorf("%s: fault %q", topic, text)
			}
			if text := h.fault("publish_refused") + h.fault("control_not_readable"); text != "" {
				t.Errorf("%s: %s", topic, text)
			}
			r.refuses.Store("")
			time.Sleep(setpoint.RetryTime)
			if text := h.fault("subscription_refused"); text != "" {
				t.Errorf("%s: still %s", topic, text)
			}
			h.publish("living/set/desired", "23", false)
			time.Sleep(2 * time.Second)
			if s := h.state(); *s.Desired != 23 {
				t.Errorf("%s: desired %v", topic, *s.Desired)
			}
		})
	}
}

// TestWithoutEchoNoPublishIsCalledRefused once the broker refuses to let us hear them.
func TestWithoutEchoNoPublishIsCalledRefused(t *testing.T) {
	underRules(t, func(h *house, r *rules) {
		r.drops.Store(true)
		h.startAgent(18)
		time.Sleep(time.Minute)
		if h.fault("publish_refused") == "" {
			t.Error("no fault")
		}
		r.refuses.Store("/status")
		client, _ := h.server.Clients.Get("thermostat-cabin")
		client.Stop(errors.New("thrown out"))
		time.Sleep(time.Minute)
		if text := h.fault("publish_refused"); text != "" || h.fault("subscription_refused") == "" {
			t.Errorf("connected %v, publish_refused %q, subscription_refused %q", h.session.Connected(), text, h.fault("subscription_refused"))
		}
	})
}

// TestTheSameTextIsLoggedEveryTenMinutes: another text at once, the same every ten minutes.
func TestTheSameTextIsLoggedEveryTenMinutes(t *testing.T) {
	var c loggedText
	t0 := time.Now()
	for _, step := range []struct {
		text string
		at   time.Duration
		due  bool
	}{
		{"a", 0, true}, {"a", time.Minute, false}, {"b", 2 * time.Minute, true}, {"b", 11 * time.Minute, false},
		{"b", 12 * time.Minute, true}, {"a", 12 * time.Minute, true},
	} {
		if due := c.due(step.text, t0.Add(step.at)); due != step.due {
			t.Errorf("%s at %v: due %v", step.text, step.at, due)
		}
	}
}
