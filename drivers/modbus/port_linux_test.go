package modbus_test

import (
	"errors"
	"syscall"
	"testing"
	"time"

	"thermostat/drivers/modbus"
	"thermostat/drivers/modbus/model"
)

func plug(t *testing.T, boards ...*model.Board) (port string) {
	t.Helper()
	port, unplug, err := model.Plug(boards...)
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	t.Cleanup(unplug)
	return port
}

// soon waits for what a real port does in its own time.
func soon(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 500 {
		if is() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("not within 5 s: %s", what)
}

func TestASerialPortIsOfOneProgramAndOffNeedsIt(t *testing.T) {
	board := model.New(1)
	var lines modbus.Lines
	s := spec(3)
	s.Port = plug(t, board)
	relay, err := lines.Open(s)
	if err != nil {
		t.Fatal(err)
	}
	soon(t, "on", func() bool { return relay.Set(true) == nil && board.Closed(3) })
	if err := modbus.Off(s.Address); !errors.Is(err, syscall.EBUSY) || !board.Closed(3) {
		t.Errorf("off beside the agent: %v", err)
	}
	if err := relay.Close(); err != nil || board.Closed(3) {
		t.Errorf("closed: %v", err)
	}
	board.Force(3, true)
	if err := modbus.Off(s.Address); err != nil || board.Closed(3) {
		t.Errorf("off: %v", err)
	}
	board.Set(model.Faults{Silent: true})
	if modbus.Off(s.Address) == nil {
		t.Error("off of a silent board is well")
	}
}

func TestAPortThatIsNotThereOrNoPortIsAnError(t *testing.T) {
	for _, path := range []string{"/dev/ttyUSB99", "/dev/null"} {
		s := spec(0)
		s.Port = path
		if _, err := new(modbus.Lines).Open(s); err == nil {
			t.Errorf("%s was opened", path)
		}
	}
}
