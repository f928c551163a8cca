package foresee

import (
	"testing"
)

// TestWhatIsKeptComesBackToTheBit, and a learner goes on with it as one that was never stopped.
func TestWhatIsKeptComesBackToTheBit(t *testing.T) {
	r, l := newThing(0.5, 3, 0.4, 1.2), new(Learner)
	r.lives(l, 40, nil)
	kept, err := l.Known.MarshalBinary()
	if err != nil || len(kept) > 1100 {
		t.Fatalf("%d bytes, %v", len(kept), err)
	}
	var back Known
	if err := back.UnmarshalBinary(kept); err != nil {
		t.Fatal(err)
	}
	if back != l.Known {
		t.Errorf("came back as\n%+v\nwas\n%+v", back, l.Known)
	}
	if !back.Trusted {
		t.Error("the room was not known")
	}
}

// FuzzKept: whatever a damaged card says, it is refused, or a room that can be kept again.
func FuzzKept(f *testing.F) {
	r, l := newThing(0.5, 3, 0.4, 1.2), new(Learner)
	r.lives(l, 40, nil)
	kept, _ := l.Known.MarshalBinary()
	f.Add(kept)
	f.Add([]byte{})
	f.Add(make([]byte, len(kept)))
	f.Fuzz(func(t *testing.T, b []byte) {
		was := l.Known
		is := was
		if err := is.UnmarshalBinary(b); err != nil {
			if is != was {
				t.Error("what is refused changes something")
			}
			return
		}
		again, _ := is.MarshalBinary()
		var twice Known
		if err := twice.UnmarshalBinary(again); err != nil || twice != is {
			t.Errorf("%v: %+v, then %+v", err, is, twice)
		}
		learner := Learner{Known: is}
		for i := range 200 {
			learner.Learn(Seen{Gone: 0.01, Celsius: 20, Worked: share(i%7 == 0)})
			m := learner.Model(16)
			a := Ask{Celsius: 20, On: i%7 == 0, Desired: 20, Up: 0.5, Down: 0.5}
			on, why := m.Decide(a)
			learner.Decided(a, on, why, 0.01, 16)
		}
	})
}
