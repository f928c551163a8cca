package foresee

import (
	"encoding/binary"
	"errors"
	"math"
)

// form is the first byte of what is kept: of another form nothing counts.
const form = 1

// MarshalBinary gives what is kept, some 650 bytes, in the same bits on every machine.
func (k *Known) MarshalBinary() ([]byte, error) {
	b := []byte{form, byte(k.Lag), bit(k.Trusted)}
	b = binary.LittleEndian.AppendUint16(b, uint16(k.Segments))
	b = append(b, k.Starts[:]...)
	for _, x := range k.numbers() {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(*x))
	}
	return b, nil
}

// UnmarshalBinary takes what is kept. What no room can have shown is refused, and changes nothing.
func (k *Known) UnmarshalBinary(b []byte) error {
	var is Known
	numbers := is.numbers()
	const head = 5
	if len(b) != head+len(is.Starts)+8*len(numbers) || b[0] != form || int(b[1]) >= len(lags) {
		return errNotKept
	}
	is.Lag, is.Trusted, is.Segments = int(b[1]), b[2] == 1, int(binary.LittleEndian.Uint16(b[3:]))
	b = b[head:]
	b = b[copy(is.Starts[:], b):]
	for i, x := range numbers {
		*x = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
	}
	if !is.likely() {
		return errNotKept
	}
	f := is.Sums[is.Lag].solve(is.Minutes)
	is.Gain, is.Loss, is.Residual = f.gain, f.loss, sqrt(f.residual/max(is.Minutes, 1))
	*k = is
	return nil
}

var errNotKept = errors.New("no kept model of a room")

// numbers are all that are kept; gain, loss and residual follow from them.
func (k *Known) numbers() []*float64 {
	all := []*float64{&k.Minutes, &k.Cycle, &k.Band, &k.Peak, &k.Trough, &k.Late, &k.Age, &k.Seen}
	for i := range k.Sums {
		s := &k.Sums[i]
		all = append(all, &s.HH, &s.HA, &s.AA, &s.HY, &s.AY, &s.YY)
	}
	return all
}

// likely reports whether every number is one that may have been learned.
func (k *Known) likely() bool {
	const huge = 1e15
	for _, x := range k.numbers() {
		if !within(*x, -huge, huge) {
			return false
		}
	}
	for i := range k.Sums {
		if s := &k.Sums[i]; s.HH < 0 || s.AA < 0 || s.YY < 0 {
			return false
		}
	}
	return k.Minutes >= 0 && k.Segments <= manySegments && within(k.Cycle, 0, 1e4) && within(k.Band, 0, 100) &&
		within(k.Peak, -100, 100) && within(k.Trough, -100, 100) && (k.Late == 0 || within(k.Late, 0.5, 2)) && within(k.Age, 0, quarter) && within(k.Seen, 0, days)
}

func bit(is bool) byte {
	if is {
		return 1
	}
	return 0
}
