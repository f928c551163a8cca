package status

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"
)

// Who may change something over HTTP.
type changes string

const (
	changesOpen     changes = "open"     // everybody on this machine
	changesPassword changes = "password" // whoever knows it
	changesNone     changes = "none"     // nobody: not on loopback, and no password file
)

// gate stands before every change over HTTP.
type gate struct {
	passwordFile string
	log          *slog.Logger
	pace         *limiter // of changes, which cost a write to the card
	guesses      *limiter // of passwords, by address
}

func newGate(passwordFile string, log *slog.Logger) *gate {
	return &gate{passwordFile, log, newLimiter(20, 200*time.Millisecond, 1), newLimiter(5, 10*time.Second, 1000)}
}

// at says who may change something through a listener. A password that
// is configured counts on loopback too: there may be a proxy before us.
func (g *gate) at(addr net.Addr) changes {
	tcp, ok := addr.(*net.TCPAddr)
	switch {
	case g.passwordFile != "":
		return changesPassword
	case ok && tcp.IP.IsLoopback():
		return changesOpen
	}
	return changesNone
}

// of says who may make a change with a request. Whoever comes through a proxy is
// no person at this machine, even where the proxy is.
func (who changes) of(r *http.Request) changes {
	if who == changesOpen && isProxied(r) {
		return changesNone
	}
	return who
}

// changing lets a request through that may change something.
func (g *gate) changing(who changes, next http.HandlerFunc) http.HandlerFunc {
	origin := http.NewCrossOriginProtection()
	return func(w http.ResponseWriter, r *http.Request) {
		if err := origin.Check(r); err != nil {
			refuse(w, http.StatusForbidden, "a change must come from this agent's own page; a proxy must pass on the Host that the browser asked for")
			return
		}
		if !g.mayChange(who.of(r), w, r) {
			return
		}
		if !g.pace.take("", time.Now()) {
			tooMany(w, "too many changes: try again in a second")
			return
		}
		next(w, r)
	}
}

// mayChange checks the password where one is needed, and answers if it may not.
func (g *gate) mayChange(who changes, w http.ResponseWriter, r *http.Request) bool {
	switch who {
	case changesOpen:
		return true
	case changesNone:
		refuse(w, http.StatusForbidden, "changes over HTTP from other machines, or through a proxy, need http.password_file")
		return false
	}
	_, given, ok := r.BasicAuth()
	if !ok {
		askPassword(w, "this change needs the password")
		return false
	}
	from := guesser(r)
	if !g.guesses.take(from, time.Now()) { // before the password is looked at, or guessing would go on
		tooMany(w, "too many wrong passwords: try again in a while")
		return false
	}
	wanted, err := ReadPassword(g.passwordFile)
	switch {
	case err != nil:
		g.log.Error("page: no change is possible", "error", err)
		refuse(w, http.StatusForbidden, "the agent cannot read http.password_file")
		return false
	case !same(given, wanted):
		g.log.Warn("page: a wrong password", "from", from)
		askPassword(w, "the password is wrong")
		return false
	}
	g.guesses.giveBack(from)
	return true
}

// same compares in constant time, also of texts of different length.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// maxPassword bounds what is read of the file, in bytes.
const maxPassword = 4096

// ReadPassword gives the password that http.password_file holds. It is read
// anew each time, so that a new one counts at once.
func ReadPassword(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", fmt.Errorf("http.password_file: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxPassword))
	if err != nil {
		return "", fmt.Errorf("http.password_file: %w", err)
	}
	password := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	if password == "" {
		return "", fmt.Errorf("http.password_file: %s is empty", file)
	}
	return password, nil
}

// guesser is whom wrong passwords are counted for. Those who come through a
// proxy of this machine that is not believed have one count for all, which is
// not that of the people at the machine.
func guesser(r *http.Request) string {
	key := addressKey(r.RemoteAddr)
	if ip, err := netip.ParseAddr(key); (err != nil || ip.IsLoopback()) && isProxied(r) {
		key += " through a proxy"
	}
	return key
}

// addressKey is an IPv4 address, or the network of an IPv6 address, of which
// one machine has as many as it likes.
func addressKey(remote string) string {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return remote
	}
	ip := at.Addr().Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	network, _ := ip.Prefix(64) // 64 bits fit an IPv6 address
	return network.String()
}

func askPassword(w http.ResponseWriter, why string) {
	w.Header().Set("WWW-Authenticate", `Basic realm="thermostat", charset="UTF-8"`)
	refuse(w, http.StatusUnauthorized, why)
}

func tooMany(w http.ResponseWriter, why string) {
	w.Header().Set("Retry-After", "10")
	refuse(w, http.StatusTooManyRequests, why)
}
