package mqtt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"thermostat/controlloop"
	"thermostat/mqtt/broker"
	"thermostat/mqtt/device"
	"thermostat/mqtt/setpoint"
	"thermostat/mqtt/wire"
)

// hostile is a broker that does what a script says, over a network of one
// process. What it must know to be wrong on purpose it reads from its clients.
type hostile struct {
	dials  atomic.Int64
	script chan []byte // one packet each; nil: a pause of 100 ms
	done   chan struct{}

	mu        sync.Mutex
	owes      [][]byte // right answers, oldest first
	obliging  bool     // they are given
	subscribe uint16   // the id of the last SUBSCRIBE
	filters   int      // and how many filters it has
	publish   uint16   // the id of the last PUBLISH
}

func newHostile() *hostile {
	return &hostile{script: make(chan []byte), done: make(chan struct{}), obliging: true}
}

func (h *hostile) dial(*url.URL) (net.Conn, error) {
	select {
	case <-h.done:
		return nil, errors.New("connection refused")
	default:
	}
	h.dials.Add(1)
	agent, broker := net.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		h.listen(broker)
	}()
	go func() {
		defer broker.Close()
		h.speak(broker, ended)
	}()
	return agent, nil
}

// listen notes what is asked for.
func (h *hostile) listen(c net.Conn) {
	var buf [1 << 16]byte
	for {
		n, err := c.Read(buf[:])
		if err != nil {
			return
		}
		h.note(buf[:n]) // a pipe gives whole writes: whole packets
	}
}

func (h *hostile) note(p []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	length, n := binary.Uvarint(p[1:])
	body := p[1+n:][:length]
	switch p[0] >> 4 {
	case 1:
		h.owes = append(h.owes[:0], packetOf(packets.Connack<<4, 0, 0))
	case packets.Publish:
		if p[0]&6 != 0 {
			h.publish = binary.BigEndian.Uint16(body[2+binary.BigEndian.Uint16(body):])
			h.owes = append(h.owes, packetOf(packets.Puback<<4, byte(h.publish>>8), byte(h.publish)))
		}
	case packets.Subscribe:
		h.subscribe, h.filters = binary.BigEndian.Uint16(body), countFilters(body[2:])
		h.owes = append(h.owes, packetOf(packets.Suback<<4, append(body[:2:2], make([]byte, h.filters)...)...))
	case packets.Pingreq:
		h.owes = append(h.owes, packetOf(packets.Pingresp<<4))
	}
}

// speak says the next words of the script, and the right answers meanwhile.
func (h *hostile) speak(c net.Conn, ended chan struct{}) {
	answer := time.NewTicker(10 * time.Millisecond)
	defer answer.Stop()
	for {
		var err error
		select {
		case <-ended:
			return
		case <-h.done:
			return
		case p := <-h.script:
			if p == nil {
				time.Sleep(100 * time.Millisecond)
				continue
			}
			_, err = c.Write(p)
		case <-answer.C:
			for _, p := range h.takeAnswers() {
				if _, err = c.Write(p); err != nil {
					return
				}
			}
		}
		if err != nil {
			return
		}
	}
}

func (h *hostile) takeAnswers() (all [][]byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.obliging {
		all, h.owes = h.owes, nil
	}
	return all
}

// say puts a packet into the script; it waits until a connection takes it.
func (h *hostile) say(p []byte) bool {
	select {
	case h.script <- p:
		return true
	case <-time.After(10 * time.Minute):
		return false
	}
}

// beset is an agent whose broker is hostile: a zone on a sensor of its own, and a
// sensor and a relay on the broker.
type beset struct {
	*hostile
	ticks atomic.Int64
	on    atomic.Bool
	end   func()
}

func newBeset() *beset {
	b := &beset{hostile: newHostile()}
	d := device.NewGroup(slog.New(slog.DiscardHandler))
	d.Sensor(device.SensorSpec{Topic: "room/t", Field: "temperature"})
	d.Relay(device.RelaySpec{Topic: "plug/set", StateTopic: "plug/state", SensorID: 7, Lease: 30 * time.Second})
	z := livingZone()
	s := NewSession(Options{
		Access: broker.Access{Brokers: []string{"mqtt://pipe"}, Prefix: "thermostat", Dial: b.dial}, Device: "cabin", Instance: "word", Discovery: "homeassistant",
		Zones: []setpoint.Zone{z}, Devices: d, StateEvery: time.Second, Log: slog.New(slog.DiscardHandler), Info: func() wire.Info { return wire.Info{Version: "test"} },
	})
	zone := &controlloop.Zone{
		Name: z.Name, SensorID: z.SensorID, Params: z.Params, Sensor: fakeSensor{12}, Heater: b, Setpoints: z.Setpoints, Alarms: z.Alarms,
		Observe: func(snap controlloop.Snapshot) { b.ticks.Add(1); s.Observe(snap) },
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wait sync.WaitGroup
	wait.Go(func() { zone.Run(ctx, s.Start(z.Name)) })
	wait.Go(func() { s.Run(ctx) })
	b.end = func() {
		cancel()
		wait.Wait()
		close(b.done)
		time.Sleep(2 * time.Minute) // paho's goroutines end in their own time
	}
	return b
}

func (b *beset) Set(on bool) error { b.on.Store(on); return nil }

// wrongAnswers are packets that break the protocol on a connection that is well.
func (h *hostile) wrongAnswers() map[string][]byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	id := func(n uint16) []byte { return []byte{byte(n >> 8), byte(n)} }
	return map[string][]byte{
		"a SUBACK with codes too many": packetOf(packets.Suback<<4, append(id(h.subscribe), make([]byte, h.filters+1)...)...),
		"a SUBACK with no code":        packetOf(packets.Suback<<4, id(h.subscribe)...),
		"a PUBACK for a subscription":  packetOf(packets.Puback<<4, id(h.subscribe)...),
		"a SUBACK for a message":       packetOf(packets.Suback<<4, append(id(h.publish), 0)...),
		"256 MiB of SUBACK":            {packets.Suback << 4, 0xff, 0xff, 0xff, 0x7f},
		"256 MiB of PINGRESP":          {packets.Pingresp << 4, 0xff, 0xff, 0xff, 0x7f},
		"a message at QoS 3":           packetOf(packets.Publish<<4|6, 0, 1, 't', 0, 1),
	}
}

// TestABrokerThatBreaksTheProtocolCostsAConnectionAndNoTick, whatever the answer is.
func TestABrokerThatBreaksTheProtocolCostsAConnectionAndNoTick(t *testing.T) {
	for name := range newHostile().wrongAnswers() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBeset()
				time.Sleep(5 * time.Second)
				if n := b.dials.Load(); n != 1 {
					t.Fatalf("%d connections to a broker that is well", n)
				}
				b.mu.Lock()
				b.obliging = false // the last subscription is not answered yet
				b.mu.Unlock()
				b.say(packetOf(packets.Publish<<4, 0, 1, 't', 'x'))
				time.Sleep(61 * time.Second)
				synctest.Wait()
				before, ticks := b.dials.Load(), b.ticks.Load()
				b.mu.Lock()
				b.obliging = true
				b.mu.Unlock()
				b.say(b.wrongAnswers()[name])
				time.Sleep(time.Minute)
				if n := b.dials.Load(); n <= before {
					t.Error("the connection goes on")
				}
				if n := b.ticks.Load() - ticks; n < 59 || !b.on.Load() {
					t.Errorf("%d ticks in a minute, on %v", n, b.on.Load())
				}
				b.end()
			})
		})
	}
}

// FuzzInbound: whatever a broker sends, the process lives, its zone ticks and
// heats, and nothing allocates or keeps more than its bounds. The bytes are a script
// of right, wrong and meaningless packets.
func FuzzInbound(f *testing.F) {
	f.Add([]byte{0, 0, 2, 9})
	f.Add([]byte{1, 0, 2, 1, 4, 5, 'h', 'e', 'l', 'l', 'o'})
	f.Add([]byte("\x04\x20{\"desired\":21,\"mode\":\"heat\"}"))
	f.Add([]byte{5, 0x90, 0xff, 0xff, 0xff, 0x7f, 6, 3, 1, 2, 3})
	f.Add([]byte{3, 7, 7, 7, 0, 0, 0, 5, 0x30, 0xff, 0xff, 0xff, 0x7f, 6, 200})
	scripts, first := 0, uint64(0)
	f.Fuzz(func(t *testing.T, script []byte) {
		var before, after runtime.MemStats
		var sent uint64
		runtime.ReadMemStats(&before)
		synctest.Test(t, func(t *testing.T) {
			b := newBeset()
			for rest := script[:min(len(script), 400)]; len(rest) > 0; {
				var p []byte
				p, rest = b.compose(rest)
				b.say(p)
				sent += uint64(len(p))
			}
			ticks := b.ticks.Load()
			time.Sleep(30 * time.Second)
			synctest.Wait()
			if n := b.ticks.Load() - ticks; n < 29 {
				t.Errorf("%d ticks in 30 s", n)
			}
			b.end()
		})
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 32<<20+10*sent { // paho's copies, and the script's own
			t.Errorf("%d MiB allocated for %d MiB", grown>>20, sent>>20)
		}
		if scripts++; scripts%1000 != 0 {
			return
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		if first == 0 {
			first = after.HeapAlloc // the fuzzer's own 100 MiB among it
		} else if kept := int64(after.HeapAlloc) - int64(first); kept > 16<<20 {
			t.Errorf("%d MiB are kept after %d scripts", kept>>20, scripts)
		}
	})
}

// topicsOfInterest are some that the agent listens to, and one that it does not.
var topicsOfInterest = strings.Fields(`thermostat/cabin/living/control thermostat/cabin/living/set/desired thermostat/cabin/living/set/mode
	thermostat/cabin/living/set/clear thermostat/cabin/info thermostat/cabin/status homeassistant/status room/t plug/set plug/state else`)

// compose makes the next packet of a script.
func (h *hostile) compose(s []byte) (p, rest []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	op, rest := s[0]%8, s[1:]
	take := func() byte {
		if len(rest) == 0 {
			return 0
		}
		b := rest[0]
		rest = rest[1:]
		return b
	}
	bytesOf := func(n int) []byte {
		n = min(n, len(rest))
		out := rest[:n]
		rest = rest[n:]
		return out
	}
	switch op {
	case 1:
		h.obliging = !h.obliging
	case 2:
		p = packetOf(packets.Suback<<4, append([]byte{byte(h.subscribe >> 8), byte(h.subscribe)}, make([]byte, take())...)...)
	case 3:
		p = packetOf(take(), byte(h.publish>>8), byte(h.publish)+take())
	case 4:
		topic := topicsOfInterest[int(take())%len(topicsOfInterest)]
		p = packetOf(packets.Publish<<4|take()&9, append(append([]byte{0, byte(len(topic))}, topic...), bytesOf(int(take()))...)...)
	case 5:
		p = append([]byte{take()}, bytesOf(4)...)
	case 6:
		p = bytesOf(int(take()))
	case 7:
		topic := topicsOfInterest[int(take())%len(topicsOfInterest)]
		p = packetOf(packets.Publish<<4, append(append([]byte{0, byte(len(topic))}, topic...), bytes.Repeat([]byte{take()}, int(take())<<10)...)...)
	}
	if len(p) == 0 {
		return nil, rest
	}
	return p, rest
}

func packetOf(first byte, body ...byte) []byte {
	return append(binary.AppendUvarint([]byte{first}, uint64(len(body))), body...)
}

// countFilters counts the filters of a SUBSCRIBE.
func countFilters(payload []byte) (n int) {
	for ; len(payload) > 0; n++ {
		payload = payload[2+binary.BigEndian.Uint16(payload)+1:]
	}
	return n
}
