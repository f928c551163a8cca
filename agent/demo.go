package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	broker "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/spf13/cobra"

	"thermostat/agent/cli"
	"thermostat/agent/config"
	"thermostat/controlloop"
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

// demoHouse is what the faults break.
type demoHouse struct {
	agent  *agent
	view   *demoView
	mu     sync.Mutex
	server *broker.Server
	addr   string
}

// demoFaults are all but the mending: nothing in the demo is mended.
func demoFaults() []simulated.Fault {
	return slices.DeleteFunc(simulated.Faults(), func(f simulated.Fault) bool { return f.Name == simulated.Mended })
}

// breaks lets a fault happen, to all rooms if it is one of a room.
func (h *demoHouse) breaks(f simulated.Fault) {
	if f.Name == simulated.BrokerDown {
		h.brokerDown()
		return
	}
	for _, z := range h.agent.zones {
		f.Break(z.devices.Room)
	}
}

const brokerDownFor = 10 * time.Second

// brokerDown closes the broker, and opens a new one at the same address later.
func (h *demoHouse) brokerDown() {
	h.closeBroker()
	time.AfterFunc(brokerDownFor, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.server != nil {
			return
		}
		server, _, err := startBroker(h.addr)
		if err != nil {
			h.view.line("the broker does not come back: %v", err)
			return
		}
		h.server = server
		h.view.line("the broker is back, empty")
	})
}

func (h *demoHouse) closeBroker() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.server != nil {
		h.server.Close()
	}
	h.server = nil
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

// listenNear opens an address, on the next free port if the asked one is taken.
func listenNear(want string) (net.Listener, error) {
	host, portText, _ := net.SplitHostPort(want)
	port, err := strconv.Atoi(portText)
	for last := port + 100; err == nil; port++ {
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err == nil || port == last || port == 0 {
			return l, err
		}
	}
	return nil, err
}

// startBroker opens the embedded broker, on the next free port if the asked one is taken.
func startBroker(want string) (*broker.Server, string, error) {
	l, err := listenNear(want)
	if err != nil {
		return nil, "", fmt.Errorf("no free port for the broker: %w", err)
	}
	// Retained messages of the embedded broker would vanish after a day.
	caps := broker.NewDefaultServerCapabilities()
	caps.MaximumMessageExpiryInterval = 0
	s := broker.New(&broker.Options{Capabilities: caps, Logger: slog.New(slog.DiscardHandler)})
	err = s.AddHook(new(auth.AllowHook), nil)
	if err == nil {
		err = s.AddListener(listeners.NewNet("demo", l))
	}
	if err == nil {
		err = s.Serve()
	}
	return s, l.Addr().String(), err
}

// demoView tells what happens: a line for each switch and fault, and on a
// terminal a last line that lives.
type demoView struct {
	mu       sync.Mutex
	out      io.Writer
	live     bool
	began    time.Time
	last     map[string]controlloop.Snapshot
	order    []string
	statusAt time.Time
}

func newDemoView(out io.Writer, live bool) *demoView {
	return &demoView{out: out, live: live, began: time.Now(), last: map[string]controlloop.Snapshot{}}
}

// taken says that another address than the asked one is used.
func (v *demoView) taken(wanted, addr string) {
	if wanted != addr && !strings.HasSuffix(wanted, ":0") {
		fmt.Fprintf(v.out, "%s is taken; using %s\n", wanted, addr)
	}
}

func (v *demoView) welcome(addr, page string, speed float64) {
	if page != "" {
		fmt.Fprintf(v.out, "The page: http://%s\n", page)
	}
	host, port, _ := net.SplitHostPort(addr)
	executable, _ := os.Executable() // unknown is as good as installed
	fmt.Fprintf(v.out, `Two simulated rooms; one second is %v s of room time. Broker: mqtt://%[2]s
Try, in another terminal:
  %[5]s set living-room 21.5 --broker mqtt://%[2]s
  %[5]s watch --broker mqtt://%[2]s
  mosquitto_pub -h %[3]s -p %[4]s -r -t thermostat/demo/workshop/control -m '{"desired":19,"mode":"heat"}'
  mosquitto_sub -h %[3]s -p %[4]s -v -t 'thermostat/demo/+/state'
Ctrl-C ends.

`, speed, addr, host, port, cli.HowToRun(os.Args[0], executable))
}

// saw is called by the zones' goroutines.
func (v *demoView) saw(s controlloop.Snapshot) {
	v.mu.Lock()
	defer v.mu.Unlock()
	was, known := v.last[s.Zone]
	if !known {
		v.order = append(v.order, s.Zone)
		slices.Sort(v.order)
	}
	v.last[s.Zone] = s
	switch {
	case known && was.State.Heater.On != s.State.Heater.On:
		v.print("%s: heater %s at %s, desired %.1f °C: %s", s.Zone, cli.OnOff(s.State.Heater.On), celsius(s), s.Setpoint.Desired, s.State.Reason)
	case !known || !was.Setpoint.SameTarget(s.Setpoint):
		v.print("%s: holds %.1f °C, mode %s (%s)", s.Zone, s.Setpoint.Desired, s.Setpoint.Mode, s.Setpoint.Source)
	}
	if known && was.SafetyRelay != s.SafetyRelay {
		v.print("%s: the safety relay %s", s.Zone, map[bool]string{true: "closes", false: "opens"}[s.SafetyRelay == controlloop.RelayOn])
	}
	v.faults(was, s)
	v.status()
}

func (v *demoView) faults(was, is controlloop.Snapshot) {
	came, went := controlloop.FaultChanges(was.Faults, is.Faults)
	for _, f := range came {
		v.print("%s: FAULT %s: %s", is.Zone, f.Name, f.Text)
	}
	for _, f := range went {
		v.print("%s: fault %s is over", is.Zone, f.Name)
	}
}

func celsius(s controlloop.Snapshot) string {
	if t := s.Temperature(); t == t {
		return fmt.Sprintf("%.2f °C", t)
	}
	return "unknown temperature"
}

func (v *demoView) line(format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.print(format, args...)
}

func (v *demoView) print(format string, args ...any) {
	if v.live {
		fmt.Fprint(v.out, "\r\x1b[K")
	}
	fmt.Fprintf(v.out, "%6.1fs  %s\n", time.Since(v.began).Seconds(), cli.HarmlessText(fmt.Sprintf(format, args...)))
}

// status redraws the living line, at most five times a second.
func (v *demoView) status() {
	if !v.live || time.Since(v.statusAt) < 200*time.Millisecond {
		return
	}
	v.statusAt = time.Now()
	var parts []string
	for _, name := range v.order {
		s := v.last[name]
		parts = append(parts, fmt.Sprintf("%s %s → %.1f %s (%s)", name, celsius(s), s.Setpoint.Desired, s.State.Action, s.State.Reason))
	}
	fmt.Fprintf(v.out, "\r\x1b[K%s", strings.Join(parts, " | "))
}
