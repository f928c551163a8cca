package broker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// answers is a dialer whose brokers answer CONNECT with a code each, by host.
func answers(codes map[string]byte) DialFunc {
	return func(u *url.URL) (net.Conn, error) {
		code, there := codes[u.Hostname()]
		if !there {
			return nil, errors.New("connection refused")
		}
		here, broker := net.Pipe()
		go func() {
			if _, err := packets.ReadPacket(broker); err != nil {
				return
			}
			answer := packets.NewControlPacket(packets.Connack).(*packets.ConnackPacket)
			answer.ReturnCode = code
			answer.Write(broker)
		}()
		return here, nil
	}
}

// TestEveryBrokerIsTold: why the first refuses is not buried by the last one's error.
func TestEveryBrokerIsTold(t *testing.T) {
	for _, c := range []struct {
		code   byte
		user   string
		says   string
		byHand bool
	}{
		{packets.ErrRefusedBadUsernameOrPassword, "ann", "refuses user name or password", true},
		{packets.ErrRefusedNotAuthorised, "ann", "user ann may not connect", true},
		{packets.ErrRefusedNotAuthorised, "", "lets nobody in without a user name", true},
		{packets.ErrRefusedIDRejected, "ann", "refuses the client id thermostat-cabin", true},
		{packets.ErrRefusedBadProtocolVersion, "ann", "does not speak MQTT 3.1.1", true},
		{packets.ErrRefusedServerUnavailable, "ann", "Unavailable", false},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := Login{
				Access:   Access{Brokers: []string{"mqtt://a.lan", "mqtt://b.lan:1900"}, Username: c.user, Dial: answers(map[string]byte{"a.lan": c.code})},
				ClientID: "thermostat-cabin",
			}
			client, _, failed := Connect(t.Context(), l, nil)
			if client != nil {
				t.Fatal("connected")
			}
			said := failed.Error()
			if !strings.Contains(said, "broker mqtt://a.lan:1883: ") || !strings.Contains(said, c.says) ||
				!strings.HasSuffix(said, "; broker mqtt://b.lan:1900: connection refused") {
				t.Errorf("code %d: %s", c.code, said)
			}
			if hand := failed.ByHand(); (hand != "") != c.byHand || strings.Contains(hand, "b.lan") {
				t.Errorf("code %d, by hand: %q", c.code, hand)
			}
		})
	}
}

// TestAWebsocketThatDoesNotOpenIsTold: what the server answers is told, and is a person's to mend unless a proxy
// says that its broker is away for now.
func TestAWebsocketThatDoesNotOpenIsTold(t *testing.T) {
	for status, byHand := range map[int]bool{404: true, 403: true, 401: true, 301: true, 200: true, 429: false, 502: false, 503: false, 504: false} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		l := Login{Access: Access{Brokers: []string{"ws://" + server.Listener.Addr().String() + "/mqtt"}}}
		_, _, failed := Connect(t.Context(), l, nil)
		server.Close()
		if says := fmt.Sprintf("answers %d %s, and opens no WebSocket", status, http.StatusText(status)); !strings.Contains(failed.Error(), says) || (failed.ByHand() != "") != byHand {
			t.Errorf("%d: %s; by hand: %q", status, failed, failed.ByHand())
		}
	}
}

// TestWebsocketRefusalIsTold: TLS is judged alike below a websocket.
func TestWebsocketRefusalIsTold(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	defer server.Close()
	l := Login{Access: Access{Brokers: []string{"wss://" + server.Listener.Addr().String() + "/mqtt"}}}
	if _, _, failed := Connect(t.Context(), l, nil); !strings.Contains(failed.ByHand(), "signed by an authority that this system does not know") {
		t.Errorf("%v", failed)
	}
}

// TestURLIsToldWithoutItsPath, where a token may be.
func TestURLIsToldWithoutItsPath(t *testing.T) {
	m := Login{}.attemptError("wss://b.lan/mqtt?token=secret", errors.New("no route"))
	if m.text != "broker wss://b.lan:443: no route" || m.byHand {
		t.Errorf("%+v", m)
	}
}

// TestMissingFileIsTold: it is our own, the same for every broker.
func TestMissingFileIsTold(t *testing.T) {
	for name, a := range map[string]Access{
		"password_file: open /no/such":                        {PasswordFile: "/no/such"},
		"ca_file: open /no/such":                              {CAFile: "/no/such"},
		"cert_file /no/cert, key_file /no/key: open /no/cert": {CertFile: "/no/cert", KeyFile: "/no/key"},
	} {
		a.Brokers, a.Dial = []string{"mqtt://a", "mqtt://b"}, answers(nil)
		_, _, failed := Connect(context.Background(), Login{Access: a}, nil)
		if hand := failed.ByHand(); len(failed) != 1 || !strings.HasPrefix(hand, name) {
			t.Errorf("%v, want %s", failed, name)
		}
	}
}
