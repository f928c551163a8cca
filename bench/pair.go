package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// pairs compares programs of ours, at one time on one broker, so that other
// work on the machine strikes all of them: go run ./bench pair BEFORE AFTER,
// or pair latency …, pair idle … for one of the tables.
func pairs(args []string) error {
	tables := []func(dir, broker string, programs []string) error{pairedLatency, pairedIdle}
	switch args[0] {
	case "latency":
		tables, args = tables[:1], args[1:]
	case "idle":
		tables, args = tables[1:], args[1:]
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	broker, stop, err := startMosquitto(dir)
	if err != nil {
		return err
	}
	defer stop()
	for _, table := range tables {
		if err := table(dir, broker, args); err != nil {
			return err
		}
	}
	return nil
}

// pairedLatency takes the programs' ways and the floor's in turn, each round in another order.
func pairedLatency(dir, broker string, programs []string) error {
	var agents []*exec.Cmd
	defer func() { endAll(agents) }()
	paths := make([]*path, 0, len(programs)+1)
	for i, program := range programs {
		name := fmt.Sprint("bench", i)
		agent := exec.Command(program, "run", "--config", configOf(dir, name, broker, latencySample, ""))
		if err := agent.Start(); err != nil {
			return err
		}
		agents = append(agents, agent)
		if err := warm(broker, name); err != nil {
			return err
		}
		p, err := newPath(broker, name, "thermostat/"+name+"/room/control", "thermostat/"+name+"/room/heater")
		if err != nil {
			return err
		}
		paths = append(paths, p)
	}
	other, err := startEcho(broker)
	if err != nil {
		return err
	}
	agents = append(agents, other)
	floor, err := newPath(broker, "floor", "bench/ask", "bench/answer")
	if err != nil {
		return err
	}
	paths = append(paths, floor)
	before := make([]float64, len(agents))
	for i, a := range agents {
		before[i], _ = cpu(a.Process.Pid)
	}
	took, err := inTurn(paths)
	if err != nil {
		return err
	}
	fmt.Println("| program | median, ms | p99 | times the floor | CPU s |\n|---|---|---|---|---|")
	for i, t := range took {
		after, _ := cpu(agents[i].Process.Pid)
		name := "floor"
		if i < len(programs) {
			name = filepath.Base(programs[i])
		}
		fmt.Printf("| %s | %.3f | %.3f | %.2f | %.2f |\n", name, quantile(t, .5), quantile(t, .99), quantile(t, .5)/quantile(took[len(took)-1], .5), after-before[i])
	}
	return nil
}

// inTurn takes the time of each path, in ms, round by round.
func inTurn(paths []*path) ([][]float64, error) {
	took := make([][]float64, len(paths))
	for round := range rounds {
		control := desired(10+15*float64((round+1)%2), round)
		for i := range paths {
			i = (i + round) % len(paths)
			t, err := paths[i].time(control)
			if err != nil {
				return nil, fmt.Errorf("round %d: %w", round, err)
			}
			took[i] = append(took[i], t.Seconds()*1000)
			time.Sleep(5 * time.Millisecond)
		}
	}
	return took, nil
}

// pairedIdle takes memory and CPU at 1 Hz: with the broker alone, and with the
// page open and scraped every 15 s.
func pairedIdle(dir, broker string, programs []string) error {
	var agents []*exec.Cmd
	defer func() { endAll(agents) }()
	for i, program := range programs {
		for _, served := range []bool{false, true} {
			name, addr := fmt.Sprint("idle-", i, "-", served), ""
			if served {
				var err error
				if addr, err = freeAddress(); err != nil {
					return err
				}
			}
			agent, _, err := startAgent(program, configOf(dir, name, broker, "1s", addr))
			if err != nil {
				return err
			}
			agents = append(agents, agent)
			if served {
				go look(addr)
			}
		}
	}
	time.Sleep(5 * time.Second)
	before := make([]float64, len(agents))
	for i, a := range agents {
		before[i], _ = cpu(a.Process.Pid)
	}
	time.Sleep(pairedTime)
	fmt.Println("| program | broker: MiB, CPU s/h | and page and metrics |\n|---|---|---|")
	for i := 0; i < len(agents); i += 2 {
		fmt.Printf("| %s ", filepath.Base(programs[i/2]))
		for j, a := range agents[i : i+2] {
			after, _ := cpu(a.Process.Pid)
			fmt.Printf("| %s, %.1f ", memory(a.Process.Pid), (after-before[i+j])*float64(time.Hour/pairedTime))
		}
		fmt.Println("|")
	}
	return nil
}

// pairedTime is the time over which the idle CPU is taken.
const pairedTime = 3 * time.Minute

// look keeps a page open, and scrapes as a Prometheus does.
func look(addr string) {
	go func() {
		resp, err := http.Get("http://" + addr + "/api/events")
		if err == nil {
			io.Copy(io.Discard, resp.Body)
		}
	}()
	for {
		for _, path := range []string{"/", "/metrics"} {
			resp, err := http.Get("http://" + addr + path)
			if err != nil {
				return
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
		time.Sleep(15 * time.Second)
	}
}

// memory gives VmRSS and RssAnon in MiB.
func memory(pid int) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return err.Error()
	}
	var rss, anon float64
	for line := range strings.Lines(string(text)) {
		fmt.Sscanf(line, "VmRSS: %g", &rss)
		fmt.Sscanf(line, "RssAnon: %g", &anon)
	}
	return fmt.Sprintf("%.1f (own %.1f)", rss/1024, anon/1024)
}

func endAll(agents []*exec.Cmd) {
	for _, a := range agents {
		end(a)
	}
}
