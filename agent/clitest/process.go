package clitest

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

// binary is the agent that THERMOSTAT names with its whole path, else one built once for all tests.
var binary = sync.OnceValues(func() (string, error) {
	if file := os.Getenv("THERMOSTAT"); file != "" {
		return file, nil
	}
	dir, err := os.MkdirTemp("", "thermostat-test")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "thermostat")
	module, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "thermostat").Output()
	if err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-o", file, "./agent")
	build.Dir = strings.TrimSpace(string(module)) // the agent's own, whichever module's test asks
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

// Process is a program under test, ended by its pid.
type Process struct {
	Cmd   *exec.Cmd
	t     testing.TB
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
	p := &Process{Cmd: cmd, t: t, ended: make(chan struct{})}
	if cmd.Env == nil {
		cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+t.TempDir())
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	go func() {
		for s := bufio.NewScanner(r); s.Scan(); {
			p.mu.Lock()
			p.lines = append(p.lines, s.Text())
			p.mu.Unlock()
		}
		cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(p.Kill)
	return p
}

// Pid is its process.
func (p *Process) Pid() int { return p.Cmd.Process.Pid }

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
	if !p.Ended() {
		p.Cmd.Process.Kill()
		<-p.ended
	}
}

// Signal sends it one.
func (p *Process) Signal(signal os.Signal) {
	p.t.Helper()
	if err := p.Cmd.Process.Signal(signal); err != nil {
		p.t.Fatal(err)
	}
}

// End asks it to end, by a signal, and gives the exit code once it has.
func (p *Process) End(signal os.Signal) int {
	p.t.Helper()
	p.Cmd.Process.Signal(signal) // what has ended has a code, too
	return p.Code()
}

// Code waits for the end and gives the exit code.
func (p *Process) Code() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(Patience):
		p.t.Fatalf("does not end:\n%s", p.Output())
	}
	return p.Cmd.ProcessState.ExitCode()
}

// Log gives the lines that it has written until now.
func (p *Process) Log() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lines[:len(p.lines):len(p.lines)]
}

// Output is all that it has written until now.
func (p *Process) Output() string { return strings.Join(p.Log(), "\n") }

// Count tells how many lines hold a text.
func (p *Process) Count(text string) (n int) {
	for _, l := range p.Log() {
		if strings.Contains(l, text) {
			n++
		}
	}
	return n
}

// Says waits for a line that holds a text.
func (p *Process) Says(text string) { p.SaysAfter(0, text) }

// SaysAfter waits for a line that holds a text, after so many lines.
func (p *Process) SaysAfter(lines int, text string) {
	p.t.Helper()
	Eventually(p.t, func() error {
		for _, l := range p.Log()[lines:] {
			if strings.Contains(l, text) {
				return nil
			}
		}
		return fmt.Errorf("no line with %q in:\n%s", text, p.Output())
	})
}
