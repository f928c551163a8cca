package blackbox

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"thermostat/agent/clitest"
)

// terminal is a pseudo terminal, and what a program wrote on it.
type terminal struct {
	t      *testing.T
	keys   *os.File // our side
	mu     sync.Mutex
	output []byte
}

// onTerminal starts a command as the owner of a terminal of its own.
func onTerminal(t *testing.T, width, height uint16, cmd *exec.Cmd) *terminal {
	t.Helper()
	keys, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no pseudo terminals here: %v", err)
	}
	t.Cleanup(func() { keys.Close() })
	number, err := unix.IoctlGetInt(int(keys.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(keys.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	end, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer end.Close()
	term := &terminal{t: t, keys: keys}
	term.resize(width, height)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = end, end, end
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	go func() {
		buffer := make([]byte, 4096)
		for {
			n, err := keys.Read(buffer)
			term.mu.Lock()
			term.output = append(term.output, buffer[:n]...)
			term.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return term
}

// resize tells the program's kernel side, which signals the program.
func (x *terminal) resize(width, height uint16) {
	x.t.Helper()
	x.mu.Lock()
	x.output = nil
	x.mu.Unlock()
	if err := unix.IoctlSetWinsize(int(x.keys.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: width, Row: height}); err != nil {
		x.t.Fatal(err)
	}
}

// wrote waits until the output matches.
func (x *terminal) wrote(form string) []string {
	x.t.Helper()
	var found []string
	clitest.Eventually(x.t, func() error {
		x.mu.Lock()
		defer x.mu.Unlock()
		if found = regexp.MustCompile(`(?s)` + form).FindStringSubmatch(string(x.output)); found == nil {
			return fmt.Errorf("no %s in %q", form, x.output)
		}
		return nil
	})
	return found
}

// A whole picture is drawn from home to what clears the rest.
const (
	drawn   = `(?:[^\x1b]|\x1b\[(?:[0-9]*m|K))*`
	picture = `\x1b\[H(` + drawn + `)\x1b\[J`
)

// TestWatchIsDrawnInPlaceAndFitsTheTerminal: drawn in place, fitted to the terminal, and again after
// each change of its size; colours unless NO_COLOR asks for none; the terminal
// is left as it was.
func TestWatchIsDrawnInPlaceAndFitsTheTerminal(t *testing.T) {
	t.Parallel()
	demo := start(t, thermostat(t), "demo", "--mqtt", "127.0.0.1:0")
	demo.Says("--broker mqtt://")
	url := regexp.MustCompile(`--broker (mqtt://\S+)`).FindStringSubmatch(demo.Output())[1]
	for _, noColour := range []string{"", "1"} {
		cmd := exec.Command(thermostat(t), "watch", "--broker", url)
		cmd.Env = append(os.Environ(), "TERM=xterm", "NO_COLOR="+noColour)
		x := onTerminal(t, 100, 30, cmd)
		first := x.wrote(`\x1b\[\?25l.*ZONE.*(demo/living-room[^\n]*)`)[1]
		if coloured := strings.Contains(x.wrote(picture)[1], "m"+"ZONE"); coloured != (noColour == "") {
			t.Errorf("NO_COLOR=%q: %q", noColour, first)
		}
		x.wrote(`demo/workshop +[0-9.]+ °C +heat 17.0 +`)
		x.resize(34, 4)
		small := x.wrote(`\x1b\[H(` + drawn + `1 more zones` + drawn + `)\x1b\[J`)[1] // one that was drawn before may still come
		lines := strings.Split(small, "\n")
		if len(lines) > 4 {
			t.Errorf("%d lines: %q", len(lines), small)
		}
		for _, line := range lines {
			clitest.CheckLine(t, strings.ReplaceAll(strings.TrimSuffix(line, "\r"), "\x1b[K", ""), 33, noColour == "")
		}
		x.resize(100, 30)
		x.wrote(`demo/workshop +[0-9.]+ °C +heat 17.0 +`)
		if _, err := io.WriteString(x.keys, "\x03"); err != nil { // Ctrl-C
			t.Fatal(err)
		}
		x.wrote(`\x1b\[\?7h\x1b\[\?25h`)
		if err := cmd.Wait(); err != nil {
			t.Errorf("after Ctrl-C: %v", err)
		}
	}
}
