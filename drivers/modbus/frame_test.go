package modbus

import (
	"encoding/hex"
	"testing"
)

// TestRequestsAreThoseOfTheManuals: the frames are examples of board makers.
func TestRequestsAreThoseOfTheManuals(t *testing.T) {
	for want, f := range map[string]frame{
		"01050000ff008c3a": request(1, writeCoil, 0, valueOn),
		"010500000000cdca": request(1, writeCoil, 0, valueOff),
		"0101000000083dcc": request(1, readCoils, 0, 8),
		"0105020000078db0": request(1, writeCoil, flashOn, 7),
	} {
		if got := hex.EncodeToString(f[:]); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// FuzzAnswer: whatever comes, an answer is found only where a sound one of this unit stands.
func FuzzAnswer(f *testing.F) {
	asked := request(1, readCoils, 0, 1)
	f.Add(Sign([]byte{1, 1, 1, 1, 0, 0}))
	f.Add(Sign([]byte{2, 1, 1, 1, 0, 0}))
	f.Add(asked[:])
	f.Fuzz(func(t *testing.T, got []byte) {
		if _, found, err := asked.answerIn(got); found && err == nil {
			for i := 0; i+6 <= len(got); i++ {
				if got[i] == 1 && got[i+1] == readCoils && Sound(got[i:i+6]) {
					return
				}
			}
			t.Errorf("an answer in %x", got)
		}
	})
}
