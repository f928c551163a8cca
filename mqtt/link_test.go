package mqtt

import (
	"errors"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"thermostat/mqtt/broker"
)

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
			through, refuses := o.Dial, refuser(packets.ErrRefusedBadUsernameOrPassword)
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
		time.Sleep(logAgainEvery - time.Minute)
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

// refuser is a dialer whose broker answers CONNECT with a code.
func refuser(code byte) broker.DialFunc {
	return func(*url.URL) (net.Conn, error) {
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

// TestABrokerThatEndsEachConnectionSoonIsAFault: some brokers answer what they do
// not allow so. The fault stands until a connection has lasted.
func TestABrokerThatEndsEachConnectionSoonIsAFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		let := make(chan struct{})
		h.change = func(o *Options) {
			o.Username = "guest"
			through := o.Dial
			o.Dial = func(u *url.URL) (net.Conn, error) {
				select {
				case <-let:
					return through(u)
				default:
					return lettingInFor(2)(u)
				}
			}
		}
		h.startAgent(18)
		time.Sleep(time.Second / 4) // one connection is no proof
		if text := h.fault("broker_refused"); text != "" {
			t.Errorf("at once: %q", text)
		}
		time.Sleep(time.Minute)
		text := h.fault("broker_refused")
		for _, want := range []string{"ends each connection", "may user guest read and write below thermostat/cabin/?", "id thermostat-cabin"} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in %q", want, text)
			}
		}
		close(let)
		for range 2 * 60 { // the longest wait for the next attempt is a minute
			if h.session.Connected() {
				break
			}
			time.Sleep(time.Second)
		}
		time.Sleep(steadyAfter / 2)
		if h.fault("broker_refused") == "" {
			t.Error("the fault is gone before the connection has lasted")
		}
		time.Sleep(steadyAfter)
		if text := h.fault("broker_refused"); text != "" || !h.session.Connected() {
			t.Errorf("connected %v, still %s", h.session.Connected(), text)
		}
		h.stopAgent()
		h.stopBroker()
		time.Sleep(time.Minute)
	})
}

// lettingInFor is a dialer whose broker lets in, takes so many packets, and ends the connection.
func lettingInFor(taken int) broker.DialFunc {
	return func(*url.URL) (net.Conn, error) {
		here, broker := net.Pipe()
		go func() {
			defer broker.Close()
			if _, err := packets.ReadPacket(broker); err != nil {
				return
			}
			packets.NewControlPacket(packets.Connack).Write(broker)
			for range taken {
				if _, err := packets.ReadPacket(broker); err != nil {
					return
				}
			}
		}()
		return here, nil
	}
}
