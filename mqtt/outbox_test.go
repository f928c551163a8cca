package mqtt

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"thermostat/mqtt/setpoint"
)

// silence is what a broker does not acknowledge: everything for a time, or the
// next few for ever.
type silence struct {
	atomic.Bool
	forgets atomic.Int32
}

// mute is a connection to a broker that keeps its acknowledgements to itself.
type mute struct {
	net.Conn
	*silence
	held []packets.ControlPacket
	next bytes.Buffer
}

func (m *mute) Read(p []byte) (int, error) {
	for m.next.Len() == 0 {
		packet, err := packets.ReadPacket(m.Conn)
		if err != nil {
			return 0, err
		}
		m.pass(packet)
	}
	return m.next.Read(p)
}

func (m *mute) pass(packet packets.ControlPacket) {
	if _, ok := packet.(*packets.PubackPacket); ok {
		if m.forgets.Load() > 0 {
			m.forgets.Add(-1)
			return
		}
		if m.Load() {
			m.held = append(m.held, packet)
			return
		}
	}
	if !m.Load() {
		for _, late := range m.held {
			late.Write(&m.next)
		}
		m.held = nil
	}
	packet.Write(&m.next)
}

// inMuteHouse runs a test with an agent that is connected and heats.
func inMuteHouse(t *testing.T, test func(h *house, on *silence)) {
	inHouse(t, func(h *house) {
		var on silence
		h.change = func(o *Options) {
			dial := o.Dial
			o.Dial = func(u *url.URL) (net.Conn, error) {
				c, err := dial(u)
				if err != nil {
					return nil, err
				}
				return &mute{Conn: c, silence: &on}, nil
			}
		}
		h.startAgent(18)
		h.publish("living/control", `{"desired":21}`, true)
		time.Sleep(30 * time.Second)
		test(h, &on)
	})
}

// unmute lets the broker acknowledge: what was held comes before its next packet.
func (h *house) unmute(on *silence) {
	on.Store(false)
	h.publish("living/set/nothing", "", false)
}

// flood says many different controls live.
func (h *house) flood(n int) {
	for i := range n {
		h.publish("living/control", fmt.Sprintf(`{"desired":%d,"id":"flood %d"}`, 20+i%2*2, i), false)
		time.Sleep(time.Millisecond)
	}
}

// aboutTheZone are the topics told at QoS 1.
var aboutTheZone = []string{"living/heater", "living/state", "living/target", "living/ack"}

// counted counts what the broker got on some topics of the device.
func (h *house) counted(topics ...string) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, topic := range topics {
		n += h.count["thermostat/cabin/"+topic]
	}
	return n
}

func (h *house) onDisk() setpoint.Memory {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.saved
}

// kept counts the answers that the session keeps.
func (h *house) kept() int {
	n := make(chan int, 1)
	h.session.post(func() {
		z := h.session.byName["living"]
		n <- len(z.awaiting) + len(z.controls.answers) + len(z.answers)
	})
	return <-n
}

// TestPendingMessagesAreBounded: while the broker acknowledges nothing, a flood of controls
// is obeyed, and what it has to be told is not heaped up; it gets the newest of
// it when it acknowledges again.
func TestPendingMessagesAreBounded(t *testing.T) {
	inMuteHouse(t, func(h *house, on *silence) {
		on.Store(true)
		before := h.counted(aboutTheZone...)
		h.flood(5000)
		time.Sleep(time.Second)
		if n := h.counted(aboutTheZone...) - before; n < maxPending || n > maxPending+10 {
			t.Errorf("%d messages without an acknowledgement", n)
		}
		if cur := string(h.onDisk().Cur); cur != `{"desired":22,"id":"flood 4999"}` {
			t.Errorf("saved %s", cur)
		}
		if n := h.kept(); n > 2*maxAnswers {
			t.Errorf("%d answers wait", n)
		}
		h.unmute(on)
		time.Sleep(10 * time.Second)
		if s := h.state(); *s.Desired != 22 {
			t.Errorf("state %+v", s)
		}
		if a, n := h.ack(); *a.ID != "flood 4999" || n < maxAnswers {
			t.Errorf("%d answers, last %+v", n, a)
		}
		if n := h.counted("status"); n != 1 {
			t.Errorf("%d connections", n)
		}
	})
}

// refused is a flood of controls that are refused.
func (h *house) refused(n int) {
	for i := range n {
		h.publish("living/control", fmt.Sprintf(`{"desired":1000,"id":"flood %d"}`, i), false)
		time.Sleep(time.Millisecond)
	}
}

// TestRefusalsWaitForRoom: so it is with the answers to controls that are refused;
// what the zone does is told all the same.
func TestRefusalsWaitForRoom(t *testing.T) {
	inMuteHouse(t, func(h *house, on *silence) {
		on.Store(true)
		_, before := h.ack()
		h.refused(5000)
		if _, n := h.ack(); n-before < maxPending-10 || n-before > maxPending {
			t.Errorf("%d answers without an acknowledgement", n-before)
		}
		heater := h.counted("living/heater")
		h.publish("living/control", `{"desired":10}`, true)
		time.Sleep(2 * time.Second)
		if s := h.state(); h.counted("living/heater") != heater+1 || *s.Desired != 10 || *s.Heater != "off" {
			t.Errorf("%d messages to the heater, state %+v", h.counted("living/heater")-heater, s)
		}
		h.unmute(on)
		time.Sleep(10 * time.Second)
		if a, n := h.ack(); a.ID != nil || !a.Applied || n-before > maxPending+maxAnswers {
			t.Errorf("%d answers, last %+v", n-before, a)
		}
	})
}

// TestLocalChangesTakeEffectWithoutRoom: a change on the page is obeyed, saved and answered
// though the broker acknowledges nothing; it hears the last one when it does.
func TestLocalChangesTakeEffectWithoutRoom(t *testing.T) {
	inMuteHouse(t, func(h *house, on *silence) {
		on.Store(true)
		h.refused(1500)
		before := h.counted("living/control")
		for i := range 100 {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			a, err := h.session.Submit(ctx, "living", "page", fmt.Appendf(nil, `{"desired":%d}`, 20+i%3))
			cancel()
			if err != nil || !a.Applied {
				t.Fatalf("change %d: %+v, %v", i, a, err)
			}
		}
		if c, err := setpoint.DecodeControl(h.onDisk().Cur); err != nil || c.GetDesired() != 20 || c.GetSource() != "page" {
			t.Errorf("saved %v (%v)", c, err)
		}
		if n := h.counted("living/control") - before; n > 0 {
			t.Errorf("%d controls published without room", n)
		}
		h.unmute(on)
		time.Sleep(10 * time.Second)
		c, err := setpoint.DecodeControl(h.retained("living/control"))
		if s := h.state(); err != nil || c.GetDesired() != 20 || *s.Desired != 20 || s.Source != "page" {
			t.Errorf("retained %v (%v), state %+v", c, err, s)
		}
		if n := h.counted("living/control") - before; n != 1 {
			t.Errorf("%d controls published", n)
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		if state, ack := last(h.log, "thermostat/cabin/living/state"), last(h.log, "thermostat/cabin/living/ack"); ack < state {
			t.Error("the answer came before its state")
		}
	})
}

func last(log []string, what string) int {
	for i := len(log) - 1; i >= 0; i-- {
		if log[i] == what {
			return i
		}
	}
	return -1
}

// TestAWaitingControlGivesWayToANewerOne: a change of ours that waits for room gives way to a
// newer one of somebody else.
func TestAWaitingControlGivesWayToANewerOne(t *testing.T) {
	inMuteHouse(t, func(h *house, on *silence) {
		on.Store(true)
		h.refused(1500)
		if a, err := h.session.Submit(context.Background(), "living", "page", []byte(`{"desired":25}`)); err != nil || !a.Applied {
			t.Fatalf("%+v, %v", a, err)
		}
		h.publish("living/control", `{"desired":12}`, true)
		time.Sleep(time.Second)
		h.unmute(on)
		time.Sleep(time.Minute)
		if s := h.state(); *s.Desired != 12 || string(h.retained("living/control")) != `{"desired":12}` {
			t.Errorf("state %v, retained %q", *s.Desired, h.retained("living/control"))
		}
	})
}

// TestAForgottenAcknowledgementEndsNoConnection: a broker that forgets to acknowledge a message is no
// reason to connect anew.
func TestAForgottenAcknowledgementEndsNoConnection(t *testing.T) {
	inMuteHouse(t, func(h *house, on *silence) {
		on.forgets.Store(1)
		time.Sleep(2 * ackTimeout)
		h.flood(3000)
		time.Sleep(2 * ackTimeout)
		if n := h.counted("status"); n != 1 {
			t.Errorf("%d connections", n)
		}
		if a, _ := h.ack(); a.ID == nil || *a.ID != "flood 2999" {
			t.Errorf("the last answer is %+v", a)
		}
	})
}

// TestTheLastMessagesWaitForNoAcknowledgement: the last words wait for no acknowledgement.
func TestTheLastMessagesWaitForNoAcknowledgement(t *testing.T) {
	inMuteHouse(t, func(h *house, on *silence) {
		on.Store(true)
		h.flood(8000) // states that are told without room, too
		h.stopAgent()
		if s := h.state(); s.Reason != "stopped" || *s.Heater != "off" || string(h.retained("status")) != "offline" {
			t.Errorf("state %+v, status %q", s, h.retained("status"))
		}
		h.unmute(on)
		h.startAgent(18)
	})
}

// TestABrokerThatAcknowledgesNothingIsLeft is left for a new connection, which is told
// everything. A silent one with room in flight is not.
func TestABrokerThatAcknowledgesNothingIsLeft(t *testing.T) {
	inMuteHouse(t, func(h *house, on *silence) {
		on.Store(true)
		time.Sleep(2 * ackTimeout)
		if n := h.counted("status"); n != 1 {
			t.Errorf("%d connections before the flood", n)
		}
		h.flood(800)
		if s := h.state(); *s.Desired == 21 {
			t.Error("the flood did not pass")
		}
		time.Sleep(2 * ackTimeout)
		if n := h.counted("status"); n != 2 {
			t.Errorf("%d connections after it", n)
		}
		c, err := setpoint.DecodeControl(h.retained("living/control"))
		if s := h.state(); err != nil || *s.Desired != c.GetDesired() {
			t.Errorf("state %v, retained %v (%v)", *s.Desired, c, err)
		}
	})
}

// TestControlsOfAStuckZoneAreBoundedAndSaved: what waits for it is bounded, and is saved all the same.
func TestControlsOfAStuckZoneAreBoundedAndSaved(t *testing.T) {
	var z zone
	z.await(awaited{stream: &z.controls, serial: 1, actions: setpoint.Actions{Save: true}})
	for i := range maxAnswers {
		z.await(awaited{stream: &z.controls, serial: uint64(2 + i)})
	}
	if len(z.awaiting) != maxAnswers || z.awaiting[0].serial != 2 || !z.controls.unsaved {
		t.Errorf("%d wait, the first %+v, unsaved %v", len(z.awaiting), z.awaiting[0], z.controls.unsaved)
	}
}
