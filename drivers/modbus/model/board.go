// Package model is a model of a Modbus RTU relay board, for tests: it forgets,
// answers late, garbles, resets, and logs each move of its contacts.
package model

import (
	"encoding/binary"
	"io"
	"sync"
	"time"

	"thermostat/drivers/modbus"
)

// Faults are what is wrong with a board, or with the wires to it.
type Faults struct {
	Silent   bool          // it hears and answers nothing, as without supply to its transceiver; its timers run
	NoFlash  bool          // it refuses flash-on, as boards without timers do
	Forever  bool          // it takes flash-on for a plain On
	Late     time.Duration // its answers come so late
	Garbled  func() bool   // whether a bit of this answer, or of this request, is turned over; nil: none is
	Foreign  bool          // another unit's answer, in the same form, comes in place of its own
	Loopback bool          // the adapter gives back what is sent, as one with its receiver always on
}

// Board is a board with some relays.
type Board struct {
	Unit int

	mu     sync.Mutex
	faults Faults
	dead   bool
	coils  map[int]*coil
	heard  int // commands obeyed that close a contact
}

type coil struct {
	closed bool
	opens  time.Time // by its timer; zero: it has none
}

// New is a board without faults, all relays off.
func New(unit int) *Board { return &Board{Unit: unit, coils: map[int]*coil{}} }

// Set changes what is wrong.
func (b *Board) Set(f Faults) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = f
}

// Power cuts or restores the board's supply: without it every contact is open, and
// nothing is remembered.
func (b *Board) Power(on bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.dead = !on
	b.coils = map[int]*coil{}
}

// Closed reports whether a contact is closed now.
func (b *Board) Closed(n int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.coil(n).isClosed(time.Now())
}

// Commands counts the commands that closed a contact, or kept it closed.
func (b *Board) Commands() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.heard
}

// Force moves a contact by hand.
func (b *Board) Force(n int, closed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	*b.coil(n) = coil{closed: closed}
}

func (b *Board) coil(n int) *coil {
	if b.coils[n] == nil {
		b.coils[n] = &coil{}
	}
	return b.coils[n]
}

func (c *coil) isClosed(now time.Time) bool {
	return c.closed && (c.opens.IsZero() || now.Before(c.opens))
}

// Share lets boards answer on one line until that ends.
func Share(line io.ReadWriter, boards ...*Board) {
	var got []byte
	speaking := make(chan struct{}, 1)
	buffer := make([]byte, 256)
	for {
		n, err := line.Read(buffer)
		if err != nil {
			return
		}
		for _, b := range boards {
			if b.looped() {
				_, _ = line.Write(buffer[:n])
			}
		}
		for got = append(got, buffer[:n]...); len(got) >= 8; {
			if !modbus.Sound(got[:8]) {
				got = got[1:]
				continue
			}
			request := got[:8]
			got = got[8:]
			for _, b := range boards {
				answer, late := b.hear(request)
				if answer == nil {
					continue
				}
				go func() { // the line goes on while an answer is late
					time.Sleep(late)
					speaking <- struct{}{}
					_, _ = line.Write(answer)
					<-speaking
				}()
			}
		}
	}
}

func (b *Board) looped() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.faults.Loopback
}

// hear obeys a request and gives the answer; nil: none.
func (b *Board) hear(request []byte) (answer []byte, late time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	garbled := func() bool { return b.faults.Garbled != nil && b.faults.Garbled() }
	if int(request[0]) != b.Unit || b.dead || b.faults.Silent || garbled() {
		return nil, 0
	}
	answer = b.obey(request)
	if garbled() {
		answer[len(answer)/2] ^= 1
	}
	if b.faults.Foreign {
		answer[0]++
		modbus.Sign(answer)
	}
	return answer, b.faults.Late
}

func (b *Board) obey(request []byte) []byte {
	address, value := int(binary.BigEndian.Uint16(request[2:])), int(binary.BigEndian.Uint16(request[4:]))
	now := time.Now()
	switch {
	case request[1] == 1:
		answer := []byte{request[0], 1, 1, 0, 0, 0}
		if b.coil(address).isClosed(now) {
			answer[3] = 1
		}
		return modbus.Sign(answer)
	case request[1] == 5 && address < 0x200 && (value == 0 || value == 0xff00):
		*b.coil(address) = coil{closed: value != 0}
	case request[1] == 5 && address >= 0x200 && b.faults.Forever:
		*b.coil(address - 0x200) = coil{closed: true}
	case request[1] == 5 && address >= 0x200 && !b.faults.NoFlash:
		*b.coil(address - 0x200) = coil{closed: true, opens: now.Add(time.Duration(value) * 100 * time.Millisecond)}
	default:
		return modbus.Sign([]byte{request[0], request[1] | 0x80, 2, 0, 0})
	}
	if value != 0 {
		b.heard++
	}
	return append([]byte(nil), request...)
}
