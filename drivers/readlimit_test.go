package drivers

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"thermostat/controlloop"
	"thermostat/drivers/w1/w1test"
)

// A read that hangs is given up after the limit, begins no second one beside
// it, and what it brings at last is thrown away.
func TestAReadThatHangsIsGivenUpAtItsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := readLimit{limit: 5 * time.Second}
		back := make(chan struct{})
		var begun atomic.Int32
		hang := func() (controlloop.Reading, error) {
			begun.Add(1)
			<-back
			return controlloop.Temperature(99, time.Now()), nil
		}
		for range 3 {
			began := time.Now()
			if r, err := p.read(t.Context(), hang); w1test.Judged(err) != controlloop.VerdictNoAnswer || r != (controlloop.Reading{}) {
				t.Fatalf("%v, %v: want no_answer", r, err)
			}
			if waited := time.Since(began); waited != 5*time.Second {
				t.Errorf("waited %v", waited)
			}
		}
		if begun.Load() != 1 {
			t.Errorf("%d reads hang beside each other", begun.Load())
		}
		close(back)
		synctest.Wait()
		r, err := p.read(t.Context(), func() (controlloop.Reading, error) { return controlloop.Temperature(20, time.Now()), nil })
		if err != nil || r.Celsius != 20 {
			t.Errorf("%v, %v: want the new reading, not the overdue one", r, err)
		}
	})
}

func TestAReadEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		p := readLimit{limit: time.Hour}
		back := make(chan struct{})
		defer close(back)
		time.AfterFunc(time.Second, cancel)
		began := time.Now()
		for range 2 { // in the read itself, and while an overdue one is waited for
			if _, err := p.read(ctx, func() (controlloop.Reading, error) { <-back; return controlloop.Reading{}, nil }); err == nil {
				t.Error("no error from a read that was called off")
			}
		}
		if time.Since(began) != time.Second {
			t.Errorf("ended after %v", time.Since(began))
		}
	})
}

// TestAPanicInADriverIsAnAnswerThatIsNoTemperature, and the next read goes on.
func TestAPanicInADriverIsAnAnswerThatIsNoTemperature(t *testing.T) {
	p := readLimit{limit: time.Minute}
	var block []byte
	if r, err := p.read(t.Context(), func() (controlloop.Reading, error) {
		return controlloop.Temperature(float64(block[8]), time.Now()), nil
	}); w1test.Judged(err) != controlloop.VerdictError || r != (controlloop.Reading{}) {
		t.Errorf("%v, %v", r, err)
	}
	if r, err := p.read(t.Context(), func() (controlloop.Reading, error) { return controlloop.Temperature(20, time.Now()), nil }); err != nil || r.Celsius != 20 {
		t.Errorf("%v, %v", r, err)
	}
}
