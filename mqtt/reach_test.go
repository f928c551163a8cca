package mqtt

import (
	"context"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

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

// TestSilentBrokerKeepsNobodyFromTheNext: one that takes the connection and
// never answers costs its time limit, and the next one is asked.
func TestSilentBrokerKeepsNobodyFromTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.change = func(o *Options) {
			o.Brokers = []string{"mqtt://silent", "mqtt://refusing", "mqtt://pipe"}
			through := o.Dial
			o.Dial = func(u *url.URL) (net.Conn, error) {
				switch u.Hostname() {
				case "silent":
					here, _ := net.Pipe()
					return here, nil
				case "refusing":
					return nil, errors.New("connection refused")
				}
				return through(u)
			}
		}
		h.startAgent(18)
		time.Sleep(15 * time.Second)
		if !h.session.Connected() {
			t.Error("not connected to the third broker")
		}
		h.stopAgent()
		h.stopBroker()
		time.Sleep(time.Minute)
	})
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
			l := login{
				Access:   Access{Brokers: []string{"mqtt://a.lan", "mqtt://b.lan:1900"}, Username: c.user},
				clientID: "thermostat-cabin", dial: answers(map[string]byte{"a.lan": c.code}),
			}
			client, _, failed := reach(t.Context(), l, nil)
			if client != nil {
				t.Fatal("connected")
			}
			said := failed.Error()
			if !strings.Contains(said, "broker mqtt://a.lan:1883: ") || !strings.Contains(said, c.says) ||
				!strings.HasSuffix(said, "; broker mqtt://b.lan:1900: connection refused") {
				t.Errorf("code %d: %s", c.code, said)
			}
			if hand := failed.byHand(); (hand != "") != c.byHand || strings.Contains(hand, "b.lan") {
				t.Errorf("code %d, by hand: %q", c.code, hand)
			}
		})
	}
}

// TestWebsocketRefusalIsTold: TLS is judged alike below a websocket.
func TestWebsocketRefusalIsTold(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	defer server.Close()
	l := login{Access: Access{Brokers: []string{"wss://" + server.Listener.Addr().String() + "/mqtt"}}}
	if _, _, failed := reach(t.Context(), l, nil); !strings.Contains(failed.byHand(), "signed by an authority that this system does not know") {
		t.Errorf("%v", failed)
	}
}

// TestURLIsToldWithoutItsPath, where a token may be.
func TestURLIsToldWithoutItsPath(t *testing.T) {
	m := login{}.missed("wss://b.lan/mqtt?token=secret", errors.New("no route"))
	if m.text != "broker wss://b.lan:443: no route" || m.byHand {
		t.Errorf("%+v", m)
	}
}

// logLines keeps what is logged.
type logLines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// TestRefusalIsLoggedOnce: one line for each cause, not for each attempt, and
// the fault stands until the next connection.
func TestRefusalIsLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		var lines logLines
		let := make(chan struct{})
		h.change = func(o *Options) {
			o.Log = slog.New(slog.NewTextHandler(&lines, nil))
			through, refuses := o.Dial, answers(map[string]byte{"pipe": packets.ErrRefusedBadUsernameOrPassword})
			o.Dial = func(u *url.URL) (net.Conn, error) {
				select {
				case <-let:
					return through(u)
				default:
					return refuses(u)
				}
			}
		}
		h.startAgent(18)
		time.Sleep(complainEvery - time.Minute)
		said := func() int {
			synctest.Wait()
			return strings.Count(lines.String(), "until somebody mends this")
		}
		if n := said(); n != 1 {
			t.Errorf("%d lines:\n%s", n, lines.String())
		}
		time.Sleep(3 * time.Minute)
		if n := said(); n != 2 || !strings.Contains(h.fault("broker_refused"), "password") {
			t.Errorf("%d lines, fault %q:\n%s", n, h.fault("broker_refused"), lines.String())
		}
		close(let)
		time.Sleep(2 * time.Minute)
		if text := h.fault("broker_refused"); text != "" || !h.session.Connected() {
			t.Errorf("connected %v, still %s", h.session.Connected(), text)
		}
		h.stopAgent()
		h.stopBroker()
		time.Sleep(time.Minute)
	})
}

// TestNetworkFailureIsNoFault: nobody needs to mend anything.
func TestNetworkFailureIsNoFault(t *testing.T) {
	inHouse(t, func(h *house) {
		h.stopBroker()
		h.startAgent(18)
		time.Sleep(5 * time.Minute)
		if text := h.fault("broker_refused"); text != "" {
			t.Errorf("fault %q", text)
		}
		h.startBroker()
		time.Sleep(2 * time.Minute)
	})
}

// TestMissingFileIsTold: it is our own, the same for every broker.
func TestMissingFileIsTold(t *testing.T) {
	for name, a := range map[string]Access{
		"password_file: open /no/such":                        {PasswordFile: "/no/such"},
		"ca_file: open /no/such":                              {CAFile: "/no/such"},
		"cert_file /no/cert, key_file /no/key: open /no/cert": {CertFile: "/no/cert", KeyFile: "/no/key"},
	} {
		a.Brokers = []string{"mqtt://a", "mqtt://b"}
		_, _, failed := reach(context.Background(), login{Access: a, dial: answers(nil)}, nil)
		if hand := failed.byHand(); len(failed) != 1 || !strings.HasPrefix(hand, name) {
			t.Errorf("%v, want %s", failed, name)
		}
	}
}
