package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/gorilla/websocket"
)

// dialBroker opens a connection by the URL's scheme.
func dialBroker(u *url.URL, o paho.ClientOptions) (net.Conn, error) {
	switch u.Scheme {
	case "ws", "wss":
		return dialWebsocket(u, o)
	case "mqtts":
		return tls.DialWithDialer(o.Dialer, "tcp", u.Host, o.TLSConfig)
	}
	return o.Dialer.Dial("tcp", u.Host)
}

// dialWebsocket opens MQTT over WebSocket (MQTT 3.1.1, 6). The answer to the
// upgrade is bounded: net/http takes headers of any length from a server.
func dialWebsocket(u *url.URL, o paho.ClientOptions) (net.Conn, error) {
	var raw *handshakeConn
	d := websocket.Dialer{
		Proxy: http.ProxyFromEnvironment, HandshakeTimeout: o.ConnectTimeout,
		TLSClientConfig: o.TLSConfig, Subprotocols: []string{"mqtt"},
		NetDialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := o.Dialer.DialContext(ctx, network, addr)
			raw = &handshakeConn{Conn: c}
			raw.left.Store(maxHandshake)
			return raw, err
		},
	}
	ws, answer, err := d.Dial(u.String(), nil)
	if answer != nil && errors.Is(err, websocket.ErrBadHandshake) {
		err = upgradeError{answer.StatusCode}
	}
	if err != nil {
		return nil, err
	}
	raw.open.Store(true)
	return &websocketConn{Conn: ws}, nil
}

// upgradeError is what a server answers instead of opening a WebSocket.
type upgradeError struct{ status int } // of HTTP

// Error names the answer.
func (e upgradeError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("answers %d %s", e.status, http.StatusText(e.status))) + ", and opens no WebSocket"
}

// maxHandshake bounds certificates and headers of a WebSocket's beginning, in bytes.
const maxHandshake = 256 << 10

// handshakeConn gives a bounded number of bytes, until it is opened.
type handshakeConn struct {
	net.Conn
	left atomic.Int64
	open atomic.Bool
}

// Read fails once more has come than a handshake takes.
func (b *handshakeConn) Read(p []byte) (int, error) {
	n, err := b.Conn.Read(p)
	if !b.open.Load() && b.left.Add(-int64(n)) < 0 {
		return 0, errors.New("the answer to the WebSocket handshake is too long")
	}
	return n, err
}

// websocketConn is a WebSocket as a stream of bytes: a packet may be cut into
// several messages, and a message hold several packets (MQTT 3.1.1, 6).
type websocketConn struct {
	*websocket.Conn
	message io.Reader // the one being read; nil: none
	writing sync.Mutex
}

// Write sends bytes as one message.
func (c *websocketConn) Write(p []byte) (int, error) {
	c.writing.Lock() // paho's pings come from a goroutine of their own
	defer c.writing.Unlock()
	if err := c.WriteMessage(websocket.BinaryMessage, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// SetDeadline is for reads and writes.
func (c *websocketConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// Read gives bytes of the current message, or waits for the next one.
func (c *websocketConn) Read(p []byte) (int, error) {
	for {
		if c.message == nil {
			var err error
			if _, c.message, err = c.NextReader(); err != nil {
				return 0, err
			}
		}
		n, err := c.message.Read(p)
		if err == io.EOF {
			c.message, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}
