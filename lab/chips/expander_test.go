package chips

import (
	"bytes"
	"errors"
	"testing"
)

// TestExpandersAnswerAsTheirDatasheetsSay: written, then read back; what is an input
// drives nothing, and a supply that was lost is a chip as it was at first.
func TestExpandersAnswerAsTheirDatasheetsSay(t *testing.T) {
	for name, row := range map[string]struct {
		chip           *Expander
		atFirst        bool     // line 3 is high
		drive          [][]byte // line 3 high, and no other
		asked, answers []byte   // the wires
	}{
		"PCA9534":  {NewPCA9534(), false, [][]byte{{3, 0xf7}, {1, 0x08}}, []byte{0}, []byte{0x08, 0x08}},
		"MCP23017": {NewMCP23017(), false, [][]byte{{0x00, 0xf7, 0xff}, {0x12, 0x08}}, []byte{0x12}, []byte{0x08, 0x00}},
		"PCF8574":  {NewPCF8574(), true, [][]byte{{0x08}}, nil, []byte{0x08, 0x08}},
	} {
		if row.chip.Wire(3) != row.atFirst {
			t.Errorf("%s begins with line 3 at %v", name, !row.atFirst)
		}
		for _, b := range row.drive {
			if err := row.chip.Transfer([]Msg{{Data: b}}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		answer := Msg{Read: true, Data: make([]byte, 2)}
		msgs := []Msg{answer}
		if row.asked != nil {
			msgs = []Msg{{Data: row.asked}, answer}
		}
		if err := row.chip.Transfer(msgs); err != nil || !bytes.Equal(answer.Data, row.answers) || !row.chip.Wire(3) || row.chip.Wire(2) {
			t.Errorf("%s: driven high it reads % x, %v", name, answer.Data, err)
		}
		row.chip.Break(true)
		if err := row.chip.Transfer(msgs); !errors.Is(err, ErrNACK) || !row.chip.Wire(3) {
			t.Errorf("%s: broken it says %v, and its wire is at %v", name, err, row.chip.Wire(3))
		}
		if row.chip.PowerLoss(); row.chip.Wire(3) != row.atFirst {
			t.Errorf("%s: after a loss of its supply line 3 is at %v", name, !row.atFirst)
		}
	}
}
