package mqtt

import (
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"thermostat/controlloop"
	"thermostat/mqtt/device"
	"thermostat/mqtt/setpoint"
	"thermostat/mqtt/wire"
	pb "thermostat/proto"
)

// inRemoteHouse is inHouse with the sensor on there/sensor and the relay on
// there/relay.
func inRemoteHouse(t *testing.T, relay device.RelaySpec, test func(h *house)) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		d := device.NewGroup(slog.New(slog.DiscardHandler))
		relay.SensorID, relay.Topic = 7, "there/relay"
		if relay.Lease == 0 {
			relay.Lease = 30 * time.Second
		}
		h.spec = relay
		h.devices, h.sensor, h.relay = d, d.Sensor(device.SensorSpec{SensorID: 7, StaleAfter: livingZone().Params.StaleAfter, Topic: "there/sensor", Format: "auto"}), d.Relay(relay)
		test(h)
		h.stopAgent()
		h.stopBroker()
		time.Sleep(time.Minute)
	})
}

// say publishes on a topic that is not the agent's own.
func (h *house) say(topic, payload string, retained bool) {
	must(h.t, h.server.Publish(topic, []byte(payload), retained, 0))
}

// measure publishes a reading each second.
func (h *house) measure(celsius string, seconds int) {
	for range seconds {
		h.say("there/sensor", celsius, false)
		time.Sleep(time.Second)
	}
}

// told gives the last message on a topic, and how many there were.
func (h *house) told(topic string) (payload string, n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return string(h.last[topic]), h.count[topic]
}

// toldOn reports whether the last command was On.
func (h *house) toldOn() bool {
	payload, n := h.told("there/relay")
	on, err := wire.DecodeCommand(7, []byte(payload))
	if n > 0 && err != nil {
		h.t.Errorf("a command %q: %v", payload, err)
	}
	return on && n > 0
}

// TestAZoneRunsOverTheBroker: readings come over the broker, commands go over it, at once;
// an On is said again within each third of the lease, nothing is retained, and
// the last word is Off.
func TestAZoneRunsOverTheBroker(t *testing.T) {
	inRemoteHouse(t, device.RelaySpec{}, func(h *house) {
		h.startAgent(0)
		time.Sleep(3 * time.Second)
		if h.toldOn() || h.state().Reason != controlloop.ReasonNoReading {
			t.Errorf("it heats without a reading: %+v", h.state())
		}
		h.measure("18", 1)
		if h.toldOn() || h.state().Sensor != controlloop.VerdictUnconfirmed || h.fault("sensor") != "" {
			t.Errorf("it heats on the first word, or takes it for a fault: %+v", h.state())
		}
		h.say("there/sensor", "18", false)
		synctest.Wait()
		if !h.toldOn() {
			t.Error("no On at the instant of the second reading")
		}
		_, before := h.told("there/relay")
		h.measure("18.05", 31)
		if _, n := h.told("there/relay"); n-before < 3 || n-before > 5 {
			t.Errorf("an On was said again %d times in 31 s, want 3 to 5", n-before)
		}
		h.measure("19.5", 2)
		if h.toldOn() {
			t.Error("still On above the band")
		}
		if h.fault("relay") != "" || h.fault("sensor") != "" {
			t.Errorf("faults %v", h.state().Faults)
		}
		h.measure("18", 2)
		if p, ok := h.server.Topics.Retained.Get("there/relay"); ok || !h.toldOn() {
			t.Errorf("retained %v, on %v", p, h.toldOn())
		}
		h.cancel()
		h.wait.Wait()
		if h.toldOn() {
			t.Error("the last word is On")
		}
	})
}

// TestASilentSensorEndsTheHeat: nothing more comes, and the heat goes off after stale_after.
func TestASilentSensorEndsTheHeat(t *testing.T) {
	inRemoteHouse(t, device.RelaySpec{}, func(h *house) {
		h.startAgent(0)
		time.Sleep(time.Second)
		h.measure("18", 2)
		time.Sleep(4 * time.Second) // 5 s after the reading
		if !h.toldOn() {
			t.Error("off before stale_after")
		}
		time.Sleep(1100 * time.Millisecond)
		if h.toldOn() || h.state().Reason != controlloop.ReasonStale {
			t.Errorf("on, or %v, after stale_after and a sample", h.state().Reason)
		}
	})
}

// TestARetainedReadingNeverHeats: of what the broker had kept nobody knows the age. It is
// told as such, it never heats, and it disturbs no good one.
func TestARetainedReadingNeverHeats(t *testing.T) {
	inRemoteHouse(t, device.RelaySpec{}, func(h *house) {
		h.say("there/sensor", "12", true)
		h.startAgent(0)
		time.Sleep(3 * time.Second)
		if s := h.state(); h.toldOn() || s.Sensor != controlloop.VerdictRetained || s.Temperature != nil {
			t.Errorf("sensor %v, on %v", s.Sensor, h.toldOn())
		}
		if text := h.fault("sensor"); !strings.Contains(text, "12.00 °C was kept by the broker") {
			t.Errorf("fault %q", text)
		}
		h.measure("18", 2)
		if s := h.state(); !h.toldOn() || s.Sensor != controlloop.VerdictOK || len(s.Faults) > 0 {
			t.Errorf("sensor %v, on %v, faults %v", s.Sensor, h.toldOn(), s.Faults)
		}
		h.say("there/sensor", "18", true)
		h.stopBroker()
		h.startBroker()
		h.say("there/sensor", "12", true)
		time.Sleep(3 * time.Second) // back, and told what is retained; the last good reading is still fresh
		if s := h.state(); s.Sensor != controlloop.VerdictOK || *s.Temperature != 18 {
			t.Errorf("sensor %v, temperature %v", s.Sensor, *s.Temperature)
		}
	})
}

// TestAWrongTopicOrFieldIsTold: who reads the wrong topic or field is told so, and a
// message about something else between good ones is no fault.
func TestAWrongTopicOrFieldIsTold(t *testing.T) {
	another := string(wire.Marshal(&pb.SensorData{SensorID: ptr(int32(8)), Temperature: ptr(12.0)}))
	inRemoteHouse(t, device.RelaySpec{}, func(h *house) {
		h.startAgent(0)
		time.Sleep(time.Second)
		h.measure(another, 1)
		if text := h.fault("sensor"); !strings.Contains(text, "of another sensor_id than this zone's 7") {
			t.Errorf("fault %q", text)
		}
		h.measure(`{"battery":97}`, 1)
		if text := h.fault("sensor"); !strings.Contains(text, "no field temperature") {
			t.Errorf("fault %q", text)
		}
		h.measure(`{"temperature":18}`, 2)
		h.measure(`{"battery":97}`, 1)
		h.measure(another, 1)
		if s := h.state(); len(s.Faults) > 0 || !h.toldOn() || *s.Temperature != 18 {
			t.Errorf("%+v", s)
		}
		h.measure("warm", 1)
		if text := h.fault("sensor"); !strings.Contains(text, `"warm"`) && !strings.Contains(text, "neither") {
			t.Errorf("fault %q", text)
		}
	})
}

// TestAReportWithoutAPositionIsTold: a device that speaks, but not of its position, is
// not said to be silent.
func TestAReportWithoutAPositionIsTold(t *testing.T) {
	inRemoteHouse(t, device.RelaySpec{On: "ON", Off: "OFF", StateTopic: "there/state"}, func(h *house) {
		h.startAgent(0)
		time.Sleep(time.Second)
		h.measure("18", 1)
		for range 34 {
			h.say("there/state", `{"state_l1":"ON"}`, false)
		}
		h.measure("18", 70)
		if text := h.fault("relay"); !strings.Contains(text, "34 messages without `state` on there/state") {
			t.Errorf("fault %q", text)
		}
		h.say("there/state", `{"state":"ON"}`, false)
		h.measure("18", 2)
		if text := h.fault("relay"); text != "" {
			t.Errorf("fault %q", text)
		}
	})
}

// TestABrokerThatRefusesBridgeStatesIsNotAskedForEver: a broker that ends the connection because it was
// asked for its bridges is not asked for ever.
func TestABrokerThatRefusesBridgeStatesIsNotAskedForEver(t *testing.T) {
	inRemoteHouse(t, device.RelaySpec{}, func(h *house) {
		asked := &hater{}
		h.add(asked)
		h.startAgent(0)
		time.Sleep(10 * time.Minute)
		h.measure("18", 2)
		if n := asked.asked.Load(); n != 3 || !h.toldOn() {
			t.Errorf("asked %d times, on %v", n, h.toldOn())
		}
	})
}

// hater ends every connection that asks for bridges.
type hater struct {
	mochi.HookBase
	asked atomic.Int64
}

func (h *hater) ID() string { return "hater" }

func (h *hater) Provides(b byte) bool { return b == mochi.OnSubscribe }

func (h *hater) OnSubscribe(cl *mochi.Client, p packets.Packet) packets.Packet {
	for _, f := range p.Filters {
		if strings.HasPrefix(f.Filter, "$SYS/broker/connection/") {
			h.asked.Add(1)
			cl.Stop(packets.ErrNotAuthorized)
		}
	}
	return p
}

// plug is a relay behind the broker that tells its position, or does not.
type plug struct {
	mochi.HookBase
	says func(topic string, command []byte) // instead of what is said, on another goroutine; may be nil
	drop func(client, topic string) bool    // messages that vanish; may be nil
}

func (d *plug) ID() string { return "device" }

func (d *plug) Provides(b byte) bool {
	return b == mochi.OnPublish
}

func (d *plug) OnPublish(cl *mochi.Client, p packets.Packet) (packets.Packet, error) {
	if d.says != nil && !cl.Net.Inline {
		go d.says(p.TopicName, p.Payload)
	}
	if d.drop != nil && d.drop(cl.ID, p.TopicName) {
		return p, packets.CodeSuccessIgnore // taken, and passed on to nobody
	}
	return p, nil
}

// TestAReportedPositionIsBelieved: a device that tells its position is believed, and one
// that does not obey is a fault; a hand on its button is undone.
func TestAReportedPositionIsBelieved(t *testing.T) {
	inRemoteHouse(t, device.RelaySpec{On: "ON", Off: "OFF", StateTopic: "there/state"}, func(h *house) {
		var obeys atomic.Bool
		obeys.Store(true)
		h.add(&plug{says: func(topic string, command []byte) {
			if topic == "there/relay" && obeys.Load() {
				h.say("there/state", string(command), false)
			}
		}})
		h.startAgent(0)
		time.Sleep(time.Second)
		h.measure("18", 15)
		if p, _ := h.told("there/state"); p != "ON" || h.fault("relay") != "" {
			t.Errorf("state %q, faults %v", p, h.state().Faults)
		}
		h.say("there/state", "OFF", false) // by hand
		synctest.Wait()
		time.Sleep(2 * time.Second)
		if p, _ := h.told("there/state"); p != "ON" {
			t.Errorf("the hand was not undone: %q", p)
		}
		obeys.Store(false)
		h.measure("20", 5)
		if text := h.fault("relay"); text != "" {
			t.Errorf("a fault after 5 s: %q", text)
		}
		h.measure("20", 10)
		if text := h.fault("relay"); !strings.Contains(text, "told off, it says on") || h.state().Heater != nil {
			t.Errorf("fault %q, heater %v", text, h.state().Heater)
		}
		obeys.Store(true)
		h.measure("20", 31)
		if text := h.fault("relay"); text != "" || *h.state().Heater != "off" {
			t.Errorf("fault %q", text)
		}
	})
}

// door is who may enter the broker, and read what.
type door struct {
	mochi.HookBase
	denied atomic.Value // a topic that nobody may read
}

func (d *door) ID() string { return "door" }

func (d *door) Provides(b byte) bool {
	return b == mochi.OnConnectAuthenticate || b == mochi.OnACLCheck
}

func (d *door) deny(topic string) { d.denied.Store(topic) }

func (d *door) OnConnectAuthenticate(*mochi.Client, packets.Packet) bool { return true }

func (d *door) OnACLCheck(_ *mochi.Client, topic string, write bool) bool {
	return write || d.denied.Load() != topic
}

// add gives the broker a hook.
func (h *house) add(hook mochi.Hook) { must(h.t, h.server.AddHook(hook, nil)) }

// TestAnOnMustBeReported: one that is off and says nothing is believed; one that is told
// to go on and never says that it did is told as a fault.
func TestAnOnMustBeReported(t *testing.T) {
	for says, want := range map[string]string{"": "nothing comes on there/state", `{"state_l1":"ON","power":3}`: "4 messages without `state` on there/state; write as state_field the right one of \"state_l1\""} {
		inRemoteHouse(t, device.RelaySpec{On: "ON", Off: "OFF", StateTopic: "there/state"}, func(h *house) {
			h.say("there/state", "OFF", true)
			h.startAgent(0)
			time.Sleep(time.Second)
			h.measure("20", 70)
			if text := h.fault("relay"); text != "" {
				t.Errorf("off and silent: %q", text)
			}
			for range 4 {
				h.measure("18", 13)
				if says != "" {
					h.say("there/state", says, false)
				}
			}
			if text := h.fault("relay"); text != "" {
				t.Errorf("it had less than a minute: %q", text)
			}
			h.measure("18", 20)
			if text := h.fault("relay"); !strings.Contains(text, want) {
				t.Errorf("fault %q, want %q", text, want)
			}
		})
	}
}

// TestASwallowedCommandIsFoundByItsMissingEcho: a broker that swallows our commands is found out by
// their missing echo, and one that gives no echo is not accused.
func TestASwallowedCommandIsFoundByItsMissingEcho(t *testing.T) {
	swallow := func(client, topic string) bool {
		return topic == "there/relay" && strings.HasPrefix(client, "thermostat-")
	}
	inRemoteHouse(t, device.RelaySpec{}, func(h *house) {
		h.add(&plug{drop: swallow})
		h.startAgent(0)
		time.Sleep(time.Second)
		h.measure("18", 15)
		if text := h.fault("relay"); !strings.Contains(text, "is this agent allowed to write there?") {
			t.Errorf("fault %q", text)
		}
	})
	inRemoteHouse(t, device.RelaySpec{}, func(h *house) {
		h.add(&plug{drop: swallow})
		h.door.deny("there/relay")
		h.startAgent(0)
		time.Sleep(time.Second)
		h.measure("18", 15)
		if text := h.fault("relay"); text != "" {
			t.Errorf("fault %q", text)
		}
	})
}

// TestAForbiddenSensorTopicIsToldAndTriedAgain: a topic that may not be read is told, and asked for again.
func TestAForbiddenSensorTopicIsToldAndTriedAgain(t *testing.T) {
	inRemoteHouse(t, device.RelaySpec{}, func(h *house) {
		h.door.deny("there/sensor")
		h.startAgent(0)
		time.Sleep(2 * time.Second)
		if text := h.fault("sensor"); !strings.Contains(text, "allowed to read it") || h.state().Sensor != controlloop.VerdictNoPermission {
			t.Errorf("fault %q, sensor %v", text, h.state().Sensor)
		}
		h.door.deny("")
		time.Sleep(setpoint.RetryTime + 2*time.Second)
		h.measure("18", 2)
		if h.fault("sensor") != "" || !h.toldOn() {
			t.Errorf("faults %v", h.state().Faults)
		}
	})
}

// TestARelayWithoutBrokerIsAFault: the relay is a fault while the broker is away,
// and is told again when it is back.
func TestARelayWithoutBrokerIsAFault(t *testing.T) {
	inRemoteHouse(t, device.RelaySpec{}, func(h *house) {
		h.startAgent(0)
		time.Sleep(time.Second)
		h.measure("18", 2)
		h.stopBroker()
		time.Sleep(20 * time.Second)
		if err := h.relay.Set(false); err == nil || !strings.Contains(err.Error(), "there is no broker, and it lets go by itself 30s after its last On") {
			t.Errorf("%v", err)
		}
		h.startBroker()
		time.Sleep(2 * time.Minute)
		if payload, n := h.told("there/relay"); n == 0 || h.toldOn() {
			t.Errorf("after the broker's return: %d commands, the last %q", n, payload)
		}
	})
}

// TestAStuckZoneRenewsNoLease: a zone that hangs renews no lease for ever: its relay is told to
// go off, and obeys again once the zone goes on.
func TestAStuckZoneRenewsNoLease(t *testing.T) {
	inRemoteHouse(t, device.RelaySpec{Sample: time.Second}, func(h *house) {
		var stuck atomic.Bool
		goOn := make(chan struct{})
		h.after = func() {
			if stuck.Load() {
				<-goOn
			}
		}
		h.startAgent(0)
		time.Sleep(time.Second)
		h.measure("18", 20)
		if !h.toldOn() {
			t.Error("off while the zone runs")
		}
		stuck.Store(true)
		time.Sleep(setpoint.AckTimeout + 5*time.Second) // the last wish may be one sample away, and the pulse another
		if h.toldOn() {
			t.Error("the zone has been stuck for 15 s, and the relay is on")
		}
		stuck.Store(false)
		close(goOn)
		h.measure("18", 3)
		if !h.toldOn() {
			t.Error("the zone goes on, and the relay does not")
		}
	})
}

// TestALostOffIsRepeatedSoon: an Off that did not arrive is said again soon, however long the lease.
func TestALostOffIsRepeatedSoon(t *testing.T) {
	inRemoteHouse(t, device.RelaySpec{On: "ON", Off: "OFF", StateTopic: "there/state", Lease: time.Hour}, func(h *house) {
		h.startAgent(0)
		time.Sleep(time.Second)
		h.measure("20", 3) // an Off
		h.say("there/state", "ON", false)
		time.Sleep(2 * time.Second)
		_, before := h.told("there/relay")
		if before < 2 {
			t.Errorf("the device says on, and Off was said %d times", before)
		}
		h.measure("20", 31)
		if _, n := h.told("there/relay"); n-before < 2 {
			t.Errorf("the device stays on, and Off was said %d times in 31 s", n-before)
		}
		h.stopBroker()
		time.Sleep(20 * time.Second)
		if h.relay.Set(false) == nil {
			t.Error("it was last heard to be on, and counts as off")
		}
		h.startBroker()
		time.Sleep(time.Minute)
	})
}

// TestADeviceThatGoesOffByItselfRests: a device that goes off without the zone's wish rests for
// min_off before it is told to go on again, and one that flips without end is a fault.
func TestADeviceThatGoesOffByItselfRests(t *testing.T) {
	inRemoteHouse(t, device.RelaySpec{On: "ON", Off: "OFF", StateTopic: "there/state", MinOff: 3 * time.Minute}, func(h *house) {
		h.startAgent(0)
		time.Sleep(time.Second)
		h.measure("18", 3)
		h.say("there/state", "ON", false)
		h.measure("18", 30)
		h.say("there/state", "OFF", false)
		synctest.Wait()
		_, before := h.told("there/relay")
		h.measure("18", 170)
		if _, n := h.told("there/relay"); n != before || !strings.Contains(h.fault("relay"), "rests until") {
			t.Errorf("On was said %d times in its rest, fault %q", n-before, h.fault("relay"))
		}
		h.measure("18", 15)
		if _, n := h.told("there/relay"); n == before {
			t.Error("no On after its rest")
		}
	})
	inRemoteHouse(t, device.RelaySpec{On: "ON", Off: "OFF", StateTopic: "there/state"}, func(h *house) {
		h.add(&plug{says: func(topic string, command []byte) {
			if topic == "there/relay" {
				h.say("there/state", "ON", false)
				h.say("there/state", "OFF", false)
			}
		}})
		h.startAgent(0)
		time.Sleep(time.Second)
		h.measure("18", 30)
		if _, n := h.told("there/relay"); n > 40 || h.fault("relay") == "" {
			t.Errorf("On was said %d times in 30 s, fault %q", n, h.fault("relay"))
		}
	})
}

// TestEachRenewalMustArrive: a broker that stops taking our commands is found out
// while a wish lasts.
func TestEachRenewalMustArrive(t *testing.T) {
	inRemoteHouse(t, device.RelaySpec{}, func(h *house) {
		var swallows atomic.Bool
		h.add(&plug{drop: func(client, topic string) bool {
			return swallows.Load() && topic == "there/relay" && strings.HasPrefix(client, "thermostat-")
		}})
		h.startAgent(0)
		time.Sleep(time.Second)
		h.measure("18", 30)
		if text := h.fault("relay"); text != "" {
			t.Errorf("fault %q", text)
		}
		swallows.Store(true)
		h.measure("18", 25)
		if text := h.fault("relay"); !strings.Contains(text, "is this agent allowed to write there?") {
			t.Errorf("fault %q", text)
		}
	})
}

// TestAConfirmedOffOutlivesTheBroker: what is known to be off is no fault while
// the broker is away, and keeps no other relay from going on.
func TestAConfirmedOffOutlivesTheBroker(t *testing.T) {
	inRemoteHouse(t, device.RelaySpec{}, func(h *house) {
		h.startAgent(0)
		time.Sleep(time.Second)
		h.measure("18", 5)
		h.measure("20", 5)
		h.stopBroker()
		time.Sleep(time.Minute)
		if err := h.relay.Set(false); err != nil {
			t.Error(err)
		}
		if err := h.relay.(*device.Relay).Close(); err != nil {
			t.Error(err)
		}
		h.startBroker()
		time.Sleep(time.Minute)
	})
}

func ptr[T any](x T) *T { return &x }
