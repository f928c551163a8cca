package main

import (
	"context"
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
	"thermostat/drivers/simulated"
)

// demoFlags are what a newcomer may change.
type demoFlags struct {
	speed       float64
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
Room time runs --speed times faster than the clock.
Faults:` + demoFaultHelp(),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	cli.NumberVar(cmd.Flags(), &f.speed, "speed", 60, "how many times faster room time runs")
	cmd.Flags().StringVar(&f.mqtt, "mqtt", "127.0.0.1:1883", "the broker's `ADDR`; a taken port: the next free one")
	cmd.Flags().StringVar(&f.http, "http", config.DefaultListen, "the page's `ADDR`; a taken port: the next free one; empty: no page")
	cmd.Flags().DurationVar(&f.lasts, "for", 0, "end by itself after this `DURATION`")
	cmd.Flags().StringArrayVar(&f.faults, "fault", nil, "break something: `NAME@TIME`, like sensor-hang@5s; may be given again")
	cmd.Flags().BoolVar(&f.printConfig, "print-config", false, "print the demo's configuration and end")
	return cmd
}

// demoConfig is an ordinary configuration: what it shows, run accepts. The
// timers are short because room time is fast.
const demoConfig = `# Two simulated rooms. Room time runs %[1]v times faster than the clock,
# so the timers are short and max_rate is wide.
device: demo
mqtt:
  brokers: ["mqtt://%[2]s"]
http:
  listen: "%[3]s"
zones:
  - name: living-room # air and walls, a panel heater, winter outside
    plant: electric
    sensor: {driver: simulated, model: room, speed: %[1]v, start: 19.2, outdoor: 2, outdoor_swing: 3, heater_power: 2500}
    heater: {driver: simulated}
    default_setpoint: {mode: heat, desired: 20, up_delta: 0.3, down_delta: 0.3}
    limits: {max_rate: 10000}
    timing: {sample: 1s, stale_after: 3s, min_on: 2s, min_off: 2s, frozen_after: 10s}
    safety_relay: {driver: simulated}
  - name: workshop # +1 °C every 2 minutes when heated, -1 °C every 4 minutes when not
    plant: electric
    sensor: {driver: simulated, model: linear, speed: %[1]v, start: 15, up: 2m, down: 4m}
    heater: {driver: simulated}
    default_setpoint: {mode: heat, desired: 17, up_delta: 0.5, down_delta: 0.5}
    limits: {max_rate: 10000}
    timing: {sample: 1s, stale_after: 3s, min_on: 2s, min_off: 2s, frozen_after: 10s}
`

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
		_, err := fmt.Fprintf(cmd.OutOrStdout(), demoConfig, f.speed, f.mqtt, f.http)
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
	if !(f.speed >= 0.1 && f.speed <= 10000) {
		return nil, fmt.Errorf("speed: %v is outside 0.1..10000", f.speed)
	}
	if f.lasts < 0 {
		return nil, fmt.Errorf("for: %v is negative", f.lasts)
	}
	if !config.IsListen(f.mqtt) {
		return nil, fmt.Errorf("mqtt: %q is not an address like 127.0.0.1:1883", f.mqtt)
	}
	if f.http != "" && !config.IsListen(f.http) {
		return nil, fmt.Errorf("http: %q is not an address like %s", f.http, config.DefaultListen)
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
	cfg, complaints := config.Read("demo", fmt.Appendf(nil, demoConfig, f.speed, addr, pageAddr))
	for _, c := range complaints {
		if !c.Warning {
			return fmt.Errorf("the demo's own configuration: %v", c)
		}
	}
	cfg.StateDir = "" // no files
	lines := cli.NewLineWriter(out)
	defer lines.Flush()
	view := newDemoView(lines, out == os.Stdout && cli.IsTerminal(os.Stdout))
	a, err := newAgent(cfg, slog.New(slog.DiscardHandler), view.saw)
	if err != nil {
		return err
	}
	a.listener = page
	house.agent, house.view = a, view
	view.taken(f.mqtt, addr)
	view.taken(f.http, pageAddr)
	view.welcome(addr, pageAddr, f.speed)
	for _, p := range faults {
		timer := time.AfterFunc(max(p.at, demoConfirmed), func() {
			view.line("fault %s: %s", p.Name, p.Means)
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
