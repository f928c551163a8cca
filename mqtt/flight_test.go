package mqtt

import (
	"bytes"
	"fmt"
	"net"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// mute is a connection to a broker that keeps its acknowledgements to itself.
type mute struct {
	net.Conn
	on   *atomic.Bool
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
	if _, ok := packet.(*packets.PubackPacket); ok && m.on.Load() {
		m.held = append(m.held, packet)
		return
	}
	if !m.on.Load() {
		for _, late := range m.held {
			late.Write(&m.next)
		}
		m.held = nil
	}
	packet.Write(&m.next)
}

// inMuteHouse runs a test with an agent that is connected and heats.
func inMuteHouse(t *testing.T, test func(h *house, on *atomic.Bool)) {
	inHouse(t, func(h *house) {
		var on atomic.Bool
		h.change = func(o *Options) {
			dial := o.Dial
			o.Dial = func(u *url.URL) (net.Conn, error) {
				c, err := dial(u)
				if err != nil {
					return nil, err
				}
				return &mute{Conn: c, on: &on}, nil
			}
		}
		h.startAgent(18)
		h.publish("living/control", `{"desired":21}`, true)
		time.Sleep(30 * time.Second)
		test(h, &on)
	})
}

// flood says many different controls live.
func (h *house) flood(n int) {
	for i := range n {
		h.publish("living/control", fmt.Sprintf(`{"desired":%d,"id":"flood %d"}`, 20+i%2*2, i), false)
		time.Sleep(time.Millisecond)
	}
}

// aboutTheZone are the topics told at QoS 1.
var aboutTheZone = []string{"living/heater", "living/state", "living/ack"}

// counted counts what the broker got on some topics of the device.
func (h *house) counted(topics ...string) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, topic := range topics {
		n += h.count["thermostat/cabin/"+topic]
	}
	return n
}

func (h *house) onDisk() Memory {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.saved
}

// kept counts the answers that the session keeps.
func (h *house) kept() int {
	n := make(chan int, 1)
	h.session.post(func() {
		z := h.session.zones["living"]
		n <- len(z.waiting) + len(z.answers) + len(z.ready)
	})
	return <-n
}

// TestFlightIsBounded: while the broker acknowledges nothing, a flood of controls
// is obeyed, and what it has to be told is not heaped up; it gets the newest of
// it when it acknowledges again.
func TestFlightIsBounded(t *testing.T) {
	inMuteHouse(t, func(h *house, on *atomic.Bool) {
		on.Store(true)
		before := h.counted(aboutTheZone...)
		h.flood(5000)
		time.Sleep(time.Second)
		if n := h.counted(aboutTheZone...) - before; n < mostInFlight || n > mostInFlight+10 {
			t.Errorf("%d messages without an acknowledgement", n)
		}
		if cur := string(h.onDisk().Cur); cur != `{"desired":22,"id":"flood 4999"}` {
			t.Errorf("saved %s", cur)
		}
		if n := h.kept(); n > 2*maxAnswers {
			t.Errorf("%d answers wait", n)
		}
		on.Store(false)
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

// TestRefusalsInFlight: so it is with the answers to controls that are refused.
func TestRefusalsInFlight(t *testing.T) {
	inMuteHouse(t, func(h *house, on *atomic.Bool) {
		on.Store(true)
		_, before := h.ack()
		for i := range 5000 {
			h.publish("living/control", fmt.Sprintf(`{"desired":1000,"id":"flood %d"}`, i), false)
			time.Sleep(time.Millisecond)
		}
		if _, n := h.ack(); n-before < mostInFlight-10 || n-before > mostInFlight+10 {
			t.Errorf("%d answers without an acknowledgement", n-before)
		}
		on.Store(false)
		time.Sleep(10 * time.Second)
		if a, n := h.ack(); *a.ID != "flood 4999" || a.Applied || n-before > mostInFlight+maxAnswers+10 {
			t.Errorf("%d answers, last %+v", n-before, a)
		}
	})
}

// TestBrokerThatAcknowledgesNothing is left for a new connection, which is told
// everything. A silent one with room in flight is not.
func TestBrokerThatAcknowledgesNothing(t *testing.T) {
	inMuteHouse(t, func(h *house, on *atomic.Bool) {
		on.Store(true)
		time.Sleep(2 * flightPatience)
		if n := h.counted("status"); n != 1 {
			t.Errorf("%d connections before the flood", n)
		}
		h.flood(800)
		if s := h.state(); *s.Desired == 21 {
			t.Error("the flood did not pass")
		}
		time.Sleep(2 * flightPatience)
		if n := h.counted("status"); n != 2 {
			t.Errorf("%d connections after it", n)
		}
		c, err := decodeControl(h.retained("living/control"))
		if s := h.state(); err != nil || *s.Desired != c.GetDesired() {
			t.Errorf("state %v, retained %v (%v)", *s.Desired, c, err)
		}
	})
}
