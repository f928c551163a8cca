package broker

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"
)

// bytesConn is a connection that has only a reading side.
type bytesConn struct {
	net.Conn
	io.Reader
}

func (c bytesConn) Read(p []byte) (int, error)         { return c.Reader.Read(p) }
func (c bytesConn) Write(p []byte) (int, error)        { return len(p), nil }
func (c bytesConn) SetWriteDeadline(_ time.Time) error { return nil }

// packet is a control packet, whatever its body.
func packet(first byte, body ...byte) []byte {
	return append(binary.AppendUvarint([]byte{first}, uint64(len(body))), body...)
}

func message(size int) []byte {
	return packet(packetPublish<<4, append([]byte{0, 1, 't'}, bytes.Repeat([]byte{'x'}, size-3)...)...)
}

var connack = packet(packetConnack<<4, 0, 0)

// TestLargeMessagesVanishAndOthersPassToTheByte, however they are cut into reads.
func TestLargeMessagesVanishAndOthersPassToTheByte(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		wire := bytes.Clone(connack)
		for range rnd.IntN(8) {
			wire = append(wire, message([]int{3, 127, 128, maxPacket, maxPacket + 1, 3 * maxPacket}[rnd.IntN(6)])...)
		}
		var want []byte
		for rest := wire; len(rest) > 0; {
			length, n := binary.Uvarint(rest[1:])
			if length <= maxPacket {
				want = append(want, rest[:1+n+int(length)]...)
			}
			rest = rest[1+n+int(length):]
		}
		c := newGuardedConn(bytesConn{Reader: bytes.NewReader(wire)})
		var got []byte
		buf := make([]byte, 1+rnd.IntN(9000))
		for {
			n, err := c.Read(buf)
			got = append(got, buf[:n]...)
			if err == io.EOF {
				break
			}
			must(t, err)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("%d bytes passed, want %d", len(got), len(want))
		}
	}
}

// TestAMessageAtAHigherQoSIsTakenAsAskedFor: some brokers give what is retained so.
func TestAMessageAtAHigherQoSIsTakenAsAskedFor(t *testing.T) {
	for qos := range byte(3) {
		wire := cat(connack)
		for _, size := range []int{0, 121, 122, 123, 124, maxPacket + 1} { // the length takes one byte, or two
			body := []byte{0, 1, 't'}
			if qos > 0 {
				body = append(body, 0, 9)
			}
			wire = cat(wire, packet(packetPublish<<4|qos<<1|1, append(body, bytes.Repeat([]byte{'x'}, size)...)...))
		}
		want := cat(connack)
		for _, size := range []int{0, 121, 122, 123, 124} {
			want = cat(want, packet(packetPublish<<4|1, append([]byte{0, 1, 't'}, bytes.Repeat([]byte{'x'}, size)...)...))
		}
		got, err := io.ReadAll(newGuardedConn(bytesConn{Reader: bytes.NewReader(wire)}))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("QoS %d: %d bytes, want %d: %v", qos, len(got), len(want), err)
		}
	}
}

// TestASessionsMessagesKeepTheirIDs, and those that are too large what is needed to acknowledge them.
func TestASessionsMessagesKeepTheirIDs(t *testing.T) {
	head := []byte{0, 1, 't', 0, 9}
	small, large := packet(packetPublish<<4|2, append(head, "21.5"...)...), packet(packetPublish<<4|2, append(head, make([]byte, 3*maxPacket)...)...)
	cut := packet(packetPublish<<4|2, append(head, make([]byte, maxPacket-len(head))...)...)
	c := newGuardedConn(bytesConn{Reader: bytes.NewReader(cat(connack, small, large, small))})
	c.session = true
	if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, cat(connack, small, cut, small)) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// TestAPacketThatDoesNotBelongEndsTheConnection before paho sees it. We have asked
// for three filters as message 7, said message 9 at QoS 1, and no ping.
func TestAPacketThatDoesNotBelongEndsTheConnection(t *testing.T) {
	subscribe := packet(packetSubscribe<<4|2, 0, 7, 0, 1, 'a', 0, 0, 1, 'b', 0, 0, 1, 'c', 0)
	publish := packet(packetPublish<<4|2, 0, 1, 't', 0, 9, 'x')
	claim := func(kind byte, length int) []byte { return binary.AppendUvarint([]byte{kind << 4}, uint64(length)) }
	wrong := map[string][]byte{
		"no CONNACK first":                     packet(packetSuback<<4, 0, 7, 0, 0, 0),
		"a second CONNACK":                     cat(connack, connack),
		"a CONNACK with a code of its own":     packet(packetConnack<<4, 0, 6),
		"a short CONNACK":                      packet(packetConnack<<4, 0),
		"a SUBACK with a code too many":        cat(connack, packet(packetSuback<<4, 0, 7, 0, 0, 0, 0)),
		"a SUBACK with a code too few":         cat(connack, packet(packetSuback<<4, 0, 7, 0, 0)),
		"a SUBACK without codes":               cat(connack, packet(packetSuback<<4, 0, 7)),
		"a SUBACK for a publish":               cat(connack, packet(packetSuback<<4, 0, 9, 0, 0, 0)),
		"a SUBACK twice":                       cat(connack, packet(packetSuback<<4, 0, 7, 0, 0, 0), packet(packetSuback<<4, 0, 7, 0, 0, 0)),
		"a PUBACK for a subscription":          cat(connack, packet(packetPuback<<4, 0, 7)),
		"a PUBACK for nobody":                  cat(connack, packet(packetPuback<<4, 0, 8)),
		"a PUBACK without an id":               cat(connack, packet(packetPuback<<4, 9)),
		"a PUBACK with reason codes (MQTT 5)":  cat(connack, packet(packetPuback<<4, 0, 9, 0)),
		"a PINGRESP that nobody asked for":     cat(connack, packet(packetPingresp<<4)),
		"a PINGRESP with a body":               cat(connack, packet(packetPingresp<<4, 1)),
		"a message at QoS 1 without an id":     cat(connack, packet(packetPublish<<4|2, 0, 1, 't', 0)),
		"a message at QoS 2 that ends early":   cat(connack, packet(packetPublish<<4|4, 0)),
		"a message at QoS 3":                   cat(connack, packet(packetPublish<<4|6, 0, 1, 't', 0, 1)),
		"a message that ends within its topic": cat(connack, packet(packetPublish<<4, 0, 9, 't')),
		"a message of one byte":                cat(connack, packet(packetPublish<<4, 0)),
		"a message without a topic":            cat(connack, packet(packetPublish<<4, 0, 0)),
		"a message to a filter":                cat(connack, packet(packetPublish<<4, 0, 1, '#')),
		"a message to no text":                 cat(connack, packet(packetPublish<<4, 0, 1, 0xff)),
		"five bytes of length":                 cat(connack, []byte{0x30, 0xff, 0xff, 0xff, 0xff, 1}),
		"an end within a length":               cat(connack, []byte{0x30, 0xff}),
		"an end within a packet":               cat(connack, []byte{0x30, 10, 0, 1}),
	}
	for kind := byte(0); kind < 16; kind++ {
		wrong[fmt.Sprintf("256 MiB of type %d at first", kind)] = claim(kind, 1<<28-1)
		if kind != packetPublish {
			wrong[fmt.Sprintf("256 MiB of type %d", kind)] = cat(connack, claim(kind, 1<<28-1))
		}
		if kind < packetConnack || kind > packetPuback && kind != packetSuback && kind != packetPingresp {
			wrong[fmt.Sprintf("a packet of type %d", kind)] = cat(connack, packet(kind<<4))
			wrong[fmt.Sprintf("a packet of type %d for message 9", kind)] = cat(connack, packet(kind<<4, 0, 9))
		}
	}
	for name, wire := range wrong {
		c := newGuardedConn(bytesConn{Reader: bytes.NewReader(wire)})
		c.Write(cat(subscribe, publish))
		passed, err := io.ReadAll(c)
		if err == nil {
			t.Errorf("%s: passes as % x", name, passed)
		}
		if len(passed) > len(connack)+7 || len(passed) > len(wire) {
			t.Errorf("%s: % x pass before %v", name, passed, err)
		}
	}
	c := newGuardedConn(bytesConn{Reader: bytes.NewReader(cat(connack, packet(packetSuback<<4, 0, 7, 0, 0x80, 0x87), packet(packetPuback<<4, 0, 9)))})
	c.Write(cat(subscribe, publish))
	if _, err := io.ReadAll(c); err != nil {
		t.Errorf("what was asked for: %v", err)
	}
}

func cat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
