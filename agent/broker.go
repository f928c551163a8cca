package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"thermostat/mqtt/broker"
	"thermostat/mqtt/client"
	"thermostat/mqtt/setpoint"
)

// remoteFlags are how set, clear and watch reach the broker: by flag, else by
// environment, else by configuration.
type remoteFlags struct {
	config string
	values map[string]*string
}

// The names of the flags; the environment has them as THERMOSTAT_CA_FILE.
var remoteNames = []struct{ name, help string }{
	{"broker", "the broker's `URL`: mqtt, mqtts, ws, wss (default the configuration's, else the agent's page; without a configuration mqtt://127.0.0.1:1883)"},
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

// agents are who set, clear and watch speak with, on a broker or through a page.
type agents interface {
	Set(ctx context.Context, q client.Request) (setpoint.Answer, error)
	Clear(ctx context.Context, device, zone string) (setpoint.Answer, error)
	Watch(ctx context.Context, device string, saw func(client.Event)) error
	Close()
}

// way is how set, clear and watch reach them.
type way struct {
	access broker.Access
	device string
	units  string // those that people use

	page     *page // the agent's own; nil: it is not asked
	pageOnly bool  // the configuration names no broker
	unread   error // the usual configuration is there, but not for us
}

// connect reaches the broker, or the agent's page where there is none.
func (w way) connect(ctx context.Context) (agents, error) {
	if w.pageOnly {
		return w.page, nil
	}
	r, err := client.Connect(ctx, w.access)
	switch {
	case err == nil:
		return r, nil
	case w.page != nil && w.page.answers(ctx):
		return w.page, nil
	}
	return nil, err
}

// resolve finds the way.
func (r *remoteFlags) resolve(cmd *cobra.Command) (way, error) {
	a := broker.Access{Brokers: []string{"mqtt://127.0.0.1:1883"}, Prefix: "thermostat"}
	w := way{access: a, units: "C"}
	file, unread := r.configFile()
	w.unread = unread
	if file != "" {
		cfg, err := configOrExit(cmd, file)
		if err != nil {
			return w, err
		}
		w.access, w.device, w.units = cfg.MQTT.Access, cfg.Device, cfg.Units
		if len(w.access.Brokers) == 0 {
			w.access.Brokers = a.Brokers
			w.pageOnly = cfg.HTTP.Listen != "" && !r.wantsBroker(cfg.Device)
		}
		if w.pageOnly {
			w.page = pageOf(cfg)
		}
	} else if !r.wantsBroker("") {
		w.page = &page{listen: defaultListen}
	}
	r.override(&w)
	return w, r.check(w.access, w.device)
}

// wantsBroker reports whether a flag, or the environment, asks for more than
// the agent of one device: that only a broker can give.
func (r *remoteFlags) wantsBroker(device string) bool {
	return slices.ContainsFunc(remoteNames, func(f struct{ name, help string }) bool {
		v := r.value(f.name)
		return v != "" && (f.name != "device" || v != device)
	})
}

// override puts flags and environment over the configuration.
func (r *remoteFlags) override(w *way) {
	var broker string
	a := &w.access
	for _, o := range []struct {
		name string
		to   *string
	}{
		{"broker", &broker}, {"username", &a.Username}, {"password-file", &a.PasswordFile},
		{"ca-file", &a.CAFile}, {"cert-file", &a.CertFile}, {"key-file", &a.KeyFile},
		{"prefix", &a.Prefix}, {"device", &w.device},
	} {
		if v := r.value(o.name); v != "" {
			*o.to = v
		}
	}
	if broker != "" {
		a.Brokers = []string{broker}
	}
}

func (r *remoteFlags) value(name string) string {
	if v := *r.values[name]; v != "" {
		return v
	}
	return os.Getenv("THERMOSTAT_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_")))
}

// configFile is the one named, else the usual one if it can be read and no
// broker is named; unread says that it is there and cannot be read.
func (r *remoteFlags) configFile() (file string, unread error) {
	if r.config != "" {
		return r.config, nil
	}
	if r.value("broker") != "" {
		return "", nil
	}
	f, err := os.Open(defaultConfig)
	if errors.Is(err, fs.ErrPermission) {
		return "", fmt.Errorf("the configuration: %w", err)
	}
	if err != nil {
		return "", nil
	}
	f.Close()
	return defaultConfig, nil
}

func (r *remoteFlags) check(a broker.Access, device string) error {
	if device != "" && !deviceForm.MatchString(device) {
		return &exitError{exitUsage, fmt.Errorf("device %.40q is not of the form %v", device, deviceForm)}
	}
	if !prefixForm.MatchString(a.Prefix) {
		return &exitError{exitUsage, fmt.Errorf("prefix %.40q is not of the form %v", a.Prefix, prefixForm)}
	}
	for _, b := range a.Brokers {
		if err := broker.CheckURL(b); err != nil {
			return &exitError{exitUsage, fmt.Errorf("broker: %w", err)}
		}
	}
	if (a.CertFile == "") != (a.KeyFile == "") {
		return &exitError{exitUsage, fmt.Errorf("cert-file and key-file go together")}
	}
	return nil
}
