package main

import (
	"strings"
	"sync/atomic"
	"testing"

	"thermostat/drivers"
	"thermostat/drivers/modbus"
	"thermostat/drivers/modbus/model"
)

// onOff looks when a relay is told to be off.
type onOff func(line string)

func (f onOff) Write(p []byte) (int, error) { f(string(p)); return len(p), nil }

// TestASilentBoardCostsNoOtherRelayItsOff: off asks a board that is silent by one relay,
// and by its others last.
func TestASilentBoardCostsNoOtherRelayItsOff(t *testing.T) {
	var asked atomic.Int32
	silent, board := model.New(1), model.New(2)
	silent.Set(model.Faults{Garbled: func() bool { asked.Add(1); return true }})
	port, unplug, err := model.Plug(silent, board)
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	defer unplug()
	held := func(unit, coil int) drivers.Held {
		return drivers.Held{Modbus: modbus.Address{Port: port, Baud: 9600, Unit: unit, Coil: coil}}
	}
	board.Force(0, true)
	before := int32(-1)
	busy := offOnce(onOff(func(line string) {
		if strings.Contains(line, "unit 2") {
			before = asked.Load()
		}
	}), []drivers.Held{held(1, 0), held(1, 1), held(1, 2), held(2, 0)}, drivers.Held.SwitchOff)
	if board.Closed(0) || before != 2 || len(busy.failures) != 3 {
		t.Errorf("closed %v after %d requests to the silent board, %v", board.Closed(0), before, busy.failures)
	}
}
