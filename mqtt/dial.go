package mqtt

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/url"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// maxPacket bounds the messages that are taken in at all, in bytes. What is
// between it and maxControl is refused with an answer; what is larger is
// dropped unread, or anybody on the broker could fill a small board's memory.
const maxPacket = 256 << 10

// dialBroker opens a connection by the URL's scheme.
func dialBroker(u *url.URL, o paho.ClientOptions) (net.Conn, error) {
	conn, err := dialScheme(u, o)
	if err != nil {
		return nil, err
	}
	return newSmallPackets(conn), nil
}

func dialScheme(u *url.URL, o paho.ClientOptions) (net.Conn, error) {
	switch u.Scheme {
	case "ws":
		return paho.NewWebsocket(u.String(), nil, o.ConnectTimeout, o.HTTPHeaders, o.WebsocketOptions)
	case "wss":
		return paho.NewWebsocket(u.String(), o.TLSConfig, o.ConnectTimeout, o.HTTPHeaders, o.WebsocketOptions)
	case "mqtts":
		return tls.DialWithDialer(o.Dialer, "tcp", u.Host, o.TLSConfig)
	}
	return o.Dialer.Dial("tcp", u.Host)
}

// smallPackets is a connection whose reader never sees a PUBLISH larger than
// maxPacket. We subscribe at QoS 0, so nobody waits for an acknowledgement.
type smallPackets struct {
	net.Conn
	in   *bufio.Reader
	head []byte // of the current packet, not read yet
	body int    // bytes of the current packet, not read yet
}

func newSmallPackets(c net.Conn) *smallPackets {
	return &smallPackets{Conn: c, in: bufio.NewReader(c)}
}

// Read gives the next bytes of the packets that pass.
func (s *smallPackets) Read(p []byte) (int, error) {
	for len(s.head) == 0 && s.body == 0 {
		if err := s.next(); err != nil {
			return 0, err
		}
	}
	if len(s.head) > 0 {
		n := copy(p, s.head)
		s.head = s.head[n:]
		return n, nil
	}
	n, err := s.in.Read(p[:min(len(p), s.body)])
	s.body -= n
	return n, err
}

// next reads a fixed header (MQTT 3.1.1, 2.2) and skips the packet if it is too large.
func (s *smallPackets) next() error {
	first, err := s.in.ReadByte()
	if err != nil {
		return err
	}
	head := []byte{first}
	length := 0
	for shift := 0; ; shift += 7 { // 2.2.3: seven bits a byte, the lowest first, four bytes at most
		b, err := s.in.ReadByte()
		switch {
		case err == io.EOF:
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		case shift > 21:
			return errors.New("malformed length of a packet")
		}
		head = append(head, b)
		length |= int(b&0x7f) << shift
		if b < 0x80 {
			break
		}
	}
	const publish = 3 // 2.2.1
	if first>>4 == publish && length > maxPacket {
		_, err := s.in.Discard(length)
		return err
	}
	s.head, s.body = head, length
	return nil
}
