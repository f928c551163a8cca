package status

import (
	"net"
	"net/http"
	"net/netip"
	"path"
	"slices"
	"strings"
)

// The page needs nothing but itself: no other host, no inline script, no frame.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

// guarded lets only sound requests through to a handler, and puts the headers
// on every answer.
func (s *Server) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		switch {
		case !s.knowsHost(r.Host):
			refuse(w, http.StatusForbidden, "this agent does not answer to the host in the address: add it to http.hosts")
		case !isPlainPath(r):
			refuse(w, http.StatusNotFound, "no such page")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// knowsHost refuses foreign names: a page somewhere else could make its own name
// resolve to this machine (DNS rebinding) and would then be of our origin. An
// address cannot be rebound.
func (s *Server) knowsHost(hostPort string) bool {
	host := hostPort
	if h, _, err := net.SplitHostPort(hostPort); err == nil {
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return true
	}
	return slices.Contains(s.hosts, host)
}

// ownHosts lists the names that this agent answers to.
func ownHosts(machine string, further []string) []string {
	hosts := []string{"localhost"}
	if machine = strings.ToLower(machine); machine != "" {
		short, _, _ := strings.Cut(machine, ".")
		hosts = append(hosts, machine, short, short+".local")
	}
	for _, h := range further {
		hosts = append(hosts, strings.ToLower(strings.TrimSuffix(h, ".")))
	}
	return hosts
}

// isPlainPath refuses whatever would have to be cleaned or decoded: none of our
// paths needs it.
func isPlainPath(r *http.Request) bool {
	p := r.URL.Path
	return strings.HasPrefix(p, "/") && p == path.Clean(p) && r.URL.EscapedPath() == p
}
