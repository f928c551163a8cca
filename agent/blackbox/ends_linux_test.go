package blackbox

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"thermostat/agent/clitest"
	"thermostat/drivers/modbus/model"
)

// heating is a cold room whose relay stays on for whoever leaves it so, its agent running.
func heating(t *testing.T, run func(config string) *process) (board *model.Board, agent *process) {
	t.Helper()
	board, config := boarded(t)
	text, _ := stateFolder(t, config)
	clitest.WriteFile(t, config, strings.Replace(text, "lease: 6s", "lease: 0s", 1))
	agent = run(config)
	clitest.Eventually(t, is(board, true))
	return board, agent
}

// TestATerminalThatIsClosedIsAnOrderlyEnd: such as that of a connection that broke. With nohup it is none.
func TestATerminalThatIsClosedIsAnOrderlyEnd(t *testing.T) {
	t.Parallel()
	board, agent := heating(t, func(config string) *process { return startAgent(t, config) })
	if code := agent.End(syscall.SIGHUP); code != 0 || board.Closed(2) {
		t.Errorf("exit %d, the contact is closed: %v\n%s", code, board.Closed(2), agent.Output())
	}
	board, agent = heating(t, func(config string) *process {
		return start(t, "sh", "-c", `trap "" HUP; exec "$0" run --config "$1"`, thermostat(t), config)
	})
	agent.Signal(syscall.SIGHUP)
	if <-time.After(2 * time.Second); agent.Ended() {
		t.Errorf("nohup: exit %d\n%s", agent.Code(), agent.Output())
	}
	if !board.Closed(2) {
		t.Error("nohup: the heat is off")
	}
	if code := agent.stop(); code != 0 || board.Closed(2) {
		t.Errorf("exit %d, the contact is closed: %v", code, board.Closed(2))
	}
}

// TestALogThatNobodyReadsEndsNothing: whoever read it has died, and the agent controls on.
func TestALogThatNobodyReadsEndsNothing(t *testing.T) {
	t.Parallel()
	heating(t, func(config string) *process {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(thermostat(t), "run", "--config", config)
		cmd.Stderr = w
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		r.Close()
		w.Close()
		t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
		return nil
	})
}
