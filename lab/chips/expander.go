package chips

import "sync"

// Expander is an I2C expander of GPIO lines. Its outputs are those of the chip alone:
// what becomes of the master does not reach them.
type Expander struct {
	mu        sync.Mutex
	kind      expanderKind
	registers []byte
	pointer   int
	broken    bool
}

// expanderKind is what differs between expanders: which register is what. Of a chip of 16
// lines each is a pair, that of the lower lines first.
type expanderKind struct {
	reset                              []byte // the registers after the first supply
	lines                              int
	input, output, polarity, direction int  // a line is an input where its bit in direction is 1
	bare                               bool // it has no pointer: what is written is the output, what is read the input
	steps                              bool // the pointer goes on by itself
	inputSets                          bool // what is written to input goes to output
}

// NewPCA9534 is an expander of eight lines (datasheet PCA9534, register map), all inputs.
func NewPCA9534() *Expander {
	return newExpander(expanderKind{reset: []byte{0, 0xff, 0, 0xff}, lines: 8, input: 0, output: 1, polarity: 2, direction: 3})
}

// NewMCP23017 is an expander of sixteen lines (datasheet MCP23017, table 3-5, registers in
// pairs), all inputs.
func NewMCP23017() *Expander {
	reset := make([]byte, 0x16)
	reset[0], reset[1] = 0xff, 0xff
	return newExpander(expanderKind{reset: reset, lines: 16, input: 0x12, output: 0x14, polarity: 0x02, direction: 0x00, steps: true, inputSets: true})
}

// NewPCF8574 is an expander of eight lines without registers (datasheet PCF8574): each is
// high from the first supply on, by a weak pull-up.
func NewPCF8574() *Expander {
	return newExpander(expanderKind{reset: []byte{0, 0xff, 0, 0}, lines: 8, input: 0, output: 1, polarity: 2, direction: 3, bare: true})
}

func newExpander(k expanderKind) *Expander {
	e := &Expander{kind: k}
	e.PowerLoss()
	return e
}

// PowerLoss takes the chip's supply away for a moment: it forgets all that it was told.
func (e *Expander) PowerLoss() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.registers, e.pointer = append([]byte(nil), e.kind.reset...), 0
}

// Break lets the chip acknowledge nothing, or work again; its outputs stay.
func (e *Expander) Break(broken bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.broken = broken
}

// Wire reports whether a line drives its wire high; an input is pulled low.
func (e *Expander) Wire(line int) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.wires(line/8)>>(line%8)&1 == 1
}

// wires are those of eight lines.
func (e *Expander) wires(of int) byte {
	return e.registers[e.kind.output+of] &^ e.registers[e.kind.direction+of]
}

// Transfer implements [Device].
func (e *Expander) Transfer(msgs []Msg) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.broken {
		return ErrNACK
	}
	for _, m := range msgs {
		data := m.Data
		switch {
		case m.Read && e.kind.bare:
			e.pointer = e.kind.input
		case e.kind.bare:
			e.pointer = e.kind.output
		case !m.Read && len(data) > 0:
			e.pointer, data = int(data[0])%len(e.registers), data[1:]
		}
		for i := range data {
			if m.Read {
				data[i] = e.read()
			} else {
				e.write(data[i])
			}
			if e.kind.steps {
				e.pointer = (e.pointer + 1) % len(e.registers)
			}
		}
	}
	return nil
}

// input gives which eight lines the pointer is at, where it is at their wires.
func (e *Expander) input() (of int, is bool) {
	of = e.pointer - e.kind.input
	return of, of >= 0 && of < e.kind.lines/8
}

func (e *Expander) read() byte {
	if of, is := e.input(); is {
		return e.wires(of) ^ e.registers[e.kind.polarity+of]
	}
	return e.registers[e.pointer]
}

func (e *Expander) write(value byte) {
	switch of, is := e.input(); {
	case !is:
		e.registers[e.pointer] = value
	case e.kind.inputSets:
		e.registers[e.kind.output+of] = value
	}
}
