package config

import (
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// HTTP is where the page is, and who may change something there.
type HTTP struct {
	Listen       string         // empty: no page
	Hosts        []string       // further names that it answers to
	PasswordFile string         // empty: there is none
	Proxies      []netip.Prefix // whose headers about the client are believed
}

const DefaultListen = "127.0.0.1:8466"

// hostForm is a name as it stands in an address; a port is not part of it.
var hostForm = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?$`)

func (r *reader) readHTTP(n *node, c *HTTP) {
	c.Listen = DefaultListen
	if !r.isMapping(n, "listen", "password_file", "hosts", "proxies") {
		return
	}
	listen := n.child("listen")
	sound := r.text(listen, &c.Listen) && (c.Listen == "" || IsListen(c.Listen))
	if !sound && listen != nil && listen.kind == kindScalar {
		r.complain(listen, "%s is not an address such as %s", Shown(c.Listen), DefaultListen)
	}
	r.text(n.child("password_file"), &c.PasswordFile)
	c.PasswordFile = r.place(c.PasswordFile)
	hosts, at := r.texts(n.child("hosts"))
	for i, h := range hosts {
		if !hostForm.MatchString(h) {
			r.complain(at[i], "%s is not a host name such as cabin.example; the port does not belong to it", Shown(h))
		}
	}
	c.Hosts = hosts
	r.readProxies(n.child("proxies"), c)
	if sound && c.PasswordFile == "" && isOpenToAll(c.Listen) {
		r.warn(n, "other machines can look, but nobody can change anything over HTTP: that needs http.password_file")
	} else if c.PasswordFile == "" && len(c.Proxies) > 0 {
		r.warn(n.child("proxies"), "through a proxy people can look, but change nothing: that needs http.password_file")
	}
}

// readProxies takes addresses, and networks of them.
func (r *reader) readProxies(n *node, c *HTTP) {
	proxies, at := r.texts(n)
	for i, text := range proxies {
		p, err := netip.ParsePrefix(text)
		if ip, err2 := netip.ParseAddr(text); err2 == nil {
			ip = ip.Unmap().WithZone("")
			p, err = netip.PrefixFrom(ip, ip.BitLen()), nil
		}
		switch {
		case err != nil || p.Addr().Is4In6():
			r.complain(at[i], "%s is not an address such as 127.0.0.1, or a network such as 172.30.32.0/23", Shown(text))
		case p.Bits() == 0:
			r.complain(at[i], "%s would believe everybody: name the proxy's own address, such as 127.0.0.1", Shown(text))
		default:
			c.Proxies = append(c.Proxies, p.Masked())
		}
	}
}

func IsListen(address string) bool {
	host, port, err := net.SplitHostPort(address)
	return err == nil && isPort(port, 0) && !strings.ContainsAny(host, "/ ")
}

func isPort(text string, low int) bool {
	p, err := strconv.Atoi(text)
	return err == nil && p >= low && p <= 65535
}

// isOpenToAll reports whether an address is surely not a loopback one; a name is
// resolved only when the page opens.
func isOpenToAll(listen string) bool {
	host, _, _ := net.SplitHostPort(listen)
	ip, err := netip.ParseAddr(host)
	return listen != "" && (host == "" || err == nil && !ip.IsLoopback())
}
