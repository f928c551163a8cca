package blackbox

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"thermostat/agent/clitest"
	"thermostat/drivers/modbus/model"
)

// boarded is a cold room whose heater is a relay of a board on a pseudo-terminal.
func boarded(t *testing.T) (board *model.Board, config string) {
	t.Helper()
	board = model.New(1)
	port, unplug, err := model.Plug(board)
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	t.Cleanup(unplug)
	config = filepath.Join(t.TempDir(), "config.yaml")
	clitest.WriteFile(t, config, fmt.Sprintf(`device: cabin
http: {listen: ""}
state_dir: %s
zones:
  - name: room
    sensor: {driver: simulated, start: 10}
    heater: {driver: modbus, port: %s, coil: 2, lease: 6s}
    default_setpoint: {mode: heat, desired: 20}
    timing: {sample: 1s, stale_after: 3s, min_on: 0s, min_off: 0s}
`, t.TempDir(), port))
	return board, config
}

func is(board *model.Board, closed bool) func() error {
	return func() error {
		if board.Closed(2) != closed {
			return fmt.Errorf("the contact is closed: %v", !closed)
		}
		return nil
	}
}

// TestABoardOpensItsContactInWhateverOrderAllDies: agent, `off` and board are killed in
// every order while the relay is on. No command follows, and the contact opens.
func TestABoardOpensItsContactInWhateverOrderAllDies(t *testing.T) {
	t.Parallel()
	for _, order := range []string{"agent off board", "agent board off", "off agent board", "off board agent", "board agent off", "board off agent"} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			board, config := boarded(t)
			agent := startAgent(t, config)
			clitest.Eventually(t, is(board, true))
			for name := range strings.FieldsSeq(order) {
				switch name {
				case "agent":
					agent.Kill()
				case "off":
					start(t, thermostat(t), "off", "--config", config).Kill()
				case "board":
					board.Power(false)
					board.Power(true)
				}
			}
			heard := board.Commands()
			clitest.Eventually(t, is(board, false))
			if n := board.Commands(); n > heard {
				t.Errorf("%d commands after all had died", n-heard)
			}
		})
	}
}

// TestOffOpensTheContactOfAKilledAgentAndNotOfALivingOne: and so do an orderly end and a start.
func TestOffOpensTheContactOfAKilledAgentAndNotOfALivingOne(t *testing.T) {
	t.Parallel()
	board, config := boarded(t)
	off := func(code int, says string) {
		t.Helper()
		p := start(t, thermostat(t), "off", "--config", config)
		if p.Code() != code || !strings.Contains(p.Output(), says) {
			t.Errorf("off: exit %d: %s", p.Code(), p.Output())
		}
	}
	agent := startAgent(t, config)
	clitest.Eventually(t, is(board, true))
	off(1, "is busy: another program holds it")
	agent.Kill()
	off(0, "coil 2 of unit 1 on /dev/pts/")
	if err := is(board, false)(); err != nil {
		t.Error(err)
	}
	damage(t, config)
	board.Force(2, true)
	off(0, "is off")
	if err := is(board, false)(); err != nil {
		t.Error(err)
	}
	board.Set(model.Faults{Silent: true})
	off(1, "no answer")
}

func TestAnOrderlyEndOpensTheContactOfABoard(t *testing.T) {
	t.Parallel()
	board, config := boarded(t)
	agent := startAgent(t, config)
	clitest.Eventually(t, is(board, true))
	if code := agent.stop(); code != 0 || board.Closed(2) {
		t.Errorf("exit %d, closed %v: %s", code, board.Closed(2), agent.Output())
	}
	agent = startAgent(t, config)
	clitest.Eventually(t, is(board, true))
	board.Set(model.Faults{Silent: true})
	if code := agent.stop(); code == 0 || !strings.Contains(agent.Output(), "it lets go by itself 6s after its last On") {
		t.Errorf("exit %d: %s", code, agent.Output())
	}
	clitest.Eventually(t, is(board, false))
}
