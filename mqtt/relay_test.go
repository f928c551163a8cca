package mqtt

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/mqtt/device"
	"thermostat/mqtt/wire"
	pb "thermostat/proto"
)

// onlyChanges is a device that says its position when it changes, and never else.
func onlyChanges(h *house, on, off string) *plug {
	var mu sync.Mutex
	was := off
	return &plug{says: func(topic string, command []byte) {
		mu.Lock()
		defer mu.Unlock()
		if position := map[string]string{"ON": on, "OFF": off}[string(command)]; topic == "there/relay" && position != was {
			was = position
			h.say("there/state", position, false)
		}
	}}
}

// TestARelayThatReportsOnlyChangesGoesOnAfterItsRest: it is off and says nothing when
// it is told so again; the Off that the broker took ends its rest.
func TestARelayThatReportsOnlyChangesGoesOnAfterItsRest(t *testing.T) {
	for name, first := range map[string]string{"silent": "", "kept off": `{"id":0,"output":false}`, "an old on is kept": `{"id":0,"output":true}`} {
		spec := device.RelaySpec{On: "ON", Off: "OFF", StateTopic: "there/state", StateField: "output", MinOff: 90 * time.Second}
		inRemoteHouse(t, spec, func(h *house) {
			h.add(onlyChanges(h, `{"id":0,"output":true,"apower":9}`, `{"id":0,"output":false}`))
			h.minOff = spec.MinOff
			if first != "" {
				h.say("there/state", first, true)
			}
			h.startAgent(0)
			h.measure("15", 89)
			if payload, _ := h.told("there/relay"); payload != "OFF" {
				t.Errorf("%s: told %q within min_off", name, payload)
			}
			h.measure("15", 20)
			if payload, _ := h.told("there/relay"); payload != "ON" || h.fault("relay") != "" {
				t.Errorf("%s: told %q after min_off, fault %q", name, payload, h.fault("relay"))
			}
		})
	}
}

// TestAReconnectEndsNoHeat: a device that is on and stays silent, since nothing has
// changed, is no fault after the broker's return, and heats on.
func TestAReconnectEndsNoHeat(t *testing.T) {
	for _, after := range []time.Duration{0, 30 * time.Second} { // 0: its answer is lost with the connection
		inRemoteHouse(t, device.RelaySpec{On: "ON", Off: "OFF", StateTopic: "there/state", MinOff: 90 * time.Second}, func(h *house) {
			d := onlyChanges(h, "on", "off")
			if after == 0 {
				d.says = nil
			}
			h.add(d)
			h.sensor = fakeSensor{18}
			h.startAgent(0)
			time.Sleep(2*time.Second + after)
			if payload, _ := h.told("there/relay"); payload != "ON" {
				t.Fatalf("told %q", payload)
			}
			h.stopBroker()
			time.Sleep(2 * time.Second)
			h.startBroker()
			time.Sleep(20 * time.Second)
			_, before := h.told("there/relay")
			time.Sleep(150 * time.Second)
			if payload, n := h.told("there/relay"); payload != "ON" || n-before < 15 || h.fault("relay") != "" {
				t.Errorf("told %q, %d times, fault %q", payload, n-before, h.fault("relay"))
			}
		})
	}
}

// TestADeviceRestsAfterAnOutageLongerThanItsLease: a device that heard nothing for longer than its lease
// rests from the end of the lease on; after a shorter outage it goes on at once.
func TestADeviceRestsAfterAnOutageLongerThanItsLease(t *testing.T) {
	for outage, rest := range map[time.Duration]time.Duration{20 * time.Second: 0, 4 * time.Minute: 7 * time.Minute, time.Hour: 0} {
		inRemoteHouse(t, device.RelaySpec{MinOff: 10 * time.Minute, Lease: 90 * time.Second}, func(h *house) {
			h.sensor = fakeSensor{18}
			h.startAgent(0)
			time.Sleep(30 * time.Second)
			h.stopBroker()
			time.Sleep(outage)
			_, before := h.told("there/relay")
			h.startBroker()
			time.Sleep(rest)
			if text, n := h.told("there/relay"); rest > 0 && n > before {
				t.Errorf("outage of %v: %q in its rest, %d times", outage, text, n-before)
			}
			time.Sleep(90 * time.Second) // to connect, and a renewal
			if _, n := h.told("there/relay"); n == before || !h.toldOn() {
				t.Errorf("outage of %v: no On after its rest of %v", outage, rest)
			}
		})
	}
}

// TestADeviceThatWentOffInAnOutageRests: a device that went off while the broker was away, and
// had the broker keep that, rests before it is told to go on.
func TestADeviceThatWentOffInAnOutageRests(t *testing.T) {
	inRemoteHouse(t, device.RelaySpec{On: "ON", Off: "OFF", StateTopic: "there/state", MinOff: 90 * time.Second}, func(h *house) {
		h.sensor = fakeSensor{18}
		h.startAgent(0)
		time.Sleep(3 * time.Second)
		h.say("there/state", "ON", false)
		synctest.Wait()
		h.stopBroker()
		_, before := h.told("there/relay")
		h.startBroker()
		h.say("there/state", "OFF", true)
		time.Sleep(88 * time.Second)
		if payload, n := h.told("there/relay"); n != before || !strings.Contains(h.fault("relay"), "rests until") {
			t.Errorf("told %q in its rest, fault %q", payload, h.fault("relay"))
		}
		time.Sleep(15 * time.Second)
		if payload, n := h.told("there/relay"); payload != "ON" || n == before {
			t.Errorf("told %q after its rest", payload)
		}
	})
}

// TestAnUnclearPositionIsAFault: what is neither on nor off is a fault that shows it, and
// the device is told Off for min_off, then On once, and so on.
func TestAnUnclearPositionIsAFault(t *testing.T) {
	for _, row := range []struct{ field, says, shows string }{
		{"", "overpower", `it said "overpower"`},
		{"", "", `it said "", which is neither`},
		{"", "unavailable", `"unavailable"`},
		{"", "\x1b[2J\u202e", `"\x1b[2J\u202e"`},
		{"", strings.Repeat("x", 100_000), `"` + strings.Repeat("x", 40) + `…"`},
		{"", "null", `"null"`},
		{"", `{"state":null,"power":12}`, `"null"`},
		{"output", `{"id":0,"output":2}`, `"2"`},
		{"a.b", `{"a":{"b":["on"]}}`, `"[\"on\"]"`},
		{"", `{"state":`, `"{\"state\":"`},
		{"", "\xff\x00", `"?\x00"`},
	} {
		spec := device.RelaySpec{On: "ON", Off: "OFF", StateTopic: "there/state", StateField: row.field, MinOff: 90 * time.Second}
		inRemoteHouse(t, spec, func(h *house) {
			var ons atomic.Int64
			h.add(&plug{says: func(topic string, command []byte) {
				if topic == "there/relay" && string(command) == "ON" {
					ons.Add(1)
					h.say("there/state", "ON", false)
					time.Sleep(500 * time.Millisecond)
					h.say("there/state", row.says, false)
				}
			}})
			h.startAgent(0)
			time.Sleep(time.Second)
			for n := int64(1); n <= 3; n++ {
				h.measure("18", 88)
				payload, _ := h.told("there/relay")
				if ons.Load() != n || payload != "OFF" || !strings.Contains(h.fault("relay"), row.shows) || h.state().Heater != nil {
					t.Errorf("%.20q: On %d times, want %d, now %q, fault %q", row.says, ons.Load(), n, payload, h.fault("relay"))
				}
				h.measure("18", 4)
			}
		})
	}
}

// TestAnUnclearPositionWhileOffIsAFault: a device that is off and says what nobody understands is a
// fault, which its next answer ends; it is told to go on after min_off, however
// often it says so.
func TestAnUnclearPositionWhileOffIsAFault(t *testing.T) {
	spec := device.RelaySpec{On: "ON", Off: "OFF", StateTopic: "there/state", MinOff: 90 * time.Second}
	inRemoteHouse(t, spec, func(h *house) {
		h.add(onlyChanges(h, "ON", "OFF"))
		h.minOff = spec.MinOff
		h.startAgent(0)
		time.Sleep(time.Second)
		h.measure("20", 100)
		for i := range 88 {
			h.say("there/state", []string{"offline", "OFF"}[i%2], false)
			h.measure("18", 1)
			if i%10 == 0 && !strings.Contains(h.fault("relay"), "offline") {
				t.Errorf("after %d s: fault %q", i, h.fault("relay"))
			}
		}
		if payload, _ := h.told("there/relay"); payload != "OFF" {
			t.Errorf("told %q within min_off", payload)
		}
		h.measure("18", 15)
		if payload, _ := h.told("there/relay"); payload != "ON" || h.fault("relay") != "" {
			t.Errorf("told %q, fault %q", payload, h.fault("relay"))
		}
	})
}

// TestForeignCommandsAreAnswered: an Off that another says where this agent commands, as
// thermostat off does, is a stop that must rest; an On is answered with Off.
func TestForeignCommandsAreAnswered(t *testing.T) {
	inRemoteHouse(t, device.RelaySpec{MinOff: 90 * time.Second}, func(h *house) {
		h.startAgent(0)
		time.Sleep(time.Second)
		h.measure("18", 20)
		time.Sleep(300 * time.Millisecond) // between two commands of ours
		id := int32(7)
		h.say("there/relay", string(wire.Marshal(&pb.HeaterControl{SensorID: &id, Command: pb.HeaterCommand_Off.Enum()})), false)
		_, before := h.told("there/relay")
		h.measure("18", 88)
		if _, n := h.told("there/relay"); n != before || !strings.Contains(h.fault("relay"), "rests until") {
			t.Errorf("told %d times in its rest, fault %q", n-before, h.fault("relay"))
		}
		h.measure("18", 4)
		if !h.toldOn() {
			t.Error("no On after its rest")
		}
		h.measure("20", 5)
		h.say("there/relay", string(wire.Marshal(&pb.HeaterControl{SensorID: &id, Command: pb.HeaterCommand_On.Enum()})), false)
		time.Sleep(time.Second)
		if synctest.Wait(); h.toldOn() {
			t.Error("another's On was not answered")
		}
	})
}
