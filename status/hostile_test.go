package status

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"thermostat/controlloop"
	"thermostat/controlloop/mailbox"
)

const control = "/api/zones/hall/control"

// TestAForeignHostIsNotAnswered: a name that somebody else may point at us is not answered.
func TestAForeignHostIsNotAnswered(t *testing.T) {
	s := open(t, func(o *Options) { o.Hosts = []string{"Heat.example", "x.example."} })
	for host, known := range map[string]bool{
		"localhost": true, "LOCALHOST:8466": true, "localhost.": true, "127.0.0.1:1": true, "[::1]:8466": true, "192.0.2.7": true,
		"cabin": true, "cabin.lan": true, "cabin.local:8466": true, "Cabin.Lan.": true, "heat.example:443": true, "x.example": true,
		"evil.example": false, "evil.example:8466": false, "127.0.0.1.evil.example": false, "localhost.evil.example": false,
		"notlocalhost": false, "127.0.0.1@evil.example": false, "cabin.local.evil.example": false, "0x7f.1": false, "local": false,
	} {
		code, _ := s.ask("GET", "/api/zones", "", "Host", host)
		if (code == 200) != known || code != 200 && code != 403 && code != 400 {
			t.Errorf("%s: %d", host, code)
		}
	}
	for _, request := range []string{
		"GET http://evil.example/api/zones HTTP/1.1\r\nHost: localhost\r\n\r\n", // the address in the line counts (RFC 9112, 3.2.2)
		"GET /api/zones HTTP/1.0\r\n\r\n",
		"GET /api/zones HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
	} {
		_, r := s.dial(request)
		if line, _ := r.ReadString('\n'); !strings.Contains(line, "403") && !strings.Contains(line, "400") {
			t.Errorf("%q: %s", request, line)
		}
	}
}

// TestAForeignPageChangesNothing: a change must not come from another origin.
func TestAForeignPageChangesNothing(t *testing.T) {
	s := open(t, nil)
	for _, c := range []struct {
		headers []string
		code    int
	}{
		{nil, 200}, // no browser
		{[]string{"Origin", s.url}, 200},
		{[]string{"Sec-Fetch-Site", "same-origin"}, 200},
		{[]string{"Sec-Fetch-Site", "cross-site"}, 403},
		{[]string{"Sec-Fetch-Site", "same-site"}, 403},
		{[]string{"Sec-Fetch-Site", "cross-site", "Origin", s.url}, 403},
		{[]string{"Origin", "http://evil.example"}, 403},
		{[]string{"Origin", "http://127.0.0.1:1"}, 403},
		{[]string{"Origin", "null"}, 403},
	} {
		for _, way := range [][2]string{{"PUT", control}, {"POST", "/api/zones/hall/clear"}} {
			if code, _ := s.ask(way[0], way[1], `{"desired":21}`, c.headers...); code != c.code {
				t.Errorf("%s %v: %d", way[0], c.headers, code)
			}
		}
	}
	if n := len(s.asked()); n != 3 {
		t.Errorf("%d controls were handed on", n)
	}
	if code, _ := s.ask("OPTIONS", control, "", "Origin", "http://evil.example", "Access-Control-Request-Method", "PUT"); code != 405 {
		t.Errorf("preflight: %d", code)
	}
}

// TestNoPathIsCleanedDecodedOrRedirected: no path is cleaned, decoded or redirected.
func TestNoPathIsCleanedDecodedOrRedirected(t *testing.T) {
	s := open(t, nil)
	for _, path := range []string{
		"//", "//evil.example/", "/./", "/../../etc/passwd", "/page/../page.js", "/api/zones/", "/api//zones", "/%2e%2e/%2e%2e/etc/passwd",
		"/api/zones/..%2f..%2fcontrol/history", "/api/zones/hall%2fx/history", "/api/zones/%68all/history", "/api/zones/hall/history/", "/page.js%00.html",
		"/page/index.html", "/status/page.js", "/.git/config", "/api/zones/../zones", "/%", "/\\..\\x", "/page.js/", "/api/zones/hall\x7f/history",
	} {
		_, r := s.dial("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if line, _ := r.ReadString('\n'); !strings.Contains(line, " 404 ") && !strings.Contains(line, " 400 ") {
			t.Errorf("%q: %s", path, line)
		}
	}
}

// TestALargeBodyIsRefusedUnread: a body over the bound is refused unread, whoever sends how many.
func TestALargeBodyIsRefusedUnread(t *testing.T) {
	s := open(t, nil)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			c, err := net.Dial("tcp", s.addr)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			go func() {
				fmt.Fprintf(c, "PUT %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10485760\r\n\r\n{", control)
				chunk := bytes.Repeat([]byte(" "), 64<<10)
				for range 160 { // the server hangs up long before
					if _, err := c.Write(chunk); err != nil {
						return
					}
				}
			}()
			resp, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil || resp.StatusCode != 413 {
				t.Errorf("%v %v", resp, err)
			}
		})
	}
	all.Wait()
	runtime.ReadMemStats(&after)
	if taken := after.TotalAlloc - before.TotalAlloc; taken > 40<<20 {
		t.Errorf("20 bodies of 10 MB took %d MB", taken>>20)
	}
	if len(s.asked()) != 0 {
		t.Error("a control was handed on")
	}
	_, r := s.dial("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 16<<10) + "\r\n\r\n")
	if line, _ := r.ReadString('\n'); !strings.Contains(line, "431") {
		t.Errorf("a large header: %s", line)
	}
}

// TestSlowClientsAreCutOffWhileOthersAreServed: those who never finish are cut off, and others are served meanwhile.
func TestSlowClientsAreCutOffWhileOthersAreServed(t *testing.T) {
	t.Parallel() // it waits 10 s
	s := open(t, nil)
	s.Saw(at(time.Now(), 20, true))
	var slow []net.Conn
	for i := range 200 {
		text := "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
		if i%2 == 1 {
			text = "PUT " + control + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\n{"
		}
		c, _ := s.dial(text)
		slow = append(slow, c)
	}
	if code, _ := s.ask("GET", "/api/zones", ""); code != 200 {
		t.Errorf("others: %d", code)
	}
	for _, c := range slow {
		if _, err := io.Copy(io.Discard, c); err != nil && !isReset(err) {
			t.Fatal(err)
		} // until the server hangs up
	}
	if len(s.asked()) != 0 {
		t.Error("half a control was handed on")
	}
}

func isReset(err error) bool { return strings.Contains(err.Error(), "reset") }

// TestAChangeFromOutsideNeedsThePassword: outside loopback a change needs the password, and guessing is slow.
func TestAChangeFromOutsideNeedsThePassword(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	s := open(t, func(o *Options) {
		o.PasswordFile = file
		o.Listen = func() (net.Listener, error) { return net.Listen("tcp4", "0.0.0.0:0") }
	})
	put := func(password string) int {
		r, _ := http.NewRequest("PUT", s.url+control, strings.NewReader(`{"desired":21}`))
		if password != "" {
			r.SetBasicAuth("anybody", password)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode == 401 && !strings.HasPrefix(resp.Header.Get("WWW-Authenticate"), "Basic ") {
			t.Error("401 without saying how")
		}
		return resp.StatusCode
	}
	is := func(what string, got, want int) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %d, want %d", what, got, want)
		}
	}
	is("no file", put("sesame"), 403)
	write(t, file, "\n")
	is("an empty file", put(""), 401)
	is("an empty password", put("x"), 403)
	s.gate.guesses = newLimiter(5, time.Hour, 1000)
	write(t, file, "sesame\n")
	for range 20 {
		is("no password", put(""), 401)
		is("right", put("sesame"), 200)
		s.gate.pace = newLimiter(20, 0, 1)
	}
	write(t, file, "open sesame\r\n")
	is("the old one", put("sesame"), 401)
	is("renewed", put("open sesame"), 200)
	for range 4 {
		is("wrong", put("wrong"), 401)
	}
	is("too many", put("wrong"), 429)
	is("the right one is not looked at either", put("open sesame"), 429)
	if code, _ := s.ask("GET", "/api/zones", ""); code != 200 {
		t.Errorf("reading: %d", code)
	}
	if n := len(s.asked()); n != 21 {
		t.Errorf("%d controls", n)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestWithoutAPasswordFileNothingChangesFromOutside: outside loopback nothing can be changed then.
func TestWithoutAPasswordFileNothingChangesFromOutside(t *testing.T) {
	s := open(t, func(o *Options) { o.Listen = func() (net.Listener, error) { return net.Listen("tcp4", "0.0.0.0:0") } })
	for _, way := range [][2]string{{"PUT", control}, {"POST", "/api/zones/hall/clear"}} {
		if code, text := s.ask(way[0], way[1], `{"desired":21}`); code != 403 || !strings.Contains(text, "http.password_file") {
			t.Errorf("%v: %d %s", way, code, text)
		}
	}
}

// TestManyChangesArePaced: each costs a write to the card, so they are paced.
func TestManyChangesArePaced(t *testing.T) {
	s := open(t, nil)
	codes := map[int]int{}
	for range 100 {
		code, _ := s.ask("PUT", control, `{"desired":21}`)
		codes[code]++
	}
	if codes[429] == 0 || codes[200] < 20 || codes[200]+codes[429] != 100 {
		t.Errorf("%v", codes)
	}
}

// TestStreamsAreBounded: the next page is told so, and a place that is free is given again.
func TestStreamsAreBounded(t *testing.T) {
	s := open(t, nil)
	stream := func() (net.Conn, string) {
		c, r := s.dial("GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
		line, _ := r.ReadString('\n')
		return c, line
	}
	var first net.Conn
	for i := range maxStreams {
		c, line := stream()
		if !strings.Contains(line, "200") {
			t.Fatalf("stream %d: %s", i, line)
		}
		if i == 0 {
			first = c
		}
	}
	if _, line := stream(); !strings.Contains(line, "503") {
		t.Errorf("one too many: %s", line)
	}
	first.Close()
	eventually(t, func() bool { _, line := stream(); return strings.Contains(line, "200") })
}

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never")
		}
	}
}

// TestLimiterIsBounded: however many addresses guess.
func TestLimiterIsBounded(t *testing.T) {
	l, now := newLimiter(3, time.Minute, 10), time.Now()
	for i := range 1000 {
		l.take(fmt.Sprint(i), now)
	}
	if len(l.spent) > 10 {
		t.Errorf("%d keys", len(l.spent))
	}
	for i, want := range []bool{true, true, true, false} {
		if l.take("a", now) != want {
			t.Errorf("take %d is not %v", i, want)
		}
	}
	if !l.take("a", now.Add(time.Minute)) || l.take("a", now.Add(time.Minute)) {
		t.Error("one comes back each minute")
	}
	for address, key := range map[string]string{
		"192.0.2.1:99": "192.0.2.1", "[::ffff:192.0.2.1]:99": "192.0.2.1", "[2001:db8:1:2:3:4:5:6]:1": "2001:db8:1:2::/64", "[fe80::1%eth0]:1": "fe80::/64",
	} {
		if got := addressKey(address); got != key {
			t.Errorf("%s: %s", address, got)
		}
	}
}

// TestTicksGoOn: zones tick while a hundred pages are open, half of which never
// read, and scrapers scrape without pause.
func TestTicksGoOn(t *testing.T) {
	var o Options
	s := open(t, func(with *Options) {
		with.Zones = nil
		for i := range 20 {
			with.Zones = append(with.Zones, Zone{Name: fmt.Sprint("room-", i), Params: params()})
		}
		o = *with
	})
	ctx, ticks := t.Context(), make([]chan struct{}, len(o.Zones))
	var running sync.WaitGroup
	for i, z := range o.Zones {
		ticks[i] = make(chan struct{}, 1000)
		zone := controlloop.Zone{
			Name: z.Name, Params: z.Params, Sensor: sensor{}, Heater: relay{}, Setpoints: mailbox.New[controlloop.Setpoint](),
			Observe: func(snap controlloop.Snapshot) { s.Saw(snap); ticks[i] <- struct{}{} },
		}
		running.Go(func() { zone.Run(ctx, controlloop.Setpoint{}) })
	}
	for i := range 100 {
		c, r := s.dial("GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if i%2 == 0 {
			go io.Copy(io.Discard, r)
		} else {
			c.(*net.TCPConn).SetReadBuffer(4096)
		}
	}
	var scrapers sync.WaitGroup
	scraping := make(chan struct{})
	for range 4 {
		scrapers.Go(func() {
			for {
				select {
				case <-scraping:
					return
				default:
					s.ask("GET", "/metrics", "")
				}
			}
		})
	}
	for range 6 { // two for each sample of a second: the reading's and the tick's
		for _, c := range ticks {
			<-c
		}
	}
	if code, text := s.ask("GET", "/healthz", ""); code != 200 {
		t.Errorf("%d %s", code, text)
	}
	close(scraping)
	scrapers.Wait()
}

type sensor struct{}

func (sensor) Read(context.Context) (controlloop.Reading, error) {
	return controlloop.Temperature(20, time.Now()), nil
}

type relay struct{}

func (relay) Set(bool) error { return nil }

// FuzzRequest: whatever arrives, nothing is changed by a request that does not
// ask for just that, or that comes from elsewhere.
func FuzzRequest(f *testing.F) {
	f.Add([]byte("PUT /api/zones/hall/control HTTP/1.1\r\nHost: localhost\r\nContent-Length: 14\r\n\r\n{\"desired\":21}"), false)
	f.Add([]byte("PUT /api/zones/hall/control HTTP/1.1\r\nHost: evil.example\r\nOrigin: http://evil.example\r\nContent-Length: 2\r\n\r\n{}"), false)
	f.Add([]byte("POST /api/zones/hall/clear HTTP/1.1\r\nHost: [::1]:1\r\nSec-Fetch-Site: same-site\r\n\r\n"), false)
	f.Add([]byte("GET //api/../metrics?x=%zz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"), false)
	f.Add([]byte("GET /x/ HTTP/1.1\r\nHost: [::1]\r\nX-Forwarded-For: 1.2.3.4, x\r\nX-Forwarded-Host: localhost\r\nX-Ingress-Path: /x\r\nOrigin: null\r\n\r\n"), true)
	f.Fuzz(func(t *testing.T, raw []byte, believed bool) {
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
		if err != nil || strings.HasSuffix(r.URL.Path, "/api/events") {
			return
		}
		s := &site{t: t}
		o := s.options()
		if believed {
			believing(&o)
			r.RemoteAddr = "127.0.0.1:1"
		}
		s.Server = New(o)
		w := httptest.NewRecorder()
		s.handler(changesOpen).ServeHTTP(w, r)
		foreign := r.Header.Get("Sec-Fetch-Site") != "" && r.Header.Get("Sec-Fetch-Site") != "same-origin" && r.Header.Get("Sec-Fetch-Site") != "none"
		if len(s.asked()) > 0 && (r.Method != "PUT" || r.URL.Path != control || strings.Contains(r.Host, "evil") || foreign) {
			t.Errorf("obeyed %q", raw)
		}
		if w.Code >= 300 && w.Code < 400 && w.Code != http.StatusNotModified {
			t.Errorf("redirects: %q", raw)
		}
		if w.Header().Get("Content-Security-Policy") == "" {
			t.Errorf("no policy: %q", raw)
		}
	})
}
