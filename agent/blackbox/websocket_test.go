package blackbox

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"thermostat/agent/clitest"
)

// fronted is a broker whose WebSocket lies behind a proxy with TLS, at /mqtt.
type fronted struct {
	*mosquitto
	authority authority
	wsPort    string
	port      string // of the proxy
	config    string // of the proxy
	words     []string
	proxy     *process
}

func newFronted(t *testing.T, program string) *fronted {
	clitest.Need(t, program)
	f := &fronted{wsPort: brokerPort(t), port: brokerPort(t)}
	f.mosquitto = newMosquitto(t, open+"log_type all\nlistener "+f.wsPort+" 127.0.0.1\nprotocol websockets\n")
	f.authority = newAuthority(t, f.dir)
	f.authority.issue("server", "localhost", tomorrow)
	f.config = filepath.Join(f.dir, program)
	text := f.haproxy()
	f.words = []string{program, "-db", "-q", "-f", f.config}
	if program == "nginx" {
		text = f.nginx()
		f.words = []string{program, "-p", f.dir, "-c", f.config, "-e", "stderr"}
	}
	clitest.WriteFile(t, f.config, text)
	return f
}

// nginx is its configuration with what docs/http.md tells, and shorter time limits.
func (f *fronted) nginx() string {
	text, err := os.ReadFile("../../docs/http.md")
	if err != nil {
		f.t.Fatal(err)
	}
	location := regexp.MustCompile(`(?s)location /mqtt \{.*?\n\}`).Find(text)
	if location == nil {
		f.t.Fatal("docs/http.md has no location /mqtt")
	}
	return fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log stderr;
events {}
http {
  access_log off; client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy;
  fastcgi_temp_path %[1]s/fastcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
  server {
    listen 127.0.0.1:%[2]s ssl http2; ssl_certificate %[1]s/server.crt; ssl_certificate_key %[1]s/server.key;
    proxy_read_timeout 30s; proxy_send_timeout 30s;
    %[3]s
  }
}
`, f.dir, f.port, strings.ReplaceAll(string(location), "9001", f.wsPort))
}

// haproxy is its configuration, with shorter time limits.
func (f *fronted) haproxy() string {
	pair := f.authority.path("pair.pem")
	var both []byte
	for _, file := range []string{"server.crt", "server.key"} {
		text, err := os.ReadFile(f.authority.path(file))
		if err != nil {
			f.t.Fatal(err)
		}
		both = append(both, text...)
	}
	clitest.WriteFile(f.t, pair, string(both))
	return fmt.Sprintf(`defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend heat
  bind 127.0.0.1:%s ssl crt %s alpn h2,http/1.1
  use_backend mqtt if { path /mqtt }
  default_backend none
backend mqtt
  server broker 127.0.0.1:%s
backend none
  http-request return status 404
`, f.port, pair, f.wsPort)
}

func (f *fronted) startProxy() { f.proxy = start(f.t, f.words[0], f.words[1:]...) }

// agent is one at a path of the proxy, with a room where nothing happens.
func (f *fronted) agent(path string) pageAgent {
	file := filepath.Join(f.t.TempDir(), "config.yaml")
	clitest.WriteFile(f.t, file, fmt.Sprintf(`device: cabin
http: {listen: "127.0.0.1:0"}
state_dir: %s
mqtt:
  brokers: ["wss://localhost:%s%s"]
  sensor_every: 10m
  state_every: 10m
%s
zones:
  - name: room
    sensor: {driver: simulated, model: linear, start: 18, up: 24h, down: 24h, noise: 0}
    heater: {driver: simulated}
    default_setpoint: {mode: heat, desired: 17, up_delta: 0.3, down_delta: 0.3}
    timing: {sample: 1s, stale_after: 3s, min_on: 0s, min_off: 0s}
`, f.t.TempDir(), f.port, path, f.authority.trusting()))
	p := startAgent(f.t, file)
	return pageAgent{p, p.pageURL()}
}

// connects waits until the agent has connected so often.
func (a pageAgent) connects(times int) {
	a.t.Helper()
	clitest.Eventually(a.t, func() error {
		if n := a.Count("broker connected"); n < times {
			return fmt.Errorf("connected %d times, want %d:\n%s", n, times, a.Output())
		}
		return nil
	})
}

// TestABrokersWebSocketBehindAProxyIsLikeAnyBroker: through nginx and HAProxy with TLS a setpoint is obeyed, a quiet
// connection stands longer than the proxy lets one be silent, a broker or a proxy that is away is no fault, and
// what was said meanwhile is obeyed.
func TestABrokersWebSocketBehindAProxyIsLikeAnyBroker(t *testing.T) {
	for _, program := range []string{"nginx", "haproxy"} {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			f := newFronted(t, program)
			f.startProxy()
			a := f.agent("/mqtt") // before the broker is there
			a.Says("answers 50")
			f.start()
			a.connects(1)
			f.publish("room/control", []byte(`{"desired":16}`), "-r")
			f.showsDesired(16)
			if !testing.Short() {
				clitest.WaitFor(t, 2*clitest.Patience, func() error { // longer than the 30 s that the proxy lets pass without a word
					if f.p.Count("PINGREQ from thermostat-cabin") < 2 {
						return fmt.Errorf("no two pings:\n%s", f.p.Output())
					}
					return nil
				})
			}
			if a.Count("broker lost") > 0 {
				t.Errorf("the connection does not stand:\n%s", a.Output())
			}
			f.proxy.Kill()
			a.Says("broker lost")
			f.publish("room/control", []byte(`{"desired":15}`), "-r")
			f.startProxy()
			a.connects(2)
			f.showsDesired(15)
			if n := a.Count("msg=fault"); n > 0 {
				t.Errorf("faults:\n%s", a.Output())
			}
			f.agent("/elsewhere").shows("broker_refused", "answers 404 Not Found, and opens no WebSocket")
		})
	}
}
