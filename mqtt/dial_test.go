package mqtt

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"testing"
)

// bytesConn is a connection that has only a reading side.
type bytesConn struct {
	net.Conn
	io.Reader
}

func (c bytesConn) Read(p []byte) (int, error) { return c.Reader.Read(p) }

func packet(kind byte, size int) []byte {
	return append(binary.AppendUvarint([]byte{kind << 4}, uint64(size)), bytes.Repeat([]byte{kind}, size)...)
}

// TestSmallPackets: large publishes vanish, everything else passes to the byte,
// however it is cut into reads.
func TestSmallPackets(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var wire, want []byte
		for range rnd.IntN(8) {
			kind := byte(2 + rnd.IntN(12))
			size := []int{0, 1, 127, 128, maxPacket, maxPacket + 1, 3 * maxPacket}[rnd.IntN(7)]
			p := packet(kind, size)
			wire = append(wire, p...)
			if kind != 3 || size <= maxPacket {
				want = append(want, p...)
			}
		}
		c := newSmallPackets(bytesConn{Reader: bytes.NewReader(wire)})
		var got []byte
		buf := make([]byte, 1+rnd.IntN(9000))
		for {
			n, err := c.Read(buf)
			got = append(got, buf[:n]...)
			if err != nil {
				if err != io.EOF {
					t.Fatal(err)
				}
				break
			}
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("%d bytes passed, want %d", len(got), len(want))
		}
	}
}

// TestMalformedLength: five bytes of length are no packet.
func TestMalformedLength(t *testing.T) {
	for name, wire := range map[string][]byte{"too long": {0x30, 0xff, 0xff, 0xff, 0xff, 0x01}, "cut": {0x30, 0xff}} {
		c := newSmallPackets(bytesConn{Reader: bytes.NewReader(wire)})
		if _, err := c.Read(make([]byte, 10)); err == nil || err == io.EOF {
			t.Errorf("%s: %v", name, err)
		}
	}
}
