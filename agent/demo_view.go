package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"thermostat/agent/cli"
	"thermostat/agent/demo"
	"thermostat/controlloop"
	"thermostat/controlloop/comfort"
	"thermostat/controlloop/report"
)

// demoView tells what happens: a line for each switch and fault, and on a
// terminal a last line that lives.
type demoView struct {
	demo.House
	mu       sync.Mutex
	out      io.Writer
	live     bool
	began    time.Time
	last     map[string]controlloop.Snapshot
	order    []string
	source   string // what was last told of it
	statusAt time.Time
}

func newDemoView(house demo.House, out io.Writer, live bool) *demoView {
	return &demoView{House: house, out: out, live: live, began: time.Now(), last: map[string]controlloop.Snapshot{}}
}

// taken says that another address than the asked one is used.
func (v *demoView) taken(wanted, addr string) {
	if wanted != addr && !strings.HasSuffix(wanted, ":0") {
		fmt.Fprintf(v.out, "%s is taken; using %s\n", wanted, addr)
	}
}

func (v *demoView) welcome(addr, page string) {
	if page != "" {
		fmt.Fprintf(v.out, "The page: http://%s\n", page)
	}
	host, port, _ := net.SplitHostPort(addr)
	executable, _ := os.Executable() // unknown is as good as installed
	fmt.Fprintf(v.out, `%[6]s; one second is %[1]v s of room time. Broker: mqtt://%[2]s
The living room follows a program, by the clock: it steps in two minutes, then every three for half an hour.
Try, in another terminal:
  %[5]s set living-room 21.5 --broker mqtt://%[2]s
  %[5]s boost living-room --for 5m --broker mqtt://%[2]s
  %[5]s resume living-room --broker mqtt://%[2]s
  %[5]s watch --broker mqtt://%[2]s
  mosquitto_pub -h %[3]s -p %[4]s -r -t thermostat/demo/%[7]s/control -m '{"desired":19,"mode":"heat"}'
  mosquitto_sub -h %[3]s -p %[4]s -v -t 'thermostat/demo/+/state'
Ctrl-C ends.

`, v.Speed, addr, host, port, cli.HowToRun(os.Args[0], executable), v.Is(), v.Constant())
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
	if !known || !was.Setpoint.SameTarget(s.Setpoint) {
		v.holds(s)
	}
	if known && was.State.Heater.On != s.State.Heater.On {
		v.print("%s: %s at %s, desired %.1f °C: %s", s.Zone, v.Output(s.State.Heater.On), celsius(s), s.Setpoint.Desired, s.State.Reason)
	}
	if known && was.SafetyRelay != s.SafetyRelay {
		v.print("%s: the safety relay %s", s.Zone, map[bool]string{true: "closes", false: "opens"}[s.SafetyRelay == controlloop.RelayOn])
	}
	v.faults(was, s)
	v.status()
}

// sawSource is called by the source's goroutine.
func (v *demoView) sawSource(s report.SourceSnapshot) {
	v.mu.Lock()
	defer v.mu.Unlock()
	does := fmt.Sprintf("%s, its pump %s", cli.OnOff(s.Relay == controlloop.RelayOn), cli.OnOff(s.Pump == controlloop.RelayOn))
	if does == v.source {
		return
	}
	v.source = does
	v.print("%s: %s: %s", s.Name, does, strings.Join(append([]string{s.Reason}, s.Calling...), " "))
}

// holds tells what a zone holds from now on, and who says so.
func (v *demoView) holds(s controlloop.Snapshot) {
	mode, who := s.Setpoint.Mode, s.Setpoint.Source
	if s.Target.Why == comfort.Program {
		mode, who = controlloop.ModeAuto, "program: "+s.Setpoint.Preset
	}
	v.print("%s: holds %.1f °C, mode %s (%s)", s.Zone, s.Setpoint.Desired, mode, who)
}

func (v *demoView) faults(was, is controlloop.Snapshot) {
	came, went := report.FaultChanges(was.Faults, is.Faults)
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
