package drivers

import (
	"errors"
	"testing"
	"time"

	"thermostat/controlloop"
)

type line struct {
	value int
	err   error
}

func (l line) Value() (int, error) { return l.value, l.err }
func (line) Close() error          { return nil }

// TestAContactIsOpenAtItsLevelAndUnknownWhereItCannotBeRead: an unknown one counts as closed.
func TestAContactIsOpenAtItsLevelAndUnknownWhereItCannotBeRead(t *testing.T) {
	for _, row := range []struct {
		line line
		open string
		want controlloop.Position
	}{
		{line{1, nil}, "high", controlloop.WindowOpen}, {line{0, nil}, "high", controlloop.WindowClosed},
		{line{0, nil}, "low", controlloop.WindowOpen}, {line{1, nil}, "low", controlloop.WindowClosed},
		{line{0, errors.New("gone")}, "low", controlloop.WindowUnknown},
	} {
		is, trouble := newContact(row.line, Contact{Open: row.open}).Position(time.Now())
		if is != row.want || (trouble != "") != (row.line.err != nil) {
			t.Errorf("%+v: %v, %q", row, is, trouble)
		}
	}
}

// TestALevelOfAContactCountsOnceItHasStoodSoLong: the first one at once, a bounce never,
// and what was before an error no more.
func TestALevelOfAContactCountsOnceItHasStoodSoLong(t *testing.T) {
	pin := &line{}
	c := newContact(pin, Contact{Open: "high", Debounce: 3 * time.Second})
	start := time.Now()
	for i, row := range []struct {
		at    int // s
		value int
		err   error
		want  controlloop.Position
	}{
		{0, 1, nil, controlloop.WindowOpen},
		{1, 0, nil, controlloop.WindowOpen}, {3, 0, nil, controlloop.WindowOpen}, {4, 0, nil, controlloop.WindowClosed},
		{5, 1, nil, controlloop.WindowClosed}, {7, 0, nil, controlloop.WindowClosed}, {9, 1, nil, controlloop.WindowClosed}, {11, 1, nil, controlloop.WindowClosed},
		{12, 1, nil, controlloop.WindowOpen},
		{13, 0, errors.New("gone"), controlloop.WindowUnknown}, {14, 0, nil, controlloop.WindowClosed},
	} {
		pin.value, pin.err = row.value, row.err
		if is, _ := c.Position(start.Add(time.Duration(row.at) * time.Second)); is != row.want {
			t.Errorf("%d, after %d s: %v, want %v", i, row.at, is, row.want)
		}
	}
}
