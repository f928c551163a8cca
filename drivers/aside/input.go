package aside

import (
	"fmt"
	"io"
	"time"
)

// Pin is a line that is read.
type Pin interface {
	Value() (int, error) // 1 or 0
	io.Closer
}

// pause is how long a reader waits for an answer: one that works comes sooner.
const pause = 50 * time.Millisecond

// Input is a line behind a bus that may hang. It is not safe for use by several goroutines at once.
type Input struct {
	Pin
	name    string
	answers chan answer
	began   time.Time // of the read that is on its way; zero: none is
	last    answer
}

type answer struct {
	value int
	err   error
}

// NewInput is an input on such a line.
func NewInput(slow Pin, name string) *Input {
	i := &Input{Pin: slow, name: name, answers: make(chan answer, 1)}
	i.last.err = fmt.Errorf("%s: its bus has not answered yet", name)
	return i
}

// Value reads the line. While its bus does not answer it gives the last value, and after a second an error.
func (i *Input) Value() (int, error) {
	if i.began.IsZero() {
		i.began = time.Now()
		go func() {
			value, err := i.Pin.Value()
			i.answers <- answer{value, err}
		}()
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case i.last = <-i.answers:
		late := time.Since(i.began) > patience
		i.began = time.Time{}
		if late { // nobody knows of when it is
			return i.Value()
		}
	case <-timer.C:
		if time.Since(i.began) > patience {
			return 0, fmt.Errorf("%s: its bus has not answered since %s", i.name, i.began.Format(time.TimeOnly))
		}
	}
	return i.last.value, i.last.err
}

// Close gives the line back, of a bus that hangs once it lets go.
func (i *Input) Close() error {
	if i.began.IsZero() {
		return i.Pin.Close()
	}
	go i.Pin.Close()
	return nil
}
