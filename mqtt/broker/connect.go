package broker

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// The time limits of a connection.
const (
	connectTimeout = 10 * time.Second // for the dial, and again for the handshake
	writeTimeout   = 10 * time.Second // paho's default is none: a full socket would hold the session
	keepAlive      = 15 * time.Second // with pingTimeout a frozen broker is noticed in about 24 s
	pingTimeout    = 5 * time.Second
	firstBackoff   = time.Second
	maxBackoff     = time.Minute
)

// GoodbyeTimeout is how long an end from our side may take to reach the broker,
// which else publishes our will.
const GoodbyeTimeout = 250 * time.Millisecond

// Leave ends a connection from our side.
func Leave(c paho.Client) { c.Disconnect(uint(GoodbyeTimeout.Milliseconds())) }

// Login is how one client of ours connects.
type Login struct {
	Access
	ClientID string
	Will     string // the topic on which the broker says offline for us; empty: none
	Session  *Session
}

// Session asks the broker to keep our subscriptions, and what comes at QoS 1 while we are away; without one it
// forgets both. The handler acknowledges each message itself. One that is too large is cut off, so that it can be
// acknowledged, too.
type Session struct{ Present bool } // set by [Connect]: the broker has kept it

// clientOptions are the settings that every client of ours shares. Files are
// read here, at each connection.
func clientOptions(l Login, broker string) (*paho.ClientOptions, error) {
	o := paho.NewClientOptions()
	o.AddBroker(withPort(broker))
	o.SetClientID(l.ClientID)
	o.SetProtocolVersion(4) // else a refused CONNECT is tried again as MQTT 3.1
	o.SetCleanSession(l.Session == nil)
	o.SetAutoAckDisabled(l.Session != nil)
	o.SetOrderMatters(true)
	o.SetAutoReconnect(false) // we connect anew ourselves: with jitter, and with fresh files
	o.SetConnectRetry(false)
	o.SetConnectTimeout(connectTimeout)
	o.SetDialer(&net.Dialer{Timeout: connectTimeout})
	o.SetWriteTimeout(writeTimeout)
	o.SetKeepAlive(keepAlive)
	o.SetPingTimeout(pingTimeout)
	o.SetStore(paho.NewOrderedMemoryStore()) // the default one resends in random order
	if l.Will != "" {
		o.SetBinaryWill(l.Will, []byte("offline"), 1, true)
	}
	o.SetCustomOpenConnectionFn(func(u *url.URL, o paho.ClientOptions) (net.Conn, error) {
		conn, err := l.open(u, o)
		if err != nil {
			return nil, err
		}
		g := newGuardedConn(newBufferedConn(conn))
		g.session = l.Session != nil
		return g, nil
	})
	return o, l.readFiles(o)
}

// open gives a connection by the network, or as a test wants it.
func (l Login) open(u *url.URL, o paho.ClientOptions) (net.Conn, error) {
	if l.Dial != nil {
		return l.Dial(u)
	}
	return dialBroker(u, o)
}

// readFiles fills in what proves who we are, and who the broker is.
func (l Login) readFiles(o *paho.ClientOptions) error {
	if l.Username != "" {
		o.SetUsername(l.Username)
	}
	if l.PasswordFile != "" {
		password, err := os.ReadFile(l.PasswordFile)
		if err != nil {
			return fmt.Errorf("password_file: %w", err)
		}
		o.SetPassword(strings.TrimRight(string(password), "\r\n"))
	}
	tlsConfig, err := l.tls()
	o.SetTLSConfig(tlsConfig)
	return err
}

// withPort adds the usual port to a broker's URL that names none.
func withPort(broker string) string {
	u, err := url.Parse(broker)
	if err != nil || u.Port() != "" {
		return broker // what cannot be read is reported by the attempt to connect
	}
	u.Host += ":" + usualPorts[u.Scheme]
	return u.String()
}

func (a Access) tls() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if a.CAFile != "" {
		pem, err := os.ReadFile(a.CAFile)
		if err != nil {
			return c, fmt.Errorf("ca_file: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return c, fmt.Errorf("ca_file %s: no certificate in it", a.CAFile)
		}
	}
	if a.CertFile != "" {
		cert, err := tls.LoadX509KeyPair(a.CertFile, a.KeyFile)
		if err != nil {
			return c, fmt.Errorf("cert_file %s, key_file %s: %w", a.CertFile, a.KeyFile, err)
		}
		c.Certificates = []tls.Certificate{cert}
	}
	return c, nil
}

// Backoff waits before the next attempt: 1, 2, 4 … 60 s, each anywhere between
// half and all of it, so that a fleet does not return at one instant. What the
// last attempt took in vain is part of it: a cluster in election lets us wait for 5 s.
func Backoff(ctx context.Context, attempt int, inVain time.Duration) {
	wait := min(firstBackoff<<min(attempt, 10), maxBackoff)
	wait = max(wait/2+rand.N(wait/2)-inVain, rand.N(firstBackoff/2))
	select {
	case <-ctx.Done():
	case <-time.After(wait):
	}
}

// QuietPaho sends paho's own warnings to a log. Its loggers belong to the whole
// program, so main calls this once.
func QuietPaho(log *slog.Logger) {
	paho.ERROR = pahoLog{log}
	paho.CRITICAL = pahoLog{log}
}

type pahoLog struct{ log *slog.Logger }

// Println passes on at debug level: the session reports what matters itself.
func (p pahoLog) Println(v ...any) { p.log.Debug(strings.TrimSpace(fmt.Sprintln(v...))) }

// Printf passes on at debug level.
func (p pahoLog) Printf(format string, v ...any) { p.log.Debug(fmt.Sprintf(format, v...)) }
