package status

import (
	"net"
	"net/http"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"
)

// The page needs nothing but itself: no other host, no inline script. Only what
// a believed proxy shows may stand in a frame, and that in its own pages alone.
const (
	contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; " +
		"form-action 'none'; require-trusted-types-for 'script'; "
	aloneInWindow = contentPolicy + "base-uri 'none'; frame-ancestors 'none'"
	behindProxy   = contentPolicy + "base-uri 'self'; frame-ancestors 'self'"
)

// hardened lets only sound requests through to a handler, and puts the headers
// on every answer.
func hardened(mux *http.ServeMux, ours hostNames, trusted proxies) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, h := trusted.senderOf(r), w.Header()
		h.Set("Content-Security-Policy", aloneInWindow)
		h.Set("X-Frame-Options", "DENY")
		if from.believed {
			h.Set("Content-Security-Policy", behindProxy)
			h.Set("X-Frame-Options", "SAMEORIGIN")
		}
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		r = from.request(r, mux)
		switch {
		case !ours.hasAll(from.hosts):
			refuse(w, http.StatusForbidden, "this agent does not answer to the host in the address: add it to http.hosts")
		case !isPlainPath(r):
			refuse(w, http.StatusNotFound, "no such page")
		default:
			mux.ServeHTTP(w, r)
		}
	})
}

// hostNames are the names that this agent answers to.
type hostNames struct {
	machine string
	all     []string
}

func (n hostNames) hasAll(hosts []string) bool {
	return !slices.ContainsFunc(hosts, func(h string) bool { return !n.has(h) })
}

// has refuses foreign names: a page somewhere else could make its own name
// resolve to this machine (DNS rebinding) and would then be of our origin. An
// address cannot be rebound.
func (n hostNames) has(hostPort string) bool {
	host := hostPort
	if h, _, err := net.SplitHostPort(hostPort); err == nil {
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return true
	}
	return slices.Contains(n.all, host) || n.isRenamed(host)
}

// isRenamed knows the name that a machine takes in .local where another has its
// own already: <machine>-2.local and so on (RFC 6762, 9).
func (n hostNames) isRenamed(host string) bool {
	machine, _, _ := strings.Cut(strings.ToLower(n.machine), ".")
	number, ok := strings.CutPrefix(strings.TrimSuffix(host, ".local"), machine+"-")
	count, err := strconv.ParseUint(number, 10, 16)
	return machine != "" && ok && strings.HasSuffix(host, ".local") && err == nil && count > 0 && number[0] != '0'
}

func newHostNames(machine string, further []string) hostNames {
	named := machine
	hosts := []string{"localhost"}
	if machine = strings.ToLower(machine); machine != "" {
		short, _, _ := strings.Cut(machine, ".")
		hosts = append(hosts, machine, short, short+".local")
	}
	for _, h := range further {
		hosts = append(hosts, strings.ToLower(strings.TrimSuffix(h, ".")))
	}
	return hostNames{named, hosts}
}

// isPlainPath refuses whatever would have to be cleaned or decoded: none of our
// paths needs it.
func isPlainPath(r *http.Request) bool {
	p := r.URL.Path
	return strings.HasPrefix(p, "/") && p == path.Clean(p) && r.URL.EscapedPath() == p
}
