package mqtt

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"thermostat/controlloop"
	"thermostat/controlloop/report"
	"thermostat/mqtt/homeassistant"
	"thermostat/mqtt/wire"
)

const (
	agentTopic = "homeassistant/device/thermostat_-cabin_-AGENT/config"
	zoneTopic  = "homeassistant/device/thermostat_-cabin_-living/config"
	goneTopic  = "homeassistant/device/thermostat_-cabin_-attic/config"
)

// withHomeAssistant is a house whose agent announces.
func withHomeAssistant(t *testing.T, change func(*Options), test func(h *house)) {
	inHouse(t, func(h *house) {
		h.change = func(o *Options) {
			o.Discovery = "homeassistant"
			if change != nil {
				change(o)
			}
		}
		test(h)
	})
}

// heard gives what was said since it was asked last, in order.
func (h *house) heard() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	log := h.log
	h.log = nil
	return log
}

func (h *house) said(topic string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return string(h.last[topic])
}

func (h *house) home(message string) {
	must(h.t, h.server.Publish("homeassistant/status", []byte(message), false, 0))
}

// inOrder reports a mistake unless all of these were said, one behind the other.
func inOrder(t *testing.T, log []string, topics ...string) {
	t.Helper()
	rest := log
	for _, topic := range topics {
		i := slices.Index(rest, topic)
		if i < 0 {
			t.Errorf("no %s where it should be in %q", topic, log)
			return
		}
		rest = rest[i+1:]
	}
}

// wholeOrder is that in which Home Assistant is told.
var wholeOrder = []string{agentTopic, zoneTopic, "thermostat/cabin/status", "thermostat/cabin/info", "thermostat/cabin/living/state"}

// TestEverythingIsAnnouncedAtConnectionAndWhenHomeAssistantStarts: each time everything, in order; a device
// that names the agent's as its way comes a second behind that.
func TestEverythingIsAnnouncedAtConnectionAndWhenHomeAssistantStarts(t *testing.T) {
	withHomeAssistant(t, nil, func(h *house) {
		h.startAgent(18)
		time.Sleep(500 * time.Millisecond)
		if log := h.heard(); !slices.Contains(log, agentTopic) || slices.Contains(log, zoneTopic) {
			t.Errorf("at once: %q", log)
		}
		time.Sleep(2 * time.Second)
		inOrder(t, h.heard(), wholeOrder[1:]...)
		time.Sleep(time.Minute)
		if log := h.heard(); slices.Contains(log, zoneTopic) {
			t.Errorf("said again for nothing: %q", log)
		}
		for range 2 { // a second birth while the answer is on its way asks for no more
			h.home("online")
			time.Sleep(time.Millisecond)
		}
		time.Sleep(onlineJitter + zonesAfter + 2*pulse)
		log := h.heard()
		inOrder(t, log, wholeOrder...)
		if n := strings.Count(strings.Join(log, " "), zoneTopic); n != 1 {
			t.Errorf("the zone was announced %d times: %q", n, log)
		}
		h.home("online")
		for !slices.Contains(h.heard(), agentTopic) {
			time.Sleep(100 * time.Millisecond)
		}
		h.home("online") // this one has missed the agent's own device
		time.Sleep(2 * (onlineJitter + zonesAfter + 2*pulse))
		inOrder(t, h.heard(), wholeOrder...)
		for range 100 { // a flood of births does not put the answer off
			h.home("online")
			time.Sleep(100 * time.Millisecond)
		}
		inOrder(t, h.heard(), wholeOrder...)
		time.Sleep(time.Minute)
		h.heard()
		h.home("offline")
		time.Sleep(time.Minute)
		if log := h.heard(); slices.Contains(log, agentTopic) {
			t.Errorf("a farewell is no birth: %q", log)
		}
		h.stopBroker()
		time.Sleep(time.Minute)
		h.heard()
		h.startBroker()
		time.Sleep(2 * time.Minute)
		inOrder(t, h.heard(), wholeOrder...)
		if _, kept := h.server.Topics.Retained.Get(zoneTopic); kept {
			t.Error("the announcement is retained: it would outlive the zone")
		}
	})
}

// TestAnAnnouncementIsJittered: a fleet does not answer at one instant.
func TestAnAnnouncementIsJittered(t *testing.T) {
	withHomeAssistant(t, nil, func(h *house) {
		h.startAgent(18)
		time.Sleep(10 * time.Second)
		waits := map[int]bool{}
		for range 30 {
			h.heard()
			h.home("online")
			for wait := 0; ; wait++ {
				time.Sleep(pulse)
				if slices.Contains(h.heard(), agentTopic) {
					waits[wait] = true
					break
				}
			}
			time.Sleep(10 * time.Second)
		}
		if len(waits) < 4 {
			t.Errorf("all answers came after %v half seconds", waits)
		}
	})
}

// TestAnOwnDiscoveryPrefixKeepsTheUsualOnlineTopic: Home Assistant's birth message stays where it is by default.
func TestAnOwnDiscoveryPrefixKeepsTheUsualOnlineTopic(t *testing.T) {
	withHomeAssistant(t, func(o *Options) { o.Discovery = "my/home" }, func(h *house) {
		h.startAgent(18)
		time.Sleep(5 * time.Second)
		topic := strings.Replace(zoneTopic, "homeassistant", "my/home", 1)
		inOrder(t, h.heard(), topic)
		h.home("online")
		time.Sleep(10 * time.Second)
		inOrder(t, h.heard(), topic)
		must(t, h.server.Publish("my/home/status", []byte("online"), false, 0))
		time.Sleep(10 * time.Second)
		inOrder(t, h.heard(), topic)
	})
}

// TestAnEmptyPrefixAnnouncesNothing: an empty prefix says nothing to anybody.
func TestAnEmptyPrefixAnnouncesNothing(t *testing.T) {
	withHomeAssistant(t, func(o *Options) { o.Discovery = "" }, func(h *house) {
		h.startAgent(18)
		time.Sleep(10 * time.Second)
		h.home("online")
		time.Sleep(10 * time.Second)
		if log := strings.Join(h.heard(), " "); strings.Contains(log, "config") {
			t.Errorf("%q", log)
		}
	})
}

// TestARemovedZoneDisappears: taken back at once, and at the next birth announced
// once more, since Home Assistant removes only what it knows; then forgotten.
// What the agent retained is wiped, somebody's control is not.
func TestARemovedZoneDisappears(t *testing.T) {
	forgotten := make(chan struct{}, 2)
	gone := func(o *Options) {
		o.Gone = []homeassistant.Announced{{Discovery: "homeassistant", Zone: "attic"}}
		o.Forgotten = func() { forgotten <- struct{}{} }
	}
	withHomeAssistant(t, gone, func(h *house) {
		for _, topic := range []string{"state", "heater", "cooler", "control"} {
			h.publish("attic/"+topic, "left behind", true)
		}
		h.heard()
		h.startAgent(18)
		time.Sleep(5 * time.Second)
		log := h.heard()
		inOrder(t, log, goneTopic, "thermostat/cabin/attic/state")
		if slices.Index(log, "thermostat/cabin/attic/state") < slices.Index(log, zoneTopic) {
			t.Error("wiped while Home Assistant still listens: ", log)
		}
		for topic, left := range map[string]bool{"state": false, "heater": false, "cooler": false, "control": true} {
			if got := h.retained("attic/" + topic); (len(got) > 0) != left {
				t.Errorf("attic/%s retains %q", topic, got)
			}
		}
		if got := h.said(goneTopic); !takenBack(got) || len(forgotten) > 0 {
			t.Errorf("said %q, forgotten %d times: Home Assistant may not have been there", got, len(forgotten))
		}

		h.home("online")
		time.Sleep(onlineJitter + zonesAfter + 2*pulse)
		if got := h.said(goneTopic); !strings.Contains(got, "_-attic_-climate") || !strings.Contains(got, "_-attic_-cooler_cycles") || strings.Contains(got, "via_device") {
			t.Errorf("at the birth: %.300q", got)
		}
		time.Sleep(removeAfter)
		if got := h.said(goneTopic); !takenBack(got) || len(forgotten) != 1 {
			t.Errorf("after the birth %.100q is left, forgotten %d times", got, len(forgotten))
		}
		h.heard()
		h.home("online")
		time.Sleep(20 * time.Second)
		if log := h.heard(); slices.Contains(log, goneTopic) || !slices.Contains(log, zoneTopic) {
			t.Errorf("not forgotten: %q", log)
		}
	})
}

// TestASourceIsADeviceBeforeItIsShown: on each connection and at each birth it is announced behind the agent, and then
// published. One that is no more is taken back, and its retained topic wiped; a zone of that name has nothing to do with it.
func TestASourceIsADeviceBeforeItIsShown(t *testing.T) {
	const device, published = "homeassistant/device/thermostat_-cabin_-boiler_-SOURCE/config", "thermostat/cabin/boiler/source"
	const gone = "homeassistant/device/thermostat_-cabin_-stove_-SOURCE/config"
	var told Sources
	withHomeAssistant(t, func(o *Options) {
		o.Sources, o.Boilers = &told, []homeassistant.Source{{Name: "boiler"}}
		o.Gone = []homeassistant.Announced{
			{Discovery: "homeassistant", Source: "stove"}, {Discovery: "homeassistant", Zone: "boiler"}, {Discovery: "homeassistant", Source: "living"},
			{Discovery: "old", Source: "boiler"},
		}
	}, func(h *house) {
		for _, topic := range []string{"stove/source", "living/source", "boiler/state"} {
			h.publish(topic, "left behind", true)
		}
		told.Observe(report.SourceSnapshot{Name: "boiler", Reason: "no_demand"})
		h.startAgent(18)
		time.Sleep(5 * time.Second)
		inOrder(t, h.heard(), agentTopic, device, "thermostat/cabin/status", published)
		if got := h.said(device); !strings.Contains(got, "_-boiler_-SOURCE_-heating") || !strings.Contains(got, `"via_device":"thermostat_-cabin_-AGENT"`) {
			t.Errorf("announced as %q", got)
		}
		for topic, left := range map[string]bool{"stove/source": false, "living/source": false, "boiler/state": false, "boiler/source": true, "living/state": true} {
			if got := h.retained(topic); (len(got) > 0) != left {
				t.Errorf("%s retains %q", topic, got)
			}
		}
		if !takenBack(h.said(gone)) || !takenBack(h.said(strings.Replace(device, "homeassistant", "old", 1))) {
			t.Errorf("not taken back: %q", h.said(gone))
		}
		h.home("online")
		time.Sleep(onlineJitter + zonesAfter + 2*pulse)
		inOrder(t, h.heard(), agentTopic, device, "thermostat/cabin/status", published)
		if got := h.said(gone); !strings.Contains(got, "_-stove_-SOURCE_-pump") || strings.Contains(got, "via_device") {
			t.Errorf("at the birth: %.300q", got)
		}
		time.Sleep(removeAfter)
		if !takenBack(h.said(gone)) || takenBack(h.said(device)) || takenBack(h.said(zoneTopic)) {
			t.Errorf("after the birth: %q, %q, %q", h.said(gone), h.said(device), h.said(zoneTopic))
		}
		if _, kept := h.server.Topics.Retained.Get(device); kept {
			t.Error("the announcement is retained: it would outlive the source")
		}
	})
}

// takenBack tells whether a document names components and nothing else of them.
func takenBack(document string) bool {
	var d homeassistant.Device
	if json.Unmarshal([]byte(document), &d) != nil {
		return false
	}
	for _, c := range d.Components {
		if len(c) != 1 {
			return false
		}
	}
	return len(d.Components) > 3 && len(d.Device.Identifiers) == 1
}

// TestDiscoverySwitchedOffRemovesEveryDevice takes every device back and wipes no zone that lives.
func TestDiscoverySwitchedOffRemovesEveryDevice(t *testing.T) {
	forgotten := make(chan struct{}, 2)
	off := func(o *Options) {
		o.Gone = Options{Discovery: "homeassistant", Zones: o.Zones}.Announces()
		o.Discovery = ""
		o.Forgotten = func() { forgotten <- struct{}{} }
	}
	withHomeAssistant(t, off, func(h *house) {
		h.startAgent(18)
		time.Sleep(5 * time.Second)
		inOrder(t, h.heard(), agentTopic, zoneTopic)
		h.home("online")
		time.Sleep(20 * time.Second)
		inOrder(t, h.heard(), agentTopic, zoneTopic, agentTopic, zoneTopic)
		if !takenBack(h.said(agentTopic)) || !takenBack(h.said(zoneTopic)) || len(forgotten) != 1 || len(h.retained("living/state")) == 0 {
			t.Errorf("left: %.100q %.100q, forgotten %d times, state %q", h.said(agentTopic), h.said(zoneTopic), len(forgotten), h.retained("living/state"))
		}
	})
}

// TestARemovedZoneIsWipedWithoutDiscovery: what was retained of it is wiped at once.
func TestARemovedZoneIsWipedWithoutDiscovery(t *testing.T) {
	forgotten := make(chan struct{}, 2)
	change := func(o *Options) {
		o.Discovery, o.Gone = "", []homeassistant.Announced{{Zone: "attic"}, {Zone: "living"}}
		o.Forgotten = func() { forgotten <- struct{}{} }
	}
	withHomeAssistant(t, change, func(h *house) {
		h.publish("attic/state", "left behind", true)
		h.startAgent(18)
		time.Sleep(5 * time.Second)
		if got := h.retained("attic/state"); len(got) > 0 || len(h.retained("living/state")) == 0 || len(forgotten) != 1 {
			t.Errorf("attic retains %q, living %q, forgotten %d times", got, h.retained("living/state"), len(forgotten))
		}
	})
}

// deny lets no client subscribe below homeassistant/.
type deny struct{ mochi.HookBase }

func (deny) Provides(b byte) bool { return b == mochi.OnSubscribe }

func (deny) OnSubscribe(_ *mochi.Client, p packets.Packet) packets.Packet {
	for i, f := range p.Filters {
		if strings.HasPrefix(f.Filter, "homeassistant/") {
			p.Filters[i].Filter = "" // the server answers 0x80
		}
	}
	return p
}

// TestNothingIsAnnouncedWhereTheBrokerRefusesTheOnlineTopics: where the broker refuses the birth messages nothing is
// announced, since it might end the connection over that.
func TestNothingIsAnnouncedWhereTheBrokerRefusesTheOnlineTopics(t *testing.T) {
	gone := func(o *Options) { o.Gone = []homeassistant.Announced{{Discovery: "homeassistant", Zone: "attic"}} }
	withHomeAssistant(t, gone, func(h *house) {
		must(t, h.server.AddHook(new(deny), nil))
		h.publish("attic/state", "left behind", true)
		h.startAgent(18)
		time.Sleep(time.Minute)
		log := h.heard()
		if got := h.retained("attic/state"); len(got) > 0 {
			t.Errorf("a zone that is no more retains %q", got)
		}
		if slices.Contains(log, agentTopic) || !slices.Contains(log, "thermostat/cabin/living/state") {
			t.Errorf("%q", log)
		}
	})
}

// TestARestartByTheBrokerIsNeitherRetainedNorSoon: not retained, not within a minute of the start.
func TestARestartByTheBrokerIsNeitherRetainedNorSoon(t *testing.T) {
	for _, offered := range []bool{true, false} {
		inHouse(t, func(h *house) {
			asked := 0
			h.startAgentThat(18, func(s *Session) {
				if offered {
					s.OfferRestart(func() { asked++ })
				}
			})
			time.Sleep(59 * time.Second)
			h.publish("set/restart", "PRESS", false)
			time.Sleep(time.Second)
			synctest.Wait()
			if asked != 0 {
				t.Errorf("restarted %d times in the first minute", asked)
			}
			h.stopBroker()
			h.startBroker()
			h.publish("set/restart", "PRESS", true)
			time.Sleep(2 * time.Minute)
			synctest.Wait()
			if asked != 0 {
				t.Errorf("a retained command was obeyed %d times", asked)
			}
			h.publish("set/restart", "PRESS", false)
			time.Sleep(time.Second)
			synctest.Wait()
			if (asked == 1) != offered {
				t.Errorf("offered %v, asked %d times", offered, asked)
			}
		})
	}
}

// TestAModeWaitsForItsTemperature: Home Assistant says the mode first. In a zone that
// has no temperature yet it waits a moment for that.
func TestAModeWaitsForItsTemperature(t *testing.T) {
	for _, row := range []struct {
		wait time.Duration
		want string
	}{{100 * time.Millisecond, "cool"}, {modeFirst + time.Second, "heat"}} {
		inHouse(t, func(h *house) {
			h.change = func(o *Options) {
				o.Zones[0].Default = controlloop.Setpoint{Desired: math.NaN(), UpDelta: 0.5, DownDelta: 0.5}
				o.Zones[0].Params.Cooler = true
			}
			h.startAgent(20)
			time.Sleep(15 * time.Second)
			h.publish("living/set/mode", "cool", false)
			time.Sleep(row.wait)
			if a, _ := h.ack(); a.Applied || !strings.Contains(a.Reason, "desired") {
				t.Errorf("without a temperature: %+v", a)
			}
			h.publish("living/set/desired", "21.5", false)
			time.Sleep(2 * time.Second)
			if s := h.state(); s.Mode != row.want || *s.Desired != 21.5 || s.Source != "home_assistant" {
				t.Errorf("after %v: mode %s, desired %v, source %s", row.wait, s.Mode, *s.Desired, s.Source)
			}
		})
	}
}

// TestARememberedModeEndsWithItsUseOrANewerControl: in a zone without a temperature,
// words 0.4 s apart. An Off that came after it is not overruled.
func TestARememberedModeEndsWithItsUseOrANewerControl(t *testing.T) {
	for said, want := range map[string]string{
		"mode heat, desired 21, mode off, desired 18":               "off 18",
		"mode cool, desired 21, mode heat, desired 18":              "heat 18",
		"mode cool, desired 21, desired 18":                         "cool 18",
		"mode cool, mode off, desired 18":                           "off 18",
		"mode cool, mode heat, desired 18":                          "heat 18",
		`mode cool, control {"desired":20}, desired 18`:             "heat 18",
		`mode heat, control {"mode":"off"}, desired 18`:             "off 18",
		`mode cool, page {"desired":20}, desired 18`:                "heat 18",
		`mode heat, page {"mode":"off"}, desired 18`:                "off 18",
		`mode heat, control {"desired":99}, desired 18`:             "heat 18",
		`mode heat, desired 21, control {"mode":"off"}, desired 18`: "off 18",
	} {
		inHouse(t, func(h *house) {
			h.change = func(o *Options) {
				o.Zones[0].Default = controlloop.Setpoint{Desired: math.NaN(), UpDelta: 0.5, DownDelta: 0.5}
				o.Zones[0].Params.Cooler = true
			}
			h.startAgent(20)
			time.Sleep(15 * time.Second)
			for _, words := range strings.Split(said, ", ") {
				way, word, _ := strings.Cut(words, " ")
				switch way {
				case "control":
					h.publish("living/control", word, true)
				case "page":
					if _, err := h.session.Submit(context.Background(), "living", "page", []byte(word)); err != nil {
						t.Error(err)
					}
				default:
					h.publish("living/set/"+way, word, false)
				}
				time.Sleep(400 * time.Millisecond)
			}
			time.Sleep(2 * time.Second)
			if s := h.state(); fmt.Sprint(s.Mode, " ", *s.Desired) != want {
				t.Errorf("%s: %s %v, want %s", said, s.Mode, *s.Desired, want)
			}
		})
	}
}

// TestInfoTellsTheProblemsOfAllZones: those of all zones, when they come and when they go.
func TestInfoTellsTheProblemsOfAllZones(t *testing.T) {
	inHouse(t, func(h *house) {
		info := func() (i wire.Info) {
			must(t, json.Unmarshal(h.retained("info"), &i))
			return i
		}
		h.startAgent(20)
		time.Sleep(5 * time.Second)
		if i := info(); i.Problem != "off" || i.ProblemText != "ok" || i.Version != "test" {
			t.Errorf("%+v", i)
		}
		h.zone.Alarms.Set("memory", true, "the disk is full")
		time.Sleep(2 * pulse)
		if i := info(); i.Problem != "on" || i.ProblemText != "living: the disk is full" {
			t.Errorf("%+v", i)
		}
		h.zone.Alarms.Set("memory", false, "")
		time.Sleep(2 * pulse)
		if i := info(); i.Problem != "off" || i.ProblemText != "ok" {
			t.Errorf("%+v", i)
		}
		h.heard()
		time.Sleep(time.Minute)
		said := 0
		for _, topic := range h.heard() {
			if topic == "thermostat/cabin/info" {
				said++
			}
		}
		if said != 1 {
			t.Errorf("said again %d times in a minute", said)
		}
	})
}

// TestHeatCoolIsOfferedWhileItIsAccepted: narrow deltas make a band in which heater and
// cooler would chase each other. The announcement follows the deltas in force.
func TestHeatCoolIsOfferedWhileItIsAccepted(t *testing.T) {
	inHouse(t, func(h *house) {
		h.change = func(o *Options) {
			o.Discovery = "homeassistant"
			o.Zones[0].Params.Cooler = true
			o.Zones[0].Default.UpDelta, o.Zones[0].Default.DownDelta = 0.3, 0.3
		}
		h.startAgent(20)
		time.Sleep(time.Minute)
		offers := func() bool {
			payload, n := h.told(zoneTopic)
			return n > 0 && strings.Contains(payload, `"heat_cool"`)
		}
		accepts := func() bool {
			h.publish("living/set/mode", "heat_cool", false)
			time.Sleep(2 * time.Second)
			a, _ := h.ack()
			return a.Applied
		}
		if offers() || accepts() {
			t.Errorf("with 0.3 and 0.3 K: offered %v, accepted %v", offers(), accepts())
		}
		h.publish("living/control", `{"desired":20,"up_delta":0.5,"down_delta":0.5}`, true)
		time.Sleep(5 * time.Second)
		if !offers() || !accepts() {
			t.Errorf("with 0.5 and 0.5 K: offered %v, accepted %v", offers(), accepts())
		}
		_, before := h.told(zoneTopic)
		h.publish("living/control", `{"desired":21,"up_delta":0.6,"down_delta":0.5}`, true)
		time.Sleep(time.Minute)
		if _, n := h.told(zoneTopic); n != before {
			t.Errorf("announced %d times more although it offers the same", n-before)
		}
	})
}
