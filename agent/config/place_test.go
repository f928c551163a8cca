package config

import (
	"os"
	"path/filepath"
	"testing"

	"thermostat/agent/config/machine"
)

// A bare name is the service's credential, else the file beside the
// configuration; a path is a path.
func TestABareFileNameIsACredentialOrBesideTheConfiguration(t *testing.T) {
	credentials, folder := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(credentials, "mqtt-password"), []byte("p"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := "mqtt: {username: u, password_file: mqtt-password, tls: {ca_file: ca.pem, cert_file: /etc/c.pem, key_file: keys/k.pem}}\n"
	for name, row := range map[string]struct{ dir, password string }{
		"in the service":                  {credentials, filepath.Join(credentials, "mqtt-password")},
		"by hand":                         {"", filepath.Join(folder, "mqtt-password")},
		"not a credential of the service": {t.TempDir(), filepath.Join(folder, "mqtt-password")},
	} {
		m := machine.Machine{Hostname: "cabin", Getenv: func(key string) string {
			if key == "CREDENTIALS_DIRECTORY" {
				return row.dir
			}
			return ""
		}}
		c, complaints := ReadOn(filepath.Join(folder, "config.yaml"), []byte(text), m)
		if len(complaints) > 0 {
			t.Fatal(complaints)
		}
		a := c.MQTT.Access
		got := [...]string{a.PasswordFile, a.CAFile, a.CertFile, a.KeyFile}
		want := [...]string{row.password, filepath.Join(folder, "ca.pem"), "/etc/c.pem", filepath.Join(folder, "keys/k.pem")}
		if got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
