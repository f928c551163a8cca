// Package rig runs the real agent for the tests of this module, and watches that
// its zones go on.
package rig

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Patience is how long a test waits for what must come; it measures nothing.
const Patience = 90 * time.Second

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

// Thermostat gives the agent that is tested.
func Thermostat(t testing.TB) string {
	t.Helper()
	file, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// Need skips where a program is missing; CI installs it and must not skip.
func Need(t testing.TB, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err == nil {
			continue
		}
		if os.Getenv("THERMOSTAT_CI") != "" {
			t.Fatalf("%s is missing, and CI must have it", p)
		}
		t.Skipf("%s is not installed: apt-get install mosquitto rabbitmq-server nodejs npm openjdk-17-jre-headless", p)
	}
}

// Process is a program under test, ended by its pid.
type Process struct {
	t     testing.TB
	cmd   *exec.Cmd
	mu    sync.Mutex
	lines []string
	ended chan struct{}
}

// Start runs a program until the test ends.
func Start(t testing.TB, name string, args ...string) *Process {
	t.Helper()
	return StartCommand(t, exec.Command(name, args...))
}

// StartCommand runs a command until the test ends.
func StartCommand(t testing.TB, cmd *exec.Cmd) *Process {
	t.Helper()
	p := &Process{t: t, cmd: cmd, ended: make(chan struct{})}
	if p.cmd.Env == nil {
		p.cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+t.TempDir())
	}
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
	t.Cleanup(p.Kill)
	return p
}

// Pid is its process.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Ended reports whether it has ended.
func (p *Process) Ended() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// Kill ends it at once (SIGKILL).
func (p *Process) Kill() {
	p.cmd.Process.Kill()
	<-p.ended
}

// End asks it to end, by a signal, and waits until it has.
func (p *Process) End(signal os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil {
		p.t.Fatal(err)
	}
	p.Code()
}

// Count tells how many lines hold a text.
func (p *Process) Count(text string) (n int) {
	for _, l := range p.Log() {
		if strings.Contains(l, text) {
			n++
		}
	}
	return n
}

// Code waits for the end and gives the exit code.
func (p *Process) Code() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(Patience):
		p.t.Fatalf("does not end:\n%s", p.Output())
	}
	return p.cmd.ProcessState.ExitCode()
}

// Log gives the lines that a program has written until now.
func (p *Process) Log() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lines[:len(p.lines):len(p.lines)]
}

// Output is all that a program has written until now.
func (p *Process) Output() string { return strings.Join(p.Log(), "\n") }

// Says waits for a line that holds a text, after so many lines.
func (p *Process) Says(text string, after int) {
	p.t.Helper()
	Eventually(p.t, func() error {
		for _, l := range p.Log()[after:] {
			if strings.Contains(l, text) {
				return nil
			}
		}
		return fmt.Errorf("no line with %q in:\n%s", text, p.Output())
	})
}

// Eventually waits until something is so; it measures nothing.
func Eventually(t testing.TB, ok func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(Patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if err = ok(); err == nil {
			return
		}
	}
	t.Fatal(err)
}

// Write writes a file, or fails the test.
func Write(t testing.TB, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
