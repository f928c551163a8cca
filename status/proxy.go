package status

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// sender is who asks, as far as it is known. What a proxy says of it counts
// only where the proxy's address is in http.proxies.
type sender struct {
	believed bool     // it came from such a proxy
	address  string   // of the client, with a port
	hosts    []string // that the client asked for; each must be ours
	scheme   string   // http, https; empty: not known
	prefix   string   // the path below which the proxy shows us; empty: none
}

// proxies are those whose headers about the client are believed.
type proxies []netip.Prefix

// senderOf reads the headers of a believed proxy, and no others.
func (ps proxies) senderOf(r *http.Request) sender {
	from := sender{address: r.RemoteAddr, hosts: []string{r.Host}}
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !ps.believe(at.Addr()) {
		return from
	}
	from.believed = true
	if client, ok := ps.client(listed(r, "X-Forwarded-For")); ok {
		from.address = netip.AddrPortFrom(client, 0).String()
	}
	if hosts := listed(r, "X-Forwarded-Host"); len(hosts) > 0 {
		from.hosts = hosts
	}
	if schemes := listed(r, "X-Forwarded-Proto"); len(schemes) > 0 {
		from.scheme = strings.ToLower(schemes[0])
	}
	for _, header := range []string{"X-Ingress-Path", "X-Forwarded-Prefix"} {
		if p := strings.TrimSuffix(r.Header.Get(header), "/"); from.prefix == "" && prefixForm.MatchString(p) {
			from.prefix = p
		}
	}
	return from
}

// prefixForm is a path that needs no escaping anywhere, and is no other host's.
var prefixForm = regexp.MustCompile(`^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$`)

func (ps proxies) believe(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	return slices.ContainsFunc(ps, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// client is the last address that no proxy of ours is: each proxy adds whom it
// serves at the end, and what stands before may be the client's own invention.
func (ps proxies) client(forwarded []string) (ip netip.Addr, ok bool) {
	for _, text := range slices.Backward(forwarded) {
		next, err := parseForwarded(text)
		if err != nil {
			break
		}
		if ip, ok = next, true; !ps.believe(ip) {
			break
		}
	}
	return ip, ok
}

// parseForwarded takes an address, with or without a port.
func parseForwarded(text string) (netip.Addr, error) {
	if at, err := netip.ParseAddrPort(text); err == nil {
		return at.Addr(), nil
	}
	return netip.ParseAddr(strings.Trim(text, "[]"))
}

// listed gives the parts of a header that may come more than once.
func listed(r *http.Request, header string) (parts []string) {
	for part := range strings.SplitSeq(strings.Join(r.Header.Values(header), ","), ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

type senderKey struct{}

// request is the request as if it had come without a proxy: the client's
// address, its host, and the path without the prefix.
func (from sender) request(r *http.Request, mux *http.ServeMux) *http.Request {
	if !from.believed {
		return r
	}
	r = r.WithContext(context.WithValue(r.Context(), senderKey{}, from))
	r.RemoteAddr, r.Host = from.address, from.hosts[0]
	if origin := r.Header.Get("Origin"); origin != "" {
		r.Host = from.hostFor(origin)
	}
	rest, below := strings.CutPrefix(r.URL.Path, from.prefix)
	_, route := mux.Handler(r) // a proxy may have taken the prefix away, and /api may be one
	if from.prefix == "" || !below || route != "" || r.URL.RawPath != "" || rest != "" && rest[0] != '/' {
		return r
	}
	there := *r.URL
	there.Path = "/" + strings.TrimPrefix(rest, "/")
	r.URL = &there
	return r
}

// nobody is a host that no origin has; the origin null has the empty one.
const nobody = "?"

// hostFor gives the host of an origin that is the page's own as the proxy saw
// it, else nobody. Proxies often leave the port out ($host
// of nginx): the name decides then.
func (from sender) hostFor(origin string) string {
	u, err := url.Parse(origin)
	if err != nil || from.scheme != "" && u.Scheme != from.scheme {
		return nobody
	}
	name, port, err := net.SplitHostPort(from.hosts[0])
	if err != nil {
		name, port = strings.Trim(from.hosts[0], "[]"), ""
	}
	usual := map[string]string{"http": "80", "https": "443"}[u.Scheme]
	if !strings.EqualFold(u.Hostname(), name) || port != "" && port != u.Port() && (u.Port() != "" || port != usual) {
		return nobody
	}
	return u.Host
}

// isProxied reports the marks that proxies leave, believed or not. HTTP/1.0 is
// one of them: nginx speaks it and adds no header unless it is told to, and no
// browser has spoken it for long. HAProxy with its defaults leaves none, and
// passes on the host that the client asked for: who sits at this machine asks
// for localhost.
func isProxied(r *http.Request) bool {
	if !r.ProtoAtLeast(1, 1) || isLoopback(r.RemoteAddr) && !isLoopback(r.Host) {
		return true
	}
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Forwarded") || slices.Contains([]string{"Forwarded", "Via", "X-Real-Ip", "X-Ingress-Path"}, name) {
			return true
		}
	}
	return false
}

// isLoopback reports whether a host, with or without a port, is this machine itself.
func isLoopback(hostPort string) bool {
	host := hostPort
	if h, _, err := net.SplitHostPort(hostPort); err == nil {
		host = h
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && ip.Unmap().IsLoopback() || strings.EqualFold(strings.TrimSuffix(host, "."), "localhost")
}
