package status

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// These tests put the proxies that people use before the page.

// front is a proxy before the page; each setup shows the page at an address.
type front struct {
	start      func(t *testing.T, setup, address string)
	bare       func(agent, address string) string                     // as little as it takes
	documented func(t *testing.T, agent, address, path string) string // docs/http.md, with TLS; path: the page is below it
}

var fronts = map[string]front{
	"nginx": {
		start: startNginx,
		bare: func(agent, address string) string {
			return "server { listen " + address + "; location / { proxy_pass http://" + agent + "; } }"
		},
		documented: func(t *testing.T, agent, address, path string) string {
			setup := example(t, "nginx", "127.0.0.1:8466", agent)
			if path != "" {
				setup = replace(t, setup, "location / {", "location "+path+"/ {", agent+";", agent+"/;", `X-Forwarded-Prefix ""`, "X-Forwarded-Prefix "+path)
			}
			pair := filepath.Join(newCertificate(t), "pair.pem")
			return fmt.Sprintf("server { listen %s ssl http2; ssl_certificate %s; ssl_certificate_key %s;\n%s}", address, pair, pair, setup)
		},
	},
	"haproxy": {
		start: startHAProxy,
		bare: func(agent, address string) string {
			return "frontend f\n  bind " + address + "\n  default_backend b\nbackend b\n  server s " + agent + "\n"
		},
		documented: func(t *testing.T, agent, address, path string) string {
			setup := example(t, "haproxy", "127.0.0.1:8466", agent, ":443", address, "/etc/haproxy/heat.pem", filepath.Join(newCertificate(t), "pair.pem"))
			if path != "" {
				setup = replace(t, setup, "default_backend thermostat", "http-request set-header X-Forwarded-Prefix "+path+"\n    use_backend thermostat if { path_beg "+path+"/ }")
			}
			return setup
		},
	},
}

// example is the setup for a proxy in docs/http.md, with other words in it.
func example(t *testing.T, language string, oldNew ...string) string {
	t.Helper()
	text, err := os.ReadFile("../docs/http.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```" + language + "\n(.*?)```").FindSubmatch(text)
	if block == nil {
		t.Fatalf("docs/http.md has no example for %s", language)
	}
	return replace(t, string(block[1]), oldNew...)
}

// replace changes words that must be there.
func replace(t *testing.T, text string, oldNew ...string) string {
	t.Helper()
	for i := 0; i+1 < len(oldNew); i += 2 {
		if !strings.Contains(text, oldNew[i]) {
			t.Fatalf("no %q in\n%s", oldNew[i], text)
		}
		text = strings.ReplaceAll(text, oldNew[i], oldNew[i+1])
	}
	return text
}

// newCertificate makes one for heat.example, with its key in one file.
func newCertificate(t *testing.T) (folder string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"heat.example"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	folder = t.TempDir()
	pair := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})...)
	write(t, filepath.Join(folder, "pair.pem"), string(pair))
	return folder
}

// startNginx runs one with a server block.
func startNginx(t *testing.T, server, address string) {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "nginx.conf")
	write(t, config, fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log stderr;
events {}
http {
  access_log off; client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy;
  fastcgi_temp_path %[1]s/fastcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
  %[2]s
}
`, dir, server))
	startFront(t, address, "nginx", "-p", dir, "-c", config, "-e", "stderr")
}

// startHAProxy runs one with Debian's usual times and no word about headers.
func startHAProxy(t *testing.T, setup, address string) {
	t.Helper()
	config := filepath.Join(t.TempDir(), "haproxy.cfg")
	write(t, config, "defaults\n  mode http\n  timeout connect 5000\n  timeout client 50000\n  timeout server 50000\n"+setup)
	startFront(t, address, "haproxy", "-db", "-q", "-f", config)
}

// startFront runs a proxy until the test ends.
func startFront(t *testing.T, address, name string, args ...string) {
	t.Helper()
	program, err := exec.LookPath(name)
	if err != nil {
		program = "/usr/sbin/" + name // Debian keeps it outside a user's PATH
		if _, err := os.Stat(program); err != nil && os.Getenv("THERMOSTAT_CI") != "" {
			t.Fatalf("%s is missing, and CI must have it", name)
		} else if err != nil {
			t.Skipf("%s is not installed: apt-get install nginx-light haproxy", name)
		}
	}
	c := exec.Command(program, args...)
	var said lines
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Process.Signal(syscall.SIGTERM)
		c.Wait()
		if t.Failed() {
			t.Logf("%s: %s", name, said.String())
		}
	})
	eventually(t, func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

func freeAddress(t *testing.T) string {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer free.Close()
	return free.Addr().String()
}

// visitor is a client of a proxy, from an address of this machine; every name leads to the proxy.
type visitor struct {
	t    *testing.T
	http *http.Client
	url  string
}

func visit(t *testing.T, from, url, address string) visitor {
	local := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	return visitor{t, &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return local.DialContext(ctx, "tcp", address)
		},
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, // it is the proxy's, made for this test
		ForceAttemptHTTP2: true,
	}}, url}
}

// ask sends a request; headers come in pairs.
func (v visitor) ask(method, path, body string, headers ...string) (int, string) {
	v.t.Helper()
	r, err := http.NewRequest(method, v.url+path, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if r.Header.Set(headers[i], headers[i+1]); headers[i] == "Host" {
			r.Host = headers[i+1]
		}
	}
	resp, err := v.http.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	text := new(strings.Builder)
	if _, err := bufio.NewReader(resp.Body).WriteTo(text); err != nil {
		v.t.Fatal(err)
	}
	return resp.StatusCode, text.String()
}

// put asks for 21 °C with a password, empty: none, as a page of an origin does.
func (v visitor) put(password, origin string, headers ...string) int {
	v.t.Helper()
	if headers = append(headers, "Origin", origin); password != "" {
		r := http.Request{Header: http.Header{}}
		r.SetBasicAuth("", password)
		headers = append(headers, "Authorization", r.Header.Get("Authorization"))
	}
	code, _ := v.ask("PUT", control, `{"desired":21}`, headers...)
	return code
}

// stream opens the page's events.
func (v visitor) stream() *bufio.Reader {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.t.Context(), time.Minute) // it measures nothing: else the stream never comes
	v.t.Cleanup(cancel)
	r, _ := http.NewRequestWithContext(ctx, "GET", v.url+"/api/events", nil)
	resp, err := v.http.Do(r) // it asks for gzip and unpacks
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(func() { resp.Body.Close() })
	return bufio.NewReader(resp.Body)
}

// TestBehindAProxyAsDocumentedThePageIsWhole: with TLS and what docs/http.md tells for nginx and HAProxy, at a
// name of its own or below a path, the page, its stream and its changes work for who has the password, and
// nothing that a client says of itself counts.
func TestBehindAProxyAsDocumentedThePageIsWhole(t *testing.T) {
	for name, f := range fronts {
		for _, path := range []string{"", "/heat"} {
			t.Run(name+path, func(t *testing.T) {
				t.Parallel() // it waits for a beat
				protected := withPassword(t)
				s := open(t, func(o *Options) { believing(o); protected(o) })
				s.Saw(at(time.Now(), 20.5, true))
				address := freeAddress(t)
				f.start(t, f.documented(t, s.addr, address, path), address)
				_, port, _ := net.SplitHostPort(address)
				v := visit(t, "127.0.0.6", "https://heat.example:"+port+path, address)
				v.checkPage(path)
				v.checkChanges("https://heat.example:" + port)
				v.checkClaims(path)
				events := v.stream()
				lineWith(t, events, `"changes":"password"`)
				lineWith(t, events, `"temperature":20.5`)
				s.Saw(at(time.Now(), 21.25, true))
				lineWith(t, events, `"temperature":21.25`)
				lineWith(t, events, "event: beat")
			})
		}
	}
}

// checkPage: the page is there, with the base that its parts are found at.
func (v visitor) checkPage(path string) {
	v.t.Helper()
	head := "<head>\n"
	if path != "" {
		head = `<head><base href="` + path + `/">`
	}
	if code, text := v.ask("GET", "/", ""); code != 200 || !strings.Contains(text, head) {
		v.t.Errorf("the page: %d %.200s", code, text)
	}
	for part, has := range map[string]string{"/page.js": "EventSource", "/api/zones": `"zone":"hall"`, "/healthz": "ok"} {
		if code, text := v.ask("GET", part, ""); code != 200 || !strings.Contains(text, has) {
			v.t.Errorf("%s: %d %.200s", part, code, text)
		}
	}
}

// checkChanges: they need the password, and the page's own origin.
func (v visitor) checkChanges(origin string) {
	v.t.Helper()
	for _, c := range []struct {
		password, origin string
		code             int
	}{{"", origin, 401}, {"wrong", origin, 401}, {"sesame", origin, 200}, {"sesame", "https://evil.example", 403}, {"sesame", "null", 403}} {
		if code := v.put(c.password, c.origin); code != c.code {
			v.t.Errorf("a change with the password %q from %s: %d, want %d", c.password, c.origin, code, c.code)
		}
	}
}

// checkClaims: what a client says of itself in a proxy's words is not passed on.
func (v visitor) checkClaims(path string) {
	v.t.Helper()
	claims := []string{"X-Forwarded-Host", "heat.example", "X-Forwarded-Prefix", "/theirs", "X-Ingress-Path", "/theirs", "X-Forwarded-Proto", "http"}
	if code, text := v.ask("GET", "/", "", claims...); code != 200 || strings.Contains(text, "theirs") {
		v.t.Errorf("a client's own claims are believed: %d %.200s", code, text)
	}
	if code, text := v.ask("GET", "/", "", append(claims, "Host", "evil.example")...); code != 403 {
		v.t.Errorf("a name made to resolve to the proxy: %d %.200s", code, text)
	}
}

// TestBehindAnUnknownProxyThePageOnlyShows: behind a proxy with its defaults the page and its stream are there, and
// nothing can be changed without a password file, even where the proxy leaves no mark.
func TestBehindAnUnknownProxyThePageOnlyShows(t *testing.T) {
	for name, f := range fronts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, nil)
			s.Saw(at(time.Now(), 20.5, true))
			address := freeAddress(t)
			f.start(t, f.bare(s.addr, address), address)
			_, port, _ := net.SplitHostPort(address)
			for _, host := range []string{"192.0.2.7:" + port, "cabin:" + port} {
				v := visit(t, "127.0.0.6", "http://"+host, address)
				v.checkPage("")
				if code := v.put("", "http://"+host); code != 403 {
					t.Errorf("a change by %s: %d", host, code)
				}
				events := v.stream()
				lineWith(t, events, `"changes":"none"`)
				lineWith(t, events, `"temperature":20.5`)
			}
			if n := len(s.asked()); n != 0 {
				t.Errorf("%d controls were handed on", n)
			}
		})
	}
}

// TestBehindAnUnknownProxyThePasswordCounts: with a password file HAProxy passes the page's changes on, nginx, which
// hides the host, those of programs alone; and who guesses there does not lock out the people at the machine.
func TestBehindAnUnknownProxyThePasswordCounts(t *testing.T) {
	for name, ofPage := range map[string]int{"nginx": 403, "haproxy": 200} {
		t.Run(name, func(t *testing.T) {
			s, f := open(t, withPassword(t)), fronts[name]
			s.gate.guesses = newLimiter(5, time.Hour, 1000)
			address := freeAddress(t)
			f.start(t, f.bare(s.addr, address), address)
			v := visit(t, "127.0.0.6", "http://cabin", address)
			if code := v.put("sesame", "http://cabin"); code != ofPage {
				t.Errorf("a change of the page: %d, want %d", code, ofPage)
			}
			guess := func() int {
				r := http.Request{Header: http.Header{}}
				r.SetBasicAuth("", "wrong")
				code, _ := v.ask("PUT", control, `{"desired":21}`, "Authorization", r.Header.Get("Authorization"))
				return code
			}
			for i := range 6 {
				if code, want := guess(), []int{401, 401, 401, 401, 401, 429}[i]; code != want {
					t.Errorf("guess %d: %d, want %d", i, code, want)
				}
			}
			if code := visit(t, "127.0.0.1", s.url, s.addr).put("sesame", s.url); code != 200 {
				t.Errorf("the owner at the machine: %d", code)
			}
		})
	}
}

// TestBehindAProxyEachClientHasItsOwnCount: with what docs/http.md asks for, each client has its own count of wrong
// passwords, whomever it claims to be, and the owner's changes pass from the page's origin.
func TestBehindAProxyEachClientHasItsOwnCount(t *testing.T) {
	for name, f := range fronts {
		t.Run(name, func(t *testing.T) {
			protected := withPassword(t)
			s := open(t, func(o *Options) { believing(o); protected(o) })
			s.gate.guesses = newLimiter(5, time.Hour, 1000)
			address := freeAddress(t)
			f.start(t, f.documented(t, s.addr, address, ""), address)
			const url = "https://heat.example"
			for i := range 6 {
				invented := fmt.Sprint("192.0.2.", i)
				if code, want := visit(t, "127.0.0.5", url, address).put("wrong", url, "X-Forwarded-For", invented), []int{401, 401, 401, 401, 401, 429}[i]; code != want {
					t.Errorf("guess %d: %d, want %d", i, code, want)
				}
			}
			if code := visit(t, "127.0.0.6", url, address).put("sesame", url); code != 200 {
				t.Errorf("the owner: %d", code)
			}
		})
	}
}

// TestTheStreamPassesAProxyBeatByBeat: the stream comes at once, beat by beat, also packed.
func TestTheStreamPassesAProxyBeatByBeat(t *testing.T) {
	packed := func(text string) func(string, string) string {
		return func(agent, address string) string { return text + fronts["nginx"].bare(agent, address) }
	}
	for name, setup := range map[string]func(agent, address string) string{
		"nginx": fronts["nginx"].bare, "nginx that packs": packed("gzip on; gzip_types *;\n"), "haproxy": fronts["haproxy"].bare,
		"haproxy that packs": func(agent, address string) string {
			return strings.Replace(fronts["haproxy"].bare(agent, address), "backend b\n", "backend b\n  compression algo gzip\n", 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // it waits for two beats
			s := open(t, nil)
			s.Saw(at(time.Now(), 20.5, true))
			address := freeAddress(t)
			program, _, _ := strings.Cut(name, " ")
			fronts[program].start(t, setup(s.addr, address), address)
			events := visit(t, "127.0.0.6", "http://cabin", address).stream()
			lineWith(t, events, `"changes":"none"`)
			lineWith(t, events, "event: beat")
			lineWith(t, events, `"temperature":20.5`)
			s.Saw(at(time.Now(), 21.25, true))
			lineWith(t, events, `"temperature":21.25`)
			lineWith(t, events, "event: beat")
		})
	}
}
