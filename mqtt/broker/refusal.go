package broker

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// refusal says in words why a broker that was reached does not get on with us,
// and whether only a person can mend that. A mere network failure mends itself.
func (l Login) refusal(host string, err error) (cause string, byHand bool) {
	for _, judge := range []func(string, error) string{l.certificateProblem, l.tlsRefusal, l.upgradeRefusal, l.loginRefusal} {
		if cause = judge(host, err); cause != "" {
			return cause, true
		}
	}
	return "", false
}

// certificateProblem is what is wrong with the broker's certificate, or with its TLS.
func (l Login) certificateProblem(host string, err error) string {
	var (
		invalid x509.CertificateInvalidError
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		other   *tls.CertificateVerificationError
		record  tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return outOfDate(invalid.Cert, time.Now())
	case errors.As(err, &unknown) && l.CAFile != "":
		return "its certificate is signed by an authority that is not in ca_file"
	case errors.As(err, &unknown):
		return "its certificate is signed by an authority that this system does not know: is a ca_file missing?"
	case errors.As(err, &name):
		return fmt.Sprintf("its certificate is for %s, not %s", namesOf(name.Certificate), host)
	case errors.As(err, &other):
		return "its certificate is not to be trusted: " + strings.TrimPrefix(other.Err.Error(), "x509: ")
	case errors.As(err, &record):
		return "does not speak TLS there: is it the port of another protocol?"
	}
	return ""
}

// outOfDate tells when a certificate counted; a clock that went wrong looks
// like one that expired.
func outOfDate(c *x509.Certificate, now time.Time) string {
	whose := "its certificate"
	if c.IsCA {
		whose = fmt.Sprintf("the certificate of the authority %q", c.Subject.CommonName)
	}
	if now.Before(c.NotBefore) {
		return fmt.Sprintf("%s does not count before %s, and this machine's clock says %s", whose, day(c.NotBefore), day(now))
	}
	return fmt.Sprintf("%s expired on %s", whose, day(c.NotAfter))
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// namesOf gives the hosts that a certificate is for.
func namesOf(c *x509.Certificate) string {
	names := c.DNSNames
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return "no host (subjectAltName is missing)"
	}
	return strings.Join(names[:min(len(names), 4)], ", ")
}

// tlsRefusal is what the broker says against our certificate, or our TLS
// (RFC 8446, 6.2: an alert).
func (l Login) tlsRefusal(_ string, err error) string {
	var alert *net.OpError
	if !errors.As(err, &alert) || alert.Op != "remote error" {
		return ""
	}
	said := strings.TrimPrefix(alert.Err.Error(), "tls: ")
	switch {
	case l.CertFile == "" && (strings.Contains(said, "certificate") || said == "handshake failure"):
		return fmt.Sprintf("wants a client certificate, it seems: name cert_file and key_file (it says %q)", said)
	case !strings.Contains(said, "certificate"):
		return fmt.Sprintf("refuses TLS with us (it says %q)", said)
	}
	if cert, err := tls.LoadX509KeyPair(l.CertFile, l.KeyFile); err == nil && time.Now().After(cert.Leaf.NotAfter) {
		return fmt.Sprintf("refuses our client certificate %s: it expired on %s", l.CertFile, day(cert.Leaf.NotAfter))
	}
	return fmt.Sprintf("refuses our client certificate %s (it says %q)", l.CertFile, said)
}

// upgradeRefusal is an answer to a WebSocket's request that stays so: mostly a path
// at which nobody, or only a page, is. A proxy whose broker is down answers with 502
// to 504, one that is overrun with 429.
func (l Login) upgradeRefusal(_ string, err error) string {
	var no upgradeError
	if !errors.As(err, &no) || no.status >= 500 || no.status == http.StatusTooManyRequests || no.status == http.StatusRequestTimeout {
		return ""
	}
	return no.Error() + ": is the path of the URL right, and may this machine go there?"
}

// loginRefusal is why CONNECT was answered with a refusal (MQTT 3.1.1, 3.2.2.3);
// brokers give either of 4 and 5 for a wrong password.
func (l Login) loginRefusal(_ string, err error) string {
	switch {
	case errors.Is(err, packets.ErrorRefusedBadProtocolVersion):
		return "does not speak MQTT 3.1.1"
	case errors.Is(err, packets.ErrorRefusedIDRejected):
		return fmt.Sprintf("refuses the client id %s", l.ClientID)
	case !errors.Is(err, packets.ErrorRefusedBadUsernameOrPassword) && !errors.Is(err, packets.ErrorRefusedNotAuthorised):
		return ""
	case l.Username == "":
		return "lets nobody in without a user name, a password or a client certificate that it knows"
	}
	return fmt.Sprintf("refuses user name or password, or user %s may not connect", l.Username)
}
