package status

import (
	"bufio"
	"fmt"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// believing makes the tests' own address a proxy that is believed, and a
// further network.
func believing(o *Options) {
	o.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("172.30.32.0/23")}
	o.Hosts = []string{"heat.example"}
}

// withPassword makes every change need "sesame".
func withPassword(t *testing.T) func(*Options) {
	file := filepath.Join(t.TempDir(), "password")
	write(t, file, "sesame\n")
	return func(o *Options) { o.PasswordFile = file }
}

// TestStrangersCountForThemselves: wrong passwords through a believed proxy are
// counted for the client, whatever it claims to have been before.
func TestStrangersCountForThemselves(t *testing.T) {
	protected := withPassword(t)
	s := open(t, func(o *Options) { believing(o); protected(o) })
	s.gate.guesses = newLimiter(5, time.Hour, 1000)
	put := func(password string, forwarded ...string) int {
		r, _ := http.NewRequest("PUT", s.url+control, strings.NewReader(`{"desired":21}`))
		r.SetBasicAuth("", password)
		r.Header["X-Forwarded-For"] = forwarded
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	for i, forwarded := range [][]string{
		{"203.0.113.9"}, {"203.0.113.9:4711"}, {"198.51.100.1, 203.0.113.9"}, {"127.0.0.1", "203.0.113.9"}, {"x, 203.0.113.9, 172.30.33.2,127.0.0.1"},
	} {
		if code := put("wrong", forwarded...); code != 401 {
			t.Errorf("guess %d: %d", i, code)
		}
	}
	for _, c := range []struct {
		forwarded string
		code      int
	}{
		{"203.0.113.9", 429}, {"[::ffff:203.0.113.9]:1", 429}, {"192.0.2.5, 203.0.113.9", 429},
		{"192.0.2.5", 200}, {"203.0.113.9, 192.0.2.5", 200}, {"203.0.113.9, nonsense", 200}, {"", 200},
		{"[2001:db8::1]:443", 200}, {"2001:db8::1", 200}, {"127.0.0.1", 200},
	} {
		if code := put("sesame", c.forwarded); code != c.code {
			t.Errorf("the owner at %q: %d, want %d", c.forwarded, code, c.code)
		}
	}
}

// TestUnknownProxyDoesNotLockTheOwnerOut: what a proxy says that is not in
// http.proxies is not believed, and the people at the machine have their own count.
func TestUnknownProxyDoesNotLockTheOwnerOut(t *testing.T) {
	s := open(t, withPassword(t))
	s.gate.guesses = newLimiter(5, time.Hour, 1000)
	auth := func(password string) string {
		r := http.Request{Header: http.Header{}}
		r.SetBasicAuth("", password)
		return r.Header.Get("Authorization")
	}
	for i := range 6 {
		code, _ := s.ask("PUT", control, `{"desired":21}`, "Authorization", auth("wrong"), "X-Forwarded-For", fmt.Sprint("192.0.2.", i))
		if want := []int{401, 401, 401, 401, 401, 429}[i]; code != want {
			t.Errorf("guess %d: %d, want %d", i, code, want)
		}
	}
	if code, _ := s.ask("PUT", control, `{"desired":21}`, "Authorization", auth("sesame")); code != 200 {
		t.Errorf("the owner at the machine: %d", code)
	}
}

// TestProxiedIsNotAtThisMachine: without a password file nothing can be changed
// through a proxy, believed or not, and the page says so from the beginning.
func TestProxiedIsNotAtThisMachine(t *testing.T) {
	for _, change := range []func(*Options){nil, believing} {
		s := open(t, change)
		for _, header := range [][]string{
			{"X-Forwarded-For", "127.0.0.1"}, {"X-Forwarded-For", ""}, {"X-Real-IP", "192.0.2.7"}, {"Forwarded", "for=192.0.2.7"}, {"Via", "1.1 box"},
			{"X-Forwarded-Host", "localhost"}, {"X-Forwarded-Proto", "https"}, {"X-Ingress-Path", "/x"},
			{"Host", "192.0.2.7"}, {"Host", "192.0.2.7:8466"}, {"Host", "[2001:db8::1]"}, {"Host", "cabin"}, {"Host", "cabin.lan:80"}, // HAProxy with its defaults
		} {
			for _, way := range [][2]string{{"PUT", control}, {"POST", "/api/zones/hall/clear"}} {
				if code, text := s.ask(way[0], way[1], `{"desired":21}`, header...); code != 403 || !strings.Contains(text, "http.password_file") {
					t.Errorf("%s %v: %d %s", way[0], header, code, text)
				}
			}
		}
		_, r := s.dial("PUT " + control + " HTTP/1.0\r\nHost: " + s.addr + "\r\nConnection: close\r\nContent-Length: 14\r\n\r\n{\"desired\":21}") // nginx with its defaults
		if line, _ := r.ReadString('\n'); !strings.Contains(line, "403") {
			t.Errorf("HTTP/1.0: %s", line)
		}
		_, r = s.dial("GET /api/events HTTP/1.1\r\nHost: localhost\r\nVia: 1.1 box\r\n\r\n")
		if hello := lineWith(t, r, `"page":`); !strings.Contains(hello, `"changes":"none"`) {
			t.Errorf("hello %s", hello)
		}
		if n := len(s.asked()); n != 0 {
			t.Errorf("%d controls were handed on", n)
		}
		for _, host := range []string{s.addr, "127.0.0.1", "localhost", "LOCALHOST:8466", "localhost.", "[::1]:8466", "127.1.2.3"} {
			if code, _ := s.ask("PUT", control, `{"desired":21}`, "Host", host); code != 200 {
				t.Errorf("at the machine, by %s: %d", host, code)
			}
		}
	}
}

// lineWith reads until a line has a text.
func lineWith(t *testing.T, r *bufio.Reader, text string) string {
	t.Helper()
	for {
		line, err := r.ReadString('\n')
		if strings.Contains(line, text) {
			return line
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestOwnChangesPassHoweverAProxyTellsTheHost: the page's own changes are let through whatever way
// a believed proxy tells the host, and no others; a foreign host is refused.
func TestOwnChangesPassHoweverAProxyTellsTheHost(t *testing.T) {
	protected := withPassword(t)
	believed, plain := open(t, func(o *Options) { believing(o); protected(o) }), open(t, func(o *Options) { protected(o); o.Hosts = []string{"heat.example"} })
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth("", "sesame")
	for _, c := range []struct {
		headers             string
		believed, untrusted int
	}{
		{"Host: heat.example; Origin: http://heat.example", 200, 200},
		{"Host: heat.example:8080; Origin: http://heat.example:8080", 200, 200},
		{"Host: heat.example; Origin: http://heat.example:8080", 200, 403}, // nginx: Host $host
		{"Host: heat.example:443; Origin: https://heat.example", 200, 403},
		{"Host: heat.example:8080; Origin: http://heat.example:9090", 403, 403},
		{"Host: heat.example; Origin: http://evil.example", 403, 403},
		{"Host: 127.0.0.1; X-Forwarded-Host: heat.example; Origin: https://heat.example", 200, 403},
		{"Host: 127.0.0.1; X-Forwarded-Host: heat.example:8443; Origin: https://heat.example:8443; X-Forwarded-Proto: https", 200, 403},
		{"Host: 127.0.0.1; X-Forwarded-Host: heat.example; Origin: http://heat.example; X-Forwarded-Proto: https", 403, 403},
		{"Host: 127.0.0.1; X-Forwarded-Host: heat.example, cabin.lan; Origin: https://heat.example", 200, 403},
		{"Host: 127.0.0.1; X-Forwarded-Host: evil.example; Origin: https://evil.example", 403, 403},
		{"Host: 127.0.0.1; X-Forwarded-Host: localhost, evil.example; Origin: https://localhost", 403, 403},
		{"Host: 127.0.0.1; Origin: null", 403, 403},
		{"Host: 127.0.0.1; Origin: http://192.0.2.9", 403, 403},
		{"Host: 127.0.0.1; X-Forwarded-Host: [2001:db8::1]; Origin: http://[2001:db8::1]:81", 200, 403},
		{"Host: 127.0.0.1; Sec-Fetch-Site: same-origin; Origin: https://localhost", 200, 200},
		{"Host: heat.example; Sec-Fetch-Site: cross-site; Origin: https://heat.example", 403, 403},
	} {
		headers := []string{"Authorization", r.Header.Get("Authorization")}
		for h := range strings.SplitSeq(c.headers, "; ") {
			name, value, _ := strings.Cut(h, ": ")
			headers = append(headers, name, value)
		}
		if code, text := believed.ask("PUT", control, `{"desired":21}`, headers...); code != c.believed {
			t.Errorf("believed, %s: %d %s", c.headers, code, text)
		}
		if code, text := plain.ask("PUT", control, `{"desired":21}`, headers...); code != c.untrusted {
			t.Errorf("not believed, %s: %d %s", c.headers, code, text)
		}
	}
}

// TestEverythingIsFoundBelowAProxysPrefix: below a believed proxy's prefix everything is found, whether the
// proxy takes the prefix away or not, and the page may stand in its frame.
func TestEverythingIsFoundBelowAProxysPrefix(t *testing.T) {
	s, plain := open(t, believing), open(t, nil)
	s.Saw(at(time.Now(), 20, true))
	for _, c := range []struct {
		header, prefix, path string
		code                 int
		says                 string
	}{
		{"X-Forwarded-Prefix", "/heat", "/", 200, `<head><base href="/heat/">`},
		{"X-Forwarded-Prefix", "/heat/", "/", 200, `<head><base href="/heat/">`},
		{"X-Forwarded-Prefix", "/heat", "/heat", 200, `<head><base href="/heat/">`},
		{"X-Forwarded-Prefix", "/heat", "/heat/", 200, `<head><base href="/heat/">`},
		{"X-Forwarded-Prefix", "/heat", "/heat/page.js", 200, "EventSource"},
		{"X-Forwarded-Prefix", "/heat", "/heat/api/zones", 200, `"temperature":20`},
		{"X-Forwarded-Prefix", "/heat", "/api/zones", 200, `"temperature":20`},
		{"X-Forwarded-Prefix", "/api", "/api/api/zones", 200, `"temperature":20`},
		{"X-Forwarded-Prefix", "/api", "/api/zones", 200, `"temperature":20`},
		{"X-Forwarded-Prefix", "/heat", "/heating/api/zones", 404, ""},
		{"X-Forwarded-Prefix", "/heat", "/heat//api/zones", 404, ""},
		{"X-Forwarded-Prefix", "/heat", "/heat/../api/zones", 404, ""},
		{"X-Ingress-Path", "/api/hassio_ingress/a_B-9", "/", 200, `<base href="/api/hassio_ingress/a_B-9/">`},
		{"X-Forwarded-Prefix", `/"><script>`, "/", 200, "<head>\n"},
		{"X-Forwarded-Prefix", "//evil.example", "/", 200, "<head>\n"},
		{"X-Forwarded-Prefix", "/..", "/", 200, "<head>\n"},
		{"X-Forwarded-Prefix", "/", "/", 200, "<head>\n"},
	} {
		code, text := s.ask("GET", c.path, "", c.header, c.prefix)
		if code != c.code || !strings.Contains(text, c.says) {
			t.Errorf("%s %s, %s: %d %.200s", c.header, c.prefix, c.path, code, text)
		}
		if code, text := plain.ask("GET", c.path, "", c.header, c.prefix); strings.Contains(text, "<base") || strings.HasPrefix(c.path, "/heat") && code != 404 {
			t.Errorf("not believed: %s %s, %s: %d %.200s", c.header, c.prefix, c.path, code, text)
		}
	}
	for site, frame := range map[*site]string{s: "'self' SAMEORIGIN", plain: "'none' DENY"} {
		resp, err := http.Get(site.url)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		ancestors, options, _ := strings.Cut(frame, " ")
		policy := resp.Header.Get("Content-Security-Policy")
		if !strings.HasSuffix(policy, "base-uri "+ancestors+"; frame-ancestors "+ancestors) || resp.Header.Get("X-Frame-Options") != options {
			t.Errorf("%s: %v", frame, resp.Header)
		}
	}
}

// TestARenamedMachineIsAnsweredInLocal: in .local a machine whose name is taken is <machine>-2, and so on.
func TestARenamedMachineIsAnsweredInLocal(t *testing.T) {
	s := open(t, nil)
	for host, known := range map[string]bool{
		"cabin-2.local": true, "Cabin-17.local:8466": true, "cabin-2.local.": true,
		"cabin-.local": false, "cabin-2.lan": false, "cabin-2": false, "cabin-x.local": false, "cabin-+2.local": false, "cabin-02.local": false,
		"cabin-2.evil.local": false, "cabin-2-3.local": false, "cabin-99999999.local": false, "x-2.local": false, "cabin-0.local": false,
	} {
		if code, _ := s.ask("GET", "/api/zones", "", "Host", host); (code == 200) != known {
			t.Errorf("%s: %d", host, code)
		}
	}
}
