package blackbox

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"thermostat/agent/clitest"
	"thermostat/controlloop"
	"thermostat/controlloop/report"
)

// authority signs certificates and writes them into its folder, its own as ca.crt.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, dir string) authority {
	t.Helper()
	a := authority{t: t, dir: dir}
	a.cert = &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "test authority " + filepath.Base(dir)},
		NotBefore: time.Now().AddDate(0, -6, 0), NotAfter: time.Now().AddDate(0, 0, 2),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.key = newKey(t)
	a.write("ca", a.cert, a.key)
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue makes file.crt and file.key for a host or a device; it counted from
// three months ago.
func (a authority) issue(file, name string, until time.Time) {
	a.t.Helper()
	a.write(file, &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().AddDate(0, -3, 0), NotAfter: until,
	}, newKey(a.t))
}

func (a authority) write(file string, c *x509.Certificate, key *ecdsa.PrivateKey) {
	a.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, c, a.cert, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	clitest.WriteFile(a.t, a.path(file+".crt"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	clitest.WriteFile(a.t, a.path(file+".key"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
}

func (a authority) path(file string) string { return filepath.Join(a.dir, file) }

// trusting and device are keys of an agent's configuration: whom it trusts, and
// the certificate that it shows.
func (a authority) trusting() string { return fmt.Sprintf("  tls: {ca_file: %q}", a.path("ca.crt")) }

func (a authority) device() string {
	return fmt.Sprintf("  tls: {ca_file: %q, cert_file: %q, key_file: %q}", a.path("ca.crt"), a.path("device.crt"), a.path("device.key"))
}

// pageAgent is an agent that shows itself over HTTP.
type pageAgent struct {
	*process
	url string
}

func startPageAgent(t *testing.T, access string, brokers ...string) pageAgent {
	t.Helper()
	p := startAgent(t, pageAgentConfig(t, access, brokers...))
	return pageAgent{p, p.pageURL()}
}

// pageAgentConfig is that of agentConfig, with several brokers and a page.
func pageAgentConfig(t *testing.T, access string, brokers ...string) string {
	t.Helper()
	config := agentConfig(t, "BROKERS", access)
	text, _ := stateFolder(t, config)
	clitest.WriteFile(t, config, strings.NewReplacer(`"BROKERS"`, strings.Join(brokers, ", "), `listen: ""`, `listen: "127.0.0.1:0"`).Replace(text))
	return config
}

// fault gives the text of a fault that every zone must have, empty where none has it.
func (a pageAgent) fault(name controlloop.FaultName) (text string, err error) {
	var zones []report.State
	if err := json.Unmarshal([]byte(get(a.t, a.url+"/api/zones")), &zones); err != nil {
		return "", err
	}
	n := 0
	for _, z := range zones {
		for _, f := range z.Faults {
			if f.Name == name {
				text = f.Text
				n++
			}
		}
	}
	if n != 0 && n != len(zones) {
		return "", fmt.Errorf("%d of %d zones have the fault %s", n, len(zones), name)
	}
	return text, nil
}

// shows waits for a fault of all zones, on the page and in the metrics.
func (a pageAgent) shows(name controlloop.FaultName, text string) {
	a.t.Helper()
	clitest.Eventually(a.t, func() error {
		got, err := a.fault(name)
		if err == nil && (got == "" || !strings.Contains(got, text)) {
			err = fmt.Errorf("%s is %q, want %q; log:\n%s", name, got, text, a.Output())
		}
		return err
	})
	a.meters(name, 1)
}

// showsNo waits until a fault is gone.
func (a pageAgent) showsNo(name controlloop.FaultName) {
	a.t.Helper()
	clitest.Eventually(a.t, func() error {
		got, err := a.fault(name)
		if err == nil && got != "" {
			err = fmt.Errorf("still %s: %s; log:\n%s", name, got, a.Output())
		}
		return err
	})
	a.meters(name, 0)
}

func (a pageAgent) meters(name controlloop.FaultName, value int) {
	a.t.Helper()
	line := fmt.Sprintf("thermostat_fault{name=%q,zone=\"room\"} %d\n", name, value)
	if !strings.Contains(get(a.t, a.url+"/metrics"), line) {
		a.t.Errorf("no %s in the metrics", line)
	}
}

// switchesOn waits until the zone that swings has switched again.
func (a pageAgent) switchesOn() {
	a.t.Helper()
	n := a.Count("zone=swing")
	clitest.Eventually(a.t, func() error {
		if a.Count("zone=swing") < n+2 {
			return fmt.Errorf("control pauses:\n%s", a.Output())
		}
		return nil
	})
}

// refusing is a broker that something keeps an agent from, and what mends it.
type refusing struct {
	*mosquitto
	authority authority
	access    string // of the agent's configuration
	mend      func()
}

const withTLS = "allow_anonymous true\ncafile DIR/ca.crt\ncertfile DIR/server.crt\nkeyfile DIR/server.key\n"

func newRefusing(t *testing.T, settings, host string, until time.Time) *refusing {
	r := &refusing{mosquitto: newMosquitto(t, settings)}
	r.authority = newAuthority(t, r.dir)
	r.authority.issue("server", host, until)
	r.access = r.authority.trusting()
	return r
}

// renew gives the broker another certificate, which it reads at its start.
func (r *refusing) renew(until time.Time) {
	r.authority.issue("server", "localhost", until)
	r.p.stop()
	r.start()
}

// reload tells the broker that its password file is another one.
func (r *refusing) reload() { r.p.Signal(syscall.SIGHUP) }

var (
	tomorrow = time.Now().AddDate(0, 0, 1)
	lastWeek = time.Now().AddDate(0, 0, -7)
)

// refusals are what only a person can mend, by what the fault says.
var refusals = map[string]func(t *testing.T) *refusing{
	"its certificate expired on " + lastWeek.UTC().Format(time.DateOnly): func(t *testing.T) *refusing {
		r := newRefusing(t, withTLS, "localhost", lastWeek)
		r.mend = func() { r.renew(tomorrow) }
		return r
	},
	"is signed by an authority that is not in ca_file": func(t *testing.T) *refusing {
		r := newRefusing(t, withTLS, "localhost", tomorrow)
		other := newAuthority(t, t.TempDir())
		r.access = other.trusting()
		r.mend = func() { copyFile(t, r.authority.path("ca.crt"), other.path("ca.crt")) }
		return r
	},
	"its certificate is for other.lan, not localhost": func(t *testing.T) *refusing {
		r := newRefusing(t, withTLS, "other.lan", tomorrow)
		r.mend = func() { r.renew(tomorrow) }
		return r
	},
	"refuses user name or password": func(t *testing.T) *refusing {
		r := newRefusing(t, strings.Replace(withTLS, "true", "false", 1)+"password_file DIR/passwords\n", "localhost", tomorrow)
		mustRun(t, "mosquitto_passwd", "-b", "-c", r.authority.path("passwords"), "ann", "right")
		password := r.authority.path("password")
		clitest.WriteFile(t, password, "wrong")
		r.access = "  username: ann\n  password_file: " + password + "\n" + r.access
		r.mend = func() { clitest.WriteFile(t, password, "right") }
		return r
	},
	"user ann may not connect": func(t *testing.T) *refusing {
		r := newRefusing(t, strings.Replace(withTLS, "true", "false", 1)+"password_file DIR/passwords\n", "localhost", tomorrow)
		mustRun(t, "mosquitto_passwd", "-b", "-c", r.authority.path("passwords"), "bob", "right")
		password := r.authority.path("password")
		clitest.WriteFile(t, password, "right")
		r.access = "  username: ann\n  password_file: " + password + "\n" + r.access
		r.mend = func() {
			mustRun(t, "mosquitto_passwd", "-b", r.authority.path("passwords"), "ann", "right")
			r.reload()
		}
		return r
	},
	"it expired on " + lastWeek.UTC().Format(time.DateOnly): func(t *testing.T) *refusing {
		r := newRefusing(t, withTLS+"require_certificate true\n", "localhost", tomorrow)
		r.authority.issue("device", "cabin", lastWeek)
		r.access = r.authority.device()
		r.mend = func() { r.authority.issue("device", "cabin", tomorrow) }
		return r
	},
	"device.crt: no such file": func(t *testing.T) *refusing {
		r := newRefusing(t, withTLS+"require_certificate true\n", "localhost", tomorrow)
		r.access = r.authority.device()
		r.mend = func() { r.authority.issue("device", "cabin", tomorrow) }
		return r
	},
	"wants a client certificate": func(t *testing.T) *refusing {
		r := newRefusing(t, withTLS+"require_certificate true\n", "localhost", tomorrow)
		r.mend = func() {
			text, err := os.ReadFile(r.conf)
			if err != nil {
				t.Fatal(err)
			}
			clitest.WriteFile(t, r.conf, strings.Replace(string(text), "require_certificate true", "", 1))
			r.p.stop()
			r.start()
		}
		return r
	},
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	clitest.WriteFile(t, to, string(text))
}

// TestAnAgentRefusedByTheBrokerConnectsOnceThatIsMended: whatever it is, the loop runs on, one line and a
// fault say what, and once it is mended the agent connects without a restart.
func TestAnAgentRefusedByTheBrokerConnectsOnceThatIsMended(t *testing.T) {
	clitest.Need(t, "mosquitto", "mosquitto_passwd")
	for says, broken := range refusals {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			r := broken(t)
			r.start()
			a := startPageAgent(t, r.access, "mqtts://localhost:"+r.port)
			a.shows("broker_refused", says)
			a.switchesOn()
			a.switchesOn() // several attempts have passed
			if n := a.Count("until somebody mends this"); n != 1 {
				t.Errorf("%d lines:\n%s", n, a.Output())
			}
			r.mend()
			a.Says("broker connected")
			a.showsNo("broker_refused")
			if n := a.Count("until somebody mends this"); n != 1 {
				t.Errorf("%d lines:\n%s", n, a.Output())
			}
		})
	}
}

// TestRenewedCertificateIsUsed: files are read again at each connection.
func TestRenewedCertificateIsUsed(t *testing.T) {
	t.Parallel()
	r := newRefusing(t, withTLS+"require_certificate true\nuse_identity_as_username true\n", "localhost", tomorrow)
	r.authority.issue("device", "before", tomorrow)
	r.start()
	a := startPageAgent(t, r.authority.device(), "mqtts://localhost:"+r.port)
	a.Says("broker connected")
	r.p.Says("u'before'")
	r.p.stop()
	r.authority.issue("device", "after", tomorrow)
	r.start()
	clitest.Eventually(t, func() error {
		if r.p.Count("u'after'") == 0 {
			return fmt.Errorf("not by the renewed certificate:\n%s", r.p.Output())
		}
		return nil
	})
	a.showsNo("broker_refused")
}

// TestBothBrokersAreTold: of two brokers the first has an expired certificate and
// the second is not there; a person hears of both.
func TestBothBrokersAreTold(t *testing.T) {
	t.Parallel()
	r := newRefusing(t, withTLS, "localhost", lastWeek)
	r.start()
	first, second := "mqtts://localhost:"+r.port, "mqtts://localhost:"+unusedPort(t)
	a := startPageAgent(t, r.access, first, second)
	a.shows("broker_refused", "broker "+first+": its certificate expired")
	a.shows("broker_refused", "broker "+second+": dial tcp")
}
