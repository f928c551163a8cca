package modbus

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Port is an open serial port, or what a test has in its place.
type Port interface {
	io.ReadWriteCloser
	SetDeadline(t time.Time) error // of reads and writes to come
}

// How long a board has for its answer, and how long the wires are silent before they
// count as free: of an exchange that failed, what comes late must not answer the next.
const (
	answerTime  = 300 * time.Millisecond
	gap         = 5 * time.Millisecond
	lateTime    = 300 * time.Millisecond
	babbleTime  = time.Second
	charsPerAsk = 2 * frameBytes
)

// ErrSilent is the error of a unit that says nothing that could be its answer.
var ErrSilent = errors.New("no answer")

var (
	errBabble  = errors.New("the line is never silent: somebody else speaks on it")
	errStrange = fmt.Errorf("%w of this unit that is sound, but something else", ErrSilent)
)

// wire is the port while one goroutine speaks on it. It is opened anew once it fails.
type wire struct {
	open   func() (Port, error)
	char   time.Duration // a byte takes so long
	port   Port          // nil: to be opened
	failed time.Time     // when an exchange failed last: answers may be late
	dirty  bool          // and the line has not been silent since
	heard  bool          // the last exchange had an answer
}

func newWire(baud int, open func() (Port, error)) *wire {
	return &wire{open: open, char: 10 * time.Second / time.Duration(baud)}
}

// ask sends a request and waits for its answer.
func (w *wire) ask(f frame) (on bool, err error) {
	w.heard = false
	if w.port == nil {
		if w.port, err = w.open(); err != nil {
			w.port = nil
			return false, err
		}
	}
	on, err = w.exchange(f)
	refused := Refused{}
	if err == nil || errors.As(err, &refused) {
		w.heard = true
		return on, err
	}
	w.failed, w.dirty = time.Now(), true
	if !errors.Is(err, ErrSilent) && err != errBabble {
		w.close() // an adapter that was unplugged, or a write that is stuck: opening it anew drops what waits to be sent
	}
	return false, err
}

func (w *wire) exchange(f frame) (bool, error) {
	if err := w.hush(); err != nil {
		return false, err
	}
	ends := time.Now().Add(answerTime + charsPerAsk*w.char)
	if err := w.port.SetDeadline(ends); err != nil {
		return false, err
	}
	if _, err := w.port.Write(f[:]); err != nil {
		return false, fmt.Errorf("sending: %w", err)
	}
	var got []byte
	buffer := make([]byte, 256)
	for {
		n, err := w.port.Read(buffer)
		got = append(got, buffer[:n]...)
		if on, found, refused := f.answerIn(got); found {
			return on, refused
		}
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded) && len(got) == 0:
			return false, ErrSilent
		case errors.Is(err, os.ErrDeadlineExceeded), len(got) > 4*len(buffer):
			return false, errStrange
		case err != nil:
			return false, err
		}
	}
}

// hush waits until nobody speaks on the wires, and drops what was said.
func (w *wire) hush() error {
	silence := max(gap, 4*w.char)
	if w.dirty {
		silence = lateTime
	}
	buffer := make([]byte, 256)
	for began := time.Now(); ; {
		if err := w.port.SetDeadline(time.Now().Add(silence)); err != nil {
			return err
		}
		switch _, err := w.port.Read(buffer); {
		case errors.Is(err, os.ErrDeadlineExceeded):
			w.dirty = false
			return nil
		case err != nil:
			return err
		case time.Since(began) > babbleTime:
			return errBabble
		}
	}
}

func (w *wire) close() {
	if w.port != nil {
		_ = w.port.Close()
		w.port = nil
	}
}

// setCoil switches a relay for good.
func (w *wire) setCoil(a Address, on bool) error {
	value := valueOff
	if on {
		value = valueOn
	}
	_, err := w.ask(request(a.Unit, writeCoil, a.Coil, value))
	return err
}

// flash closes a contact for a time, after which the board opens it.
func (w *wire) flash(a Address, d time.Duration) error {
	_, err := w.ask(request(a.Unit, writeCoil, flashOn+a.Coil, int(d/flashUnit)))
	return err
}

// position reads where a relay is.
func (w *wire) position(a Address) (on bool, err error) {
	return w.ask(request(a.Unit, readCoils, a.Coil, 1))
}

// off switches a relay off and reads that it is.
func (w *wire) off(a Address) error {
	if err := w.setCoil(a, false); err != nil {
		return err
	}
	switch on, err := w.position(a); {
	case err != nil:
		return err
	case on:
		return errors.New("told off, it says on")
	}
	return nil
}
