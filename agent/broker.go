package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"thermostat/mqtt"
)

// remoteFlags are how set, clear and watch reach the broker: by flag, else by
// environment, else by configuration.
type remoteFlags struct {
	config string
	values map[string]*string
}

// The names of the flags; the environment has them as THERMOSTAT_CA_FILE.
var remoteNames = []struct{ name, help string }{
	{"broker", "the broker's `URL`: mqtt, mqtts, ws, wss (default the configuration's, else mqtt://127.0.0.1:1883)"},
	{"username", "the `USER` at the broker"},
	{"password-file", "the `FILE` with the password"},
	{"ca-file", "the `FILE` with the certificate authority"},
	{"cert-file", "the `FILE` with the client certificate"},
	{"key-file", "the `FILE` with the client key"},
	{"prefix", "the first part of every topic (default thermostat)"},
	{"device", "the `DEVICE` (default the configuration's, else the only one seen)"},
}

func (r *remoteFlags) register(cmd *cobra.Command) {
	r.values = map[string]*string{}
	cmd.Flags().StringVar(&r.config, "config", "", "take the broker from the configuration `FILE` (default "+defaultConfig+" if readable)")
	for _, f := range remoteNames {
		r.values[f.name] = cmd.Flags().String(f.name, "", f.help)
	}
}

// resolve gives access, device, and the units that people use.
func (r *remoteFlags) resolve(cmd *cobra.Command) (a mqtt.Access, device, units string, err error) {
	a = mqtt.Access{Brokers: []string{"mqtt://127.0.0.1:1883"}, Prefix: "thermostat"}
	units = "C"
	if file := r.configFile(); file != "" {
		cfg, err := configOrExit(cmd, file)
		if err != nil {
			return a, "", "", err
		}
		usual := a.Brokers
		a, device, units = cfg.MQTT.Access, cfg.Device, cfg.Units
		if len(a.Brokers) == 0 {
			a.Brokers = usual
		}
	}
	var broker string
	for _, o := range []struct {
		name string
		to   *string
	}{
		{"broker", &broker}, {"username", &a.Username}, {"password-file", &a.PasswordFile},
		{"ca-file", &a.CAFile}, {"cert-file", &a.CertFile}, {"key-file", &a.KeyFile},
		{"prefix", &a.Prefix}, {"device", &device},
	} {
		if v := r.value(o.name); v != "" {
			*o.to = v
		}
	}
	if broker != "" {
		a.Brokers = []string{broker}
	}
	return a, device, units, r.check(a, device)
}

func (r *remoteFlags) value(name string) string {
	if v := *r.values[name]; v != "" {
		return v
	}
	return os.Getenv("THERMOSTAT_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_")))
}

// configFile is the one named, else the usual one if it can be read and no broker is named.
func (r *remoteFlags) configFile() string {
	if r.config != "" {
		return r.config
	}
	f, err := os.Open(defaultConfig)
	if err != nil || r.value("broker") != "" {
		return ""
	}
	f.Close()
	return defaultConfig
}

func (r *remoteFlags) check(a mqtt.Access, device string) error {
	if device != "" && !deviceForm.MatchString(device) {
		return &exitError{exitUsage, fmt.Errorf("device %.40q is not of the form %v", device, deviceForm)}
	}
	if !prefixForm.MatchString(a.Prefix) {
		return &exitError{exitUsage, fmt.Errorf("prefix %.40q is not of the form %v", a.Prefix, prefixForm)}
	}
	for _, b := range a.Brokers {
		if err := mqtt.CheckBroker(b); err != nil {
			return &exitError{exitUsage, fmt.Errorf("broker: %w", err)}
		}
	}
	if (a.CertFile == "") != (a.KeyFile == "") {
		return &exitError{exitUsage, fmt.Errorf("cert-file and key-file go together")}
	}
	return nil
}
