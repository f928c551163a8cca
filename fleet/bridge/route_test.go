package bridge

import (
	"strconv"
	"strings"
	"testing"

	"thermostat/fleet/engine"
)

// matches tells whether a filter takes a topic (MQTT 3.1.1, 4.7).
func matches(filter, topic string) bool {
	f, t := strings.Split(filter, "/"), strings.Split(topic, "/")
	if len(f) != len(t) {
		return false
	}
	for i := range f {
		if f[i] != "+" && f[i] != t[i] {
			return false
		}
	}
	return true
}

func sensors(t testing.TB, text string) Sensors {
	t.Helper()
	s, err := ParseSensors(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestWhatIsNoDevicesTopicGoesNowhere.
func TestWhatIsNoDevicesTopicGoesNowhere(t *testing.T) {
	r := &routes{prefix: "site/north", agents: "thermostat", sensors: sensors(t, "1-10, 2000000000")}
	for topic, want := range map[string]string{
		"site/north/7/sensor":           "sensor 7",
		"site/north/2000000000/tempset": "tempset 2000000000",
		"thermostat/cabin/room/target":  "agents thermostat/cabin/room/target",
	} {
		name, key, err := r.up(topic)
		if got := name + " " + string(key); err != nil || got != want {
			t.Errorf("%s: %s, %v", topic, got, err)
		}
	}
	for _, topic := range []string{
		"", "/", "site/north/7", "site/north/7/", "site/north//sensor", "site/north/7/sensor/", "/site/north/7/sensor", "site/7/sensor",
		"site/north/0/sensor", "site/north/-7/sensor", "site/north/07/sensor", "site/north/+7/sensor", "site/north/7.0/sensor", "site/north/seven/sensor", "site/north/99999999999/sensor",
		"site/north/11/sensor", "site/north/7/heatercontrol", "site/north/7/state", "site/north/+/sensor", "$SYS/7/sensor",
		"thermostat/cabin/room/state", "thermostat/cabin/target", "thermostat//room/target", "thermostat/cabin/room/set/desired",
		"thermostat/" + strings.Repeat("x", maxTopic) + "/room/target",
	} {
		if name, _, err := r.up(topic); err == nil {
			t.Errorf("%q goes to %s", topic, name)
		}
	}
}

// TestRoutesThatOverlapAreRefused, and what names no site.
func TestRoutesThatOverlapAreRefused(t *testing.T) {
	some := sensors(t, "1-9")
	for _, row := range []struct {
		routes routes
		ok     bool
	}{
		{routes{"site", "", some}, true},
		{routes{"site", "thermostat", some}, true},
		{routes{"thermostat/site", "thermostats", some}, true},
		{routes{"thermostat", "thermostat", some}, false},
		{routes{"thermostat/site", "thermostat", some}, false},
		{routes{"site", "site/agents", some}, false},
		{routes{"", "", some}, false},
		{routes{"site/+", "", some}, false},
		{routes{"site", "#", some}, false},
		{routes{"$SYS", "", some}, false},
		{routes{"site", "", nil}, false},
	} {
		if err := row.routes.check(); (err == nil) != row.ok {
			t.Errorf("%q and %q: %v", row.routes.prefix, row.routes.agents, err)
		}
	}
	for _, text := range []string{"", "0", "-1", "5-3", "1-", "x", "1-2147483648", "1,,2"} {
		if all, err := ParseSensors(text); err == nil {
			t.Errorf("%q is %v", text, all)
		}
	}
}

// FuzzRoute: whatever the topic, what is taken has one way and the key of its sensor, and nothing
// that the bridge says itself is ever taken: there is no loop.
func FuzzRoute(f *testing.F) {
	f.Add("site", "thermostat", "site/7/sensor", int32(7))
	f.Add("a/b", "a/c", "a/b/7/heatercontrol", int32(9))
	f.Add("thermostat/site", "thermostat", "thermostat/site/7/sensor", int32(1))
	f.Fuzz(func(t *testing.T, prefix, agents, topic string, id int32) {
		r := &routes{prefix: prefix, agents: agents, sensors: Sensors{{1, 1000}}}
		if r.check() != nil {
			return
		}
		own := r.down(id)
		if name, _, err := r.up(own); err == nil {
			t.Fatalf("%s is said by the bridge and taken to %s", own, name)
		}
		for _, filter := range r.filters() {
			if matches(filter, own) {
				t.Fatalf("%s is said by the bridge, and %s subscribes to it", own, filter)
			}
		}
		name, key, err := r.up(topic)
		if err != nil {
			return
		}
		ways := 0
		for _, filter := range r.filters() {
			if matches(filter, topic) {
				ways++
			}
		}
		if ways != 1 {
			t.Fatalf("%s is taken and has %d subscriptions", topic, ways)
		}
		if n, err := strconv.Atoi(string(key)); name != TopicAgents && (err != nil || !r.sensors.Has(int32(n)) || name == engine.TopicCommand) {
			t.Fatalf("%s goes to %s with the key %s", topic, name, key)
		}
	})
}
