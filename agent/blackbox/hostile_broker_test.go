package blackbox

import (
	bin "encoding/binary"
	"flag"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"thermostat/agent/clitest"
)

var hostileFor = flag.Duration("hostile", time.Duration(clitest.InCI(40, 15))*time.Second, "how long TestTheAgentOutlivesABrokerThatAnswersEverythingWrongly lasts")

// wrong is what a hostile broker says on one connection.
type wrong struct {
	name    string
	entered bool                     // only after a right CONNACK, and right answers until then
	head    func(sub, pub id) []byte // the packet's beginning
	zeros   int                      // bytes behind it
}

// id is that of a packet of the agent's, and how many filters it has.
type id struct {
	number  uint16
	filters int
}

func (i id) bytes() []byte { return bin.BigEndian.AppendUint16(nil, i.number) }

const most = 200_000_000 // the zeros that follow a header which announces so many

// wrongs are wrong answers of every packet type, before and after the handshake.
func wrongs() (all []wrong) {
	announce := func(first byte, n int) func(_, _ id) []byte {
		return func(_, _ id) []byte { return bin.AppendUvarint([]byte{first}, uint64(n)) }
	}
	for kind := range byte(16) {
		for _, entered := range []bool{false, true} {
			all = append(all,
				wrong{fmt.Sprintf("200 MB of type %d", kind), entered, announce(kind<<4, most), most},
				wrong{fmt.Sprintf("an empty packet of type %d", kind), entered, announce(kind<<4, 0), 0},
				wrong{fmt.Sprintf("a packet of type %d with three bytes", kind), entered, announce(kind<<4, 3), 3})
		}
	}
	suback := func(extra int) func(sub, _ id) []byte {
		return func(sub, _ id) []byte {
			return append(append([]byte{0x90, byte(2 + sub.filters + extra)}, sub.bytes()...), make([]byte, sub.filters+extra)...)
		}
	}
	return append(all,
		wrong{"a SUBACK with a code too many", true, suback(1), 0},
		wrong{"a SUBACK with a code too few", true, suback(-1), 0},
		wrong{"a SUBACK for a message", true, func(_, pub id) []byte { return append(append([]byte{0x90, 3}, pub.bytes()...), 0) }, 0},
		wrong{"a PUBACK for a subscription", true, func(sub, _ id) []byte { return append([]byte{0x40, 2}, sub.bytes()...) }, 0},
		wrong{"a PUBACK for nobody", true, func(_, _ id) []byte { return []byte{0x40, 2, 0xff, 0xfe} }, 0},
		wrong{"messages at QoS 3", true, func(_, _ id) []byte { return []byte("\x36\x07\x00\x01t\x00\x01xx") }, 0},
	)
}

// TestTheAgentOutlivesABrokerThatAnswersEverythingWrongly: codes too many and too few, ids that nobody
// knows, bodies where none belong, 200 MB of each type. The agent lives, its zone
// switches on, and its memory stays small.
func TestTheAgentOutlivesABrokerThatAnswersEverythingWrongly(t *testing.T) {
	if testing.Short() {
		t.Skip("a campaign")
	}
	t.Parallel()
	dealt := &sync.Map{} // the names
	early, late := theirTurns(t, false), theirTurns(t, true)
	agents := make([]*process, 4) // side by side: each waits up to a minute before it connects anew
	for i := range agents {
		var urls []string
		for range 11 { // who breaks off during the handshake gives way to the next one without a pause
			urls = append(urls, startHostile(t, early, dealt))
		}
		urls = append(urls, startHostile(t, late, dealt))
		config := agentConfig(t, "BROKERS", "")
		text, _ := stateFolder(t, config)
		text = strings.Replace(text, `"BROKERS"`, `"`+strings.Join(urls, `", "`)+`"`, 1)
		clitest.WriteFile(t, config, strings.Replace(text, "desired: 18, up_delta: 1, down_delta: 1", "desired: 17.5, up_delta: 0.05, down_delta: 0.05", 1))
		agents[i] = startAgent(t, config)
	}
	time.Sleep(*hostileFor)
	names := 0
	dealt.Range(func(any, any) bool { names++; return true })
	t.Logf("%d of %d wrongs dealt", names, len(wrongs()))
	for _, p := range agents {
		n := p.Count("msg=\"heater o")
		t.Logf("%d switches, %.1f MiB of memory at the peak", n, peakMiB(t, p))
		if n < 10 || peakMiB(t, p) > 64 {
			t.Errorf("%d switches, %.1f MiB of memory at the peak", n, peakMiB(t, p))
		}
		if code := p.stop(); code != 0 {
			t.Errorf("exit %d\n%s", code, p.Output())
		}
	}
	if names < 20 {
		t.Error("too few wrongs were dealt to say anything")
	}
}

// theirTurns gives the wrongs of one kind in turn, again and again.
func theirTurns(t *testing.T, entered bool) <-chan wrong {
	next := make(chan wrong)
	go func() {
		for {
			for _, w := range wrongs() {
				if w.entered != entered {
					continue
				}
				select {
				case next <- w:
				case <-t.Context().Done():
					return
				}
			}
		}
	}()
	return next
}

// startHostile is a broker that deals the next wrong to each connection.
func startHostile(t *testing.T, next <-chan wrong, dealt *sync.Map) (url string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				w := <-next
				w.deal(c)
				dealt.Store(w.name+strconv.FormatBool(w.entered), true)
			}()
		}
	}()
	return "mqtt://" + l.Addr().String()
}

// deal says the wrong answer, and stays until the agent leaves.
func (w wrong) deal(c net.Conn) {
	c.SetDeadline(time.Now().Add(30 * time.Second))
	var sub, pub id
	if _, err := packets.ReadPacket(c); err != nil { // CONNECT
		return
	}
	if w.entered {
		c.Write([]byte{0x20, 2, 0, 0})
		sub, pub = oblige(c)
	}
	if _, err := c.Write(w.head(sub, pub)); err != nil {
		return
	}
	for rest := w.zeros; rest > 0; rest -= 1 << 16 {
		if _, err := c.Write(make([]byte, min(rest, 1<<16))); err != nil {
			return
		}
	}
	c.SetDeadline(time.Now().Add(time.Second))
	for {
		if _, err := packets.ReadPacket(c); err != nil {
			return
		}
	}
}

// oblige answers rightly until it knows a subscription and a message that wait.
func oblige(c net.Conn) (sub, pub id) {
	for sub.number == 0 || pub.number == 0 {
		p, err := packets.ReadPacket(c)
		if err != nil {
			return sub, pub
		}
		switch p := p.(type) {
		case *packets.SubscribePacket:
			if sub.number != 0 {
				a := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
				a.MessageID, a.ReturnCodes = sub.number, make([]byte, sub.filters)
				a.Write(c)
			}
			sub = id{p.MessageID, len(p.Topics)}
		case *packets.PublishPacket:
			if p.Qos > 0 {
				pub = id{p.MessageID, 1}
			}
		}
	}
	return sub, pub
}
