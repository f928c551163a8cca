package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"thermostat/agent/cli"
	"thermostat/agent/config"
	"thermostat/agent/config/plain"
	"thermostat/agent/demo"
	"thermostat/drivers/simulated"
)

// demoFlags are what a newcomer may change.
type demoFlags struct {
	demo.House
	mqtt        string
	http        string
	lasts       time.Duration
	faults      []string
	printConfig bool
}

func demoCommand() *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run a simulated house with a broker and a page of its own: no files, no root, no network",
		Long: `Runs two simulated rooms, an MQTT broker and the page on loopback, and prints what to try.
With --boiler it is four rooms with valves on one boiler.
Room time runs --speed times faster than the clock. One room follows a program, which
runs by the clock and steps every few minutes for half an hour.
Faults:` + demoFaultHelp(),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	cmd.Flags().BoolVar(&f.Boiler, "boiler", false, "four rooms on one boiler, each with a valve, instead of two rooms")
	cli.NumberVar(cmd.Flags(), &f.Speed, "speed", 60, "how many times faster room time runs")
	cmd.Flags().StringVar(&f.mqtt, "mqtt", "127.0.0.1:1883", "the broker's `ADDR`; a taken port: the next free one")
	cmd.Flags().StringVar(&f.http, "http", config.DefaultListen, "the page's `ADDR`; a taken port: the next free one; empty: no page")
	cmd.Flags().DurationVar(&f.lasts, "for", 0, "end by itself after this `DURATION`")
	cmd.Flags().StringArrayVar(&f.faults, "fault", nil, "break something: `NAME@TIME`, like sensor-hang@5s; may be given again")
	cmd.Flags().BoolVar(&f.printConfig, "print-config", false, "print the demo's configuration and end")
	return cmd
}

// demoFaults are all but the mending: nothing in the demo is mended.
func demoFaults() []simulated.Fault {
	return slices.DeleteFunc(simulated.Faults(), func(f simulated.Fault) bool { return f.Name == simulated.Mended })
}

func demoFaultNames() []string {
	var names []string
	for _, f := range demoFaults() {
		names = append(names, f.Name)
	}
	return names
}

func demoFaultHelp() string {
	help := ""
	for _, f := range demoFaults() {
		help += fmt.Sprintf("\n  %-14s %s", f.Name, f.Means)
	}
	return help
}

// demoConfirmed is when every room has been read twice. A fault before that
// would break a house that does nothing yet.
const demoConfirmed = 1500 * time.Millisecond

// plannedFault is a fault with its time.
type plannedFault struct {
	simulated.Fault
	at time.Duration
}

func parseFault(text string) (plannedFault, error) {
	name, at, ok := strings.Cut(text, "@")
	all := demoFaults()
	i := slices.IndexFunc(all, func(f simulated.Fault) bool { return f.Name == name })
	if i < 0 {
		return plannedFault{}, fmt.Errorf("fault %q is unknown: one of %s", name, strings.Join(demoFaultNames(), ", "))
	}
	d, err := time.ParseDuration(at)
	if !ok || err != nil || d < 0 {
		return plannedFault{}, fmt.Errorf("fault %q: want a time like %s@5s", text, name)
	}
	return plannedFault{all[i], d}, nil
}

func (f *demoFlags) run(cmd *cobra.Command) error {
	faults, err := f.plan()
	if err != nil {
		return cli.Exit(cli.ExitUsage, err)
	}
	if f.printConfig {
		_, err := io.WriteString(cmd.OutOrStdout(), f.Config(time.Now(), f.mqtt, f.http))
		return cli.Failed(err)
	}
	ctx := cmd.Context()
	if f.lasts > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.lasts)
		defer cancel()
	}
	return cli.Failed(f.play(ctx, cmd.OutOrStdout(), faults))
}

func (f *demoFlags) plan() ([]plannedFault, error) {
	if !(f.Speed >= 0.1 && f.Speed <= 10000) {
		return nil, fmt.Errorf("speed: %v is outside 0.1..10000", f.Speed)
	}
	if f.lasts < 0 {
		return nil, fmt.Errorf("for: %v is negative", f.lasts)
	}
	if wrong := plain.NotListen(f.mqtt, "127.0.0.1:1883"); wrong != "" {
		return nil, errors.New("mqtt: " + wrong)
	}
	if wrong := plain.NotListen(f.http, config.DefaultListen); f.http != "" && wrong != "" {
		return nil, errors.New("http: " + wrong)
	}
	var faults []plannedFault
	for _, text := range f.faults {
		p, err := parseFault(text)
		if err != nil {
			return nil, err
		}
		faults = append(faults, p)
	}
	return faults, nil
}

// play runs broker and agent until the context ends.
func (f *demoFlags) play(ctx context.Context, out io.Writer, faults []plannedFault) error {
	server, addr, err := startBroker(f.mqtt)
	if err != nil {
		return err
	}
	house := &demoHouse{server: server, addr: addr}
	defer house.closeBroker()
	page, pageAddr, err := f.openPage()
	if err != nil {
		return err
	}
	cfg, complaints := config.Read("demo", []byte(f.Config(time.Now(), addr, pageAddr)))
	for _, c := range complaints {
		if !c.Warning {
			return fmt.Errorf("the demo's own configuration: %v", c)
		}
	}
	cfg.StateDir = "" // no files
	lines := cli.NewLineWriter(out)
	defer lines.Flush()
	view := newDemoView(f.House, lines, out == os.Stdout && cli.IsTerminal(os.Stdout))
	a, err := newAgent(cfg, slog.New(slog.DiscardHandler), view.saw)
	if err != nil {
		return err
	}
	a.listener, a.alsoSource = page, view.sawSource
	house.agent, house.view = a, view
	view.taken(f.mqtt, addr)
	view.taken(f.http, pageAddr)
	view.welcome(addr, pageAddr)
	for _, p := range faults {
		timer := time.AfterFunc(max(p.at, demoConfirmed), func() {
			view.line("fault %s: %s", p.Name, f.Means(p.Fault))
			house.breaks(p.Fault)
		})
		defer timer.Stop()
	}
	return a.run(ctx)
}

// openPage opens the page's address; nothing if there shall be no page.
func (f *demoFlags) openPage() (net.Listener, string, error) {
	if f.http == "" {
		return nil, "", nil
	}
	l, err := listenNear(f.http)
	if err != nil {
		return nil, "", fmt.Errorf("no free port for the page: %w", err)
	}
	return l, l.Addr().String(), nil
}
