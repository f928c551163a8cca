package scenarios

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"thermostat/fleet/cluster"
)

// These tests run the real agent against real brokers, which die for real,
// one after another: some look for pauses of a zone.

// patience is how long a test waits for what must come; it measures nothing.
const patience = 90 * time.Second

func TestMain(m *testing.M) {
	cluster.MayBeNode()
	os.Exit(m.Run())
}

// binary is the agent that THERMOSTAT names with its whole path, else one built once for all tests.
var binary = sync.OnceValues(func() (string, error) {
	if file := os.Getenv("THERMOSTAT"); file != "" {
		return file, nil
	}
	dir, err := os.MkdirTemp("", "thermostat-fleet")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "thermostat")
	build := exec.Command("go", "build", "-o", file, "./agent")
	build.Dir = "../.." // in the agent's own module
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return file, nil
})

func thermostat(t *testing.T) string {
	t.Helper()
	file, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// startCluster gives a cluster of three that ends with the test.
func startCluster(t *testing.T, config func(*cluster.Cluster, *cluster.Node) string) *cluster.Cluster {
	t.Helper()
	c, err := cluster.New(t.ArtifactDir(), 3, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	t.Cleanup(func() {
		for _, n := range c.Nodes {
			if log, _ := os.ReadFile(filepath.Join(n.Dir, "log")); t.Failed() {
				t.Logf("log of %s, its end:\n%s", n.Name, log[max(0, len(log)-3000):])
			}
		}
	})
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

// heal brings every node back and waits until the cluster is whole. login, if
// any, is how to enter.
func heal(t *testing.T, c *cluster.Cluster, login func(*paho.ClientOptions)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if err := c.TakesQoS1(ctx, login); err != nil {
		t.Fatal(err)
	}
	if err := c.Healthy(ctx); err != nil {
		t.Fatal(err)
	}
}

// process is a program under test, ended by its pid.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	mu    sync.Mutex
	lines []string
	ended chan struct{}
}

func start(t *testing.T, name string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(name, args...), ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+t.TempDir())
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stdout, p.cmd.Stderr = w, w
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	go func() {
		for s := bufio.NewScanner(r); s.Scan(); {
			p.mu.Lock()
			p.lines = append(p.lines, s.Text())
			p.mu.Unlock()
		}
		p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(p.kill)
	return p
}

func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.ended
}

// code waits for the end and gives the exit code.
func (p *process) code() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatalf("does not end:\n%s", p.output())
	}
	return p.cmd.ProcessState.ExitCode()
}

// log gives the lines that a program has written until now.
func (p *process) log() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lines[:len(p.lines):len(p.lines)]
}

func (p *process) output() string { return strings.Join(p.log(), "\n") }

// says waits for a line that holds a text, after so many lines.
func (p *process) says(text string, after int) {
	p.t.Helper()
	eventually(p.t, func() error {
		for _, l := range p.log()[after:] {
			if strings.Contains(l, text) {
				return nil
			}
		}
		return fmt.Errorf("no line with %q in:\n%s", text, p.output())
	})
}

func eventually(t *testing.T, ok func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if err = ok(); err == nil {
			return
		}
	}
	t.Fatal(err)
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
