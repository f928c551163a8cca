package broker

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/gorilla/websocket"
)

// overWebsocket connects to a server of this process.
func overWebsocket(t *testing.T, url string) (net.Conn, error) {
	o, err := clientOptions(Login{}, url)
	must(t, err)
	o.SetConnectTimeout(5 * time.Second)
	r := paho.NewClient(o).OptionsReader()
	return dialBroker(r.Servers()[0], *o)
}

// TestAWebsocketHandshakeIsBounded: a server may announce and say what it likes.
func TestAWebsocketHandshakeIsBounded(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	var said atomic.Int64
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		c.Write([]byte("HTTP/1.1 101 Switching Protocols\r\n"))
		for {
			n, err := c.Write([]byte("X-More: " + strings.Repeat("x", 1000) + "\r\n"))
			if said.Add(int64(n)); err != nil || said.Load() > 100<<20 {
				return
			}
		}
	}()
	c, err := overWebsocket(t, "ws://"+l.Addr().String()+"/mqtt")
	if err == nil || !strings.Contains(err.Error(), "too long") || c != nil {
		t.Errorf("%v %v", c, err)
	}
	if said.Load() > 100<<20 {
		t.Error("all of 100 MiB was read")
	}
}

// TestBytesOverAWebsocketAreWhole, however they are cut into messages, and after more
// bytes than a handshake may have.
func TestBytesOverAWebsocketAreWhole(t *testing.T) {
	sent := bytes.Repeat([]byte("0123456789"), maxHandshake/10+7000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		up := websocket.Upgrader{Subprotocols: []string{"mqtt"}}
		c, err := up.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		_, heard, _ := c.ReadMessage()
		c.WriteMessage(websocket.BinaryMessage, nil)
		for rest, n := sent, 1; len(rest) > 0; n = n*2 + 1 {
			n = min(n, len(rest))
			c.WriteMessage(websocket.BinaryMessage, rest[:n])
			rest = rest[n:]
		}
		c.WriteMessage(websocket.BinaryMessage, heard)
	}))
	defer server.Close()
	c, err := overWebsocket(t, "ws"+strings.TrimPrefix(server.URL, "http"))
	must(t, err)
	c.Write([]byte("end"))
	got, want := make([]byte, len(sent)+3), append(bytes.Clone(sent), "end"...)
	if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, want) {
		t.Errorf("not what was sent: %v", err)
	}
	must(t, c.Close())
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
