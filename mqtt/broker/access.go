// Package broker is one connection to an MQTT broker: the dial, TLS, the login,
// and why an attempt failed. It takes nothing from a broker on trust: packets
// that break the protocol end the connection, and no write waits for the network.
package broker

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// usualPorts are those of the schemes that a broker's URL may have.
var usualPorts = map[string]string{"mqtt": "1883", "mqtts": "8883", "ws": "80", "wss": "443"}

// CheckURL says what is wrong with a broker's URL. One that holds an @ is
// never shown: there may be a password before it.
func CheckURL(text string) error {
	if strings.Contains(text, "@") {
		return errors.New("a user or password has no place in the URL: use username and password_file")
	}
	shown := text
	if len(shown) > 40 {
		shown = strings.ToValidUTF8(shown[:40], "") + "…"
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || usualPorts[u.Scheme] == "" {
		return fmt.Errorf("%q is not a broker's URL such as mqtt://host:1883 (mqtt, mqtts, ws, wss)", shown)
	}
	plain := u.Scheme == "mqtt" || u.Scheme == "mqtts"
	if u.Fragment != "" || plain && (strings.Trim(u.Path, "/") != "" || u.RawQuery != "") {
		return fmt.Errorf("%q goes on behind the port, where a %s URL must end", shown, u.Scheme)
	}
	if p, err := strconv.Atoi(u.Port()); u.Port() != "" && (err != nil || p < 1 || p > 65535) {
		return fmt.Errorf("%q has a port outside 1..65535", shown)
	}
	return nil
}

// Access is how to reach and enter a broker. Files are read again at each
// connection, so that a renewed one counts without a restart.
type Access struct {
	Brokers      []string // URLs mqtt, mqtts, ws, wss; tried in order
	Username     string
	PasswordFile string
	CAFile       string
	CertFile     string
	KeyFile      string
	Prefix       string   // of every topic
	Dial         DialFunc `json:"-"` // nil: the network
}

// DialFunc opens the connection to a broker; nil is the network. Tests use it
// to stay in one process.
type DialFunc func(broker *url.URL) (net.Conn, error)
