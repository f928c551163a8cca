package reach

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"thermostat/agent/cli"
	"thermostat/agent/config"
	"thermostat/mqtt/broker"
	"thermostat/mqtt/client"
	"thermostat/mqtt/setpoint"
)

// Flags are how set, program, watch and others reach the broker: by flag, else by
// environment, else by configuration.
type Flags struct {
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

// Register adds the flags to a command.
func (r *Flags) Register(cmd *cobra.Command) {
	r.values = map[string]*string{}
	cmd.Flags().StringVar(&r.config, "config", "", "take the broker from the configuration `FILE` (default "+cli.DefaultConfig+" if readable)")
	for _, f := range remoteNames {
		r.values[f.name] = cmd.Flags().String(f.name, "", f.help)
	}
}

// Agents are who set, program, watch and others speak with, on a broker or through a page.
type Agents interface {
	Set(ctx context.Context, q client.Request) (setpoint.Answer, error)                 // asks for a setpoint
	Clear(ctx context.Context, device, zone string) (setpoint.Answer, error)            // clears a zone's latched faults
	Hand(ctx context.Context, device, zone, what, text string) (setpoint.Answer, error) // does what a topic below set/ does
	Schedule(ctx context.Context, device, zone string) (client.Schedule, error)         // tells a zone's program and how it stands
	Away(ctx context.Context, device, text string) (setpoint.AwayAnswer, error)         // says that people go away, or come back
	Watch(ctx context.Context, device string, saw func(client.Event)) error             // tells what happens until the context ends
	Close()                                                                             // ends the connection
}

// Way is how set, program, watch and others reach them.
type Way struct {
	Access broker.Access
	Device string
	Units  string // those that people use

	Page     *Page // the agent's own; nil: it is not asked
	PageOnly bool  // the configuration names no broker
	Unread   error // the usual configuration is there, but not for us
}

// Connect reaches the broker, or the agent's page where there is none.
func (w Way) Connect(ctx context.Context) (Agents, error) {
	if w.PageOnly {
		return w.Page, nil
	}
	r, err := client.Connect(ctx, w.Access)
	switch {
	case err == nil:
		return r, nil
	case w.Page != nil && w.Page.answers(ctx):
		return w.Page, nil
	}
	return nil, err
}

// With connects, does something with the agents there, and gives what went wrong an exit code.
func (w Way) With(cmd *cobra.Command, timeout time.Duration, do func(context.Context, Agents) error) error {
	ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
	defer cancel()
	r, err := w.Connect(ctx)
	if err != nil {
		return cli.Exit(cli.ExitNoAnswer, errors.Join(err, w.Unread))
	}
	defer r.Close()
	err = do(ctx, r)
	var known *cli.ExitError
	switch {
	case errors.Is(err, client.ErrSource), errors.Is(err, client.ErrUnnamed):
		return cli.Exit(cli.ExitUsage, err)
	case errors.Is(err, broker.ErrNoAnswer):
		return cli.Exit(cli.ExitNoAnswer, errors.Join(err, w.Unread))
	case errors.As(err, &known):
		return err
	}
	return cli.Failed(err)
}

// Resolve finds the way.
func (r *Flags) Resolve(cmd *cobra.Command) (Way, error) {
	a := broker.Access{Brokers: []string{"mqtt://127.0.0.1:1883"}, Prefix: "thermostat"}
	w := Way{Access: a, Units: "C"}
	file, unread := r.configFile()
	w.Unread = unread
	if file != "" {
		cfg, err := config.LoadOrExit(cmd, file)
		if err != nil {
			return w, err
		}
		w.Access, w.Device, w.Units = cfg.MQTT.Access, cfg.Device, cfg.Units
		if len(w.Access.Brokers) == 0 {
			w.Access.Brokers = a.Brokers
			w.PageOnly = cfg.HTTP.Listen != "" && !r.wantsBroker(cfg.Device)
		}
		if w.PageOnly {
			w.Page = pageOf(cfg)
		}
	} else if !r.wantsBroker("") {
		w.Page = &Page{Listen: config.DefaultListen}
	}
	r.override(&w)
	return w, r.check(w.Access, w.Device)
}

// ResolveZone finds the way to a zone, once its name can be one.
func (r *Flags) ResolveZone(cmd *cobra.Command, zone string) (Way, error) {
	w, err := r.Resolve(cmd)
	if wrong := config.WrongZone(zone); err == nil && wrong != "" {
		err = cli.Exit(cli.ExitUsage, errors.New("zone: "+wrong))
	}
	return w, err
}

// wantsBroker reports whether a flag, or the environment, asks for more than
// the agent of one device: that only a broker can give.
func (r *Flags) wantsBroker(device string) bool {
	return slices.ContainsFunc(remoteNames, func(f struct{ name, help string }) bool {
		v := r.Value(f.name)
		return v != "" && (f.name != "device" || v != device)
	})
}

// override puts flags and environment over the configuration.
func (r *Flags) override(w *Way) {
	var broker string
	a := &w.Access
	for _, o := range []struct {
		name string
		to   *string
	}{
		{"broker", &broker}, {"username", &a.Username}, {"password-file", &a.PasswordFile},
		{"ca-file", &a.CAFile}, {"cert-file", &a.CertFile}, {"key-file", &a.KeyFile},
		{"prefix", &a.Prefix}, {"device", &w.Device},
	} {
		if v := r.Value(o.name); v != "" {
			*o.to = v
		}
	}
	if broker != "" {
		a.Brokers = []string{broker}
	}
}

// Value is a flag's, else the environment's; empty: neither.
func (r *Flags) Value(name string) string {
	if v := *r.values[name]; v != "" {
		return v
	}
	return os.Getenv("THERMOSTAT_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_")))
}

// configFile is the one named, else the usual one if it can be read and no
// broker is named; unread says that it is there and cannot be read.
func (r *Flags) configFile() (file string, unread error) {
	if r.config != "" {
		return r.config, nil
	}
	if r.Value("broker") != "" {
		return "", nil
	}
	f, err := os.Open(cli.DefaultConfig)
	if errors.Is(err, fs.ErrPermission) {
		return "", fmt.Errorf("the configuration: %w", err)
	}
	if err != nil {
		return "", nil
	}
	f.Close()
	return cli.DefaultConfig, nil
}

func (r *Flags) check(a broker.Access, device string) error {
	if wrong := config.WrongDevice(device); device != "" && wrong != "" {
		return cli.Exit(cli.ExitUsage, errors.New("device: "+wrong))
	}
	if wrong := config.WrongPrefix(a.Prefix); wrong != "" {
		return cli.Exit(cli.ExitUsage, errors.New("prefix: "+wrong))
	}
	for _, b := range a.Brokers {
		if err := broker.CheckURL(b); err != nil {
			return cli.Exit(cli.ExitUsage, fmt.Errorf("broker: %w", err))
		}
	}
	if (a.CertFile == "") != (a.KeyFile == "") {
		return cli.Exit(cli.ExitUsage, fmt.Errorf("cert-file and key-file go together"))
	}
	if a.PasswordFile != "" && a.Username == "" { // [MQTT-3.1.2-22]
		return cli.Exit(cli.ExitUsage, fmt.Errorf("password-file needs username beside it"))
	}
	return nil
}
