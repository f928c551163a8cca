package modbus

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The bounds of a relay on a board. A lease is counted in tenths of a second, and a
// third of the shortest leaves time for two lost frames.
const (
	MinUnit, MaxUnit   = 1, 247
	MaxCoil            = 255
	MinLease, MaxLease = 6 * time.Second, 10 * time.Minute
)

// Bauds are the speeds that a port may have.
var Bauds = []int{1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200}

// Address is where a relay is.
type Address struct {
	Port string `json:"port"` // such as /dev/ttyUSB0
	Baud int    `json:"baud"` // bits a second; 8 bits, no parity, 1 stop bit
	Unit int    `json:"unit"` // of the board
	Coil int    `json:"coil"` // of the board's relay; the first is 0
}

// String names the relay as an owner would.
func (a Address) String() string {
	return fmt.Sprintf("coil %d of unit %d on %s", a.Coil, a.Unit, a.Port)
}

// Same reports whether two are one relay as far as their names tell.
func (a Address) Same(o Address) bool {
	return a.Port == o.Port && a.Unit == o.Unit && a.Coil == o.Coil
}

// Spec is what a configuration says about a relay on a board.
type Spec struct {
	Address
	Lease  time.Duration // the board opens its contact by itself after so long without an On; 0: it never does
	Sample time.Duration // of its zone, which demands as often; a zone that is stuck does not
	MinOff time.Duration // of its zone: how long it rests that went off by itself
}

// Default is a relay of which nothing is said.
func Default() Spec {
	return Spec{Address: Address{Baud: 9600, Unit: 1}, Lease: 30 * time.Second}
}

// Text says which relay it is, for people.
func (s Spec) Text() string {
	if s.Lease == 0 {
		return fmt.Sprintf("%v, %d baud, no lease: a killed agent leaves it on", s.Address, s.Baud)
	}
	return fmt.Sprintf("%v, %d baud, lease %v", s.Address, s.Baud, s.Lease)
}

// Wrong says which key of a relay is wrong, and what is.
func (s Spec) Wrong() (key, text string) {
	switch {
	case !slices.Contains(Bauds, s.Baud):
		return "baud", fmt.Sprintf("%d is no speed of a serial port: one of %s", s.Baud, strings.Trim(fmt.Sprint(Bauds), "[]"))
	case s.Lease != 0 && s.Lease < MinLease:
		return "lease", fmt.Sprintf("%v is outside 6s..10m: a third of it must leave time to say it again", s.Lease)
	case s.Lease%flashUnit != 0:
		return "lease", fmt.Sprintf("%v is no whole number of tenths of a second, in which boards count", s.Lease)
	}
	return "", ""
}

// Clash says which key of two relays goes not with the other's, and why.
func (a Address) Clash(o Address) (key, text string) {
	switch {
	case a.Same(o):
		return "coil", a.String() + " is also that of %s: each needs one of its own"
	case a.Port == o.Port && a.Baud != o.Baud:
		return "baud", fmt.Sprintf("%d, but %%s speaks with %d on the same port: a line has one speed", a.Baud, o.Baud)
	}
	return "", ""
}
