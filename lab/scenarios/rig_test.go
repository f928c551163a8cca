package scenarios

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"thermostat/lab/board"
	"thermostat/lab/chips"
)

// The wires of the scenarios. Both are off by their pull after a reset.
const (
	highLine = 17 // active high, pulled down
	lowLine  = 5  // active low, pulled up
)

// A user who may open GPIO and I2C, as an installed agent runs.
const (
	agentUser  = 900
	agentGroup = 900
)

const (
	configPath = "/etc/thermostat/config.yaml"
	statePath  = "/var/lib/thermostat"
	agentPath  = "/usr/bin/thermostat"
)

// agentBinary is the cross-built agent, made once, as cross-build.sh makes it.
var agentBinary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "scenarios")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	agentBinary = filepath.Join(dir, "thermostat")
	cmd := exec.Command("go", "build", "-tags", "nethttpomithttp2", "-trimpath", "-ldflags=-s -w", "-o", agentBinary, "./agent")
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64")
	code := 1
	if text, err := cmd.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, text)
	} else {
		code = m.Run()
	}
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// rig is a board with sensors, and what the tests do with it.
type rig struct {
	*board.Board
	t       *testing.T
	bridge  *chips.DS2482
	one     *chips.DS18B20
	two     *chips.DS18B20
	weather *chips.BME280
}

// newRig boots a board: a bridge at 0x18 with two thermometers, a BME280 at
// 0x76, all at 20 °C.
func newRig(t *testing.T, o board.Options) *rig {
	t.Helper()
	board.Need(t)
	bus := chips.NewBus()
	r := &rig{
		t: t, bridge: chips.NewDS2482(), weather: chips.NewBME280(),
		one: chips.NewDS18B20(0x0316a2795bff), two: chips.NewDS18B20(0x011927aa01c2),
	}
	r.one.Set(20)
	r.two.Set(20)
	r.weather.Set(20, 45, 101325)
	r.bridge.Plug(r.one)
	r.bridge.Plug(r.two)
	bus.Attach(0x18, r.bridge)
	bus.Attach(0x76, r.weather)
	r.boot(o, bus, chips.NewBank(board.Lines))
	return r
}

func (r *rig) boot(o board.Options, bus *chips.Bus, bank *chips.Bank) {
	r.t.Helper()
	if o.Files == nil {
		o.Files = map[string]string{agentPath: agentBinary}
	}
	b, err := board.Boot(r.t.Context(), o, bus, bank)
	if err != nil {
		r.t.Fatal(err)
	}
	r.Board = b
	r.t.Cleanup(b.Close)
	r.t.Cleanup(func() {
		if r.t.Failed() {
			r.t.Logf("console:\n%s", b.Console())
		}
	})
}

// ctx ends what takes too long.
func (r *rig) ctx() context.Context {
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	r.t.Cleanup(cancel)
	return ctx
}

// kernelThermometers has the kernel drive the bridge, and waits for both.
func (r *rig) kernelThermometers() {
	r.t.Helper()
	if err := r.NewW1Bridge(r.ctx()); err != nil {
		r.t.Fatal(err)
	}
	for _, s := range []*chips.DS18B20{r.one, r.two} {
		eventually(r.t, "the kernel finds "+s.ID(), func() bool {
			_, err := r.ReadFile(r.ctx(), "/sys/bus/w1/devices/"+s.ID()+"/w1_slave")
			return err == nil
		})
	}
}

func (r *rig) config(text string) {
	r.t.Helper()
	if err := r.WriteFile(r.ctx(), configPath, []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

// timing has a zone act at once. It believes a sensor for long, as a busy machine may
// keep an emulated board from its readings for seconds; where old readings are the
// subject, the zone is [nervous].
const timing = "    plant: electric\n    timing: {sample: 1s, stale_after: 1m, min_on: 0s, min_off: 0s}\n"

const (
	sample     = time.Second
	staleAfter = 10 * time.Second // of a nervous zone
)

func nervous(zone string) string {
	before, after, there := strings.Cut(zone, "stale_after: 1m")
	if !there {
		panic("the zone says another stale_after: " + zone)
	}
	return before + "stale_after: 10s" + after
}

// emulation is what an emulated board on a busy machine may add to a promise: a bound that tells a promise that is
// kept from one that is not. The instants themselves are proven where time is the test's own.
const emulation = 90 * time.Second

// zone is the configuration of one zone. The bath follows a program to what the others
// are set to: none of the scenarios may know the difference.
func zone(name, sensor, heater, setpoint string) string {
	program := ""
	if name == "bath" && setpoint == warm {
		setpoint = strings.Replace(warm, "mode: heat, desired: 21", "mode: auto, desired: 10", 1)
		program = "    program: \"00:00 21, 12:00 21\"\n"
	}
	return fmt.Sprintf("  - name: %s\n    sensor: {%s}\n    heater: {%s}\n%s    default_setpoint: {%s}\n%s", name, sensor, heater, timing, setpoint, program)
}

const (
	highRelay = "driver: gpio, line: GPIO17"
	lowRelay  = "driver: gpio, line: GPIO5, active_low: true"
	warm      = "mode: heat, desired: 21, up_delta: 0.5, down_delta: 0.5"
	off       = "mode: off"
	bme       = "driver: bme280, bus: 0"
)

func kernelSensor(s *chips.DS18B20) string { return "driver: ds18b20, id: " + s.ID() }

func bridgeSensor(s *chips.DS18B20) string {
	return "driver: ds18b20, id: " + s.ID() + ", bus: ds2482, i2c_bus: 0"
}

func netlinkSensor(s *chips.DS18B20) string {
	return "driver: ds18b20, id: " + s.ID() + ", bus: netlink"
}

func house(zones ...string) string {
	return "device: cabin\nstate_dir: " + statePath + "\nzones:\n" + strings.Join(zones, "")
}

func (r *rig) command(args ...string) board.Command {
	return board.Command{Args: append([]string{agentPath}, args...), Env: []string{"HOME=/root"}}
}

// thermostat runs a command of the agent to its end.
func (r *rig) thermostat(args ...string) board.Result {
	r.t.Helper()
	result, err := r.Run(r.ctx(), r.command(args...))
	if err != nil {
		r.t.Fatal(err)
	}
	return result
}

// start starts the agent and shows its log if the test fails.
func (r *rig) start() *board.Process {
	r.t.Helper()
	p, err := r.Start(r.ctx(), r.command("run"))
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		if r.t.Failed() {
			r.t.Logf("agent %d:\n%s%s", p.PID, p.Stdout(), p.Stderr())
		}
	})
	return p
}

// end sends a signal and waits for the agent's end.
func (r *rig) end(p *board.Process, s syscall.Signal) (exit int) {
	r.t.Helper()
	if err := p.Signal(r.ctx(), s); err != nil {
		r.t.Fatal(err)
	}
	exit, err := p.Wait(r.ctx())
	if err != nil {
		r.t.Fatal(err)
	}
	return exit
}

// exits waits for the agent to end by itself.
func (r *rig) exits(p *board.Process) int {
	r.t.Helper()
	exit, err := p.Wait(r.ctx())
	if err != nil {
		r.t.Fatal(err)
	}
	return exit
}

// wire waits until a wire has a level.
func (r *rig) wire(line int, level bool) {
	r.t.Helper()
	eventually(r.t, fmt.Sprintf("wire %d is %v", line, level), func() bool { return r.GPIO.Wire(line) == level })
}

// says waits for a word in the agent's log.
func (r *rig) says(p *board.Process, word string) {
	r.t.Helper()
	eventually(r.t, "the agent says "+word, func() bool { return strings.Contains(p.Stderr(), word) })
}

// unchanged demands that a wire has had no event since it was new, or n of them.
func (r *rig) changes(line, n int) {
	r.t.Helper()
	if got := r.GPIO.Changes(line); len(got) != n {
		r.t.Errorf("wire %d changed %d times, want %d: %v", line, len(got), n, got)
	}
}

// patience is the longest that a test waits for what must come. Nothing is measured by
// it: it only ends a test whose board hangs.
const patience = 4 * time.Minute

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	within(t, patience, what, is)
}

func within(t *testing.T, limit time.Duration, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v until %s", limit, what)
		}
	}
}
