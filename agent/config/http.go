package config

import (
	"net/netip"

	"thermostat/agent/config/plain"
)

// HTTP is where the page is, and who may change something there.
type HTTP struct {
	Listen       string         // empty: no page
	Hosts        []string       // further names that it answers to
	PasswordFile string         // empty: there is none
	Proxies      []netip.Prefix // whose headers about the client are believed
}

// DefaultListen is where the page is unless the configuration says otherwise: on this machine alone.
const DefaultListen = "127.0.0.1:8466"

// changesNeedPassword warns of a page on which nobody can change anything.
func changesNeedPassword(r *reader, n *node, c *HTTP, _ badKeys) {
	switch {
	case c.PasswordFile != "":
	case plain.IsOpenToAll(c.Listen):
		r.warn(n, "other machines can look, but nobody can change anything over HTTP: that needs http.password_file")
	case len(c.Proxies) > 0:
		r.warn(n.Child("proxies"), "through a proxy people can look, but change nothing: that needs http.password_file")
	}
}
