package correction

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"thermostat/controlloop"
)

type sensor struct {
	r   controlloop.Reading
	err error
}

func (s sensor) Read(context.Context) (controlloop.Reading, error) { return s.r, s.err }

func TestBetweenPointsACorrectionIsStraightAndBeyondThemItStays(t *testing.T) {
	ps := Points{{0.5, 0}, {20, 20}, {40, 41}}
	for raw, want := range map[float64]float64{-30: -0.5, 0.5: -0.5, 10.25: -0.25, 20: 0, 30: 0.5, 40: 1, 90: 1} {
		if got := ps.Kelvin(raw); math.Abs(got-want) > 1e-9 {
			t.Errorf("at %v °C %v K are added, want %v", raw, got, want)
		}
		told := ps.Told(controlloop.Temperature(raw+want, time.Now()))
		if math.Abs(told.Correction-want) > 1e-9 {
			t.Errorf("%v °C tells %v K, want %v", raw+want, told.Correction, want)
		}
	}
	r, err := Offset(-1.5).Sensor(sensor{r: controlloop.Reading{Celsius: 20}}).Read(t.Context())
	if err != nil || r.Celsius != 18.5 || r.Correction != -1.5 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestACorrectedBadAnswerIsNoNumber: the verdict stays, and nothing is added to it; what is
// held back stays so.
func TestACorrectedBadAnswerIsNoNumber(t *testing.T) {
	gone := &controlloop.BadReading{Verdict: controlloop.VerdictAbsent}
	r, err := Offset(1).Sensor(sensor{controlloop.Reading{Celsius: 20}, gone}).Read(t.Context())
	if !errors.Is(err, gone) || r != (controlloop.Reading{}) {
		t.Errorf("%+v, %v", r, err)
	}
	r, err = Offset(1).Sensor(sensor{err: &controlloop.HeldReading{Measured: controlloop.Reading{Celsius: 20}, Err: gone}}).Read(t.Context())
	var held *controlloop.HeldReading
	if !errors.As(err, &held) || held.Measured.Celsius != 21 || held.Measured.Correction != 1 || !errors.Is(err, gone) || r != (controlloop.Reading{}) {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestPointsOfABrokenSensorAreRefused(t *testing.T) {
	for says, ps := range map[string]Points{
		"has 0 points":       {},
		"has 4 points":       {{0, 0}, {10, 10}, {20, 20}, {30, 30}},
		"by 10.5 K":          {{0, 10.5}},
		"by -10.5 K":         {{0, -10.5}},
		"at least 5 K above": {{0, 0}, {4.9, 5}},
		"coldest comes":      {{20, 20}, {0, 0}},
		"more than half":     {{0, -4}, {10, 12}},
	} {
		if got := ps.Wrong(); !strings.Contains(got, says) {
			t.Errorf("%v: %q, want a word on %q", ps, got, says)
		}
	}
	for _, ps := range []Points{{{0.3, 0}}, {{-10, 0}}, {{0.3, 0}, {5.3, 5}}, {{0, 2}, {10, 10}, {20, 19}}} {
		if got := ps.Wrong(); got != "" {
			t.Errorf("%v: %s", ps, got)
		}
	}
}
