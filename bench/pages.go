package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const (
	pageZones  = 20
	pageTime   = 30 * time.Second
	pageCount  = 100 // pages open
	scrapeRate = 100 // a second
)

// pages takes how late ticks come while many pages are open and scraped: the
// longest time between two ticks of a zone, of which one is due each second.
func pages(dir, binary, _ string) error {
	addr, err := freeAddress()
	if err != nil {
		return err
	}
	agent, _, err := startAgent(binary, pagesConfig(dir, addr))
	if err != nil {
		return err
	}
	defer end(agent)
	time.Sleep(2 * time.Second)
	alone, err := longestTick(addr)
	if err != nil {
		return err
	}
	stop := make(chan struct{})
	defer close(stop)
	load := crowd(addr, stop)
	before, err := cpu(agent.Process.Pid)
	if err != nil {
		return err
	}
	crowded, err := longestTick(addr)
	if err != nil {
		return err
	}
	after, err := cpu(agent.Process.Pid)
	if err != nil {
		return err
	}
	rss, err := resident(agent.Process.Pid)
	fmt.Printf("| longest time between two ticks, sample 1 s, %d zones, %d pages open, %d scrapes a second, ms | %d; one page and no scrapes %d | 2000 |\n",
		pageZones, pageCount, load.scraped()/int(pageTime/time.Second), crowded.Milliseconds(), alone.Milliseconds())
	fmt.Printf("| resident memory, CPU in the same, MiB, %% of a core | %.1f, %.0f | |\n", rss/1024, 100*(after-before)/pageTime.Seconds())
	return err
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func pagesConfig(dir, addr string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "device: bench\nstate_dir: %s\nhttp: {listen: %q}\nzones:\n", filepath.Join(dir, "pages"), addr)
	for i := range pageZones {
		fmt.Fprintf(&b, "  - {name: room-%d, sensor: {driver: simulated, speed: 60}, heater: {driver: simulated}, "+
			"default_setpoint: {mode: heat, desired: 20}, limits: {max_rate: 1000}, timing: {sample: 1s, stale_after: 20s, min_on: 0s, min_off: 0s}}\n", i)
	}
	file := filepath.Join(dir, "pages.yaml")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		panic(err)
	}
	return file
}

// longestTick looks at all zones through one page of its own. Each state has
// the time of its tick, so what the page itself costs does not count.
func longestTick(addr string) (longest time.Duration, err error) {
	resp, err := http.Get("http://" + addr + "/api/events")
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	last := map[string]time.Time{}
	for until := time.Now().Add(pageTime); lines.Scan() && time.Now().Before(until); {
		var state struct {
			Zone string
			Time time.Time
		}
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok || json.Unmarshal([]byte(data), &state) != nil || state.Zone == "" {
			continue
		}
		if was, ok := last[state.Zone]; ok {
			longest = max(longest, state.Time.Sub(was))
		}
		last[state.Zone] = state.Time
	}
	if len(last) != pageZones {
		return 0, fmt.Errorf("%d of %d zones were seen: %v", len(last), pageZones, lines.Err())
	}
	return longest, nil
}

// load is what the crowd has done.
type load struct {
	mu      sync.Mutex
	scrapes int
}

func (l *load) scraped() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.scrapes
}

// crowd opens the pages and scrapes; it shares the processors with the agent.
func crowd(addr string, stop chan struct{}) *load {
	l := &load{}
	transport := &http.Transport{MaxIdleConnsPerHost: pageCount}
	client := &http.Client{Transport: transport}
	read := func(path string) {
		resp, err := client.Get("http://" + addr + path)
		if err != nil {
			return
		}
		defer resp.Body.Close()
		if _, err := io.Copy(io.Discard, resp.Body); err == nil && resp.StatusCode == 200 {
			l.mu.Lock()
			l.scrapes++
			l.mu.Unlock()
		}
	}
	for range pageCount {
		go read("/api/events")
	}
	go func() {
		every := time.NewTicker(time.Second / scrapeRate)
		defer every.Stop()
		for {
			select {
			case <-every.C:
				go read("/metrics")
			case <-stop:
				transport.CloseIdleConnections()
				return
			}
		}
	}()
	return l
}
