package broker

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"unicode/utf8"
)

// maxPacket bounds the messages that are taken in at all, in bytes. What is
// between it and MaxControl is refused with an answer; what is larger is
// dropped unread, or anybody on the broker could fill a small board's memory.
const maxPacket = 256 << 10

// The control packets that a client meets (MQTT 3.1.1, 2.2.1).
const (
	packetConnack   = 2
	packetPublish   = 3
	packetPuback    = 4
	packetSubscribe = 8
	packetSuback    = 9
	packetPingreq   = 12
	packetPingresp  = 13
)

// guardedConn is a connection whose reader meets only packets that a client of
// ours may be sent. paho believes its broker: it allocates what a header
// announces, and panics on a SUBACK with more codes than it asked for. So each
// packet is bounded by its type and held against what was asked, before paho
// sees a byte of it; one that breaks the protocol ends the connection.
type guardedConn struct {
	net.Conn
	in      *bufio.Reader
	packet  []byte // the room of a whole packet
	unread  []byte // what the reader has not taken of it
	session bool   // messages come at QoS 1, and are acknowledged

	mu    sync.Mutex
	asked asked
}

// asked is what the broker owes an answer to.
type asked struct {
	entered    bool                // CONNECT has been answered
	publishes  map[uint16]struct{} // the ids of those at QoS 1
	subscribes map[uint16]int      // how many filters, by id
	pings      int
}

func newGuardedConn(c net.Conn) *guardedConn {
	return &guardedConn{Conn: c, in: bufio.NewReader(c),
		asked: asked{publishes: map[uint16]struct{}{}, subscribes: map[uint16]int{}}}
}

// Write notes what asks for an answer, and passes it on. paho writes whole packets.
func (g *guardedConn) Write(p []byte) (int, error) {
	g.mu.Lock()
	g.asked.note(p)
	g.mu.Unlock()
	return g.Conn.Write(p)
}

// Read gives the next bytes of the packets that pass.
func (g *guardedConn) Read(p []byte) (int, error) {
	for len(g.unread) == 0 {
		if err := g.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, g.unread)
	g.unread = g.unread[n:]
	return n, nil
}

// next reads one packet, and judges it.
func (g *guardedConn) next() error {
	head, length, err := g.header()
	if err != nil {
		return err
	}
	kind, cut := head[0]>>4, 0
	if g.session && kind == packetPublish && length > maxPacket {
		length, cut = maxPacket, length-maxPacket
		head = binary.AppendUvarint(head[:1], maxPacket)
	}
	switch {
	case kind == packetPublish && length > maxPacket: // nobody acknowledges it
		_, err := g.in.Discard(length)
		return unexpected(err)
	case length > g.longest(kind):
		return fmt.Errorf("the broker breaks the protocol: a packet of type %d with %d bytes", kind, length)
	}
	g.packet = append(append(g.packet[:0], head...), make([]byte, length)...)
	body := g.packet[len(head):]
	if _, err := io.ReadFull(g.in, body); err != nil {
		return unexpected(err)
	}
	if _, err := g.in.Discard(cut); err != nil {
		return unexpected(err)
	}
	if kind == packetPublish && head[0]&0x06 != 0 && !(g.session && head[0]&0x06 == 0x02) {
		if head, body, err = atQoS0(head[0], body); err != nil {
			return err
		}
		g.packet = append(head, body...)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.asked.answer(head[0], body); err != nil {
		return fmt.Errorf("the broker breaks the protocol: %w", err)
	}
	g.unread = g.packet
	return nil
}

// atQoS0 makes of a message what we asked for: no id, and nobody acknowledges it.
// aedes gives to who subscribes with a wildcard what is retained at the QoS that it
// was published with, against MQTT 3.1.1, 3.8.4.
func atQoS0(first byte, body []byte) (head, rest []byte, err error) {
	id := 2
	if len(body) >= 2 {
		id += int(binary.BigEndian.Uint16(body))
	}
	if first&0x06 == 0x06 || len(body) < id+2 {
		return nil, nil, errors.New("the broker breaks the protocol: a message at a QoS that there is not, or without an id")
	}
	rest = append(body[:id:id], body[id+2:]...)
	return binary.AppendUvarint([]byte{first &^ 0x0e}, uint64(len(rest))), rest, nil
}

// unexpected tells an end in the middle of a packet from one between two.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// header reads a fixed header (MQTT 3.1.1, 2.2).
func (g *guardedConn) header() (head []byte, length int, err error) {
	first, err := g.in.ReadByte()
	if err != nil {
		return nil, 0, err
	}
	head = append(make([]byte, 0, 5), first)
	for shift := 0; shift <= 21; shift += 7 { // 2.2.3: seven bits a byte, the lowest first, four bytes at most
		b, err := g.in.ReadByte()
		if err != nil {
			return nil, 0, unexpected(err)
		}
		head = append(head, b)
		length |= int(b&0x7f) << shift
		if b < 0x80 {
			return head, length, nil
		}
	}
	return nil, 0, errors.New("the broker breaks the protocol: malformed length of a packet")
}

// longest bounds a packet's body by its type, in bytes.
func (g *guardedConn) longest(kind byte) int {
	switch kind {
	case packetPublish:
		return maxPacket
	case packetConnack, packetPuback:
		return 2
	case packetSuback:
		return 2 + FiltersAtOnce
	}
	return 0
}

// note keeps what packets of ours ask for. Ours are well formed.
func (a *asked) note(p []byte) {
	for len(p) > 0 {
		length, n := binary.Uvarint(p[1:])
		first, body := p[0], p[1+n:][:length]
		p = p[1+n+int(length):]
		switch first >> 4 {
		case packetPublish:
			if first&0x06 != 0 {
				topic := binary.BigEndian.Uint16(body)
				a.publishes[binary.BigEndian.Uint16(body[2+topic:])] = struct{}{}
			}
		case packetSubscribe:
			a.subscribes[binary.BigEndian.Uint16(body)] = filtersIn(body[2:])
		case packetPingreq:
			a.pings++
		}
	}
}

// filtersIn counts the filters of a SUBSCRIBE's payload (MQTT 3.1.1, 3.8.3).
func filtersIn(payload []byte) (n int) {
	for ; len(payload) > 0; n++ {
		payload = payload[2+binary.BigEndian.Uint16(payload)+1:]
	}
	return n
}

// answer reports what is wrong with a packet from the broker. An id that nobody
// waits for is an error like any other: who confuses ids might acknowledge what
// never arrived.
func (a *asked) answer(first byte, body []byte) error {
	switch kind := first >> 4; {
	case kind == packetConnack && !a.entered:
		a.entered = true
		return checkConnack(body)
	case !a.entered:
		return fmt.Errorf("a packet of type %d before CONNACK", kind)
	case kind == packetPublish:
		return checkPublish(body)
	case kind == packetPuback:
		return a.puback(body)
	case kind == packetSuback:
		return a.suback(body)
	case kind == packetPingresp && a.pings > 0:
		a.pings--
		return nil
	default:
		return fmt.Errorf("a packet of type %d that nobody asked for", kind)
	}
}

// checkConnack: a code that is none (MQTT 3.1.1, 3.2.2.3) would count as success with paho.
func checkConnack(body []byte) error {
	if len(body) != 2 || body[1] > 5 {
		return fmt.Errorf("a CONNACK that is none: % x", body)
	}
	return nil
}

// checkPublish holds a message at QoS 0 against MQTT 3.1.1, 3.3.
func checkPublish(body []byte) error {
	if len(body) < 2 || len(body)-2 < int(binary.BigEndian.Uint16(body)) {
		return errors.New("a message that ends within its topic")
	}
	topic := body[2:][:binary.BigEndian.Uint16(body)]
	if len(topic) == 0 || bytes.ContainsAny(topic, "+#\x00") || !utf8.Valid(topic) {
		return fmt.Errorf("a message with the topic %.40q", topic)
	}
	return nil
}

func (a *asked) puback(body []byte) error {
	if len(body) != 2 {
		return fmt.Errorf("a PUBACK of %d bytes", len(body))
	}
	id := binary.BigEndian.Uint16(body)
	if _, waits := a.publishes[id]; !waits {
		return fmt.Errorf("a PUBACK for message %d, which waits for none", id)
	}
	delete(a.publishes, id)
	return nil
}

func (a *asked) suback(body []byte) error {
	if len(body) < 3 {
		return fmt.Errorf("a SUBACK of %d bytes", len(body))
	}
	id, codes := binary.BigEndian.Uint16(body), len(body)-2
	if filters, waits := a.subscribes[id]; !waits || filters != codes {
		return fmt.Errorf("a SUBACK with %d codes for the %d filters of message %d", codes, filters, id)
	}
	delete(a.subscribes, id)
	return nil
}
