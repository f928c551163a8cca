package drivers

import (
	"context"
	"errors"
	"testing"

	"thermostat/controlloop"
)

// deadSensor answers with a verdict and, as no driver should, a number.
type deadSensor struct{}

func (deadSensor) Read(context.Context) (controlloop.Reading, error) {
	return controlloop.Reading{Celsius: 20}, bad(controlloop.VerdictAbsent, "gone")
}

// TestOffsetOfABadAnswerIsNoNumber: the verdict stays, and nothing is added to it.
func TestOffsetOfABadAnswerIsNoNumber(t *testing.T) {
	r, err := Offset(deadSensor{}, 1).Read(t.Context())
	var bad *controlloop.BadReading
	if !errors.As(err, &bad) || bad.Verdict != controlloop.VerdictAbsent || r != (controlloop.Reading{}) {
		t.Errorf("%+v, %v", r, err)
	}
}
